#include "engine/submissions.hpp"

#include <cstring>
#include <iterator>
#include <string>
#include <utility>

#include "engine/waiting.hpp"

namespace hauberk::engine {
namespace {

// Small payloads of one call share a block: one allocation for all of them. Blocks stay small, so that a
// payload kept for a laggard does not keep much else alive.
constexpr std::size_t shared_block_bytes = 64U << 10U;

// Empty payloads have no bytes to be bounded by, but each costs memory.
constexpr std::size_t waiting_entries_max = 1U << 18U;

std::vector<base::buffer> copies(std::span<const submissions::payload_t> payloads) {
  std::vector<base::buffer> made;
  made.reserve(payloads.size());
  for (std::size_t i = 0; i < payloads.size();) {
    std::size_t bytes = payloads[i].size();
    std::size_t end = i + 1;
    while (end < payloads.size() && bytes + payloads[end].size() <= shared_block_bytes)
      bytes += payloads[end++].size();
    auto* block = base::block::allocate(bytes);
    const auto whole = base::buffer::adopt(block, {block->data(), bytes});
    for (std::size_t offset = 0; i < end; ++i) {
      if (!payloads[i].empty()) std::memcpy(block->data() + offset, payloads[i].data(), payloads[i].size());
      made.push_back(whole.slice(offset, payloads[i].size()));
      offset += payloads[i].size();
    }
  }
  return made;
}

error not_primary() {
  return {errc::not_primary, "this node is not in the primary component now: wait for a primary view"};
}
error closed() { return {errc::closed, "the group was left or this handle is closed: join again"}; }

}  // namespace

result<std::uint64_t> submissions::add(std::span<const payload_t> payloads) {
  if (is_closed()) return closed();
  if (!is_primary()) return not_primary();
  std::uint64_t bytes = 0;
  for (const payload_t& one : payloads) {
    if (one.size() > payload_bytes_max_)
      return error(errc::payload_too_large,
                   "a payload of " + std::to_string(one.size()) +
                       " bytes is above repl.max_ws_size=" + std::to_string(payload_bytes_max_));
    bytes += one.size();
  }
  if (payloads.size() > 1 && bytes > window_bytes_)
    return error(errc::payload_too_large,
                 "a batch of " + std::to_string(bytes) +
                     " bytes can never fit evs.send_window=" + std::to_string(window_bytes_) + ": split it");
  if (throttled_.load(std::memory_order_relaxed) || !reserve(bytes, payloads.size() == 1))
    return error(errc::window_full, what_is_full() + ": wait_writable, then try again");

  reservation reserved{*this, bytes};
  auto made = copies(payloads);
  const std::lock_guard hold(mutex_);
  if (closed_.load(std::memory_order_relaxed)) return closed();
  if (!waiting_.empty() && waiting_.size() + made.size() > waiting_entries_max)
    return error(errc::window_full, "too many broadcasts at once: try again");
  waiting_.insert(waiting_.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  reserved.bytes = 0;
  const std::uint64_t first = next_ticket_;
  next_ticket_ += made.size();
  counted_.messages += made.size();
  counted_.bytes += bytes;
  waiting_bytes_ += bytes;
  return first;
}

// What a broadcast waits for now, in words.
std::string submissions::what_is_full() const {
  if (awaits_application_.load(std::memory_order_relaxed))
    return "the group waits for a member whose application is behind by more than gcs.fc_limit (the log "
           "names it)";
  if (throttled_.load(std::memory_order_relaxed))
    return "the history window (gcache.size) is nearly full of messages that not every member holds yet";
  return std::to_string(in_flight_bytes()) +
         " bytes are in flight of evs.send_window=" + std::to_string(window_bytes_);
}

bool submissions::fits(std::uint64_t bytes) const {
  if (throttled_.load()) return false;
  const std::uint64_t now = in_flight_.load();
  return now == 0 || (now <= window_bytes_ && bytes <= window_bytes_ - now);
}

bool submissions::reserve(std::uint64_t bytes, bool alone) {
  std::uint64_t now = in_flight_.load(std::memory_order_relaxed);
  do {
    const bool within = now <= window_bytes_ && bytes <= window_bytes_ - now;
    if (!within && !(alone && now == 0)) return false;
  } while (!in_flight_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
  return true;
}

void submissions::release(std::uint64_t bytes) {
  if (bytes == 0) return;
  in_flight_.fetch_sub(bytes);
  wake_waiters();
}

// A waiter counts itself before it looks at the window, we look for waiters after we changed it: one of the
// two sees the other.
void submissions::wake_waiters() {
  if (waiters_.load() == 0) return;
  const std::lock_guard hold(waiters_mutex_);
  writable_.notify_all();
}

result<void> submissions::wait_writable(std::uint64_t bytes, std::chrono::milliseconds timeout) {
  std::unique_lock hold(waiters_mutex_);
  waiters_.fetch_add(1);
  const bool done =
      wait_at_most(writable_, hold, timeout, [&] { return is_closed() || !is_primary() || fits(bytes); });
  waiters_.fetch_sub(1);
  if (is_closed()) return closed();
  if (!is_primary()) return not_primary();
  if (!done)
    return error(errc::timed_out,
                 "no room within " + std::to_string(timeout.count()) + " ms: " + what_is_full());
  return {};
}

submissions::counters submissions::counted() const {
  const std::lock_guard hold(mutex_);
  return counted_;
}

std::uint64_t submissions::newest_ticket() const {
  const std::lock_guard hold(mutex_);
  return next_ticket_ - 1;
}

void submissions::close() {
  {
    const std::lock_guard hold(mutex_);
    closed_.store(true);
  }
  wake_waiters();
}

submissions::batch submissions::take() {
  batch taken;
  const std::lock_guard hold(mutex_);
  if (waiting_.empty()) return taken;
  taken.payloads.swap(waiting_);
  taken.first_ticket = next_ticket_ - taken.payloads.size();
  taken.bytes = std::exchange(waiting_bytes_, 0);
  return taken;
}

void submissions::set_primary(bool primary) {
  if (primary_.exchange(primary) != primary) wake_waiters();
}

void submissions::set_throttled(bool throttled, bool by_application) {
  awaits_application_.store(throttled && by_application, std::memory_order_relaxed);
  if (throttled_.exchange(throttled) != throttled) wake_waiters();
}

void submissions::settle(std::uint64_t taken, std::uint64_t replica_in_flight) {
  // What the strand took is no longer ours to count but the replica's, as far as that took it.
  const std::uint64_t before = replica_in_flight_ + taken;
  replica_in_flight_ = replica_in_flight;
  if (replica_in_flight > before)
    in_flight_.fetch_add(replica_in_flight - before);
  else
    release(before - replica_in_flight);
}

}  // namespace hauberk::engine
