// Force (PROTOCOL 8, 17): an operator says that the other side of a partition is gone for good, and that this
// member, although it has no quorum, shall be the group. It starts a new history from all that it holds, its
// tail included; the members that it reaches follow by the ordinary door. It is the one act that can make two
// primaries, when the operator is wrong: then the old history is void beyond what both share.
//
// What both surely share is what is committed here. The tail beyond may have been replaced on the other side,
// so the fork lies before it: who has more than that of the old history needs a full state transfer.
#include <algorithm>
#include <utility>

#include "replica/core.hpp"

namespace hauberk::replica {

result<void> core::force_primary() {
  if (is_gone_ || is_leaving_)
    return hauberk::error(errc::closed, "this member is leaving or has left the group");
  if (const std::string why = obstacle_to_force(); !why.empty())
    return hauberk::error(errc::refused, "pc.bootstrap is refused: " + why);
  cut(held_);
  view next;
  next.history = newest_view_->history;
  next.root = newest_view_->root;
  next.forks = newest_view_->forks;
  next.bans = newest_view_->bans;
  next.policy = founding_policy({newest_view_});
  next.number = newest_view_->number + 1 + (HAUBERK_MUTANT(force_unmarked) ? 0 : forced_step);
  lose_others(next);
  awaited_.clear();
  std::string names;
  for (const member& m : newest_view_->members) {
    if (m.seat == self_ || m.weight_wanted == 0 || is_suspected(m.seat)) continue;
    awaited_.push_back(m.name);
    names += (names.empty() ? "" : ", ") + m.name;
  }
  was_primary_told_ = false;  // the first view of the new history tells
  next.fork(fresh_history(), HAUBERK_MUTANT(force_keeps_tail) ? held_ : committed());
  say(base::level::warning, "forced primary: view " + std::to_string(newest_view_->number) + " of history " +
                                to_string(history_) + " goes on as history " + to_string(next.history) +
                                ", which shares everything up to position " + std::to_string(committed()) +
                                (names.empty() ? ", alone" : ", together with " + names) +
                                "; whoever has more of the old one needs a full state transfer");
  found(std::move(next), epoch_ + forced_step);
  return {};
}

// Why this member is not the one to force, for a person; empty when it is.
std::string core::obstacle_to_force() const {
  const member* me = newest_view_ ? newest_view_->find(self_) : nullptr;
  if (role_ == role::joiner || role_ == role::idle || !is_admitted_ || me == nullptr)
    return "this node is in no group yet, so there is nothing to go on from; to start one anew from its own "
           "state start it with pc.bootstrap=force";
  if (who_.arbitrator)
    return "this is an arbitrator: it keeps nothing to go on from; do it at a member with data";
  if (is_primary_)
    return "this member is primary, in view " + std::to_string(newest_view_->number) + " with " +
           std::to_string(newest_view_->members.size()) + " members; it is for a part that lost the quorum";
  if (me->catching_up) return "this member has not caught up with its group: choose one that has";
  for (const member& m : newest_view_->members) {
    const auto h = holdings_.find(m.seat);
    if (m.seat == self_ || is_suspected(m.seat)) continue;
    const position_t there = h == holdings_.end() ? 0 : h->second.committed;
    if (there > committed())
      return m.name + " is in reach and has position " + std::to_string(there) + ", this member only " +
             std::to_string(committed()) + ": do it there, this one follows";
  }
  return {};
}

}  // namespace hauberk::replica
