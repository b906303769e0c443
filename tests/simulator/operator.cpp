#include "simulator/operator.hpp"

namespace hauberk::simulator {

operator_in_charge::operator_in_charge(simulation& group, const profile& drawn)
    : group_(group),
      drawn_(drawn),
      abandoned_(group.count()),
      expected_(group.count()),
      started_(group.count()),
      keeps_file_(group.count()),
      starts_(group.count()),
      left_behind_(group.count()) {}

void operator_in_charge::promise_proof(machine_index which, const seat_id& seat) {
  keeps_file_[which] = true;
  proven_.insert(seat);
}

void operator_in_charge::found() {
  started_[0] = true;
  start_mode first;
  first.is_bootstrap = true;
  group_.at(0).start(first);
  for (machine_index i = 1; i < drawn_.founders; ++i) bring_back(i, chance_of(i).below(duration(1s)));
}

recovered_position operator_in_charge::choose_recovered(machine_index which, base::random& chance) {
  machine& home = group_.at(which);
  if (drawn_.arbitrator == which) return {};  // it has no application that keeps anything
  const auto& last = home.farewell();
  if (last && last->reason == errc::state_transfer_needed) {  // the state comes from a member, outside of us
    recovered_position best;
    for (machine_index i = 0; i < group_.count(); ++i) {
      machine& donor = group_.at(i);
      const bool is_fit = donor.is_running() && !donor.is_paused() && !donor.who()->is_arbitrator &&
                          donor.who()->status.primary &&
                          !group_.seen().forced.contains(donor.who()->status.history);
      if (is_fit && donor.who()->delivered() > best.position)
        best = {donor.who()->status.history, donor.who()->delivered()};
    }
    if (best.position > 0) return best;
    for (machine_index i = 0; i < group_.count(); ++i) {  // no group yet: from whom it says
      if (last->text.ends_with("from " + group_.at(i).name()) && group_.at(i).state().position > 0)
        return group_.at(i).state();
    }
  }
  if (chance.percent(25)) return {};
  recovered_position durable = home.durable();
  if (chance.percent(25)) durable.position -= chance.below(std::min<position_t>(durable.position, 100) + 1);
  if (durable.position == 0) return {};
  return durable;
}

void operator_in_charge::start(machine_index which) {
  if (group_.at(which).is_running() || abandoned_[which]) return;
  base::random chance = chance_of(which);
  start_mode how;
  how.has_state_file = chance.percent(60) || keeps_file_[which];
  how.weight = drawn_.weights[which];
  how.is_arbitrator = drawn_.arbitrator == which;
  // Upgraded, or back to the version before, whenever it is started again.
  how.protocol_max = drawn_.is_upgrading && chance.percent(50) ? 2 : 1;
  how.recovered = choose_recovered(which, chance);
  if (drawn_.has(fault::propose) && chance.percent(50)) {
    const replica::group_policy newest = newest_policy();
    if (newest.number > group_.at(which).protected_by().known().number) how.policy = newest;
  }
  started_[which] = true;
  group_.at(which).start(how);
  if (group_.at(which).is_running() && is_left_behind(which))
    group_.reached().reach(state::policy_returns_old);
}

void operator_in_charge::force(machine_index which) {
  machine& home = group_.at(which);
  if (!home.is_running() || home.is_paused() || home.who()->status.history != group_.seen().history) return;
  (void)home.force();
}

void operator_in_charge::bring_back(machine_index which, duration after) {
  expected_[which] = true;
  group_.time().after(after, [this, which] {
    expected_[which] = false;
    start(which);
  });
}

// Bans are lifted sooner or later: everybody shall be back in the end.
void operator_in_charge::lift_bans() {
  for (machine_index i = 0; i < group_.count(); ++i) {
    machine& home = group_.at(i);
    if (!home.is_running() || home.is_paused() || home.who()->is_leaving || !home.who()->status.primary)
      continue;
    const auto view = home.core()->current_view();
    if (view->bans.empty() || !home.who()->changes.empty() || !chance_of(i).percent(10)) continue;
    return home.ask(replica::permission{view->bans.front().name});
  }
}

// Of those who are primary in the history that counts.
replica::group_policy operator_in_charge::newest_policy() {
  replica::group_policy newest;
  for (machine_index i = 0; i < group_.count(); ++i) {
    machine& home = group_.at(i);
    const auto view = home.is_running() ? home.core()->current_view() : nullptr;
    const bool counts = view && home.who()->status.primary && view->history == group_.seen().history;
    if (counts && view->policy.number > newest.number) newest = view->policy;
  }
  return newest;
}

bool operator_in_charge::is_left_behind(machine_index which) {
  const replica::group_policy newest = newest_policy();
  return newest.number > group_.at(which).protected_by().known().number;
}

// Who was not there when the group changed its policy has to be given it; members learn it from the log.
void operator_in_charge::spread_policy() {
  constexpr int rounds_max = 10;
  for (machine_index i = 0; i < group_.count(); ++i) {
    machine& home = group_.at(i);
    const bool is_stuck =
        home.is_running() && !home.is_paused() && !home.who()->status.primary && is_left_behind(i);
    left_behind_[i] = is_stuck ? left_behind_[i] + 1 : 0;
    if (left_behind_[i] < rounds_max) continue;
    left_behind_[i] = 0;
    home.configure(newest_policy());
  }
}

void operator_in_charge::make_rounds() {
  lift_bans();
  if (drawn_.has(fault::propose)) spread_policy();
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (group_.at(i).is_running() || expected_[i] || abandoned_[i] || !started_[i]) continue;
    bring_back(i, 100ms + chance_of(i).below(duration(3s)));
  }
}

}  // namespace hauberk::simulator
