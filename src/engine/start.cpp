// How an engine comes up: files, identity, port; and the calls of the application.
#include <algorithm>
#include <ctime>
#include <random>
#include <set>
#include <utility>

#include "engine/engine.hpp"
#include "engine/policy.hpp"
#include "engine/waiting.hpp"
#include "link/greeting.hpp"
#include "mesh/address.hpp"

namespace hauberk::engine {
namespace {

// Random (version 4) so that it is a well-formed uuid to everybody who looks.
uuid draw_uuid() {
  std::random_device chance;
  uuid made;
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(chance());
  made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0f) | 0x40);
  made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3f) | 0x80);
  return made;
}

std::uint64_t draw_seed() {
  std::random_device chance;
  return static_cast<std::uint64_t>(chance()) << 32U | chance();
}

// An address of port 0 means the port that the system chose.
std::string with_port(const std::string& address, std::uint16_t port) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.substr(colon) != ":0") return address;
  return address.substr(0, colon + 1) + std::to_string(port);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "; " + line;
  return text;
}

/// gmcast.allowed, asked about a peer that has proved its names.
link::settings::opinion permission_of(const std::string& here, std::shared_ptr<const net::allow_list> list) {
  return [here, list = std::move(list)](const mesh::hello& hello, const std::string& remote,
                                        const tls::certificate* shown) -> std::string {
    std::vector<std::string> names{hello.name};
    if (shown != nullptr) names.insert(names.end(), shown->names.begin(), shown->names.end());
    const auto at = mesh::split_address(remote);
    if (list->allows(at ? at->host : remote, names)) return {};
    return "gmcast.allowed of " + here + " has neither the address " + (at ? at->host : remote) +
           " nor a name of the member '" + link::printable(hello.name, 255) + "'";
  };
}

error closed() { return {errc::closed, "the group was left or this handle is closed: join again"}; }

}  // namespace

engine::engine(settings how)
    : how_(std::move(how)),
      guard_(how_),
      entry_(how_.entry),
      submissions_(how_.replication.send_window_bytes, how_.replication.payload_bytes_max),
      delivery_(how_.delivery_entries_max, how_.delivery_bytes_max) {}

engine::~engine() { worker_.stop(); }

result<std::unique_ptr<engine>> engine::start(settings how) {
  std::unique_ptr<engine> made(new engine(std::move(how)));
  if (auto ready = made->prepare(); !ready) return ready.error();
  return made;
}

result<void> engine::prepare() {
  if (!how_.state_dir.empty()) guard_.keep_lists_in(how_.state_dir + "/hauberk.crl");
  if (auto loaded = guard_.load(); !loaded) return loaded.error();
  identity_.process = draw_uuid();
  identity_.name = how_.name;
  identity_.weight = how_.weight;
  identity_.arbitrator = how_.arbitrator;
  identity_.speaks = {protocol_min, protocol_max};
  if (how_.state_dir.empty()) {
    how_.log(base::level::info, "no node.state_dir is configured: a restart here is a new node to the group");
  } else {
    auto opened = state_file::open(how_.state_dir, how_.log);
    if (!opened) return opened.error();
    state_ = std::move(opened.value());
    if (state_->found()) saved_ = *state_->found();
    saved_.name = how_.name;
    identity_.past = saved_.known;
  }
  if (auto chosen = choose_policy(); !chosen) return chosen;
  guard_.settle_lists();

  how_.sockets.door = how_.entry.door;
  owner_ = std::make_unique<net::transport>(
      how_.sockets, [this] { return link_settings(); }, static_cast<net::handler&>(*this), how_.log);
  transport_ = owner_.get();
  if (auto started = transport_->start(); !started) return started.error();
  port_ = transport_->port();
  identity_.address = with_port(how_.address, port_);
  how_.meshing.self = identity_.process;
  mesh_.emplace(how_.meshing, draw_seed(), how_.log);
  replica_.emplace(how_.replication, identity_, draw_seed(), how_.log);
  transport_->post([this] { begin(); });
  return how_.watches_files && guard_.current()->security ? watch(true) : result<void>();
}

