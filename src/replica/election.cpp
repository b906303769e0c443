// Epochs: how a leader is found, and how logs are matched with its own (PROTOCOL 1, 2, 16, 17). A pre-vote
// keeps a member that was cut off from disturbing a living leader. While a view is pending, every quorum
// here is one of the old view *and* of the new one.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

bool core::may_stand() const {
  if (role_ != role::follower && role_ != role::candidate) return false;
  if (!is_admitted_ || !committed_view_ || !newest_view_) return false;
  // A pending view may have taken its weight: a leader that stepped down with it in its log has to stand
  // again, when nobody else can be elected without it. It hands over once the view is committed.
  const auto counts = [&](const view_ptr& in) {
    const member* me = in->find(self_);
    if (HAUBERK_MUTANT(catching_up_stands)) return me != nullptr;
    return me != nullptr && me->weight > 0 && !me->catching_up;
  };
  return counts(newest_view_) || (counts(committed_view_) && !HAUBERK_MUTANT(weightless_never_stands));
}

void core::schedule_election(duration within) {
  // An arbitrator lets the others try first: it leads only if no data member can (PROTOCOL 18).
  const duration patience = who_.arbitrator ? how_.suspect_timeout / 2 : duration{};
  election_at_ = std::min(election_at_, now_ + patience + random_.below(within));
}

void core::consider_standing() {
  if (is_still_ || (role_ != role::follower && role_ != role::candidate)) return;
  if (is_led_by_live() || !may_stand()) {
    election_at_ = base::never;
    pre_vote_epoch_ = 0;
    return;
  }
  if (election_at_ == base::never) {
    const auto p = peers_.find(leader_);
    const bool is_dead = p != peers_.end() && p->second.is_refused;
    schedule_election(is_dead ? how_.keepalive_period / 4 : how_.suspect_timeout / 5);
  }
  if (now_ >= election_at_) stand(true, false);
}

bool core::wins(const std::vector<seat_id>& who, const std::vector<seat_id>& dead) const {
  const view_ptr in_force = held_committed(), pending = held_pending();
  if (HAUBERK_MUTANT(elect_by_new_view) && pending) return is_quorum(*pending, who, dead);
  if (!in_force || !is_quorum(*in_force, who, dead)) return false;
  return !pending || HAUBERK_MUTANT(elect_by_old_view) || is_quorum(*pending, who, dead);
}

void core::stand(bool pre, bool is_handover) {
  if (pre) {
    if (pre_vote_epoch_ != epoch_ + 1) pre_votes_ = {self_};
    pre_vote_epoch_ = epoch_ + 1;
    election_at_ = now_ + how_.suspect_timeout / 8 + random_.below(how_.suspect_timeout / 4);
  } else {
    enter_epoch(epoch_ + 1);
    role_ = role::candidate;
    voted_for_ = self_.process;
    votes_ = HAUBERK_MUTANT(pre_votes_count) ? pre_votes_ : std::vector{self_};
    stood_dead_ = dead_;
    // A split vote is tried again soon: where a bare quorum is left, all of it must agree on one.
    const int slow = HAUBERK_MUTANT(split_vote_waits) ? 3 : 1;
    election_at_ = now_ + how_.suspect_timeout * slow / 3 + random_.below(how_.suspect_timeout * slow / 2);
  }
  vote_request ask;
  ask.epoch = pre ? pre_vote_epoch_ : epoch_;
  ask.pre = pre;
  ask.handover = is_handover;
  ask.last_epoch = log_.epoch_at(held_);
  ask.last_position = held_;
  send_to_all(ask);
  count_votes(pre);
}

// A candidate may ask for the next epoch while votes of this one are still on their way: the two never mix.
void core::count_votes(bool pre) {
  if (!wins(pre ? pre_votes_ : votes_, pre ? dead_ : stood_dead_)) return;
  pre ? stand(false, false) : win();
}

void core::handle(peer& from, const vote_request& m) {
  const seat_id seat{from.process, from.seat};
  if (!is_known(seat) || role_ == role::joiner) return;
  const bool is_complete = HAUBERK_MUTANT(vote_for_anyone) ||
                           (HAUBERK_MUTANT(vote_by_length) && m.last_position >= held_) ||
                           std::pair(m.last_epoch, m.last_position) >= std::pair(log_.epoch_at(held_), held_);
  const bool is_led = !m.handover && leader_ != from.process && is_led_by_live();
  if (m.pre) {
    const bool granted = m.epoch > epoch_ && is_complete && !is_led;
    if (granted) give_way(from, m);
    send_to(from.process, vote{granted ? m.epoch : epoch_, true, granted});
    return;
  }
  if (is_led) return;
  if (m.epoch > epoch_) enter_epoch(m.epoch);
  const bool granted = m.epoch == epoch_ && is_complete && leader_.is_nil() &&
                       (voted_for_.is_nil() || voted_for_ == from.process || HAUBERK_MUTANT(vote_twice));
  if (granted) {
    voted_for_ = from.process;
    election_at_ = now_ + how_.suspect_timeout + random_.below(how_.suspect_timeout / 2);
  }
  send_to(from.process, vote{epoch_, false, granted});
}

