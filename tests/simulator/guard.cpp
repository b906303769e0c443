#include "simulator/guard.hpp"

#include <algorithm>

namespace hauberk::simulator {

bool can_lose(simulation& group, const std::vector<machine_index>& gone) {
  const auto is_gone = [&](machine_index which) { return std::ranges::find(gone, which) != gone.end(); };
  // Every view that some survivor may still act under: the newest committed one, and all that are newer.
  std::uint64_t committed = 0;
  std::vector<replica::view_ptr> views;
  for (machine_index i = 0; i < group.count(); ++i) {
    const auto* core = group.at(i).core();
    if (core == nullptr) continue;
    for (auto& each : {core->current_view(), core->newest_view()}) {
      if (each) views.push_back(each);
    }
    if (const auto mine = core->current_view()) committed = std::max(committed, mine->number);
  }
  const auto& log = group.seen().log;
  for (auto each = log.rbegin(); each != log.rend(); ++each) {
    if (!each->view) continue;
    if (each->view->number < committed) break;
    views.push_back(each->view);
  }
  for (const auto& view : views) {
    if (view->number < committed) continue;
    std::uint32_t alive = 0;
    for (const auto& member : view->members) {
      const auto* who = group.seen().find(member.seat.process);
      if (who == nullptr || !who->is_alive || is_gone(who->machine)) continue;
      if (who->status.self.number != member.seat.number) continue;  // another stay: it does not count
      alive += member.weight;
    }
    if (2 * alive <= view->total_weight()) return false;
  }
  return !views.empty();
}

}  // namespace hauberk::simulator
