#include "simulator/workload.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace hauberk::simulator {
namespace {

/// Enough for a number of its own.
constexpr std::size_t size_min = 3;
/// The greedy one of the calm phase: its message, and what it may have on its way.
constexpr std::size_t greedy_size = 4096;
constexpr std::uint64_t greedy_bytes_max = 64 * 1024;

}  // namespace

workload::workload(simulation& group, const profile& drawn, action_list& actions)
    : group_(group),
      drawn_(drawn),
      actions_(actions),
      pattern_(std::max<std::size_t>(drawn.size_large + drawn.size_small + 16, greedy_size), '\0') {
  base::random letters = group.time().stream(part::turn, 0);
  for (auto& each : pattern_) each = static_cast<char>(letters.next());
  for (machine_index i = 0; i < group.count(); ++i) rates_.push_back({group.time().stream(part::rate, i)});
}

void workload::start() {
  is_on_ = true;
  for (machine_index i = 0; i < group_.count(); ++i) next(i);
}

void workload::next(machine_index which) {
  const std::uint64_t gap = drawn_.broadcast_gap_us * (which + 1);  // nobody is like another
  const duration wait = std::chrono::microseconds(1 + rates_[which].chance.below(2 * gap));
  group_.time().after(wait, [this, which] { turn(which); });
}

base::buffer workload::make(machine_index which, std::size_t number, std::size_t size) {
  HAUBERK_ASSERT(size <= pattern_.size(), "a message is longer than what fills it");
  // The number first, so that a delivered message can be told from every other one.
  base::block* owner = base::block::allocate(size);
  std::memcpy(owner->data(), pattern_.data(), size);
  const std::uint64_t mark = number | (static_cast<std::uint64_t>(which + 1) << 56U);
  std::memcpy(owner->data(), &mark, std::min(size, sizeof mark));
  return base::buffer::adopt(owner, {owner->data(), size});
}

void workload::turn(machine_index which) {
  if (!is_on_) return;
  next(which);
  const std::uint64_t mine = ++rates_[which].turns;
  if (!actions_.begin_turn(++turns_)) return;
  speak(which, group_.time().stream(part::turn, mine * machines_max + which));
}

void workload::speak(machine_index which, base::random chance) {
  machine& home = group_.at(which);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving || bytes_ > drawn_.bytes_max ||
      home.who()->is_arbitrator)
    return;
  if (chance.percent(1)) {
    home.fence();
    if (!home.is_running()) return;
  }
  std::size_t count = 1 + chance.below(drawn_.batch_max);
  if (drawn_.burst_max != 0 && chance.percent(2)) count = 1 + chance.below(drawn_.burst_max);
  std::vector<base::buffer> payloads;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_large = chance.percent(drawn_.percent_large);
    const std::size_t size = size_min + chance.below(is_large ? drawn_.size_large : drawn_.size_small);
    bytes += size;
    if (i != 0 && bytes > drawn_.settings.send_window_bytes) break;
    payloads.push_back(make(which, home.who()->broadcasts.size() + i, size));
    bytes_ += size;
  }
  (void)home.broadcast(std::move(payloads));
}

void workload::start_calm(machine_index greedy) {
  is_calm_ = true;
  greedy_ = greedy;
  for (machine_index i = 0; i < group_.count(); ++i) turn_calmly(i);
}

void workload::turn_calmly(machine_index which) {
  if (!is_calm_) return;
  const bool is_greedy = which == greedy_;
  const duration gap = is_greedy ? 2ms : drawn_.settings.suspect_timeout / 10;
  group_.time().after(rates_[which].chance.below(2 * gap) + 1us, [this, which] { turn_calmly(which); });
  machine& home = group_.at(which);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving) return;
  const std::uint64_t most = std::min<std::uint64_t>(drawn_.settings.send_window_bytes, greedy_bytes_max);
  if (home.who()->status.in_flight_bytes >= most) return;
  std::vector<base::buffer> payloads;
  payloads.push_back(make(which, home.who()->broadcasts.size(), is_greedy ? greedy_size : size_min + which));
  (void)home.broadcast(std::move(payloads));
}

bool workload::probe(machine_index which) {
  machine& home = group_.at(which);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving) return false;
  if (home.who()->is_arbitrator) return true;  // it broadcasts nothing
  std::vector<base::buffer> payloads;
  payloads.push_back(make(which, home.who()->broadcasts.size(), 16));
  return !home.broadcast(std::move(payloads)).has_value();
}

}  // namespace hauberk::simulator
