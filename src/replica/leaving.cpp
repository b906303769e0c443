// Leaving, being removed, and what both mean for a seat (PROTOCOL 6, 10, 17).
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

// Who knows from the log that it is out still votes for the old view until the new one can do without it:
// when enough of its members know it, or all of them who are not proven dead do; or when there is a view two
// further on, since the one between was then committed by a quorum of this one, and tells who holds it that
// this one was.
bool core::is_released() const {
  for (const auto& [process, p] : peers_) {
    if (p.history == history_ && p.view_number >= committed_view_->number + 2) return true;
  }
  std::vector<seat_id> knowing;
  for (const member& m : committed_view_->members) {
    const auto h = holdings_.find(m.seat);
    if (h != holdings_.end() && h->second.committed >= committed_view_at_) knowing.push_back(m.seat);
  }
  return HAUBERK_MUTANT(leave_at_own_commit) || is_quorum(*committed_view_, knowing, dead_);
}
void core::handle(peer& from, const leave& m) {
  const seat_id seat{from.process, from.seat};
  if (is_in_newest(seat)) leavers_[seat] = m.last;
}

bool core::is_handing_over() const {
  if (HAUBERK_MUTANT(leave_without_handover)) return false;
  if (role_ == role::leader && !heir_.is_nil()) return true;
  // Where all leave, the leader lets the others go first and is the last (PROTOCOL 10). Who has no weight
  // yet, or is suspected, cannot lead: the leader goes on until a view has changed that.
  const auto is_heir = [&](const member& m) {
    const bool is_fit = (m.weight > 0 && !is_suspected(m.seat)) || HAUBERK_MUTANT(heir_unfit);
    return m.seat != self_ && !leavers_.contains(m.seat) && is_fit && is_eligible(m);
  };
  return is_leaving_ && role_ == role::leader && !is_last_with_data() &&
         std::any_of(newest_view_->members.begin(), newest_view_->members.end(), is_heir) &&
         senders_[sender_of_.at(self_)].received.empty();
}

// An arbitrator leads in a leaver's place only where no data member will: one that catches up needs a leader
// that has what it lacks.
bool core::is_eligible(const member& m) const {
  const auto will_count = [&](const member& other) {
    return other.seat != self_ && !other.arbitrator && other.weight_wanted > 0 &&
           !leavers_.contains(other.seat) && !is_suspected(other.seat);
  };
  const auto& all = newest_view_->members;
  return !m.arbitrator || std::none_of(all.begin(), all.end(), will_count) ||
         HAUBERK_MUTANT(heir_without_data);
}

// Who has just left learns it from those who stay; it closes its links when it knows. Until then the leader
// neither goes on to the next view nor leaves.
bool core::is_awaited_by_leaver() const {
  if (now_ >= committed_view_since_ + how_.suspect_timeout) return false;
  const auto is_waiting = [&](const member& m) {
    const auto p = peers_.find(m.seat.process);
    return p != peers_.end() && p->second.is_up && p->second.seat == m.seat.number;
  };
  const auto& v = *committed_view_;
  return std::any_of(v.left.begin(), v.left.end(), is_waiting) ||
         std::any_of(v.evicted.begin(), v.evicted.end(), is_waiting);
}

void core::consider_leaving() {
  if (is_removed_ && is_released()) {
    const removal* mine = committed_view_->find_removal(self_);
    return leave_old_seat(mine == nullptr ? 0 : mine->last, mine != nullptr);
  }
  take_back_consent();
  if (is_evicted_) {
    if (delivered_ == passed_ && (is_let_go_ || is_released())) part_evicted();
    return;
  }
  if (!is_leaving_ || !in_history() || is_gone_ || role_ == role::joiner) return;
  const bool is_delivered = delivered_ == passed_;
  if (has_left_) {
    if (is_delivered && (is_let_go_ || is_released())) farewell(errc::ok, "left the group");
    return;
  }
  if (role_ == role::leader) {
    if (is_last_with_data()) {
      const bool is_done = is_delivered && passed_ == log_.end() && in_flight_bytes_ == 0;
      if (is_holding_back()) return;  // who promised to follow counts on what this founder holds
      if (is_done && !is_awaited_by_leaver()) farewell(errc::ok, "left the group");
      return;
    }
    if (is_handing_over() && now_ >= handed_over_at_ + how_.suspect_timeout) hand_over();
  } else if (is_last_with_data() && has_consented_) {  // an arbitrator leads
    if (is_delivered && passed_ == log_.end() && in_flight_bytes_ == 0) farewell(errc::ok, "left the group");
  } else if (!leader_.is_nil() && now_ >= asked_leave_at_ + how_.suspect_timeout / 4) {
    asked_leave_at_ = now_;
    has_consented_ = !HAUBERK_MUTANT(leaver_is_primary);
    judge_primary();
    send_to(leader_, leave{stays_.back().sent});
  }
}

