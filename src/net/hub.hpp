// What connections, dials and listeners share: the owner's handler, the table of living connections and the
// door. Thread safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "net/door.hpp"
#include "net/sockets.hpp"

namespace hauberk::net {

class connection;

class hub {
 public:
  hub(settings s, std::function<link::settings()> make, handler& o, base::logger w)
      : how(std::move(s)),
        make_link_settings(std::move(make)),
        owner(o),
        words(std::move(w)),
        entry(how.door) {}

  const settings how;
  const std::function<link::settings()> make_link_settings;
  handler& owner;
  const base::logger words;
  door entry;

  /// Once set, the owner is not called any more.
  [[nodiscard]] bool is_stopping() const { return stopping_.load(std::memory_order_acquire); }
  void stop() { stopping_.store(true, std::memory_order_release); }

  [[nodiscard]] connection_id next_inbound() { return ++inbound_last_; }
  void add(connection_id id, std::shared_ptr<connection> one);
  void remove(connection_id id);
  [[nodiscard]] std::shared_ptr<connection> find(connection_id id) const;
  [[nodiscard]] std::vector<std::shared_ptr<connection>> everyone() const;
  void clear();
  /// True when all connections ended within `patience`.
  bool wait_until_empty(base::duration patience);

 private:
  std::atomic<bool> stopping_ = false;
  std::atomic<connection_id> inbound_last_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_map<connection_id, std::shared_ptr<connection>> connections_;
};

}  // namespace hauberk::net