// Two that ask at the same time would split the votes, and where a bare quorum is left neither could win. As
// what one asks comes before what it answers, one of the two gives way: once in an epoch, since the other may
// be unable to win.
void core::give_way(const peer& to, const vote_request& m) {
  const bool is_asking = pre_vote_epoch_ == epoch_ + 1;
  const auto mine = std::pair(log_.epoch_at(held_), held_), its = std::pair(m.last_epoch, m.last_position);
  const bool is_better = its > mine || (its == mine && to.process < self_.process);
  if (!is_asking || !is_better || gave_way_in_ == epoch_ || HAUBERK_MUTANT(never_gives_way)) return;
  gave_way_in_ = epoch_;
  pre_vote_epoch_ = 0;
  election_at_ = now_ + how_.suspect_timeout / 4 + random_.below(how_.suspect_timeout / 4);
}

void core::handle(peer& from, const vote& m) {
  const seat_id seat{from.process, from.seat};
  if ((role_ != role::follower && role_ != role::candidate) || !is_known(seat)) return;
  if (!m.granted) {
    if (m.epoch > epoch_ && !is_led_by_live()) enter_epoch(m.epoch);
    return;
  }
  const bool counts = m.pre ? m.epoch == pre_vote_epoch_ && m.epoch == epoch_ + 1
                            : role_ == role::candidate && m.epoch == epoch_;
  if (!counts) return;
  std::vector<seat_id>& votes = m.pre ? pre_votes_ : votes_;
  if (std::find(votes.begin(), votes.end(), seat) == votes.end()) votes.push_back(seat);
  if (m.pre && HAUBERK_MUTANT(votes_mixed)) votes_.push_back(seat);
  count_votes(m.pre);
}

// A leader that is in a later epoch leads this one no more.
bool core::is_led_by_live() const {
  const member* led_by = newest_view_ && !leader_.is_nil() ? newest_view_->find_process(leader_) : nullptr;
  if (led_by == nullptr || is_suspected(led_by->seat)) return false;
  const auto at = peers_.find(leader_);
  return at == peers_.end() || at->second.echo_epoch <= epoch_;
}

void core::enter_epoch(epoch_t epoch) {
  if (epoch <= epoch_) return;
  if (role_ == role::leader || role_ == role::candidate) role_ = role::follower;
  epoch_ = epoch;
  leader_ = uuid{};
  voted_for_ = uuid{};
  votes_.clear();
  pre_vote_epoch_ = 0;
  rounds_.clear();
  wanted_.clear();
  forget_proposals();
  noticed_ = heir_ = seat_id{};
  is_paused_ = false;
  for (auto& [id, asked_at] : fences_) asked_at = time_point{};
  for (auto& [id, one] : asked_) one.asked_at = time_point{};
  for (auto& [process, p] : peers_) p.serve_next = 0;  // fetches belong to their epoch
}

// Out of its epoch, too: as long as it seems to lead that, nobody else stands, though it may never stand
// again.
void core::step_down(const char* why) {
  if (role_ != role::leader) return;
  say(base::level::info, "steps down as leader of epoch " + std::to_string(epoch_) + ": " + why);
  if (!HAUBERK_MUTANT(steps_down_in_its_epoch)) return enter_epoch(epoch_ + 1);
  role_ = role::follower;
  leader_ = uuid{};
  is_paused_ = false;
}

void core::win() {
  if (!HAUBERK_MUTANT(tail_kept_by_winner))
    cut(held_);  // what was ordered but is not here cannot be offered to anyone
  ++elections_;
  say(base::level::info, "leads epoch " + std::to_string(epoch_));
  lead();
}

