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

pump::pump(group& through, const phase& how)
    : group_(through), how_(how), messages_(how.batch, make_payload(how.size, how.text)) {
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

bool pump::offer(std::size_t count) {
  const auto taken =
      count == 1 ? group_.broadcast(spans_[0]) : group_.broadcast(std::span(spans_).first(count));
  if (taken) {
    sent_.fetch_add(count, std::memory_order_relaxed);
    next_number_ += count;
    return true;
  }
  if (taken.error().code != errc::window_full || !group_.wait_writable(count * how_.size, 100ms))
    std::this_thread::sleep_for(1ms);  // no quorum at the moment
  return false;
}

void pump::fill_window() {
  for (std::uint64_t now = now_ns(); now < how_.to && !group_.closed(); now = now_ns()) {
    for (std::size_t i = 0; i < messages_.size(); ++i) stamp(messages_[i], now, next_number_ + i);
    (void)offer(messages_.size());
  }
}

void pump::keep_rate() {
  const double interval = 1e9 / how_.rate;
  for (std::uint64_t i = 0; !group_.closed(); ++i) {
    const std::uint64_t due = how_.begin + static_cast<std::uint64_t>(static_cast<double>(i) * interval);
    if (due >= how_.to) return;
    if (now_ns() < due)
      std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(due)));
    stamp(messages_[0], due, next_number_);
    while (!offer(1))
      if (group_.closed() || now_ns() > how_.to) return;
  }
}

}  // namespace hauberk::bench
