// Held, committed, stable: what this member has, what a quorum has, what all have (PROTOCOL 2, 4, 9, 10).
#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

void core::handle(peer& from, const held& m) {
  const seat_id seat{from.process, from.seat};
  if (m.committed > m.upto || m.stable > m.committed ||
      (role_ == role::leader && m.epoch == epoch_ && m.upto > log_.end())) {
    return refuse(from.process, "holds position " + std::to_string(m.upto) + " and knows " +
                                    std::to_string(m.committed) + " committed; the log ends at " +
                                    std::to_string(log_.end()));
  }
  heard_committed_ = std::max(heard_committed_, m.committed);
  if (holdings_.size() >= base::limits::seats_max && !is_in_newest(seat)) return;
  holding& h = holdings_[seat];
  if (m.epoch > h.epoch) h = {m.epoch, 0, h.committed};
  if (m.epoch == h.epoch) h.upto = std::max(h.upto, m.upto);
  h.committed = std::max(h.committed, m.committed);
  // From somebody who is in no view that I know it would be hearsay; should one come that he is in, it
  // counts.
  if ((m.epoch <= matched_ || HAUBERK_MUTANT(commit_hearsay)) && is_known(seat)) {
    learn_committed(m.committed);
    stable_known_ = std::max(stable_known_, m.stable);
  }
  if (role_ != role::leader) return;
  if (m.epoch == epoch_ && from.next_order == 0) from.next_order = m.upto + 1;
  if (m.epoch < epoch_ && !from.is_started) send_epoch_start(from);
}

// Moves `held_` over every entry whose payload is here. A member that has voted in a later epoch than the
// one it was matched in holds nothing new.
void core::fill() {
  if (role_ == role::joiner || (matched_ != epoch_ && !HAUBERK_MUTANT(hold_after_vote))) return;
  while (held_ < log_.end()) {
    const position_t at = held_ + 1;
    const entry& e = log_.at(at);
    if (e.what == kind::message) {
      sender& s = senders_[e.sender];
      if (e.has_payload) {
        s.received.pass(e.sequence);
      } else {
        base::buffer payload;
        if (!s.received.take(e.sequence, payload)) break;
        log_.fill(at, std::move(payload));
      }
    } else if (e.what == kind::view) {
      if (hold_gate(at) > now_ && !HAUBERK_MUTANT(hold_removal_at_once)) break;
      hold_view(at);
    }
    held_ = at;
  }
}

// A view that concerns this member is on its disk before anybody hears that it is held (PROTOCOL 8): one that
// has it, or that removes it. Views from before its own, which a joiner catches up on, are not its business.
void core::hold_view(position_t at) {
  if (HAUBERK_MUTANT(view_kept_after_held) && at > committed()) return;
  const view_ptr v = log_.view_at(at);
  if (v->find(self_) == nullptr && !is_admitted_) return;
  const auto next = log_.views().find(at);
  const view_ptr before = next == log_.views().begin() ? committed_view_ : std::prev(next)->second;
  const bool is_founding = at == founded_at_;  // decided by whoever makes it: nobody else is asked
  kept_.decided = is_founding ? outline_of(*v) : before ? outline_of(*before) : nullptr;
  kept_.pending = is_founding ? nullptr : outline_of(*v);
  kept_.pending_epoch = is_founding ? 0 : log_.epoch_at(at);
  kept_.pending_at = is_founding ? 0 : at;
  kept_at_ = at;
  keep();
}

void core::keep_decided(position_t at, const view_ptr& v) {
  if (at < kept_at_ || (v->find(self_) == nullptr && !is_admitted_)) return;
  kept_.decided = outline_of(*v);
  kept_.pending = nullptr;
  kept_.pending_epoch = 0;
  kept_.pending_at = 0;
  kept_at_ = at;
  keep();
}

// The epoch tells whose log is newer when the memory of some is gone.
void core::keep_epoch() {
  if (!is_admitted_ || kept_.is_empty() || kept_.epoch == matched_) return;
  keep();
}

void core::keep() {
  kept_.epoch = matched_;
  kept_.seats = {self_};
  for (const seat_id& seat : past_seats_) {
    const bool is_named = (kept_.decided && kept_.decided->find(seat) != nullptr) ||
                          (kept_.pending && kept_.pending->find(seat) != nullptr);
    if (is_named && seat != self_ && kept_.seats.size() < base::limits::record_seats_max)
      kept_.seats.push_back(seat);
  }
  effects_.push_back(persist{kept_});
}

// A view that removes a member without its consent is held only when that member can no longer believe, by
// my echoes, to be primary (PROTOCOL 4).
time_point core::hold_gate(position_t at) const {
  time_point gate{};
  if (log_.at(at).what != kind::view) return gate;
  const view& next = *log_.view_at(at);
  for (const member& m : next.lost) {
    const bool is_dead = std::find(next.dead.begin(), next.dead.end(), m.seat) != next.dead.end();
    if (!is_dead) gate = std::max(gate, removal_gate(m.seat));
  }
  return gate;
}

