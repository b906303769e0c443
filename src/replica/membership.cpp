// Views as entries of the log (PROTOCOL 1, 5, 6, 9): what the next one should say, and what follows when it
// is committed. The leader alone proposes one, when nothing else is uncommitted: it drains the log first.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
/// This close to the end, the drain before the view does the rest: what it lacks then, nobody commits
/// without.
constexpr position_t caught_up_entries = 4096;
constexpr std::uint64_t caught_up_bytes = 1U << 20U;
}  // namespace

// Cheap look first: nearly always there is nothing to change.
bool core::is_view_due() const {
  if (!leavers_.empty() || !joiners_.empty() || !wanted_.empty() || is_policy_due()) return true;
  if (pinned_bytes() > how_.window_bytes / 2) return true;
  return std::any_of(newest_view_->members.begin(), newest_view_->members.end(), [&](const member& m) {
    return m.catching_up || is_suspected(m.seat) || is_behind(m.seat);
  });
}

void core::consider_view() {
  const bool is_settled = newest_view_at_ <= passed_;
  if (role_ != role::leader || (!is_settled && !HAUBERK_MUTANT(two_views)) ||
      log_.epoch_at(passed_) != epoch_)
    return;
  if (!is_paused_ && !is_view_due()) return;
  is_paused_ = false;
  if (is_handing_over() || is_awaited_by_leaver() || is_only_standing_in()) return;
  std::optional<view> next = wanted_view();
  if (!next || !is_committable(*next)) return;
  if (passed_ == log_.end() || !is_settled || HAUBERK_MUTANT(no_barrier)) {
    propose(std::move(*next));
  } else {
    is_paused_ = true;
  }
}

// The newest one with nothing changed.
view core::next_view() {
  view next = *newest_view_;
  ++next.number;
  next.joined.clear();
  next.left.clear();
  next.lost.clear();
  next.evicted.clear();
  next.dead.clear();
  if (HAUBERK_MUTANT(removed_forgotten)) next.removed.clear();
  for (member& m : next.members)
    m.last = HAUBERK_MUTANT(last_forgotten) ? m.last : senders_[sender_index(m.seat)].ordered;
  next.policy.step = policy_step::none;
  next.policy.culprit.clear();
  next.policy.words.clear();
  if (next.policy.prepared.empty()) {
    next.policy.by.clear();
    next.policy.is_trial = false;
  }
  return next;
}

std::optional<view> core::wanted_view() {
  view next = next_view();
  if (HAUBERK_MUTANT(demote_before_losses)) demote_laggards(next);
  for (const member& m : newest_view_->members) judge_member(m, next);
  admit_joiners(next);
  apply_changes(next);
  demote_laggards(next);
  next.protocol = next.common_protocol();
  const auto by_seat = [](const member& a, const member& b) { return a.seat < b.seat; };
  std::sort(next.members.begin(), next.members.end(), by_seat);
  for (const member& m : next.lost) {
    if (is_proven_dead(m.seat) && !HAUBERK_MUTANT(dead_unnamed)) next.dead.push_back(m.seat);
  }
  for (const auto* gone : {&next.left, &next.lost, &next.evicted}) {
    for (const member& m : *gone) {
      next.removed.push_back({m.seat, senders_[sender_index(m.seat)].ordered, next.number});
    }
  }
  if (next.removed.size() > base::limits::removed_max) {
    next.removed.erase(next.removed.begin(), next.removed.end() - base::limits::removed_max);
  }
  const auto same = [](const member& a, const member& b) {
    return a.seat == b.seat && a.weight == b.weight && a.weight_wanted == b.weight_wanted &&
           a.catching_up == b.catching_up;
  };
  if (std::equal(next.members.begin(), next.members.end(), newest_view_->members.begin(),
                 newest_view_->members.end(), same) &&
      next.bans == newest_view_->bans) {
    next = next_view();
    return take_policy_step(next) ? std::optional(std::move(next)) : std::nullopt;
  }
  if (const member* m = gone_unproved(next)) {
    const std::string words = m->name + " goes before it has proved that it can";
    next = next_view();
    end_policy(next, {policy_step::abort, errc::refused, m->name, words});
  }
  return next;
}