void core::lead() {
  role_ = role::leader;
  leader_ = self_.process;
  matched_ = epoch_;
  has_consented_ = false;  // who leads is not let go by another
  evicted_in_ = 0;
  keep_epoch();
  election_at_ = base::never;
  handed_over_at_ = time_point{};
  asked_leave_at_ = time_point{};
  badly_linked_since_ = measured_since_ = now_;
  for (sender& s : senders_) s.ordered_bytes = 0;
  fetch_from_ = uuid{};
  epoch_dead_ = stood_dead_;
  for (sender& s : senders_) {
    if (HAUBERK_MUTANT(order_forgets_log) && is_in_newest(s.seat))
      s.ordered = newest_view_->find(s.seat)->last;
    // The order goes on at ordered + 1; what lies beyond a hole is asked for again.
    const sequence_t next = s.ordered + 1;
    if (s.received.have() + 1 < next || (!s.received.empty() && s.received.first() > next))
      s.received.restart(next);
  }
  if (!HAUBERK_MUTANT(no_own_entry)) log_.append_noop(epoch_, epoch_dead_);
  held_ = log_.end();
  for (auto& [process, p] : peers_) {
    p.next_order = 0;
    p.is_started = false;
    if (!is_reachable(p) || p.history != history_) continue;
    send_epoch_start(p);
    send_resume(p, asks::payloads);
  }
}

void core::send_epoch_start(peer& to) {
  if (!newest_view_ || role_ != role::leader) return;
  const seat_id seat{to.process, to.seat};
  if (!is_known(seat)) return;
  to.next_order = 0;
  to.is_started = true;
  to.start_told_at = now_;
  epoch_start m;
  m.history = history_;
  m.epoch = epoch_;
  m.seat_number = to.seat;
  m.window_start = log_.start();
  m.log_end = log_.end();
  m.boundaries = log_.boundaries();
  if (m.boundaries.size() > base::limits::boundaries_max) {  // very many epochs: only the newest can be told
    m.boundaries.erase(m.boundaries.begin(), m.boundaries.end() - base::limits::boundaries_max);
    m.window_start = std::max(m.window_start, m.boundaries.front().first + 1);
  }
  // An arbitrator that joins needs nothing from before: all that is committed, as a view is in the log.
  const member* joining = newest_view_->find(seat);
  if (joining != nullptr && joining->arbitrator && joining->catching_up)
    m.window_start = std::max(m.window_start, newest_view_at_);
  send_to(to.process, std::move(m));
}

void core::handle(peer& from, const epoch_start& m) {
  if (m.seat_number != self_.number || is_gone_) return;
  if (m.epoch < epoch_ && !HAUBERK_MUTANT(old_epoch_start)) return;
  if (role_ != role::joiner && m.history != history_) return;
  if (role_ == role::leader && m.epoch == epoch_) {
    refuse(from.process, "it claims to lead epoch " + std::to_string(m.epoch) + ", which this member leads");
    return;
  }
  if (m.epoch == epoch_ && !leader_.is_nil() && leader_ != from.process) return;
  // Said once more, as by relay things get lost and overtaken: what was matched is not cut again.
  const bool is_again = role_ == role::follower && m.epoch == matched_ && leader_ == from.process &&
                        !HAUBERK_MUTANT(match_again);
  const bool may_skip = who_.arbitrator && role_ == role::joiner;
  position_t prefix = is_again ? held_ : common_prefix(m);
  // What an arbitrator has of a history that is over, beyond where this one left it, is void.
  if (prefix < committed() && may_skip && m.history != history_) prefix = skip_to(m.window_start);
  if (prefix < committed()) {
    refuse(from.process,
           "its log contradicts position " + std::to_string(prefix + 1) + ", which is committed here");
    return;
  }
  if (m.window_start > prefix + 1 && may_skip) prefix = skip_to(m.window_start);
  if (m.window_start > prefix + 1 && !(is_again && who_.arbitrator)) {
    // An arbitrator keeps no history: who leads after it may.
    const member* leading = newest_view_ ? newest_view_->find_process(from.process) : nullptr;
    if (leading != nullptr && leading->arbitrator) return;
    farewell(errc::state_transfer_needed,
             transfer_words("this member has", prefix, from.name, m.window_start));
    return;
  }
  if (is_again && m.window_start > prefix + 1 && is_left_behind()) return;
  if (is_again) {
    announced_ = held{};
    return send_resume(from, asks::order);
  }
  follow(from, m, prefix);
}

