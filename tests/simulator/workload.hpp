// What the applications broadcast: each at its own rate, some in bursts, sizes from a few bytes to many
// chunks.
#pragma once

#include "simulator/actions.hpp"
#include "simulator/profile.hpp"
#include "simulator/simulation.hpp"

namespace hauberk::simulator {

class workload {
 public:
  workload(simulation& group, const profile& drawn, action_list& actions);

  void start();
  void stop() { is_on_ = is_calm_ = false; }
  /// Small messages of everybody, now and then, and beside them one (if it exists) who sends as much as it
  /// may.
  void start_calm(machine_index greedy);
  /// One broadcast of one small message, outside the random stream. True when it was accepted.
  bool probe(machine_index which);

 private:
  void next(machine_index which);
  void turn(machine_index which);
  void turn_calmly(machine_index which);
  void speak(machine_index which, base::random chance);
  [[nodiscard]] base::buffer make(machine_index which, std::size_t number, std::size_t size);

  simulation& group_;
  const profile& drawn_;
  action_list& actions_;
  struct rate {
    base::random chance;
    std::uint64_t turns = 0;
  };
  std::vector<rate> rates_;  // by machine
  action_number turns_ = 0;  // of all machines
  bool is_on_ = false, is_calm_ = false;
  machine_index greedy_ = 0;
  std::uint64_t bytes_ = 0;
  std::string pattern_;
};

}  // namespace hauberk::simulator
