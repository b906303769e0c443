// Relay: around a broken link over a third member (PROTOCOL 13). Beats say who has a working link with whom,
// both ways; control frames between two members without one go over a common neighbour, one hop, and so do
// payloads that a sender cannot bring to the leader. Everything else is fetched from who has it. On such a
// way frames may be lost, overtaken or doubled, so every handler takes them in any order, and what matters is
// repeated with every beat.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {

constexpr std::uint32_t piece_bytes = 64 * 1024;    ///< of a payload in one relayed frame
constexpr std::uint64_t window_bytes = 256 * 1024;  ///< relayed and not yet receipted
constexpr std::uint64_t passed_on_max = 4096;       ///< control frames for one origin between two beats

bool contains(const std::vector<uuid>& set, const uuid& one) {
  return std::find(set.begin(), set.end(), one) != set.end();
}

bool contains_seat(const std::vector<seat_id>& set, const seat_id& one) {
  return std::find(set.begin(), set.end(), one) != set.end();
}

/// What may be relayed: nothing about joining, and no fetches, whose answers are bulk.
bool is_relayed_kind(const body& what) {
  return !std::holds_alternative<fetch>(what) && !std::holds_alternative<fetched>(what) &&
         !std::holds_alternative<join>(what) && !std::holds_alternative<join_refused>(what);
}

std::uint64_t bytes_of(const data& m) {
  std::uint64_t bytes = 64;  // of the frame around them
  for (const base::buffer& payload : m.payloads) bytes += payload.size();
  return bytes;
}

/// A frame's share of what a middle passes on for one origin: large orders count for more.
std::uint64_t share_of(const body& what) {
  const auto* m = std::get_if<order>(&what);
  return m == nullptr ? 1 : 1 + m->items.size() / 16;
}

}  // namespace

// A link whose beats do not come back for this long is worth going around; it is given another look with
// every beat. Beats and their echoes wait for the next turn at either end, hence several periods.
duration core::stale_after() const {
  return std::min(4 * how_.keepalive_period, how_.suspect_timeout * 3 / 5);
}

// Members, as far as I know, and those just let go, who must learn that.
std::vector<uuid> core::relayable() const {
  std::vector<uuid> who;
  for (const view_ptr& v : {newest_view_, committed_view_}) {
    if (!v) continue;
    for (const auto* some : {&v->members, &v->left, &v->evicted}) {
      for (const member& m : *some) {
        if (m.seat.process != who_.process && !contains(who, m.seat.process)) who.push_back(m.seat.process);
      }
    }
  }
  return who;
}

void core::choose_routes() {
  is_route_due_ = false;
  const std::vector<uuid> who = role_ == role::joiner ? std::vector<uuid>() : relayable();
  for (auto& [process, p] : peers_) {
    if (!p.via.is_nil() && (is_direct(p) || !contains(who, process))) p.via = uuid{};
  }
  for (const uuid& process : who) {
    peer* p = find_peer(process);
    if (p != nullptr && is_direct(*p)) continue;
    const uuid via = choose_middle(process, p);
    if (p == nullptr) {
      if (via.is_nil()) continue;
      p = &peers_[process];  // a member that never had a link with me
      p->process = process;
      for (const view_ptr& v : {committed_view_, newest_view_}) {
        const member* m = v ? v->find_process(process) : nullptr;
        if (m != nullptr) p->name = m->name;
      }
    }
    if (p->via == via) continue;
    p->via = via;
    p->via_since = now_;
    if (via.is_nil()) continue;
    if (fetch_from_ == process) fetch_from_ = uuid{};  // bulk needs a link of its own
    beat_to(*p);
  }
  // What was said last over another way may be lost.
  for (auto& [process, p] : peers_) {
    const uuid way = is_direct(p) ? process : p.via;
    if (std::exchange(p.way, way) == way || way.is_nil()) continue;
    if (way != process || !HAUBERK_MUTANT(way_not_repeated)) repeat_to(p);
  }
}