// The leader's log and mine are the same up to `prefix`.
void core::follow(peer& from, const epoch_start& m, position_t prefix) {
  const bool is_admission = role_ == role::joiner;
  const bool is_new_history = history_ != m.history;
  enter_epoch(m.epoch);
  history_ = from.history = m.history;
  role_ = role::follower;
  leader_ = from.process;
  election_at_ = base::never;
  pre_vote_epoch_ = 0;
  cut(prefix);
  if (is_new_history) forget_old_history();
  // What came from the application has no epoch here: a later leader's followers will ask for it.
  epoch_t base = 0;
  for (const boundary& b : m.boundaries) {
    if (b.first <= log_.end()) base = b.epoch;
  }
  log_.know_base(base);
  matched_ = epoch_;
  keep_epoch();
  epoch_dead_.clear();
  if (log_.end() >= log_.start()) {
    for (const boundary& b : log_.boundaries()) {
      if (b.epoch == matched_ && log_.holds(b.first) && log_.at(b.first).what == kind::noop) {
        epoch_dead_ = log_.dead_at(b.first);
      }
    }
  }
  gone_.clear();
  fetch_from_ = uuid{};
  asked_leave_at_ = time_point{};
  announced_ = held{};  // say again what is held, now in this epoch
  for (const auto& [seat, h] : holdings_) {
    if (h.epoch <= matched_ && is_known(seat)) learn_committed(h.committed);
  }
  if (is_admission) {
    member_since_ = lost_at_ = now_;  // in a live group: what it claimed before is over
    for (auto& [process, p] : peers_) {
      p.next_data = 1;  // a new seat: nobody has anything of mine
      p.next_offset = 0;
      if (p.is_up) send_resume(p, asks::payloads);
    }
    beat_all();
  } else {
    send_resume(from, asks::payloads);
  }
}

// An arbitrator that the window has left behind asks to join again: it needs nothing of what it missed.
bool core::is_left_behind() {
  if (left_behind_at_ != held_) {
    left_behind_at_ = held_;
    left_behind_since_ = now_;
  }
  if (now_ < left_behind_since_ + how_.suspect_timeout) return false;
  say(base::level::warning, "the group's history has moved on past this arbitrator: it asks to join again");
  leave_old_seat(0, false);
  return true;
}

// What an arbitrator missed it never needs: it goes on as one who has just come.
position_t core::skip_to(position_t start) {
  log_.reset(start, 0);
  held_ = commit_known_ = delivered_ = passed_ = stable_ = brought_ = retired_ = start - 1;
  undelivered_bytes_ = fresh_bytes_ = retired_bytes_ = 0;
  committed_view_ = newest_view_ = nullptr;
  committed_view_at_ = newest_view_at_ = 0;
  return held_;
}

position_t core::common_prefix(const epoch_start& m) const {
  position_t at = std::min(held_, m.log_end);
  if (HAUBERK_MUTANT(match_by_length)) return at;
  const position_t base = log_.start() - 1, most = at;
  auto next = m.boundaries.rbegin();
  for (; at > base; --at) {
    while (next != m.boundaries.rend() && next->first > at) ++next;
    // Below the leader's window nothing can be compared, nor with what it had from its application (epoch 0):
    // only what is committed is sure to be the same.
    if (next == m.boundaries.rend() || next->epoch == 0) return std::min(at, committed());
    if (next->epoch == log_.epoch_at(at)) return HAUBERK_MUTANT(match_one_more) ? std::min(at + 1, most) : at;
  }
  return at;  // the base was delivered (or came from the application): it is committed
}

void core::cut(position_t upto) {
  bool is_view_cut = false;
  while (log_.end() > upto) {
    const position_t at = log_.end();
    entry e = log_.pop_back();
    if (e.what == kind::view) is_view_cut = true;
    if (e.what != kind::message) continue;
    sender& s = senders_[e.sender];
    if (!HAUBERK_MUTANT(cut_still_ordered)) s.ordered = e.sequence - 1;
    if (e.has_payload && !HAUBERK_MUTANT(cut_dropped)) s.received.put_back(e.sequence, std::move(e.payload));
    if (at == fetch_partial_at_) fetch_partial_at_ = 0;
  }
  held_ = std::min(held_, upto);
  stuck_at_ = 0;
  for (auto& [process, p] : peers_) {
    if (p.serve_last > upto) p.serve_next = 0;
  }
  if (is_view_cut) find_newest_view();
}

void core::handle(peer& from, const handover& m) {
  if (is_leaving_) return;  // two that leave would hand over to each other for ever
  if (role_ != role::follower || from.process != leader_ || m.epoch != epoch_ || matched_ != epoch_) return;
  if (held_ < m.log_end || !may_stand()) return;
  if (!newest_view_ || newest_view_->number != m.view_number) return;
  stand(false, true);
}

}  // namespace hauberk::replica
