// Makes a failing run small: fewer machines, fewer faults, fewer messages, less time, as long as the same
// oracle still fails. Each try is a process of its own, so that an assertion of the library or a run without
// an end is just another outcome. Delta debugging (Zeller, Hildebrandt 2002) over the numbered actions.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "simulator/run.hpp"

namespace hauberk::simulator {

struct minimal_run {
  run_options how;        ///< what to replay
  std::string violation;  ///< empty: the seed broke nothing
  std::size_t machines = 0, actions = 0, turns = 0, tries = 0;
};

/// Takes at most about `budget`. `words` hears of each step.
[[nodiscard]] minimal_run minimise(std::uint64_t seed, const run_options& how, std::chrono::seconds budget,
                                   const std::function<void(const std::string&)>& words);

}  // namespace hauberk::simulator