link::face engine::face_of(const protection& by) const {
  link::face made;
  made.mine.clock = std::time(nullptr);
  made.mine.protocol_min = protocol_min;
  made.mine.protocol_max = protocol_max;
  made.mine.group = how_.group;
  made.mine.name = how_.name;
  made.mine.process = identity_.process;
  made.mine.address = with_port(how_.address, transport_->port());
  made.mine.policy_digest = by.policy_digest;
  made.mine.policy_text = by.policy_text;
  made.mine.permits_plaintext = !by.security;
  if (by.security)
    for (const tls::revocation_list& one : by.security->lists())
      if (one.may_be_told()) made.mine.lists.push_back(one.id);
  made.security = by.security;
  made.material = by.number;
  return made;
}

link::settings engine::link_settings() const {
  link::settings made;
  const auto has = guard_.both();
  static_cast<link::face&>(made) = face_of(*has.now);
  if (has.prepared != nullptr) made.prepared = face_of(*has.prepared);
  made.admit = how_.admit;
  const std::lock_guard hold(entry_mutex_);
  made.handshake_timeout = entry_.handshake_timeout;
  if (entry_.door.allowed && !entry_.door.allowed->empty())
    made.allow = permission_of(how_.name, entry_.door.allowed);
  return made;
}

void engine::set_entry(const std::function<void(entry_rules&)>& change) {
  {
    const std::lock_guard hold(entry_mutex_);
    change(entry_);
    transport_->set_door(entry_.door);
  }
  transport_->review();
}

void engine::begin() {
  now_ = net::transport::now();
  mesh_->start(now_);
  use_policies();
  if (guard_.current()->security) next_look_ = now_;
  // Who waits for its group says so after a suspect timeout.
  const base::duration patience =
      std::max<base::duration>(std::chrono::seconds(2), how_.replication.suspect_timeout * 2);
  if (how_.bootstrap)
    probe_.emplace(now_ + patience, how_.meshing.seeds, identity_.process, saved_.known,
                   how_.recovered.value_or(saved_.left_at));
  else
    replica_->join_group(now_, how_.recovered.value_or(recovered_position{}));
  run();
}

// Told to bootstrap, but not into a second history beside a living one (PROTOCOL 17).
void engine::decide_start() {
  if (!probe_) return;
  switch (probe_->decide(now_)) {
    case probe::verdict::wait:
      return;
    case probe::verdict::refuse:
      if (!how_.bootstrap_forced) {
        give_up(errc::refused,
                "pc.bootstrap=yes is refused: the state of " + probe_->better() +
                    " is newer than what this node has. Bootstrap that one, or start this one without "
                    "pc.bootstrap: a group that crashed re-forms by itself once all are back. "
                    "pc.bootstrap=force starts from here all the same, and loses what only the others have");
        break;
      }
      [[fallthrough]];
    case probe::verdict::bootstrap:
      start_history();
      break;
    case probe::verdict::join:
      how_.log(base::level::info,
               "told to bootstrap (pc.bootstrap), but a configured peer is in a history already: joining it");
      replica_->join_group(now_, departure_in(probe_->history()));
      break;
  }
  probe_.reset();
}

// What to join that history with. After a clean stop as the last one with data, nobody in it has more: there
// may be arbitrators left, which keep none of it. So it goes on where it left, as in a start without them.
recovered_position engine::departure_in(const uuid& history) const {
  if (how_.recovered) return *how_.recovered;
  return saved_.is_safe && saved_.left_at.history == history ? saved_.left_at : recovered_position{};
}

