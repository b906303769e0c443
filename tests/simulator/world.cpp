#include "simulator/world.hpp"

#include <algorithm>
#include <cstdio>

namespace hauberk::simulator {
namespace {

/// More events than that at one instant are a loop.
constexpr std::uint64_t at_once_max = 1000000;

}  // namespace

base::random world::stream(part whose, std::uint64_t number) const {
  base::random mixed(seed_ ^ (static_cast<std::uint64_t>(whose) + 1) * 0x9e3779b97f4a7c15U);
  return base::random(mixed.next() ^ number * 0xd1342543de82ef95U);
}

void world::at(time_point when, std::function<void()> what) {
  std::size_t slot = slots_.size();
  if (free_.empty()) {
    slots_.push_back(std::move(what));
  } else {
    slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::move(what);
  }
  heap_.push_back({std::max(when, now_), ++number_, slot});
  std::push_heap(heap_.begin(), heap_.end());
}

void world::run_until(time_point end) {
  stopped_ = false;
  while (!stopped_ && !heap_.empty() && heap_.front().when <= end) {
    const entry next = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
    at_once_ = next.when == now_ ? at_once_ + 1 : 0;
    if (at_once_ > at_once_max) throw violation("progress", "time stands still");
    now_ = next.when;
    const std::function<void()> what = std::move(slots_[next.slot]);
    free_.push_back(next.slot);
    what();
  }
  if (!stopped_) now_ = std::max(now_, end);
}

void world::say(std::string_view who, std::string_view what) {
  if (!words_) return;
  char head[64];
  std::snprintf(head, sizeof head, "%10.6f %-4.*s ", base::seconds(now_.time_since_epoch()),
                static_cast<int>(who.size()), who.data());
  words_(std::string(head).append(what));
}

}  // namespace hauberk::simulator
