// The machine behind mesh.hpp. What is known of addresses lives in the book, what is known of processes and
// of the links to them here; `schedule` is the one place that decides to dial.
#include "mesh/mesh.hpp"

#include <algorithm>
#include <deque>
#include <map>

#include "base/assert.hpp"
#include "mesh/address.hpp"
#include "mesh/book.hpp"

namespace hauberk::mesh {
namespace {

using namespace std::chrono_literals;

// A link that lasted this long ends the back-off; shorter ones count as failed dials, so that a peer which
// accepts and hangs up is not dialled in a loop.
constexpr base::duration settled = 1s;
// Two dials cross only if they were under way together. A link in the other direction that comes later than
// any dial and handshake last means that the peer has lost the old one.
constexpr base::duration crossing_max = 10s;
// How long the side that does not decide keeps a second link before it gives up waiting for a decision.
constexpr base::duration spare_max = 10s;

struct link_state {
  uuid process;
  bool dialled = false;
  bool is_closing = false;
  bool was_used = false;  ///< announced to the replica, now or before: never again
  time_point since{};
  time_point close_at = base::never;
};

struct process_state {
  std::string name;
  std::string address;  ///< where it listens, as far as it told; may be empty
  std::optional<connection_id> used;
  bool is_displaced = false;  ///< another process answers at its address now
  bool is_forgotten = false;  ///< no member any more: not dialled once its link ends
};

std::string short_name(const uuid& process) { return to_string(process).substr(0, 8); }

}  // namespace

struct mesh::machine {
  machine(settings s, std::uint64_t seed, base::logger l)
      : how(std::move(s)), words(std::move(l)), addresses(how.retry_min, how.retry_max, seed) {}

  settings how;
  base::logger words;
  book addresses;
  std::map<uuid, process_state> processes;
  std::map<connection_id, link_state> links;
  std::deque<effect> effects;
  bool is_started = false;

  [[nodiscard]] bool is_linked(const uuid& process) const {
    const auto at = processes.find(process);
    return at != processes.end() && at->second.used.has_value();
  }
  [[nodiscard]] bool decides(const uuid& process) const { return how.self < process; }
  book_entry* obtain(const std::string& address, time_point due) {
    return addresses.obtain(address, due, [this](const uuid& owner) { return is_linked(owner); });
  }

  void seed(time_point now, const std::vector<std::string>& seeds);
  void learn_hello(time_point now, const std::string& address, const hello& peer);
  void answered(const std::string& address, book_entry& entry, const hello& peer);
  void displace(const uuid& old, const uuid& by, const std::string& address);
  void choose(time_point now, connection_id id, const uuid& process);
  [[nodiscard]] bool wins(time_point now, const link_state& newer, const link_state& older) const;
  void follow(time_point now, connection_id id);
  void replace(process_state& process, connection_id id);
  void use(process_state& process, connection_id id);
  void retire(time_point now, connection_id id);
  void close_duplicate(connection_id id, link_state& link);
  void close(connection_id id, errc code, std::string why);
  void lost(time_point now, const uuid& process, const link_state& link, const hauberk::error& why);
  void learn(time_point now, const peer_address& told);
  void drop_addresses(time_point now, const uuid& process);
  void tidy_process(const uuid& process);
  void note(const std::string& address, book_entry& entry, const std::string& text);
  [[nodiscard]] peers known() const;
  void tell_all();
  [[nodiscard]] bool may_dial(const book_entry& entry) const;
  void schedule(time_point now);
};

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

bool mesh::machine::wins(time_point now, const link_state& newer, const link_state& older) const {
  if (newer.dialled == older.dialled) return true;
  if (now - older.since >= crossing_max) return true;
  return newer.dialled == decides(newer.process);  // dialled by the smaller id
}

// A link came up. The first one is used; of two the side that decides takes the better one at once, the
// other side waits to be told (`follow`).
void mesh::machine::choose(time_point now, connection_id id, const uuid& process) {
  process_state& state = processes[process];
  if (!state.used) return use(state, id);
  const connection_id old = *state.used;
  if (!decides(process) || !wins(now, links.at(id), links.at(old))) return retire(now, id);
  replace(state, id);
  retire(now, old);
}

// `peers` is the first frame on a link that the other side uses. So the side that does not decide switches
// to the link on which it is told, and both announce it to their replicas before any frame of theirs. A link
// once left is not taken up again: what was said on it meanwhile is lost.
void mesh::machine::follow(time_point now, connection_id id) {
  const link_state& link = links.at(id);
  process_state& state = processes[link.process];
  if (decides(link.process) || link.was_used || link.is_closing) return;
  const auto old = state.used;
  replace(state, id);
  if (old) retire(now, *old);
}

void mesh::machine::replace(process_state& process, connection_id id) {
  if (process.used) effects.emplace_back(peer_down{links.at(*process.used).process});
  use(process, id);
}

void mesh::machine::use(process_state& process, connection_id id) {
  link_state& link = links.at(id);
  const bool is_news = !process.used;
  process.used = id;
  link.was_used = true;
  link.close_at = base::never;
  if (is_news) {
    tell_all();
  } else {
    effects.emplace_back(tell{id, known()});
  }
  effects.emplace_back(peer_up{link.process, process.name, id});
}

void mesh::machine::retire(time_point now, connection_id id) {
  link_state& link = links.at(id);
  if (decides(link.process)) {
    close_duplicate(id, link);
  } else {
    link.close_at = now + spare_max;
  }
}

void mesh::machine::close_duplicate(connection_id id, link_state& link) {
  link.is_closing = true;
  close(id, errc::closed, std::string(words_duplicate) + ": of two between the same processes one stays");
}

void mesh::machine::close(connection_id id, errc code, std::string why) {
  effects.emplace_back(close_link{id, hauberk::error(code, std::move(why))});
}

// The link in use ended: go on with another one, or dial again.
void mesh::machine::lost(time_point now, const uuid& process, const link_state& link,
                         const hauberk::error& why) {
  process_state& state = processes[process];
  state.used.reset();
  effects.emplace_back(peer_down{process});
  std::optional<connection_id> spare;
  for (auto& [id, other] : links) {
    if (other.process != process || other.is_closing) continue;
    if (other.was_used) {
      close_duplicate(id, other);
    } else if (!spare || other.since >= links.at(*spare).since) {
      spare = id;
    }
  }
  if (spare) return use(state, *spare);
  words(base::level::info, "mesh: the link to " + state.name + " ended: " + why.text);
  const bool told_duplicate = why.text.find(words_duplicate) != std::string::npos;
  for (auto& [address, entry] : addresses.all()) {
    if (entry.owner != process || entry.is_self) continue;
    if (now - link.since >= settled) entry.attempts = 0;
    entry.trouble = why.text;
    entry.due = now + addresses.pause(entry);
    if (told_duplicate) entry.due += addresses.courtesy();  // the peer's other link is about to come up here
  }
  if (state.is_displaced) effects.emplace_back(peer_refused{process});
  if (state.is_forgotten || state.is_displaced) drop_addresses(now, process);
  tidy_process(process);
  tell_all();
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
  if (entry.trouble == text) return;
  entry.trouble = text;
  words(base::level::info, "mesh: no link to " + address + ": " + text);
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
      const std::uint64_t token = addresses.begin(address, entry);
      effects.emplace_back(dial{token, address});
    }
  }
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
                     const hello& peer) {
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
  m.links[id] = link_state{.process = peer.process, .dialled = dialled, .since = now};
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
    entry.due = now + m.addresses.pause(entry);
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
  if (!m.is_started) return first;
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
