#include "group/pump.hpp"

#include <chrono>
#include <cstring>

#include "support/payload.hpp"
#include "support/usage.hpp"

namespace hauberk::bench {

using namespace std::chrono_literals;

void stamp(std::vector<std::byte>& message, std::uint64_t time, std::uint64_t number) {
  std::memcpy(message.data(), &time, sizeof time);
  std::memcpy(message.data() + sizeof time, &number, sizeof number);
}

std::uint64_t stamped_time(std::span<const std::byte> message) {
  std::uint64_t time = 0;
  if (message.size() >= stamp_bytes) std::memcpy(&time, message.data(), sizeof time);
  return time;
}

// Enough different messages that none stands twice in a frame: a compressor would notice.
constexpr std::size_t variety_bytes = 1024 * 1024;

pump::pump(group& through, const phase& how) : group_(through), how_(how) {
  const std::size_t wanted = variety_bytes / how.size / how.batch + 1;
  for (std::size_t i = 0; i < wanted * how.batch; ++i)
    messages_.push_back(make_payload(how.size, how.text, i + 1));
  for (const auto& one : messages_) spans_.emplace_back(one);
  worker_ = std::thread([this] { work(); });
}

void pump::work() {
  std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(how_.begin)));
  if (how_.rate > 0) {
    keep_rate();
  } else {
    fill_window();
  }
  has_ended_.store(true, std::memory_order_release);
}

bool pump::offer(std::uint64_t time) {
  for (std::size_t i = 0; i < how_.batch; ++i) stamp(messages_[next_ + i], time, next_number_ + i);
  const auto taken = how_.batch == 1 ? group_.broadcast(spans_[next_])
                                     : group_.broadcast(std::span(spans_).subspan(next_, how_.batch));
  if (taken) {
    sent_.fetch_add(how_.batch, std::memory_order_relaxed);
    next_number_ += how_.batch;
    next_ = (next_ + how_.batch) % messages_.size();
    return true;
  }
  if (taken.error().code != errc::window_full || !group_.wait_writable(how_.batch * how_.size, 100ms))
    std::this_thread::sleep_for(1ms);  // no quorum at the moment
  return false;
}

void pump::fill_window() {
  for (std::uint64_t now = now_ns(); now < how_.to && !group_.closed(); now = now_ns()) (void)offer(now);
}

void pump::keep_rate() {
  const double interval = 1e9 / how_.rate * static_cast<double>(how_.batch);
  for (std::uint64_t i = 0; !group_.closed(); ++i) {
    const std::uint64_t due = how_.begin + static_cast<std::uint64_t>(static_cast<double>(i) * interval);
    if (due >= how_.to) return;
    if (now_ns() < due)
      std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due)));
    while (!offer(due))
      if (group_.closed() || now_ns() > how_.to) return;
  }
}

}  // namespace hauberk::bench
