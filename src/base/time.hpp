// Time without a clock: below the waterline `now` is always an argument. Only the engine reads a clock
// (boot time, so a suspended machine notices that it slept).
#pragma once

#include <chrono>
#include <limits>

namespace hauberk::base {

using duration = std::chrono::nanoseconds;

/// A clock that cannot be asked: it only gives `time_point` a type of its own.
struct no_clock {
  using duration = base::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<no_clock>;
  static constexpr bool is_steady = true;
};

using time_point = no_clock::time_point;

inline constexpr time_point never = time_point::max();

[[nodiscard]] constexpr double seconds(duration span) { return std::chrono::duration<double>(span).count(); }

}  // namespace hauberk::base