void core::judge_member(const member& m, view& next) {
  if (m.seat == self_) return;
  const auto at = std::find_if(next.members.begin(), next.members.end(),
                               [&](const member& one) { return one.seat == m.seat; });
  const auto leaver = leavers_.find(m.seat);
  if (leaver != leavers_.end()) {
    if ((next.left.empty() || HAUBERK_MUTANT(leave_all_at_once)) &&
        senders_[sender_index(m.seat)].ordered >= leaver->second) {  // one view at a time
      next.left.push_back(m);
      next.members.erase(at);
    }
    return;
  }
  peer* p = find_peer(m.seat.process);
  const bool is_refused = p != nullptr && p->is_refused && !p->is_up;
  const duration patience = is_refused ? how_.suspect_timeout * 9 / 8 : how_.inactive_timeout;
  const bool is_lost = is_silent(m.seat, patience);
  if (p != nullptr && p->seat == m.seat.number) p->is_condemned = is_lost;  // one-sided is down, too
  if (is_lost) {
    // A lease from the view before the last one must have run out, whoever granted it.
    const time_point gate = std::max(removal_gate(m.seat), committed_view_since_ + how_.suspect_timeout);
    if (gate > now_ && !HAUBERK_MUTANT(remove_at_once)) return;
    next.lost.push_back(m);
    next.members.erase(at);
    return;
  }
  if (m.catching_up) {
    const position_t upto = held_here(m.seat);
    // It holds the view that admitted it, so its state file can prove its death (PROTOCOL 5, 7a).
    // What it still lacks is in my window, and from then on stays there until it has it (PROTOCOL 9).
    // Under load every follower lags: whoever has what all with weight have is as near as they are.
    const bool is_near = (upto >= stable_ || is_nearly_here(upto)) && upto + 1 >= log_.start();
    const bool has_view = upto >= newest_view_at_ || HAUBERK_MUTANT(weight_unproven);
    const bool stays_demoted = is_demoted_for_backlog(*newest_view_, m) && !keeps_up(m.seat);
    if (!is_suspected(m.seat) && has_view && is_near && !stays_demoted && reaches_back(m.seat)) {
      at->catching_up = false;
      at->weight = at->weight_wanted;
    }
  }
}

// Little comes behind `upto`, in entries and in bytes.
bool core::is_nearly_here(position_t upto) const {
  if (upto + caught_up_entries < log_.end()) return false;
  std::uint64_t lacked = 0;
  for (position_t at = log_.end(); at > upto && log_.holds(at) && lacked <= caught_up_bytes; --at)
    lacked += log_.bytes_at(at);
  return lacked <= caught_up_bytes;
}

// Of what its application brought it can give nothing to others, and who has weight may lead: then that is
// gone for all whom its log does not reach. So nobody with weight may lack any of it (PROTOCOL 9). Where its
// asking was not heard here, it brought no more than there was when it was admitted.
bool core::reaches_back(const seat_id& seat) const {
  const auto at = peers_.find(seat.process);
  const bool is_said = at != peers_.end() && at->second.seat == seat.number && at->second.brought;
  return held_by_weighted() >= (is_said ? *at->second.brought : newest_view_at_) ||
         HAUBERK_MUTANT(weight_above_the_lacked);
}

// Last of all, so that it is known who else goes: two with weight that keep the history stay.
void core::demote_laggards(view& next) {
  for (member& m : next.members) {
    const member* before = newest_view_->find(m.seat);
    if (m.seat == self_ || before == nullptr || m.weight == 0 || before->weight == 0) continue;
    const bool is_slow = is_behind(m.seat) && is_demoted_for_backlog(next, m);
    if (!is_slow && !(is_spared_by(next, m) && is_laggard(m, held_here(m.seat)))) continue;
    m.weight = 0;
    m.catching_up = true;
  }
}

// What a member says that it holds in my epoch.
position_t core::held_here(const seat_id& seat) const {
  const auto h = holdings_.find(seat);
  return h != holdings_.end() && h->second.epoch == epoch_ ? h->second.upto : 0;
}

