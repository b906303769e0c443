// Groups that die at the worst moment: while a view is on some disks and not on others.
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

std::vector<machine_index> shuffled(stage& s) {
  std::vector<machine_index> all(s.count());
  for (machine_index i = 0; i < all.size(); ++i) {
    all[i] = i;
    std::swap(all[i], all[s.chance().below(i + 1)]);
  }
  return all;
}

void restart(stage& s, machine_index which, const recovered_position& recovered) {
  start_mode how;
  how.recovered = recovered;
  s.at(which).start(how);
}

/// Everybody is primary in one history. Whoever was told that it is too far behind takes the state of one
/// who is primary, and asks again.
bool is_whole(stage& s) {
  const witness* donor = nullptr;
  for (machine_index i = 0; i < s.count(); ++i) {
    const bool is_fit = s.at(i).is_running() && s.at(i).who()->status.primary &&
                        !s.group().seen().forced.contains(s.at(i).who()->status.history);
    if (is_fit) donor = s.at(i).who();
  }
  if (donor == nullptr) return false;
  bool is_so = true;
  for (machine_index i = 0; i < s.count(); ++i) {
    if (!s.at(i).is_running()) restart(s, i, {donor->status.history, donor->delivered()});
    is_so = is_so && s.status(i).primary && s.status(i).history == donor->status.history;
  }
  return is_so;
}

}  // namespace

void crash_while_a_view_is_pending(stage& s) {
  s.form(3);
  s.broadcast_some(s.chance().below(3), 5);
  s.wait_below(50ms);
  s.start(3);
  s.expect([&] {
    for (machine_index i = 0; i < 3; ++i) {
      const auto* core = s.at(i).core();
      if (core->newest_view()->number > core->current_view()->number) return true;
    }
    return false;
  });
  s.arrive();
  for (const machine_index i : shuffled(s)) {
    if (s.chance().percent(30)) {  // perhaps while it writes its file
      s.at(i).crash_after_effects(1 + s.chance().below(3), [] { return true; });
      s.wait_below(500us);
    }
    s.crash(i);
    s.wait_below(200us);
  }
  s.wait_below(2s);
  for (const machine_index i : shuffled(s)) {
    restart(s, i, s.chance().percent(20) ? recovered_position{} : s.at(i).durable());
    s.wait_below(3s);
  }
  s.demand([&] { return is_whole(s); }, "who was in a group that crashed re-forms it", 40s);
  s.settle();
}

void majority_dies_while_a_view_is_pending(stage& s) {
  s.form(3);
  s.start(3);
  s.wait_below(20ms);
  s.broadcast_some(s.chance().below(3), 5);
  s.expect([&] {
    for (machine_index i = 0; i < 3; ++i) {
      const auto* core = s.at(i).core();
      if (core->newest_view()->number > core->current_view()->number) return true;
    }
    return false;
  });
  s.arrive();
  const machine_index spared = s.chance().below(3);
  for (const machine_index i : shuffled(s)) {
    if (i == spared) continue;
    s.crash(i);
    s.wait_below(300us);
  }
  for (const machine_index i : shuffled(s)) {
    if (i == spared) continue;
    s.wait_below(3s);
    restart(s, i, s.at(i).durable());
  }
  s.demand([&] { return is_whole(s); }, "the one who lives and those who return re-form the group", 40s);
  s.settle();
}

// An operator is wrong about the other side: it lives, and goes on. What it committed since then is void, its
// members learn that, and nobody mixes the two.
void forced_minority_then_heal(stage& s) {
  s.form(5);
  s.broadcast_some(s.chance().below(5), 5);
  s.wait_below(10ms);
  s.split({0, 1}, {2, 3, 4});
  s.broadcast_some(s.chance().below(5), 3);
  s.wait_below(20ms);
  const machine_index forced = s.chance().below(2);
  s.expect([&] { return !s.status(0).primary && !s.status(1).primary; });
  s.wait_below(3s);
  if (s.chance().percent(30)) s.crash(1 - forced);
  if (s.at(forced).force()) throw missed();  // the other one has more: it would be done there
  s.broadcast_some(2 + s.chance().below(3), 3);
  s.wait_below(2s);
  s.broadcast_some(forced, 3);
  s.arrive();
  s.note("the other side is found again");
  s.group().heal();
  s.demand([&] { return is_whole(s); }, "the members of both sides come together in the forced history", 60s);
  s.settle();
}

}  // namespace hauberk::simulator::directed
