// The machine behind mesh.hpp. What is known of addresses lives in the book, what is known of processes and
// of the links to them here; `schedule` is the one place that decides to dial.
#include "mesh/mesh.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "mesh/address.hpp"
#include "mesh/machine.hpp"

namespace hauberk::mesh {
namespace {

// Renewals that follow from one reload are spread out.
// A link by a policy that was given up lasts this long at most.
constexpr base::duration given_up_max = std::chrono::seconds(10);

std::string short_name(const uuid& process) { return to_string(process).substr(0, 8); }

}  // namespace

void mesh::machine::seed(time_point now, const std::vector<std::string>& seeds) {
  for (const std::string& address : seeds) {
    book_entry* entry = obtain(address, now);
    if (entry == nullptr) {
      words(base::level::warning, "mesh: too many addresses are known, " + address + " is left out");
      continue;
    }
    entry->is_seed = true;
  }
}

// A dial to `address` was answered by the sender of this hello.
void mesh::machine::answered(const std::string& address, book_entry& entry, const hello& peer) {
  const uuid old = entry.owner;
  entry.trouble.clear();
  entry.trouble_prepared.clear();
  if (old == peer.process) return;
  const bool was_its_own = entry.is_announced && !old.is_nil();
  entry.owner = peer.process;
  entry.is_announced = false;
  if (was_its_own) {
    displace(old, peer.process, address);
  } else if (!old.is_nil()) {
    tidy_process(old);
  }
}

// The hello says where its sender listens. An address of another process changes hands only if that one has
// the same name, which the certificate vouches for: otherwise a dial will tell.
void mesh::machine::learn_hello(time_point now, const std::string& address, const hello& peer) {
  process_state& process = processes[peer.process];
  process.name = peer.name;
  process.is_forgotten = false;
  if (address.empty()) return;
  process.address = address;
  book_entry* entry = obtain(address, now);
  if (entry == nullptr || entry->is_self) return;
  const uuid old = entry->owner;
  if (old != peer.process && !old.is_nil()) {
    const auto known = processes.find(old);
    if (known != processes.end() && known->second.name != peer.name) return;
    entry->owner = peer.process;
    if (entry->is_announced) displace(old, peer.process, address);
  }
  entry->owner = peer.process;
  entry->is_announced = true;
}

// `old` listened at `address`, where `by` answers now: it is dead. Seeds that led to it lead to its
// successor.
void mesh::machine::displace(const uuid& old, const uuid& by, const std::string& address) {
  auto& all = addresses.all();
  for (auto at = all.begin(); at != all.end();) {
    book_entry& entry = at->second;
    if (entry.owner == old && at->first != address && !entry.is_seed) {
      at = all.erase(at);
      continue;
    }
    if (entry.owner == old) {
      entry.owner = by;
      entry.is_announced = false;
    }
    ++at;
  }
  if (is_linked(old)) {
    processes[old].is_displaced = true;  // its link is about to break: say so then
    return;
  }
  effects.emplace_back(peer_refused{old});
  tidy_process(old);
}

// Hearsay adds addresses, and owners where none is known; it never overrides what we saw ourselves.
void mesh::machine::learn(time_point now, const peer_address& told) {
  if (told.process == how.self || told.process.is_nil() || is_linked(told.process)) return;
  const std::string address = reachable_address(told.address, {});
  if (address.empty()) return;
  book_entry* entry = addresses.find(address);
  if (entry == nullptr) {
    entry = obtain(address, decides(told.process) ? now : now + addresses.courtesy());
  }
  if (entry == nullptr || entry->is_self || !entry->owner.is_nil()) return;
  entry->owner = told.process;
  entry->is_announced = true;
  process_state& process = processes[told.process];
  if (process.name.empty()) process.name = told.name.substr(0, base::limits::name_bytes_max);
}

void mesh::machine::drop_addresses(time_point now, const uuid& process) {
  auto& all = addresses.all();
  for (auto at = all.begin(); at != all.end();) {
    book_entry& entry = at->second;
    if (entry.owner == process && !entry.is_seed) {
      at = all.erase(at);
      continue;
    }
    if (entry.owner == process) {
      entry.owner = {};
      entry.is_announced = false;
      entry.due = std::max(entry.due, now);
    }
    ++at;
  }
}

// Nothing is kept of a process that has neither a link nor an address.
void mesh::machine::tidy_process(const uuid& process) {
  const auto at = processes.find(process);
  if (at == processes.end() || at->second.used || addresses.owns_any(process)) return;
  const bool has_link =
      std::ranges::any_of(links, [&](const auto& link) { return link.second.process == process; });
  if (!has_link) processes.erase(at);
}

// Each new reason is said once, not at every attempt.
void mesh::machine::note(const std::string& address, book_entry& entry, const std::string& text) {
  std::string& last = entry.is_prepared ? entry.trouble_prepared : entry.trouble;
  if (last == text) return;
  last = text;
  if (is_linked(entry.owner)) {
    const process_state& owner = processes[entry.owner];
    // Not all members hear of another policy in the same moment.
    const auto level = rank(links.at(*owner.used)) < 2 ? base::level::info : base::level::warning;
    words(level, "mesh: the link to " + owner.name +
                     " cannot be replaced by a new one yet, the old one stays: " + text);
  } else {
    words(base::level::info, "mesh: no link to " + address + ": " + text);
  }
}

peers mesh::machine::known() const {
  peers all;
  for (const auto& [process, state] : processes) {
    if (state.used && !state.address.empty()) {
      all.known.push_back(peer_address{process, state.name, state.address});
    }
  }
  return all;
}

void mesh::machine::tell_all() {
  const peers all = known();
  for (const auto& [process, state] : processes) {
    if (state.used) effects.emplace_back(tell{*state.used, all});
  }
}

// One dial at a time to one process: its addresses are alternatives.
bool mesh::machine::may_dial(const book_entry& entry) const {
  if (entry.is_self || entry.pending != 0) return false;
  if (entry.owner.is_nil()) return true;
  if (is_linked(entry.owner)) return false;
  return std::ranges::none_of(addresses.all(), [&](const auto& at) {
    return at.second.pending != 0 && at.second.owner == entry.owner;
  });
}

void mesh::machine::schedule(time_point now) {
  if (!is_started) return;
  for (const bool announced : {true, false}) {  // an announced address can prove a death: it goes first
    for (auto& [address, entry] : addresses.all()) {
      if (entry.is_announced != announced || entry.due > now || !may_dial(entry)) continue;
      begin_dial(address, entry, true);
    }
  }
  renew(now);
}

mesh::mesh(settings how, std::uint64_t seed, base::logger words)
    : machine_(std::make_unique<machine>(std::move(how), seed, std::move(words))) {}
mesh::mesh(mesh&&) noexcept = default;
mesh& mesh::operator=(mesh&&) noexcept = default;
mesh::~mesh() = default;

void mesh::start(time_point now) {
  machine_->is_started = true;
  machine_->seed(now, machine_->how.seeds);
  machine_->schedule(now);
}

void mesh::add_seeds(time_point now, const std::vector<std::string>& addresses) {
  machine_->seed(now, addresses);
  machine_->schedule(now);
}

void mesh::handle_up(time_point now, connection_id id, bool dialled, const std::string& remote,
                     const hello& peer, std::uint64_t material) {
  machine& m = *machine_;
  HAUBERK_ASSERT(!m.links.contains(id), "a link comes up once");
  book_entry* entry = nullptr;
  std::optional<std::string> address;
  if (dialled) address = m.addresses.finish(id & ~id_of_dial(0));
  if (address) entry = m.addresses.find(*address);
  if (peer.process == m.how.self) {
    if (entry != nullptr) entry->is_self = true;
    m.close(id, errc::refused, "the peer is " + std::string(words_itself));
    return m.schedule(now);
  }
  if (!m.processes.contains(peer.process) && m.processes.size() >= addresses_max) {
    m.close(id, errc::refused, "too many processes are linked");
    return m.schedule(now);
  }
  if (!m.is_allowed(peer.policy_digest)) {  // it was begun before the policies changed
    m.close(id, errc::closed, "the group's policy changed while this link was made");
    if (entry != nullptr) entry->due = now + m.addresses.pause(*entry);
    return m.schedule(now);
  }
  link_state& made = m.links[id];
  made.process = peer.process;
  made.policy = peer.policy_digest;
  made.dialled = dialled;
  made.since = now;
  made.material = material;
  if (entry != nullptr) m.answered(*address, *entry, peer);
  m.learn_hello(now, reachable_address(peer.address, remote), peer);
  m.words(base::level::info, "mesh: linked to " + peer.name + " (" + short_name(peer.process) + ", " +
                                 (dialled ? "dialled" : "accepted") + ")");
  m.choose(now, id, peer.process);
  m.schedule(now);
}

void mesh::handle_down(time_point now, connection_id id, const hauberk::error& why) {
  machine& m = *machine_;
  const auto at = m.links.find(id);
  if (at == m.links.end()) return;
  const link_state link = at->second;
  m.links.erase(at);
  const auto process = m.processes.find(link.process);
  if (process != m.processes.end() && process->second.used == id) {
    m.lost(now, link.process, link, why);
  } else {
    m.tidy_process(link.process);
  }
  m.schedule(now);
}

void mesh::handle_dial_failed(time_point now, std::uint64_t token, failure why, const std::string& text) {
  machine& m = *machine_;
  const auto address = m.addresses.finish(token);
  if (address) {
    book_entry& entry = *m.addresses.find(*address);
    m.note(*address, entry, text);
    entry.falls_back = why == failure::rejected && entry.is_prepared;
    entry.due = now + (entry.falls_back ? m.addresses.courtesy() : m.addresses.pause(entry));
    if (why == failure::rejected && text.find(words_itself) != std::string::npos) {
      entry.is_self = true;
      entry.owner = {};
    } else if (why == failure::refused && entry.is_announced && !entry.owner.is_nil()) {
      if (m.is_linked(entry.owner)) {
        entry.is_announced = false;  // it lives and yet refuses here: what we were told is wrong
      } else {
        m.effects.emplace_back(peer_refused{entry.owner});
      }
    }
  }
  m.schedule(now);
}

void mesh::handle_peers(time_point now, connection_id id, const peers& told) {
  machine& m = *machine_;
  if (!m.links.contains(id)) return;
  m.follow(now, id);
  const std::size_t count = std::min(told.known.size(), addresses_max);
  for (std::size_t i = 0; i < count; ++i) m.learn(now, told.known[i]);
  m.schedule(now);
}

void mesh::handle_time(time_point now) {
  machine& m = *machine_;
  for (auto& [id, link] : m.links) {
    if (link.close_at <= now && !link.is_closing) m.close_duplicate(id, link);
  }
  if (m.given_up && now >= m.given_up_end) {
    m.given_up.reset();
    m.end_links(now);
  }
  m.schedule(now);
}

void mesh::renew(time_point now, std::uint64_t material) {
  machine& m = *machine_;
  m.material = material;
  unsigned turn = 0;
  for (auto& [owner, process] : m.processes) {
    if (m.plan_renewal(now, turn, process)) ++turn;
  }
  m.schedule(now);
}

void mesh::renew_link(time_point now, connection_id id) {
  machine& m = *machine_;
  const auto at = m.links.find(id);
  if (at == m.links.end()) return;
  at->second.is_worn = true;
  (void)m.plan_renewal(now, 0, m.processes[at->second.process]);
  m.schedule(now);
}

void mesh::use_policies(time_point now, policies which) {
  machine& m = *machine_;
  if (m.allowed == which) return;
  const auto before = std::exchange(m.allowed, std::move(which));
  const bool is_kept = before && before->active == m.allowed->active;
  if (!is_kept) m.given_up.reset();
  if (is_kept && before->prepared && before->prepared != m.allowed->prepared) {
    m.given_up = before->prepared;
    m.given_up_end = now + given_up_max;
  }
  m.end_links(now);
  m.move_all(now);
  m.schedule(now);
}

void mesh::forget(time_point now, uuid process) {
  machine& m = *machine_;
  if (m.is_linked(process)) {
    m.processes[process].is_forgotten = true;
    return;
  }
  m.drop_addresses(now, process);
  m.tidy_process(process);
  m.schedule(now);
}

std::optional<effect> mesh::next_effect() {
  auto& effects = machine_->effects;
  if (effects.empty()) return std::nullopt;
  std::optional<effect> first(std::move(effects.front()));
  effects.pop_front();
  return first;
}

time_point mesh::next_deadline() const {
  const machine& m = *machine_;
  time_point first = base::never;
  for (const auto& [id, link] : m.links) {
    if (!link.is_closing) first = std::min(first, link.close_at);
  }
  if (m.given_up) first = std::min(first, m.given_up_end);
  if (!m.is_started) return first;
  for (const auto& [owner, process] : m.processes) first = std::min(first, process.renew_at);
  for (const auto& [address, entry] : m.addresses.all()) {
    if (m.may_dial(entry)) first = std::min(first, entry.due);
  }
  return first;
}

std::optional<connection_id> mesh::connection_of(uuid process) const {
  const auto at = machine_->processes.find(process);
  return at == machine_->processes.end() ? std::nullopt : at->second.used;
}

std::optional<uuid> mesh::process_of(connection_id id) const {
  const auto at = machine_->links.find(id);
  if (at == machine_->links.end()) return std::nullopt;
  return at->second.process;
}

bool mesh::is_linked_by(const uuid& process, const std::string& policy) const {
  const auto used = connection_of(process);
  return used && machine_->links.at(*used).policy == policy;
}

std::string mesh::trouble_with(const uuid& process) const {
  std::string found;
  for (const auto& [address, entry] : machine_->addresses.all()) {
    if (entry.owner != process) continue;
    if (!entry.trouble_prepared.empty()) return entry.trouble_prepared;
    if (found.empty()) found = entry.trouble;
  }
  if (!found.empty()) return found;
  if (machine_->addresses.owns_any(process)) return {};
  return "no address of it is known here: it has to dial us";
}

std::vector<std::string> mesh::troubles() const {
  std::vector<std::string> lines;
  for (const auto& [address, entry] : machine_->addresses.all()) {
    if (entry.is_self || entry.trouble.empty() || machine_->is_linked(entry.owner)) continue;
    const bool named = entry.trouble.find(address) != std::string::npos;
    lines.push_back(named ? entry.trouble : address + ": " + entry.trouble);
  }
  return lines;
}

}  // namespace hauberk::mesh