// A member that falls quiet and whose gap fills half of the window is demoted, so that the window can move on
// before the senders have to wait (PROTOCOL 9). Two beats missed are no suspicion yet, but a mistake costs
// little: the member comes back with its weight by the next view but one.
bool core::is_laggard(const member& m, position_t upto) const {
  const bool is_own = retired_ < stable_ && retired_ >= delivered_;  // my application is in the way
  const bool is_in_the_way = pinned_bytes() > how_.window_bytes / 2 && upto <= retired_ && !is_own;
  if (!is_in_the_way) return false;
  if (is_suspected(m.seat) || is_silent(m.seat, how_.suspect_timeout / 2)) return true;
  return is_quiet(peers_.at(m.seat.process));
}

bool core::is_committable(const view& next) const {
  // Arbitrators never go on without one who has the data; or, when all such are dead, may come to have it.
  const auto may_return = [&](const member& m) { return m.is_weighted_data() && !is_proven_dead(m.seat); };
  const bool is_there_data =
      std::any_of(newest_view_->members.begin(), newest_view_->members.end(), may_return) &&
      !HAUBERK_MUTANT(goes_on_without_data);
  const auto has_data = [&](const member& m) {
    const bool has_all = m.seat == self_ || m.weight > 0 || held_here(m.seat) >= passed_;
    return m.weight_wanted > 0 && !m.arbitrator && (has_all || !is_there_data);
  };
  if (std::none_of(next.members.begin(), next.members.end(), has_data)) return false;
  std::vector<seat_id> who = alive();
  // Not before its members echo me: my own lease must hold in the next view, too.
  return is_quorum(*newest_view_, who, epoch_dead_) && is_quorum(next, who, epoch_dead_) &&
         lease_of(next) > now_;
}

void core::propose(view next) {
  std::vector<uuid> joined;
  for (const seat_id& seat : next.joined) joined.push_back(seat.process);
  const view_ptr what = std::make_shared<const view>(std::move(next));
  append_view(epoch_, what);
  hold_view(log_.end());
  held_ = log_.end();
  is_paused_ = false;
  for (const uuid& process : joined) {
    joiners_.erase(process);
    send_epoch_start(peers_.at(process));
  }
}

void core::view_committed(position_t at, const view_ptr& v) {
  committed_view_ = v;
  committed_view_at_ = at;
  if (v->policy.step == policy_step::none || shown_view_ == 0) shown_view_ = v->number;
  keep_decided(at, v);
  policy_committed(v);
  committed_view_since_ = now_;
  if (HAUBERK_MUTANT(view_kept_after_held)) hold_view(at);
  for (const auto* gone : {&v->left, &v->lost, &v->evicted}) {
    for (const member& m : *gone) {
      leavers_.erase(m.seat);
      holdings_.erase(m.seat);
      senders_[sender_index(m.seat)].received.clear();
      if (v->find_process(m.seat.process) == nullptr && m.seat.process != who_.process) {
        effects_.push_back(forget_peer{m.seat.process});
        const auto p = peers_.find(m.seat.process);
        if (p != peers_.end() && !p->second.is_up) peers_.erase(p);
      }
    }
  }
  std::erase_if(dead_, [&](const seat_id& seat) { return v->find(seat) == nullptr; });
  std::erase_if(awaited_, [&](const std::string& name) {
    const member* m = v->find_name(name);
    return m != nullptr && !m->catching_up;
  });
  if (v->find(self_) != nullptr) {
    is_admitted_ = true;
    judge_primary();
    return;
  }
  if (!is_admitted_) return;  // a view from before my own
  const auto by_self = [&](const member& m) { return m.seat == self_; };
  if (std::any_of(v->left.begin(), v->left.end(), by_self)) {
    has_left_ = true;
  } else if (std::any_of(v->evicted.begin(), v->evicted.end(), by_self)) {
    has_left_ = is_evicted_ = true;
  } else {
    is_removed_ = true;
    judge_primary();
  }
}

}  // namespace hauberk::replica
