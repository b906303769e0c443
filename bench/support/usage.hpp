// What this process has used so far, and the clock that all processes of one machine share.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>

namespace hauberk::bench {

/// User and system time of all threads, in seconds.
[[nodiscard]] inline double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& part) {
    return static_cast<double>(part.tv_sec) + 1e-6 * static_cast<double>(part.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// The most memory that was ever resident, in bytes.
[[nodiscard]] inline std::uint64_t peak_memory_bytes() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

/// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] inline std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace hauberk::bench
