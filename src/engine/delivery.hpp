// Events on their way from the strand to the application: a bounded queue that changes hands whole, so that
// neither side takes a lock or wakes the other for a single message.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "engine/expiry.hpp"
#include "replica/replica.hpp"

namespace hauberk::engine {

struct message_item {
  position_t position = 0;
  std::uint64_t ticket = 0;             ///< the application's; not 0: it is ours
  const std::string* sender = nullptr;  ///< lives as long as the batch
  base::buffer payload;
};
struct filler_item {
  position_t position = 0;
};
struct outcome_item {
  std::uint64_t ticket = 0;
  replica::outcome result = replica::outcome::unknown;
  position_t position = 0;
};
/// Of this node alone, at no position.
struct expiry_item {
  expiry::warning what;
  std::string text;
};
using item = std::variant<message_item, replica::view_event, replica::policy_event, filler_item, outcome_item,
                          expiry_item, replica::farewell_event>;

/// Gives up the payload of an item that is done with; the item itself stays in its batch.
inline void release(item& done) {
  if (auto* one = std::get_if<message_item>(&done)) one->payload = {};
}

/// What the application works through, one item after the other.
struct batch {
  std::vector<item> items;
  std::vector<std::shared_ptr<const std::string>> names;  ///< of the senders in `items`

  void clear() {
    items.clear();
    names.clear();
  }
};

class delivery {
 public:
  delivery(std::size_t entries_max, std::size_t bytes_max)
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  // The strand's side: stage items while there is room, then publish them all at once.

  [[nodiscard]] bool has_room() const { return has_room_up_to(entries_max_, bytes_max_); }
  /// Room for the little that may go beyond the bounds.
  [[nodiscard]] bool has_slack() const {
    return has_room_up_to(entries_max_ + entries_max_ / 8, bytes_max_ + bytes_max_ / 8);
  }
  void stage(item one);
  void stage_message(replica::message_event&& from, std::uint64_t ticket);
  /// Makes the staged items receivable. `starved` = there may be more, only room was lacking: then the next
  /// `take` says so. False when room came up meanwhile: pull again at once.
  [[nodiscard]] bool publish(bool starved);
  /// Remembers the names of everybody whom `what` mentions.
  void learn(const replica::view& what);
  [[nodiscard]] bool knows(const replica::seat_id& seat) const {
    return (latest_sender_ != nullptr && latest_ == seat) || senders_.contains(seat);
  }

  // The application's side, one thread at a time.

  struct taken {
    bool any = false;
    bool was_starved = false;  ///< the strand waits for room: wake it
  };
  /// Swaps everything published into `into`, which must be done with; waits for something at most `timeout`.
  taken take(batch& into, std::chrono::milliseconds timeout);

 private:
  struct sender {
    std::shared_ptr<const std::string> name;
    std::uint64_t pinned_in = 0;  // the staged batch that holds a reference already
  };
  [[nodiscard]] bool has_room_up_to(std::size_t entries, std::size_t bytes) const;
  [[nodiscard]] const std::string* name_of(const replica::seat_id& seat);
  void remember(const replica::seat_id& seat, const std::string& name);

  const std::size_t entries_max_, bytes_max_;

  // The strand's alone.
  batch staged_;
  std::size_t staged_bytes_ = 0;
  std::uint64_t staged_number_ = 1;
  struct hash {
    std::size_t operator()(const replica::seat_id& seat) const {
      return std::hash<uuid>{}(seat.process) + seat.number;
    }
  };
  std::unordered_map<replica::seat_id, sender, hash> senders_;
  replica::seat_id latest_;
  sender* latest_sender_ = nullptr;  // of latest_: messages come in runs of one sender

  std::mutex mutex_;
  std::condition_variable filled_;
  batch queue_;
  bool starved_ = false, waiting_ = false;
  std::atomic<std::size_t> entries_{0}, bytes_{0};  // of queue_, written under the mutex
};

}  // namespace hauberk::engine
