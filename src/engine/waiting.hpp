// Waiting on a condition with a limit that may be anything, `milliseconds::max()` included.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace hauberk::engine {

/// True when `condition` came true within `timeout`. More than a year counts as a year: the sum with the
/// clock must not overflow.
template <typename Condition>
bool wait_at_most(std::condition_variable& changed, std::unique_lock<std::mutex>& hold,
                  std::chrono::milliseconds timeout, Condition condition) {
  constexpr std::chrono::milliseconds year = std::chrono::hours(24 * 365);
  return changed.wait_for(hold, std::clamp(timeout, std::chrono::milliseconds(0), year), condition);
}

}  // namespace hauberk::engine