// Those who would be left only look on, or decide about what they do not keep; and they can decide nothing
// without me. Then no view is needed to go, as for the last one of all (PROTOCOL 10).
bool core::is_last_with_data() const {
  std::vector<seat_id> others;
  for (const member& m : newest_view_->members) {
    if (m.seat == self_) continue;
    if (!m.arbitrator && m.weight_wanted > 0) return false;
    others.push_back(m.seat);
  }
  return !is_quorum(*newest_view_, others, {});
}

// A leader that leaves asks a member that holds the whole log to stand in its place (PROTOCOL 17).
void core::hand_over() {
  const member* heir = nullptr;
  for (const member& m : newest_view_->members) {
    const auto h = holdings_.find(m.seat);
    const bool is_fit = is_fit_to_lead(m) && is_eligible(m) && h != holdings_.end() &&
                        h->second.epoch == epoch_ && h->second.upto == log_.end();
    if (is_fit && heir == nullptr) heir = &m;
  }
  if (heir == nullptr) return;
  handed_over_at_ = now_;
  send_to(heir->seat.process, handover{epoch_, newest_view_->number, log_.end()});
}

// Tells a process of this history that its seat is gone; silence would leave it waiting for ever.
void core::notice_stranger(peer& p) {
  if (!committed_view_ || !is_admitted_) return;
  const seat_id seat{p.process, p.seat};
  const view_ptr known = HAUBERK_MUTANT(removed_too_early) ? newest_view_ : committed_view_;
  if (const removal* gone = known->find_removal(seat)) {
    const auto by_seat = [&](const member& m) { return m.seat == seat; };
    // One who left learns it from the log; from us only when it seems to have missed that.
    const bool is_leaving =
        now_ < committed_view_since_ + how_.suspect_timeout &&
        (std::any_of(committed_view_->left.begin(), committed_view_->left.end(), by_seat) ||
         std::any_of(committed_view_->evicted.begin(), committed_view_->evicted.end(), by_seat));
    if (!is_leaving) send_to(p.process, removed{history_, *gone, true, newest_view_at_});
    return;
  }
  if (committed_view_->find(seat) != nullptr || is_in_newest(seat)) {
    strangers_.erase(p.process);
    return;
  }
  if (!is_primary_ && !HAUBERK_MUTANT(hearsay_removes)) {  // it may be in a view that I have not heard of
    strangers_.erase(p.process);
    return;
  }
  const time_point since = strangers_.try_emplace(p.process, now_).first->second;
  if (now_ < since + 2 * how_.inactive_timeout) return;
  strangers_.erase(p.process);
  send_to(p.process, removed{history_, {seat, 0, committed_view_->number}, false, 0});
}

void core::handle(peer& from, const removed& m) {
  if (m.what.seat != self_) return;
  if (role_ == role::joiner) return take_new_seat();  // admitted and removed without ever hearing of it
  if (m.known) heard_committed_ = std::max(heard_committed_, m.at);
  const std::uint64_t known = committed_view_ ? committed_view_->number : 0;
  if (m.history != history_) {
    // The group was re-formed without this member's history: it is over, unless a quorum of it still lives;
    // or even then, if an operator forced the other one. The views here may have gone on for a while.
    const bool is_forced = m.what.view_number >= known + forced_step / 2;
    if ((is_primary_ && !is_forced) || m.what.view_number <= known) return;
    say(base::level::warning,
        from.name + " is in history " + to_string(m.history) +
            (is_forced ? ", which an operator forced (pc.bootstrap) beside the one here: "
                         "what was committed here since then is void"
                       : ", which went on from the one here") +
            "; this member asks to join it");
    return leave_old_seat(m.what.last, m.known);
  }
  // That nobody remembers me is no news from one who does not know the view that took me in; unless that view
  // is of an older epoch than it is in: had it been committed, everybody there would have it.
  const bool is_cut = !is_admitted_ && newest_view_ && newest_view_at_ > committed() &&
                      from.echo_epoch > log_.epoch_at(newest_view_at_);
  if (!m.known && is_member() && m.what.view_number < newest_view_->number && !is_cut &&
      !HAUBERK_MUTANT(hearsay_removes))
    return;
  const bool is_news = is_removed_ ? from.view_number > known : m.what.view_number > known;
  // Or the view that admits me is in nobody's log but mine: it was cut with its leader's tail.
  const bool is_lost = !is_admitted_ && !m.known;
  // A view after the one that let me go could only follow when that was known to be committed.
  if (has_left_ && from.view_number > known) is_let_go_ = true;
  if (has_left_ || (!is_news && !is_lost)) return;
  say(base::level::warning, from.name + " says that view " + std::to_string(m.what.view_number) +
                                " removed this member; it asks to join again");
  leave_old_seat(m.what.last, m.known);
}

