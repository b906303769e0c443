// Waiting for what can only be seen from outside: looks again and again, with a deadline.
#pragma once

#include <chrono>
#include <thread>

namespace hauberk::test {

/// How long anything may take before a test gives up: sanitizers are slow, a deadlock is for ever.
inline constexpr std::chrono::seconds patience{30};

/// True as soon as `condition` holds; false when it did not within `at_most`.
template <typename Condition>
bool eventually(Condition condition, std::chrono::steady_clock::duration at_most = patience) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace hauberk::test