bool core::is_proven_dead(const seat_id& seat) const {
  return std::find(dead_.begin(), dead_.end(), seat) != dead_.end() ||
         std::find(epoch_dead_.begin(), epoch_dead_.end(), seat) != epoch_dead_.end();
}

time_point core::removal_gate(const seat_id& seat) const {
  if (is_proven_dead(seat)) return time_point{};
  const auto p = peers_.find(seat.process);
  if (p == peers_.end() || p->second.seat != seat.number || p->second.counted_at == time_point{})
    return time_point{};
  return p->second.counted_at + how_.suspect_timeout;
}

// The newest view up to what is known to be committed, also when that was not acted on yet.
view_ptr core::held_committed() const {
  const auto next = log_.views().upper_bound(committed());
  if (next == log_.views().begin() || std::prev(next)->first <= committed_view_at_) return committed_view_;
  return std::prev(next)->second;
}

view_ptr core::held_pending() const {
  const auto at = log_.views().upper_bound(committed());
  return at == log_.views().end() || at->first > held_ ? nullptr : at->second;
}

// The highest position that a quorum of `v` holds in the epoch that I am matched with.
position_t core::agreed(const view& v) const {
  std::array<std::pair<position_t, const member*>, base::limits::members_max> holders;
  std::size_t count = 0;
  for (const member& m : v.members) {
    if (m.weight == 0) continue;
    if (m.seat == self_) {
      holders[count++] = {held_, &m};
      continue;
    }
    const auto h = holdings_.find(m.seat);
    const bool is_counted =
        h != holdings_.end() && (h->second.epoch == matched_ || HAUBERK_MUTANT(epochs_mixed));
    if (is_counted) holders[count++] = {h->second.upto, &m};
  }
  std::sort(holders.begin(), holders.begin() + count,
            [](const auto& a, const auto& b) { return a.first > b.first; });
  tally weights(v, HAUBERK_MUTANT(half_in_old_epochs) ? dead_ : epoch_dead_);
  for (std::size_t i = 0; i < count; ++i) {
    weights.count(*holders[i].second);
    if (weights.is_quorum()) return holders[i].first;
    if (HAUBERK_MUTANT(commit_by_two) && i == 1) return holders[i].first;
  }
  return 0;
}

// Commits by count only through an entry of the epoch itself: older entries commit with it.
void core::judge() {
  if (!in_history() || role_ == role::joiner) return;
  while (true) {
    pass_committed();
    if (held_ <= commit_known_) return;  // nothing here that could be news
    const position_t before = passed_;
    const bool is_founding = founded_at_ > passed_;  // nobody before that view has a say in it
    const view_ptr in_force = is_founding ? nullptr : held_committed(), pending = held_pending();
    // Who joins knows no view before the one that admits it: it cannot judge, and has to be told.
    if (in_force || (pending && (is_founding || pending->number == 1))) {
      position_t upto = held_;
      const bool is_new_only = HAUBERK_MUTANT(commit_by_new_view) && pending;
      if (in_force && !is_new_only) upto = std::min(upto, agreed(*in_force));
      if (pending && !HAUBERK_MUTANT(commit_by_old_view)) upto = std::min(upto, agreed(*pending));
      if (upto > commit_known_ && (log_.epoch_at(upto) == matched_ || HAUBERK_MUTANT(commit_old_epoch)))
        learn_committed(upto);
    }
    pass_committed();
    if (passed_ == before) return;
  }
}

void core::learn_committed(position_t upto) { commit_known_ = std::max(commit_known_, upto); }

void core::pass_committed() {
  while (passed_ < committed()) {
    const position_t at = ++passed_;
    const entry& e = log_.at(at);
    undelivered_bytes_ += log_.bytes_at(at);
    fresh_bytes_ += log_.bytes_at(at);
    if (e.what == kind::view) {
      view_committed(at, log_.view_at(at));
    } else if (e.what == kind::message && senders_[e.sender].seat == self_) {
      in_flight_bytes_ -= std::min<std::uint64_t>(in_flight_bytes_, e.payload.size());
      uncommitted_first_ = e.sequence + 1;
    }
  }
}

// What my application brought is committed, but who has it besides I do not know.
held core::holding_now() const {
  const bool is_stable_known = stable_ > brought_ || HAUBERK_MUTANT(brought_is_stable);
  return {matched_, HAUBERK_MUTANT(held_before_payload) ? log_.end() : held_, committed(),
          is_stable_known ? stable_ : 0};
}

