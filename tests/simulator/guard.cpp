#include "simulator/guard.hpp"

#include <algorithm>

namespace hauberk::simulator {
namespace {

bool has(const std::vector<machine_index>& set, machine_index one) {
  return std::ranges::find(set, one) != set.end();
}

struct question {
  simulation& group;
  const std::vector<machine_index>& gone;
  const std::set<seat_id>& proven;
};

/// Enough of the view's weight is alive and stays; with `is_shrunk`, of the view that is left when those are
/// gone who wish to leave, or whom the leader may be about to remove although they live; with `is_caught_up`,
/// of the next one, by which the leader may be about to give their weight to those who catch up: at worst,
/// to those of them alone who are gone.
bool is_alive(const question& q, const replica::view& view, bool is_shrunk, bool is_caught_up) {
  std::uint32_t alive = 0, total = 0;
  std::vector<std::uint32_t> weights;
  bool is_proven = true, has_data = false;
  for (const auto& member : view.members) {
    const witness* who = q.group.seen().find(member.seat.process);
    const bool is_here = who != nullptr && who->is_alive && !has(q.gone, who->machine) &&
                         who->status.self.number == member.seat.number;  // not in another stay
    if (is_shrunk && is_here && (who->is_leaving || q.group.is_ailing(who->machine))) continue;
    const bool has_more = is_caught_up && member.catching_up && !is_here;
    const std::uint32_t weight = has_more ? member.weight_wanted : member.weight;
    total += weight;
    if (is_here) alive += weight;
    if (is_here && weight > 0) weights.push_back(weight);
    has_data = has_data || (is_here && member.is_weighted_data());
    if (!is_here && weight > 0 && !q.proven.contains(member.seat)) is_proven = false;
  }
  // By this policy a minority of those who live may be without its weight at any time.
  if (q.group.settings().policy == replica::flow_policy::demote) {
    std::ranges::sort(weights, std::greater<>());
    for (std::size_t i = 0; i < weights.size() && 2 * i + 2 < view.members.size(); ++i) {
      alive -= weights[i];
      total -= weights[i];
    }
  }
  if (!has_data && total != 0) return false;  // an arbitrator alone has nothing to go on with
  return total == 0 ? is_shrunk : 2 * alive > total || (2 * alive == total && is_proven);
}

bool is_change_open(simulation& group) {
  for (machine_index i = 0; i < group.count(); ++i) {
    if (!group.at(i).is_running()) continue;
    for (const auto& [id, change] : group.at(i).who()->changes) {
      if (!std::holds_alternative<replica::policy_change>(change)) return true;
    }
  }
  return false;
}

}  // namespace

bool is_calm(simulation& group, const replica::view& view) {
  if (is_change_open(group)) return false;
  return std::ranges::all_of(view.members, [&](const replica::member& member) {
    const witness* who = group.seen().find(member.seat.process);
    return who != nullptr && who->is_alive && !who->is_paused && !who->is_leaving &&
           !group.is_ailing(who->machine);
  });
}

bool can_lose(simulation& group, const std::vector<machine_index>& gone, const std::set<seat_id>& proven) {
  if (is_change_open(group)) return false;  // it may move the weights at any time
  const question asked{group, gone, proven};
  // What survivors may act under: the newest view that one of *them* knows to be committed, and all newer
  // ones, also those that only the victim has put on the wire.
  std::uint64_t committed = 0;
  std::vector<replica::view_ptr> views;
  for (machine_index i = 0; i < group.count(); ++i) {
    const auto* core = group.at(i).core();
    if (core == nullptr) continue;
    for (auto& each : {core->current_view(), core->newest_view()}) {
      if (each) views.push_back(each);
    }
    const auto mine = core->current_view();
    if (mine && !has(gone, i)) committed = std::max(committed, mine->number);
  }
  const auto& log = group.seen().log;
  for (auto each = log.rbegin(); each != log.rend(); ++each) {
    if (!each->view) continue;
    if (each->view->number < committed) break;
    views.push_back(each->view);
  }
  bool is_known = false;
  for (const auto& view : views) {
    if (view->number < committed) continue;
    is_known = true;
    for (const bool is_shrunk : {false, true}) {
      for (const bool is_caught_up : {false, true}) {
        if (!is_alive(asked, *view, is_shrunk, is_caught_up)) return false;
      }
    }
  }
  return is_known;
}

}  // namespace hauberk::simulator