// Where a group may be started anew is for the state file to say (PROTOCOL 8, 17): not where somebody else
// may have more. After a clean stop of all, the last one to leave goes on with the same history.
void engine::start_history() {
  recovered_position from = how_.recovered.value_or(recovered_position{});
  uuid history = draw_uuid();
  const replica::record& known = saved_.known;
  if (!known.is_empty() && !how_.bootstrap_forced) {
    std::set<std::string> others;
    for (const replica::view_ptr& last : {known.decided, known.pending}) {
      if (!last) continue;
      for (const replica::member& one : last->members)
        if (one.name != how_.name) others.insert(one.name);
    }
    const replica::view& last = *known.newest();
    if (!saved_.is_safe && !others.empty()) {
      std::string names;
      for (const std::string& one : others) names += (names.empty() ? "" : ", ") + one;
      return give_up(errc::refused,
                     "pc.bootstrap=yes is refused: this node was not the last of its group, its state file " +
                         state_->path() + " knows view " + std::to_string(last.number) + " of history " +
                         to_string(last.history) + " with " + names +
                         ", and what they have may be newer. Start them (without pc.bootstrap a group that "
                         "crashed re-forms by itself once all are back; one that was stopped is bootstrapped "
                         "where the last one left). pc.bootstrap=force starts from here all the same, and "
                         "loses what only the others have");
    }
    if (saved_.is_safe && (from.history.is_nil() || from == saved_.left_at)) {
      from = saved_.left_at;
      history = last.history;
    }
  }
  how_.log(how_.bootstrap_forced ? base::level::warning : base::level::info,
           (history == from.history ? "going on with history " : "starting a new history ") +
               to_string(history) + " from position " + std::to_string(from.position) +
               (how_.bootstrap_forced ? ", by force: whoever has more must be thrown away and take its state "
                                        "from here, and a part of the group that is alive is no longer it"
                                      : ""));
  replica_->bootstrap(now_, history, from, how_.bootstrap_forced);
}

result<void> engine::wait_primary(std::chrono::milliseconds timeout) {
  std::unique_lock hold(rare_mutex_);
  wait_at_most(rare_changed_, hold, timeout,
               [&] { return rare_.was_primary || rare_.was_full || rare_.farewell; });
  if (rare_.was_primary || (rare_.was_full && !rare_.farewell)) return {};
  if (rare_.farewell) return *rare_.farewell;
  return error(
      errc::timed_out,
      "no primary view of group " + how_.group + " within " + std::to_string(timeout.count()) +
          " ms (pc.wait_prim_timeout)" +
          (rare_.troubles.empty()
               ? std::string(how_.meshing.seeds.empty() && !how_.bootstrap
                                 ? "; no gmcast.peers are configured and nobody has dialled us: name "
                                   "peers, or set pc.bootstrap=yes at the first node"
                                 : "; links are up, but no member of a primary view was found")
               : joined(rare_.troubles)));
}

result<std::uint64_t> engine::broadcast(std::span<const std::span<const std::byte>> payloads) {
  if (how_.arbitrator)
    return error(errc::refused,
                 "this node is an arbitrator (pc.arbitrator): it votes, but broadcasts nothing");
  auto first = submissions_.add(payloads);
  if (first) wake();
  return first;
}

result<void> engine::wait_writable(std::uint64_t bytes, std::chrono::milliseconds timeout) {
  return submissions_.wait_writable(bytes, timeout);
}

bool engine::take(batch& into, std::chrono::milliseconds timeout) {
  const auto got = delivery_.take(into, timeout);
  if (got.was_starved) wake();
  return got.any;
}

result<void> engine::leave(std::chrono::milliseconds timeout) {
  if (submissions_.is_closed()) return closed();
  submissions_.close();
  tell(leave_wanted{});
  std::unique_lock hold(rare_mutex_);
  if (!wait_at_most(rare_changed_, hold, timeout, [&] { return rare_.is_out; })) {
    hold.unlock();
    tell(abandon_wanted{});
    hold.lock();
    rare_changed_.wait(hold, [&] { return rare_.is_out; });
    return error(errc::timed_out, "the group did not let this node go within " +
                                      std::to_string(timeout.count()) + " ms: it was left as if by a crash");
  }
  if (rare_.farewell && rare_.farewell->code != errc::closed) return *rare_.farewell;
  return {};
}