void core::announce_held() {
  if (!in_history() || role_ == role::joiner || matched_ == 0) return;
  const held now = holding_now();
  if (now == announced_) return;
  announced_ = now;
  send_to_all(now);
}

// Of what it held in another epoch than mine it may have had to cut what was not committed.
position_t core::surely_held(const holding& h) const {
  return h.epoch == matched_ ? h.upto : std::min(h.upto, h.committed);
}

// What members that catch up, or have just got their weight, still lack stays a little longer: for them the
// window is larger by a quarter, and no more, so a slow one loses its place and is told so (PROTOCOL 14).
// Everybody keeps it, since the donor may die.
position_t core::pinned_from() const {
  position_t first = log_.end() + 1;
  for (const member& m : newest_view_->members) {
    const bool is_owed = m.catching_up || m.weight > 0;
    if (!is_owed || m.seat == self_ || is_suspected(m.seat)) continue;
    const auto h = holdings_.find(m.seat);
    if (h == holdings_.end()) continue;
    const position_t next = surely_held(h->second) + 1;
    if (next >= log_.start()) first = std::min(first, next);
  }
  return first;
}

std::uint64_t core::window_for(position_t pin) const {
  return log_.start() >= pin ? how_.window_bytes + how_.window_bytes / 4 : how_.window_bytes;
}

// Who got its weight while it lagged still lacks some of what was stable before it counted.
position_t core::held_by_weighted() const {
  position_t all = stable_;
  if (HAUBERK_MUTANT(trim_by_quorum) || HAUBERK_MUTANT(weight_unpins)) return all;
  const bool is_undecided =
      newest_view_at_ > passed_ && committed_view_ && committed_view_->number + 1 == newest_view_->number;
  for (const view* in : {newest_view_.get(), is_undecided ? committed_view_.get() : nullptr}) {
    if (in == nullptr) continue;
    for (const member& m : in->members) {
      const auto h = holdings_.find(m.seat);
      if (m.weight > 0 && m.seat != self_ && h != holdings_.end())
        all = std::min(all, surely_held(h->second));
    }
  }
  return all;
}

// Up to here every weighted member of this view has it.
position_t core::held_by_all(const view& in) const {
  position_t all = held_;
  const bool has_data = in.has_weighted_data();
  for (const member& m : in.members) {
    const bool is_awaited =
        !has_data && !m.arbitrator && m.weight_wanted > 0;  // else only arbitrators have it
    if ((m.weight == 0 && !is_awaited) || m.seat == self_) continue;
    const auto h = holdings_.find(m.seat);
    all = std::min(all, h != holdings_.end() && h->second.epoch == matched_ ? h->second.upto : 0);
  }
  return all;
}

// Stable is what every weighted member holds. The window keeps stable entries for those who come back or
// join, up to its size; what is not stable, or not delivered here, is never trimmed. An arbitrator keeps
// nothing for others.
void core::trim() {
  if (!newest_view_ || role_ == role::joiner) return;
  position_t all = held_by_all(*newest_view_);
  // A pending view may be cut again: whom it removes, or takes the weight of, counts until it commits.
  if (newest_view_at_ > passed_ && committed_view_ && !HAUBERK_MUTANT(stable_by_new_view))
    all = std::min(all, held_by_all(*committed_view_));
  if (HAUBERK_MUTANT(trim_by_quorum)) all = agreed(*newest_view_);
  stable_ = std::max(stable_, std::min(std::max(all, stable_known_), committed()));
  const position_t lacked = held_by_weighted();
  position_t floor = HAUBERK_MUTANT(trim_undelivered) ? stable_ : std::min(stable_, delivered_);
  if (role_ == role::leader) floor = std::min(floor, lacked);
  retired_ = std::max(retired_, log_.start() - 1);
  while (retired_ > floor && retired_ >= log_.start()) retired_bytes_ -= log_.bytes_at(retired_--);
  while (retired_ < floor) retired_bytes_ += log_.bytes_at(++retired_);
  trim_window(lacked);
}

void core::trim_window(position_t lacked) {
  if (!who_.arbitrator && log_.bytes() <= how_.window_bytes) return;
  const position_t pin = pinned_from();
  while (log_.start() <= retired_ && log_.bytes() > (who_.arbitrator ? 0 : window_for(pin))) {
    // A follower may hear late of what others lack, or not at all while links are broken: it keeps no more
    // than two windows beside the one that is lacked (a payload may be larger), unless a pending view may
    // count on it.
    const bool is_lacked = log_.start() > lacked && !who_.arbitrator;
    const std::uint64_t beside = log_.bytes() - log_.bytes_at(log_.start());
    if (is_lacked && (newest_view_at_ > passed_ || beside <= 2 * how_.window_bytes)) break;
    retired_bytes_ -= log_.bytes_at(log_.start());
    log_.trim_front();
  }
}

}  // namespace hauberk::replica
