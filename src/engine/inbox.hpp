// What the engine reacts to, and the queue it waits in: many threads put, the strand takes all at once.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/guard.hpp"
#include "net/transport.hpp"

namespace hauberk::engine {

struct link_up {
  net::connection_id id = 0;
  bool dialled = false;
  std::string remote;
  link::up peer;
};
struct link_messages {
  net::connection_id id = 0;
  std::vector<wire::message> batch;
};
struct link_written {
  net::connection_id id = 0;
  std::size_t bulk_bytes = 0;
};
struct link_worn {
  net::connection_id id = 0;
};
struct link_down {
  net::connection_id id = 0;
  std::uint64_t dial = 0;
  link::down why;
};
struct dial_failed {
  std::uint64_t dial = 0;
  net::dial_failure why = net::dial_failure::refused;
  std::string text;
};
struct fence_wanted {
  std::uint64_t id = 0;
};
/// The application asks for a change; `make` finds in the view in force what it is about.
struct change_wanted {
  std::uint64_t id = 0;
  std::function<result<replica::change>(const replica::view&)> make;
};
struct force_wanted {
  std::shared_ptr<std::promise<result<void>>> answer;
};
/// Certificates were loaded again, and are in force for new links.
struct material_loaded {
  std::uint64_t number = 0;
};
/// A policy that the group has agreed on was loaded, or could not be.
struct policy_loaded {
  std::uint64_t prepared_in = 0;  ///< number of the view that prepared it; 0 = it is in force
  std::string text;
  result<void> done;
};
/// A visitor's request as the text of a policy, or why it makes none.
struct policy_asked {
  net::connection_id visitor = 0;
  result<guard::proposal> made;
};
/// A revocation list that came through this link was judged, and is in force for new links if it counts.
struct list_judged {
  net::connection_id from = 0;
  guard::judged_list what;
};
/// The application leaves.
struct leave_wanted {};
/// The application has waited long enough for the leave to complete.
struct abandon_wanted {};

using input = std::variant<link_up, link_messages, link_written, link_worn, link_down, dial_failed,
                           fence_wanted, change_wanted, force_wanted, material_loaded, policy_loaded,
                           policy_asked, list_judged, leave_wanted, abandon_wanted>;

class inbox {
 public:
  void put(input one) {
    const std::lock_guard hold(mutex_);
    waiting_.push_back(std::move(one));
  }
  /// Swaps everything that waits into `into`, whose capacity is kept for the next round.
  void take(std::vector<input>& into) {
    into.clear();
    const std::lock_guard hold(mutex_);
    waiting_.swap(into);
  }

 private:
  std::mutex mutex_;
  std::vector<input> waiting_;
};

}  // namespace hauberk::engine
