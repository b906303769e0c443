// One seed from start to end: first anything may break, then a quorum is healed and has to get going while
// the rest stays broken for ever.
#pragma once

#include <cstdint>
#include <string>

#include "simulator/actions.hpp"
#include "simulator/sometimes.hpp"
#include "simulator/world.hpp"

namespace hauberk::simulator {

struct run_options {
  duration length = 60s;  ///< simulated, about: the last part ends when the group has settled
  world::listener trace;
  selection chosen;
};

struct run_result {
  std::string violation;  ///< empty when all promises held
  std::string drawn;      ///< the profile, for people
  duration simulated{};
  std::uint64_t hash = 0, events = 0, positions = 0;
  sometimes reached;
  std::size_t machines = 0;
  std::vector<action_number> actions, turns;  ///< that took place
};

[[nodiscard]] run_result run(std::uint64_t seed, const run_options& how);
/// The same; `result` has at any time what took place so far.
void run(std::uint64_t seed, const run_options& how, run_result& result);

}  // namespace hauberk::simulator