// A member with a working link to me and, as it says, to `target`. One through which nothing comes back is
// given up for the next.
uuid core::choose_middle(const uuid& target, const peer* known) const {
  uuid first, next;
  bool is_valid = false;
  const uuid current = known == nullptr ? uuid{} : known->via;
  for (const auto& [process, p] : peers_) {
    if (process == target || !is_direct(p) || p.history != history_ || !contains(p.links, target)) continue;
    const seat_id seat{process, p.seat};
    if (!is_known(seat)) continue;
    if (first.is_nil()) first = process;
    if (next.is_nil() && current < process) next = process;
    is_valid = is_valid || process == current;
  }
  if (is_valid && (now_ - known->seen_at < stale_after() || now_ - known->via_since < stale_after()))
    return current;
  return next.is_nil() ? first : next;
}

// Nothing is sure to arrive by relay: what the other must know is said again with every beat.
void core::repeat_to(peer& p) {
  if (p.history != history_ || !in_history() || HAUBERK_MUTANT(relay_once)) return;
  send_resume(p, asks::nothing);
  if (matched_ != 0) send_to(p.process, holding_now());
  if (p.claim_told != 0) send_to(p.process, claimed_);
  if (!p.promise_told.empty()) send_to(p.process, promise{p.promise_told});
  if (role_ != role::leader) return;
  const auto h = holdings_.find({p.process, p.seat});
  if (h == holdings_.end() || h->second.epoch != epoch_) send_epoch_start(p);
}

void core::repeat_relayed() {
  for (auto& [process, p] : peers_) {
    p.relayed_frames = 0;
    if (!p.via.is_nil()) repeat_to(p);
  }
  notice_missed_order();
}

// The leader has said that it holds more than it has announced here, and nothing has come since.
void core::notice_missed_order() {
  peer* p = role_ == role::follower && matched_ == epoch_ ? find_peer(leader_) : nullptr;
  const position_t end = log_.end();
  const bool is_still = std::exchange(order_seen_, end) == end;
  if (p == nullptr || !is_still || !is_reachable(*p)) return;
  const auto h = holdings_.find({p->process, p->seat});
  if (h != holdings_.end() && h->second.epoch == epoch_ && h->second.upto > end) send_resume(*p, asks::order);
}

void core::send_relayed(peer& to, body what, std::uint64_t credit) {
  if (!is_relayed_kind(what)) return;
  peer* middle = find_peer(to.via);
  if (middle == nullptr) return;
  middle->credit_used += credit;
  envelope made{self_.number, std::move(what), {who_.process, to.process}};
  effects_.push_back(send{{to.via}, std::make_shared<const envelope>(std::move(made)), credit});
}

void core::handle_relayed(peer& by, const envelope& message) {
  const auto& [origin, target] = message.by;
  if (!is_relayed_kind(message.what) || origin == who_.process || origin == target)
    return refuse(by.process, "it relays what is not for relay");
  if (target != who_.process) return pass_on(by, message);
  if (role_ == role::joiner || by.history != history_) return;
  const std::vector<uuid> who = relayable();
  if (!contains(who, by.process) || !contains(who, origin)) return;  // it may know another view
  peer* from = find_peer(origin);
  if (from == nullptr) {
    is_route_due_ = true;  // a member that I have no link with: there is a way to it, as it seems
    return;
  }
  is_relayed_ = true;
  take_message(*from, message);
  is_relayed_ = false;
}

// I am the middle. What cannot go on at once is dropped: its origin repeats it.
void core::pass_on(peer& by, const envelope& message) {
  const auto& [origin, target] = message.by;
  if (origin != by.process) return refuse(by.process, "it relays for another than itself");
  const std::vector<uuid> who = relayable();
  peer* to = find_peer(target);
  const bool is_known = contains(who, origin) && contains(who, target) && message.seat == by.seat;
  if (role_ == role::joiner || !is_known || to == nullptr || !is_direct(*to) || to->history != history_)
    return;
  std::uint64_t credit = 0;
  if (const auto* m = std::get_if<data>(&message.what)) {
    if (!may_lend(*to)) return;
    credit = bytes_of(*m);
    to->credit_used += credit;
    to->lent_used += credit;
  } else {
    by.relayed_frames += share_of(message.what);
    if (by.relayed_frames > passed_on_max) return;
  }
  effects_.push_back(send{{target}, std::make_shared<const envelope>(message), credit});
}

