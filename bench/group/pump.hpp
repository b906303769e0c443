// A thread of one node that broadcasts: as fast as the window allows, or at a fixed rate (open loop). Every
// message begins with the time at which it was *meant* to be sent, so that a stalled group shows in the
// latency of everything that had to wait for it (no coordinated omission), then its number.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "group/parameters.hpp"
#include "hauberk/hauberk.hpp"

namespace hauberk::bench {

/// Where a message carries its intended time and its number.
inline constexpr std::size_t stamp_bytes = 16;
void stamp(std::vector<std::byte>& message, std::uint64_t time, std::uint64_t number);
[[nodiscard]] std::uint64_t stamped_time(std::span<const std::byte> message);

class pump {
 public:
  pump(group& through, const phase& how);
  pump(const pump&) = delete;
  pump& operator=(const pump&) = delete;
  ~pump() { worker_.join(); }

  [[nodiscard]] bool has_ended() const { return has_ended_.load(std::memory_order_acquire); }
  /// Accepted broadcasts; final once it has ended.
  [[nodiscard]] std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }

 private:
  void work();
  void fill_window();
  void keep_rate();
  /// True when the next batch was taken, meant for `time`; else it has waited a while for a better one.
  bool offer(std::uint64_t time);

  group& group_;
  const phase how_;
  std::vector<std::vector<std::byte>> messages_;
  std::vector<std::span<const std::byte>> spans_;
  std::size_t next_ = 0;  // of messages_
  std::uint64_t next_number_ = 0;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<bool> has_ended_{false};
  std::thread worker_;
};

}  // namespace hauberk::bench
