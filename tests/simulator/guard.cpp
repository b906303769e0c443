#include "simulator/guard.hpp"

#include <algorithm>

namespace hauberk::simulator {
namespace {

bool has(const std::vector<machine_index>& set, machine_index one) {
  return std::ranges::find(set, one) != set.end();
}

/// More than half of the view's weight is alive and stays; with `is_shrunk`, of the view that is left when
/// those who wish to leave are gone.
bool is_alive(const chronicle& seen, const replica::view& view, const std::vector<machine_index>& gone,
              bool is_shrunk) {
  std::uint32_t alive = 0, total = 0;
  for (const auto& member : view.members) {
    const witness* who = seen.find(member.seat.process);
    const bool is_leaver = who != nullptr && who->is_leaving;
    if (is_shrunk && is_leaver) continue;
    total += member.weight;
    if (who == nullptr || !who->is_alive || has(gone, who->machine)) continue;
    if (who->status.self.number == member.seat.number) alive += member.weight;  // not for another stay
  }
  return total == 0 ? is_shrunk : 2 * alive > total;
}

}  // namespace

bool can_lose(simulation& group, const std::vector<machine_index>& gone) {
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
      if (!is_alive(group.seen(), *view, gone, is_shrunk)) return false;
    }
  }
  return is_known;
}

}  // namespace hauberk::simulator
