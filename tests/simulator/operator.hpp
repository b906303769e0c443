// The person who runs the machines: brings processes back after a crash or a farewell, with the state file
// or without, with all that the application had made durable, some of it, or nothing.
#pragma once

#include <set>
#include <vector>

#include "simulator/profile.hpp"
#include "simulator/simulation.hpp"

namespace hauberk::simulator {

class operator_in_charge {
 public:
  operator_in_charge(simulation& group, const profile& drawn);

  /// The first machine bootstraps, the other founders join; late ones when they are told to.
  void found();
  void start(machine_index which);
  /// Starts a machine again after a while, unless it runs by then.
  void bring_back(machine_index which, duration after);
  /// Tells a member to be primary by itself; only one of the history that counts, or the void would grow.
  void force(machine_index which);
  /// From now on the state file of this machine is never lost, so that its last seat is proven dead.
  void promise_proof(machine_index which, const seat_id& seat);
  [[nodiscard]] bool keeps_file(machine_index which) const { return keeps_file_[which]; }
  [[nodiscard]] const std::set<seat_id>& proven() const { return proven_; }
  /// Looks for processes that ended by themselves; called now and then.
  void make_rounds();
  /// True while a machine is down and about to be started.
  [[nodiscard]] bool is_expected(machine_index which) const { return expected_[which]; }
  /// From now on this machine stays as it is, for ever.
  void abandon(machine_index which) { abandoned_[which] = true; }
  [[nodiscard]] bool is_abandoned(machine_index which) const { return abandoned_[which]; }

 private:
  void lift_bans();
  void spread_policy();
  [[nodiscard]] replica::group_policy newest_policy();
  [[nodiscard]] bool is_left_behind(machine_index which);
  [[nodiscard]] recovered_position choose_recovered(machine_index which, base::random& chance);

  /// Each start of each machine draws for itself.
  [[nodiscard]] base::random chance_of(machine_index which) {
    return group_.time().stream(part::recovery, starts_[which]++ * machines_max + which);
  }

  simulation& group_;
  const profile& drawn_;
  std::vector<bool> abandoned_, expected_, started_, keeps_file_;
  std::vector<std::uint64_t> starts_;
  std::vector<int> left_behind_;  ///< for how many rounds
  std::set<seat_id> proven_;
};

}  // namespace hauberk::simulator