// My payloads for a leader to which I have no link: a window of them, no more than a middle passes on at
// once, and back to what the leader has when a quarter of a suspect timeout brings no receipt.
void core::pump_relayed_data() {
  const sequence_t end = sent_first_ + sent_.size();
  const sequence_t ordered = senders_.empty() ? 0 : senders_[sender_index(self_)].ordered;
  if (ordered != relayed_.ordered || ordered + 1 >= end) {
    relayed_.ordered = ordered;
    relayed_.moved_at = now_;
  }
  peer* to = role_ == role::follower && is_member() && !leader_.is_nil() ? find_peer(leader_) : nullptr;
  if (to == nullptr || to->via.is_nil() || to->history != history_ || HAUBERK_MUTANT(relay_no_payload)) {
    relayed_.epoch = 0;
    return;
  }
  const bool is_stuck = now_ >= relayed_.moved_at + how_.suspect_timeout / 4;
  if (relayed_.epoch != epoch_) {
    if (!is_stuck) return;
    relayed_.have = relayed_.partial = 0;
  }
  const sequence_t from = std::max({ordered, relayed_.have, sent_first_ - 1}) + 1;
  if (relayed_.epoch != epoch_ || (is_stuck && !HAUBERK_MUTANT(relay_never_back)) || relayed_.next < from) {
    relayed_.epoch = epoch_;
    relayed_.next = from;
    relayed_.offset = relayed_.have + 1 == from ? relayed_.partial : 0;
    relayed_.under_way.clear();
    relayed_.bytes = 0;
    relayed_.moved_at = now_;
  }
  const peer* middle = find_peer(to->via);
  const std::uint64_t window = std::min(window_bytes, how_.credit_bytes / 2);
  while (middle != nullptr && has_credit(*middle) && relayed_.next < end && relayed_.bytes < window) {
    data m = make_data(relayed_.next, relayed_.offset, std::min(how_.chunk_bytes, piece_bytes), piece_bytes);
    const std::uint64_t bytes = bytes_of(m);
    relayed_.under_way.push_back({relayed_.next, relayed_.offset, bytes});
    relayed_.bytes += bytes;
    send_relayed(*to, std::move(m), bytes);
  }
}

// The leader says how far it has my broadcasts.
void core::take_receipt(const resume& m) {
  relayed_.have = m.have;
  relayed_.partial = m.partial;
  const auto has = std::pair(m.have + 1, m.partial);
  while (!relayed_.under_way.empty()) {
    const auto& front = relayed_.under_way.front();
    if (std::pair(front.next, front.offset) > has) return;
    relayed_.bytes -= front.bytes;
    relayed_.under_way.pop_front();
    relayed_.moved_at = now_;
  }
}

void core::send_receipts() {
  for (sender& s : senders_) {
    if (!std::exchange(s.is_receipt_due, false)) continue;
    peer* p = find_peer(s.seat.process);
    if (p != nullptr && is_reachable(*p) && p->seat == s.seat.number) send_resume(*p, asks::nothing);
  }
}

// Its own working links, as its beats tell, make a quorum.
bool core::is_linked_with_quorum(const member& m) const {
  std::vector<seat_id> near{m.seat};
  const auto at = peers_.find(m.seat.process);
  for (const view_ptr& v : {committed_view_, newest_view_}) {
    for (const member& other : v->members) {
      const auto to = peers_.find(other.seat.process);
      const bool is_near = m.seat == self_
                               ? to != peers_.end() && is_direct(to->second)
                               : at != peers_.end() && contains(at->second.links, other.seat.process);
      if (is_near && !contains_seat(near, other.seat)) near.push_back(other.seat);
    }
  }
  return wins(near, epoch_dead_);
}

}  // namespace hauberk::replica
