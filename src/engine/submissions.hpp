// Broadcasts on their way from the application's threads to the strand, and the window that bounds them: a
// byte is counted from the moment it is accepted until the replica no longer counts it as in flight.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "hauberk/result.hpp"

namespace hauberk::engine {

class submissions {
 public:
  using payload_t = std::span<const std::byte>;

  submissions(std::uint64_t window_bytes, std::uint64_t payload_bytes_max)
      : window_bytes_(window_bytes), payload_bytes_max_(payload_bytes_max) {}

  // The application's side, from any thread.

  /// Copies `payloads` and queues them, all or none. Returns the ticket of the first. One payload above the
  /// window is taken when nothing else is in flight. Errors: closed, not_primary, payload_too_large,
  /// window_full.
  result<std::uint64_t> add(std::span<const payload_t> payloads);
  result<void> wait_writable(std::uint64_t bytes, std::chrono::milliseconds timeout);

  [[nodiscard]] std::uint64_t in_flight_bytes() const { return in_flight_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t window_bytes() const { return window_bytes_; }
  [[nodiscard]] bool is_closed() const { return closed_.load(std::memory_order_acquire); }
  [[nodiscard]] bool is_primary() const { return primary_.load(std::memory_order_acquire); }

  struct counters {
    std::uint64_t messages = 0, bytes = 0;
  };
  [[nodiscard]] counters counted() const;
  /// The newest ticket given out; 0 = none yet.
  [[nodiscard]] std::uint64_t newest_ticket() const;

  /// Nothing is accepted from now on; what was accepted stays for `take`.
  void close();

  // The strand's side.

  struct batch {
    std::uint64_t first_ticket = 0;
    std::vector<base::buffer> payloads;
    std::uint64_t bytes = 0;
  };
  /// Everything that waits: consecutive tickets.
  [[nodiscard]] batch take();
  void set_primary(bool primary);
  /// The group's history window is nearly full: nothing is accepted for now.
  /// `by_application`: by a member's, which is behind; otherwise by the history window.
  void set_throttled(bool throttled, bool by_application);
  /// `taken` bytes went to the replica, or were refused by it, since the last call; it has
  /// `replica_in_flight` in flight now.
  void settle(std::uint64_t taken, std::uint64_t replica_in_flight);

 private:
  /// Part of the window, given back unless the payloads really entered the queue.
  struct reservation {
    submissions& of;
    std::uint64_t bytes;
    ~reservation() { of.release(bytes); }
  };
  [[nodiscard]] bool reserve(std::uint64_t bytes, bool alone);
  void release(std::uint64_t bytes);
  void wake_waiters();
  [[nodiscard]] bool fits(std::uint64_t bytes) const;
  [[nodiscard]] std::string what_is_full() const;

  const std::uint64_t window_bytes_, payload_bytes_max_;
  std::atomic<std::uint64_t> in_flight_{0};
  std::atomic<bool> primary_{false}, closed_{false}, throttled_{false}, awaits_application_{false};

  mutable std::mutex mutex_;  // guards what waits; held for a push, never while copying
  std::vector<base::buffer> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t next_ticket_ = 1;
  counters counted_;

  std::atomic<unsigned> waiters_{0};
  std::mutex waiters_mutex_;
  std::condition_variable writable_;

  std::uint64_t replica_in_flight_ = 0;  // the strand's alone
};

}  // namespace hauberk::engine
