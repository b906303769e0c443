#include "engine/delivery.hpp"

#include <iterator>
#include <utility>

#include "base/limits.hpp"
#include "engine/waiting.hpp"

namespace hauberk::engine {
namespace {

// Seats of the past matter only for messages caught up on from before our own view; so many and no more.
constexpr std::size_t senders_max = 4 * base::limits::removed_max;

}  // namespace

bool delivery::has_room_up_to(std::size_t entries, std::size_t bytes) const {
  return staged_.items.size() + entries_.load(std::memory_order_relaxed) < entries &&
         staged_bytes_ + bytes_.load(std::memory_order_relaxed) < bytes;
}

void delivery::stage(item one) { staged_.items.push_back(std::move(one)); }

void delivery::stage_message(replica::message_event&& from, std::uint64_t ticket) {
  staged_bytes_ += from.payload.size();
  staged_.items.emplace_back(
      std::in_place_type<message_item>,
      message_item{from.position, ticket, name_of(from.sender), std::move(from.payload)});
}

bool delivery::publish(bool starved) {
  bool wake = false;
  {
    const std::lock_guard hold(mutex_);
    if (queue_.items.empty()) {
      queue_.items.swap(staged_.items);
      queue_.names.swap(staged_.names);
    } else {
      queue_.items.insert(queue_.items.end(), std::make_move_iterator(staged_.items.begin()),
                          std::make_move_iterator(staged_.items.end()));
      queue_.names.insert(queue_.names.end(), staged_.names.begin(), staged_.names.end());
    }
    entries_.store(queue_.items.size(), std::memory_order_relaxed);
    bytes_.store(bytes_.load(std::memory_order_relaxed) + staged_bytes_, std::memory_order_relaxed);
    if (starved && queue_.items.empty()) return false;
    starved_ = starved;
    wake = waiting_ && !queue_.items.empty();
  }
  staged_.clear();
  staged_bytes_ = 0;
  ++staged_number_;
  if (wake) filled_.notify_one();
  return true;
}

void delivery::learn(const replica::view& what) {
  if (senders_.size() > senders_max) {
    senders_.clear();  // pinned names live on in the batches that use them
    latest_sender_ = nullptr;
  }
  for (const auto* some : {&what.members, &what.left, &what.lost, &what.evicted})
    for (const replica::member& one : *some) remember(one.seat, one.name);
}

void delivery::remember(const replica::seat_id& seat, const std::string& name) {
  const auto [at, is_new] = senders_.try_emplace(seat);
  if (is_new) at->second.name = std::make_shared<const std::string>(name);
}

const std::string* delivery::name_of(const replica::seat_id& seat) {
  if (latest_sender_ == nullptr || latest_ != seat) {
    auto at = senders_.find(seat);
    if (at == senders_.end()) {
      remember(seat, base::to_string(seat));
      at = senders_.find(seat);
    }
    latest_ = seat;
    latest_sender_ = &at->second;  // a map of nodes: stays where it is
  }
  if (latest_sender_->pinned_in != staged_number_) {
    latest_sender_->pinned_in = staged_number_;
    staged_.names.push_back(latest_sender_->name);
  }
  return latest_sender_->name.get();
}

delivery::taken delivery::take(batch& into, std::chrono::milliseconds timeout) {
  into.clear();
  std::unique_lock hold(mutex_);
  if (queue_.items.empty() && timeout > std::chrono::milliseconds(0)) {
    waiting_ = true;
    wait_at_most(filled_, hold, timeout, [&] { return !queue_.items.empty(); });
    waiting_ = false;
  }
  if (queue_.items.empty()) return {};
  queue_.items.swap(into.items);
  queue_.names.swap(into.names);
  entries_.store(0, std::memory_order_relaxed);
  bytes_.store(0, std::memory_order_relaxed);
  return {true, std::exchange(starved_, false)};
}

}  // namespace hauberk::engine
