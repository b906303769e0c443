// A request to stop that wakes whoever waits: for input, for a signal, or for time to pass.
#pragma once

#include <atomic>
#include <chrono>

namespace hauberk::tool {

class stop {
 public:
  stop();
  stop(const stop&) = delete;
  stop& operator=(const stop&) = delete;
  ~stop();

  void request() noexcept;
  [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }
  /// Waits until `file` can be read (true), or a stop is requested (false).
  [[nodiscard]] bool wait_readable(int file) const;
  /// Waits for `time` to pass (true), or a stop to be requested (false). A negative time never passes.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) const;

 private:
  int event_ = -1;
  std::atomic<bool> requested_ = false;
};

}  // namespace hauberk::tool
