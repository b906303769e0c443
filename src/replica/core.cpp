// Commands, dispatch, time, and the small things that every concern needs.
#include "replica/core.hpp"

#include <algorithm>
#include <utility>

namespace hauberk::replica {

core::core(settings how, identity who, std::uint64_t seed, base::logger words)
    : how_(how), who_(std::move(who)), random_(seed), words_(std::move(words)) {
  self_ = {who_.process, 1};
  stays_.push_back({self_});
  kept_ = std::move(who_.past);
  succeeds_ = past_seats_ = kept_.seats;
}

// From the history that the state file knows, when `from` lies on it: the same one, when it is named, else a
// new one that goes on from there.
void core::bootstrap(uuid history, recovered_position from, bool is_forced) {
  HAUBERK_ASSERT(role_ == role::idle, "a replica starts once");
  log_.reset(from.position + 1, 0);
  held_ = commit_known_ = delivered_ = passed_ = stable_ = brought_ = from.position;
  next_beat_ = now_ + how_.keepalive_period;
  view first;
  HAUBERK_ASSERT(!who_.arbitrator, "an arbitrator cannot begin a history: it would not keep it");
  first.history = from.history;
  first.joined = {self_};
  if (!kept_.is_empty() && kept_.newest()->continues(from)) {
    first.history = kept_.newest()->history;
    first.root = kept_.newest()->root;
    first.forks = kept_.newest()->forks;
    first.bans = kept_.newest()->bans;
  }
  first.number = (kept_.is_empty() ? 0 : kept_.newest()->number) + 1 + (is_forced ? forced_step : 0);
  first.policy = founding_policy({kept_.decided, kept_.pending});
  if (first.history != history) first.fork(history, from.position);
  found(std::move(first), kept_.epoch + 1);
}

void core::join_group(recovered_position from) {
  HAUBERK_ASSERT(role_ == role::idle, "a replica starts once");
  if (who_.arbitrator) from = {};  // it needs no state, and begins with the view that admits it
  recovered_ = from;
  role_ = role::joiner;
  log_.reset(from.position + 1, 0);
  held_ = commit_known_ = delivered_ = passed_ = stable_ = brought_ = from.position;
  next_beat_ = next_join_ = joined_at_ = now_;
}

result<std::uint64_t> core::broadcast(std::vector<base::buffer> payloads) {
  if (is_gone_ || is_leaving_)
    return hauberk::error(errc::closed, "this member is leaving or has left the group");
  if (who_.arbitrator) {
    return hauberk::error(errc::refused,
                          "this node is an arbitrator (pc.arbitrator): it votes, but broadcasts nothing");
  }
  if (!is_primary_ || !was_primary_told_ || !is_member()) {
    return hauberk::error(errc::not_primary, "no quorum of the group is in reach of this member");
  }
  std::uint64_t bytes = 0;
  for (const base::buffer& payload : payloads) {
    if (payload.size() > how_.payload_bytes_max) {
      return hauberk::error(errc::payload_too_large,
                            "a payload of " + std::to_string(payload.size()) +
                                " bytes is above repl.max_ws_size=" + std::to_string(how_.payload_bytes_max));
    }
    bytes += payload.size();
  }
  if (in_flight_bytes_ > 0 && in_flight_bytes_ + bytes > 2 * how_.send_window_bytes) {
    return hauberk::error(errc::window_full, "evs.send_window is full of uncommitted broadcasts");
  }
  stay& mine = stays_.back();
  pool& own = senders_[sender_index(self_)].received;
  const std::uint64_t first = mine.ticket_base + mine.sent + 1;
  for (base::buffer& payload : payloads) {
    sent_bytes_ += payload.size();
    sent_.push_back(payload);
    own.put(++mine.sent, std::move(payload));
  }
  tickets_ += payloads.size();
  in_flight_bytes_ += bytes;
  return first;
}

void core::leave_group() {
  if (is_leaving_ || is_gone_) return;
  is_leaving_ = true;
  if (role_ == role::joiner || role_ == role::idle) farewell(errc::ok, "left before being admitted");
}

void core::handle_link_up(uuid process, std::string name) {
  handle_link_down(process);
  peer& p = peers_[process];
  peer before =
      std::exchange(p, peer());  // a new link starts anew, but for the beats: those count per process
  p.process = process;
  p.name = std::move(name);
  p.is_up = true;
  p.seat = before.seat;
  p.brought = before.brought;
  p.claim_heard = before.claim_heard;
  p.beat_received = before.beat_received;
  p.direct_received = before.direct_received;
  p.beats_out = std::move(before.beats_out);
  p.echo = before.echo;
  p.echo_epoch = before.echo_epoch;
  p.echoed_at = before.echoed_at;
  p.counted_at = before.counted_at;
  p.relayed_at = before.relayed_at;
  if (HAUBERK_MUTANT(beats_renumbered)) beats_ = 0;
  p.direct_at = p.seen_at = p.heard_at = now_;
  p.way = process;
  is_route_due_ = true;
  send_resume(p, asks::payloads);
  if (in_history() && role_ != role::joiner) send_to(process, holding_now());
  beat_all();  // the others learn of the new link at once: a joiner waits for that
  if (role_ == role::joiner) next_join_ = now_;
}

void core::handle_link_down(uuid process) {
  peer* p = find_peer(process);
  if (p == nullptr || !p->is_up) return;
  p->is_up = false;
  is_route_due_ = true;
  p->next_data = 0;
  p->next_order = 0;
  p->is_started = false;
  p->serve_next = 0;
  p->credit_used = p->lent_used = p->serve_queued = 0;
  if (p->seat != 0 && !is_in_newest({process, p->seat})) {  // a member goes on where it was
    const auto known = sender_of_.find({process, p->seat});
    if (known != sender_of_.end()) senders_[known->second].received.drop_partial();
  }
  if (fetch_from_ == process) fetch_from_ = uuid{};
  joiners_.erase(process);
  p->said.reset();
  p->promised.clear();
  // Nothing is remembered of processes that are no members: there may be any number of them.
  const bool is_kept = (newest_view_ && newest_view_->find_process(process) != nullptr) ||
                       (committed_view_ && committed_view_->find_process(process) != nullptr);
  if (!is_kept) peers_.erase(process);
  beat_all();
}

void core::handle_refused(uuid process) {
  peer* p = find_peer(process);
  if (p == nullptr || p->is_up || p->is_refused) return;
  if (now_ - p->relayed_at < stale_after()) return;  // its address refuses us, but it lives
  p->is_refused = true;
  p->refused_at = now_;
  if (process == leader_ && role_ == role::follower) schedule_election(how_.keepalive_period / 4);
}

void core::handle_message(uuid from, const envelope& message) {
  peer* p = find_peer(from);
  if (p == nullptr || !p->is_up || is_gone_) return;
  if (message.by.is_set()) return handle_relayed(*p, message);
  take_message(*p, message);
}

void core::take_message(peer& from, const envelope& message) {
  if (message.seat < from.seat) return;  // said in an earlier stay: void
  if (message.seat > from.seat) {
    from.seat = message.seat;
    from.brought.reset();
    from.next_data = from.next_order = 0;
    from.next_offset = 0;
    from.is_started = false;
  }
  // What follows is about one history: a peer in another one, or in none, can only greet or ask to join.
  const body& what = message.what;
  const bool is_open = std::holds_alternative<beat>(what) || std::holds_alternative<resume>(what) ||
                       std::holds_alternative<join>(what) || std::holds_alternative<join_refused>(what) ||
                       std::holds_alternative<removed>(what) || std::holds_alternative<epoch_start>(what) ||
                       std::holds_alternative<claim>(what) || std::holds_alternative<promise>(what);
  if (is_still_ && (!is_open || std::holds_alternative<epoch_start>(what))) return;
  if (!is_open && (!in_history() || from.history != history_)) return;
  std::visit([&](const auto& m) { handle(from, m); }, what);
}

void core::handle_written(uuid process, std::uint64_t bytes) {
  peer* p = find_peer(process);
  if (p == nullptr || p->credit_used == 0) return;
  bytes = std::min(bytes, p->credit_used);
  p->lent_used -= p->lent_used * bytes / p->credit_used;  // whose it was is not told: of both in proportion
  p->credit_used -= bytes;
  p->serve_queued -= std::min(bytes, p->serve_queued);
}

void core::advance(time_point now) {
  if (now <= now_) return;  // one reading of the clock serves a whole batch of inputs
  now_ = now;
  if (is_gone_ || role_ == role::idle) return;
  judge_primary();
  if (now_ >= next_beat_) {
    next_beat_ = now_ + how_.keepalive_period;
    choose_routes();
    beat_all();
    repeat_relayed();
    consider_starting_over();
    consider_placement();
  }
  if (now_ >= next_join_) ask_to_join();
  consider_standing();
}

void core::flush() {
  if (is_gone_) return;
  if (is_route_due_) choose_routes();
  consider_reform();
  if (is_still_) return;
  consider_changes();
  consider_view();
  order_all();
  fill();
  judge();
  consider_view();
  pump_data();
  pump_relayed_data();
  if (role_ == role::leader) send_receipts();
  pump_orders();
  consider_fetch();
  pump_fetches();
  announce_held();
  measure_backlog();
  consider_fences();
  ask_heir();
  consider_leaving();
  ask_again();
  trim();
}

std::optional<effect> core::next_effect() {
  if (effects_.empty()) return std::nullopt;
  effect out = std::move(effects_.front());
  effects_.pop_front();
  return out;
}

time_point core::next_deadline() const {
  if (is_gone_ || role_ == role::idle) return base::never;
  time_point next = std::min({next_beat_, next_join_, election_at_});
  if (is_primary_ && lease_until_ > now_) next = std::min(next, lease_until_);
  if (held_ < log_.end()) {
    const time_point gate = hold_gate(held_ + 1);
    if (gate > now_) next = std::min(next, gate);
    const time_point patience = stuck_since_ + how_.keepalive_period / 2;  // then it is fetched
    if (stuck_at_ == held_ + 1 && patience > now_) next = std::min(next, patience);
  }
  return next;
}

void core::say_once(const std::string& line) {
  if (line == said_once_) return;
  said_once_ = line;
  say(base::level::info, line);
}

void core::send_to(const uuid& process, body what) { send_many({process}, std::move(what), 0); }

void core::send_to_all(const body& what) {
  std::vector<uuid> to;
  for (const auto& [process, p] : peers_) {
    if (is_reachable(p) && p.history == history_) to.push_back(process);
  }
  if (!to.empty()) send_many(std::move(to), what, 0);
}

void core::send_many(std::vector<uuid> to, body what, std::uint64_t credit) {
  if (credit == 0) {  // bulk goes over its own link, or is relayed as such
    std::erase_if(to, [&](const uuid& process) {
      peer* p = find_peer(process);
      if (p == nullptr || p->via.is_nil()) return false;
      send_relayed(*p, what, 0);
      return true;
    });
    if (to.empty()) return;
  }
  effects_.push_back(
      send{std::move(to), std::make_shared<const envelope>(envelope{self_.number, std::move(what)}), credit});
}

void core::refuse(const uuid& from, const std::string& why) {
  ++refused_;
  const peer* p = find_peer(from);
  say(base::level::warning,
      "refused a message of " + (p != nullptr ? p->name : to_string(from)) + ": " + why);
  effects_.push_back(drop_link{from, why});
}

peer* core::find_peer(const uuid& process) {
  const auto at = peers_.find(process);
  return at == peers_.end() ? nullptr : &at->second;
}

std::uint32_t core::sender_index(const seat_id& seat) {
  const auto [at, is_new] = sender_of_.try_emplace(seat, static_cast<std::uint32_t>(senders_.size()));
  if (is_new) {
    sender made;
    made.seat = seat;
    senders_.push_back(std::move(made));
  }
  return at->second;
}

const std::string& core::name_of(const seat_id& seat) const {
  static const std::string stranger = "a stranger";
  if (newest_view_) {
    if (const member* m = newest_view_->find(seat)) return m->name;
  }
  const auto at = peers_.find(seat.process);
  return at == peers_.end() ? stranger : at->second.name;
}

bool core::is_in_newest(const seat_id& seat) const {
  return newest_view_ && newest_view_->find(seat) != nullptr;
}

bool core::is_known(const seat_id& seat) const {
  return is_in_newest(seat) || (committed_view_ && committed_view_->find(seat) != nullptr);
}

void core::farewell(errc reason, std::string text) {
  if (is_gone_) return;
  for (stay& s : stays_) {
    while (s.resolved < s.sent) {
      ++s.resolved;
      const std::uint64_t ticket = s.ticket_base + s.resolved;
      const position_t most = std::max(heard_committed_, commit_known_);
      events_.push_back(s.is_over ? outcome_event{ticket, outcome::committed, most}
                                  : outcome_event{ticket, outcome::unknown, 0});
    }
  }
  events_.push_back(farewell_event{reason, std::move(text)});
  role_ = role::gone;
  is_gone_ = true;
  is_primary_ = false;
}

status core::current() const {
  status s;
  s.as = role_;
  s.self = self_;
  s.history = history_;
  s.primary = is_primary_ && was_primary_told_;
  s.epoch = epoch_;
  s.leader = role_ == role::leader ? self_.process : leader_;
  s.view_number = committed_view_ ? shown_view_ : 0;
  s.log_start = log_.start();
  s.log_end = log_.end();
  s.held = held_;
  s.committed = committed();
  s.delivered = delivered_;
  s.stable = stable_;
  s.pool_bytes = pooled_bytes();
  s.window_bytes = log_.bytes() + s.pool_bytes;
  s.in_flight_bytes = in_flight_bytes_;
  const member* awaited = awaited_application();
  s.waits_for = awaited == nullptr ? uuid{} : awaited->seat.process;
  s.is_throttled = awaited != nullptr || pinned_bytes() > how_.window_bytes / 8 * 7;
  s.backlog_bytes = undelivered_bytes_;
  s.elections = elections_;
  s.refused_messages = refused_;
  s.fetches = fetches_;
  s.peers = peers_.size();
  s.senders = senders_.size();
  s.holdings = holdings_.size();
  s.joiners = joiners_.size();
  if (role_ == role::leader) {
    s.mesh_incomplete =
        static_cast<std::size_t>(std::count_if(joiners_.begin(), joiners_.end(), [&](const auto& one) {
          return !one.second.missing.is_nil() && now_ > one.second.since + how_.peer_timeout;
        }));
  }
  s.events = events_.size();
  return s;
}

void core::check() const {
  HAUBERK_ASSERT(delivered_ <= passed_ && passed_ <= committed(), "what is delivered is committed");
  HAUBERK_ASSERT(held_ <= log_.end() && held_ + 1 >= log_.start(), "what is held lies in the log");
  HAUBERK_ASSERT(log_.start() <= delivered_ + 1, "nothing is trimmed before it is delivered");
  HAUBERK_ASSERT(matched_ <= epoch_, "no one matches an epoch that it has not joined");
  HAUBERK_ASSERT(role_ != role::leader || held_ == log_.end(), "a leader holds its whole log");
  HAUBERK_ASSERT(role_ != role::leader || matched_ == epoch_, "a leader leads its own epoch");
}

}  // namespace hauberk::replica