result<position_t> engine::fence(std::chrono::milliseconds timeout) {
  if (submissions_.is_closed()) return closed();
  if (!is_primary())
    return error(errc::not_primary, "this node is not in the primary component now: wait for a primary view");
  std::unique_lock hold(rare_mutex_);
  const std::uint64_t id = rare_.next_fence++;
  rare_.fences.emplace(id, std::nullopt);
  hold.unlock();
  tell(fence_wanted{id});
  hold.lock();
  const auto at = rare_.fences.find(id);
  wait_at_most(rare_changed_, hold, timeout, [&] { return at->second.has_value(); });
  result<position_t> answer =
      at->second ? std::move(*at->second)
                 : result<position_t>(error(errc::timed_out, "no quorum confirmed the fence within " +
                                                                 std::to_string(timeout.count()) + " ms"));
  rare_.fences.erase(at);
  return answer;
}

result<void> engine::force_primary(std::chrono::milliseconds timeout) {
  if (submissions_.is_closed()) return closed();
  const auto asked = std::make_shared<std::promise<result<void>>>();
  auto answer = asked->get_future();
  tell(force_wanted{asked});
  if (answer.wait_for(timeout) != std::future_status::ready)
    return error(errc::timed_out, "this node did not come to it within " + std::to_string(timeout.count()) +
                                      " ms; it may still happen");
  return answer.get();
}

result<std::string> engine::change(std::function<result<replica::change>(const replica::view&)> make,
                                   std::chrono::milliseconds timeout) {
  if (submissions_.is_closed()) return closed();
  if (!is_primary())
    return error(errc::not_primary, "this node is not in the primary component now: wait for a primary view");
  std::unique_lock hold(rare_mutex_);
  const std::uint64_t id = rare_.next_change++;
  rare_.changes.emplace(id, std::nullopt);
  hold.unlock();
  tell(change_wanted{id, std::move(make)});
  hold.lock();
  const auto at = rare_.changes.find(id);
  wait_at_most(rare_changed_, hold, timeout, [&] { return at->second.has_value(); });
  result<std::string> answer =
      at->second ? std::move(*at->second)
                 : result<std::string>(error(
                       errc::timed_out, "no view made the change within " + std::to_string(timeout.count()) +
                                            " ms; it may still come: look at the next views"));
  rare_.changes.erase(at);
  return answer;
}

snapshot engine::counted() const {
  snapshot made;
  {
    const std::lock_guard hold(rare_mutex_);
    made = rare_.counted;
    made.reloads = rare_.reloads;
    made.reloads_failed = rare_.reloads_failed;
  }
  const auto broadcasts = submissions_.counted();
  made.broadcast_messages = broadcasts.messages;
  made.broadcast_bytes = broadcasts.bytes;
  made.in_flight_bytes = submissions_.in_flight_bytes();
  made.group.primary = is_primary();
  const net::turned_away away = transport_->turned_away();
  made.refused_by[static_cast<std::size_t>(tls::check::crowded)] += away.crowded;
  made.refused_by[static_cast<std::size_t>(tls::check::not_allowed)] += away.not_allowed;
  made.links_refused += away.crowded + away.not_allowed;
  return made;
}

link_knowledge_ptr engine::linked() const {
  const std::lock_guard hold(rare_mutex_);
  return rare_.linked;
}

// ---- the transport's threads ----

void engine::tell(input one) {
  inbox_.put(std::move(one));
  wake();
}

// One wake-up at a time: whoever finds the strand awake knows that its coming run will see what he has put.
void engine::wake() {
  if (!awake_.exchange(true)) transport_->post([this] { run(); });
}

void engine::on_up(net::connection_id id, bool dialled, std::string remote, link::up peer) {
  tell(link_up{id, dialled, std::move(remote), std::move(peer)});
}
void engine::on_messages(net::connection_id id, std::vector<wire::message> batch) {
  tell(link_messages{id, std::move(batch)});
}
void engine::on_written(net::connection_id id, std::size_t bulk_bytes) {
  if (bulk_bytes != 0) tell(link_written{id, bulk_bytes});
}
void engine::on_worn(net::connection_id id) { tell(link_worn{id}); }
void engine::on_down(net::connection_id id, std::uint64_t dial, link::down why) {
  tell(link_down{id, dial, std::move(why)});
}
void engine::on_dial_failed(std::uint64_t dial, net::dial_failure why, std::string text) {
  tell(dial_failed{dial, why, std::move(text)});
}

}  // namespace hauberk::engine