// This stay has ended: what was not ordered never will be. A new seat asks for admission, with the log up to
// what is committed; broadcasts that were ordered come back with the catch-up.
void core::leave_old_seat(sequence_t last, bool known) {
  stay& old = stays_.back();
  if (HAUBERK_MUTANT(never_one_too_many) && last > 0) --last;
  for (sequence_t s = std::max(last, old.resolved) + 1; known && s <= old.sent; ++s) {
    events_.push_back(outcome_event{old.ticket_base + s, outcome::never, 0});
  }
  while (!known && HAUBERK_MUTANT(unknown_at_once) && old.resolved < old.sent)
    events_.push_back(outcome_event{old.ticket_base + ++old.resolved, outcome::unknown, 0});
  // Nobody may remember where this seat ended: what does not come back before the next view of mine is
  // unknown.
  if (known) old.sent = std::min(old.sent, std::max(last, old.resolved));
  old.is_over = known;
  is_admitted_ = has_consented_ = is_removed_ = is_still_ = has_promised_ = false;
  evicted_in_ = 0;
  judge_primary();
  was_primary_told_ = false;  // the next view tells
  cut(committed());
  senders_[sender_index(self_)].received.clear();
  sent_.clear();
  sent_first_ = uncommitted_first_ = 1;
  sent_bytes_ = in_flight_bytes_ = 0;
  recovered_ = {history_, held_};
  role_ = role::joiner;
  epoch_ = matched_ = 0;  // votes and holdings were the old seat's
  leader_ = voted_for_ = uuid{};
  election_at_ = base::never;
  pre_vote_epoch_ = 0;
  is_paused_ = false;
  rounds_.clear();
  joiners_.clear();
  leavers_.clear();
  succeeds_.clear();
  if (is_leaving_) return farewell(errc::ok, "left the group");
  take_new_seat();
}

// Not primary, I deliver nothing; with a window full of what the application has not taken I hold nothing
// more, and never reach the view that would make me primary again. A joiner delivers while it catches up
// (PROTOCOL 5).
void core::consider_starting_over() {
  // All that I hold is known to be committed by then, so nothing is lost with the seat.
  const bool is_full = !is_primary_ && is_admitted_ && !is_still_ && held_ == committed() &&
                       undelivered_bytes_ > how_.window_bytes;
  const bool is_behind = std::any_of(peers_.begin(), peers_.end(), [&](const auto& one) {
    const peer& p = one.second;
    return p.is_up && p.history == history_ && newest_view_ && p.view_number > newest_view_->number;
  });
  if (!is_full || !is_behind) {
    stuck_since_view_ = time_point{};
  } else if (stuck_since_view_ == time_point{}) {
    stuck_since_view_ = now_;
  } else if (now_ > stuck_since_view_ + how_.inactive_timeout && !HAUBERK_MUTANT(never_starts_over)) {
    stuck_since_view_ = time_point{};
    say(base::level::warning,
        "the application lags by a whole window (gcache.size), and the group has gone on: this member asks "
        "to join again");
    leave_old_seat(0, false);
  }
}

// Seats never come back: every attempt to join after a removal is made with a new one.
void core::take_new_seat() {
  self_.number += HAUBERK_MUTANT(seat_reused) ? 0U : 1U;
  stays_.push_back({self_, HAUBERK_MUTANT(ticket_base_lost) ? 0 : tickets_});
  while (stays_.size() > 1 && stays_.front().resolved == stays_.front().sent) stays_.pop_front();
  next_join_ = now_;
  for (auto& [process, p] : peers_) {
    if (p.is_up) send_resume(p, asks::payloads);
  }
  beat_all();
}

}  // namespace hauberk::replica
