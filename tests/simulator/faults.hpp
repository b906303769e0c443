// What goes wrong in a run: each fault strikes at random times, lasts a while, and is over at the latest
// when the run heals.
#pragma once

#include <set>
#include <vector>

#include "simulator/actions.hpp"
#include "simulator/operator.hpp"
#include "simulator/profile.hpp"
#include "simulator/simulation.hpp"

namespace hauberk::simulator {

class faults {
 public:
  faults(simulation& group, const profile& drawn, operator_in_charge& staff, action_list& actions);

  void start();
  /// No new faults; what is under way ends now.
  void stop();

 private:
  void next();
  /// Draws from the action's own stream from here on, also in what it lets happen later.
  void strike(action_number which);
  void strike(fault what);
  /// Strikes while the group is changing, when it hurts most.
  void aim();
  [[nodiscard]] machine_index any();
  [[nodiscard]] bool may_die(machine_index which);
  [[nodiscard]] std::vector<machine_index> shuffled();

  void kill(fault how);
  void freeze();
  void stall();
  void split(fault how);
  void flap(machine_index a, machine_index b, int times);
  void leave();
  void black_out();
  void starve();
  void storm();
  void change_weight();
  void evict();
  void propose();
  /// Lets `what` happen later, with chance of its own, unless the run has healed by then.
  void later(duration wait, std::function<void()> what);
  void unless_healed(duration wait, std::function<void()> what);

  simulation& group_;
  const profile& drawn_;
  operator_in_charge& staff_;
  action_list& actions_;
  base::random schedule_, chance_;  // when the next one strikes; what the one under way draws
  std::uint64_t proposed_ = 1;      // names of policies
  action_number next_ = scheduled_first;
  bool is_on_ = false;
};

}  // namespace hauberk::simulator
