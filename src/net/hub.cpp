#include "net/hub.hpp"

#include "net/connection.hpp"

namespace hauberk::net {

void hub::add(connection_id id, std::shared_ptr<connection> one) {
  const std::lock_guard lock(mutex_);
  connections_.emplace(id, std::move(one));
}

void hub::remove(connection_id id) {
  const std::lock_guard lock(mutex_);
  connections_.erase(id);
  if (connections_.empty()) emptied_.notify_all();
}

std::shared_ptr<connection> hub::find(connection_id id) const {
  const std::lock_guard lock(mutex_);
  const auto at = connections_.find(id);
  return at == connections_.end() ? nullptr : at->second;
}

std::vector<std::shared_ptr<connection>> hub::everyone() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<connection>> all;
  for (const auto& [id, one] : connections_) all.push_back(one);
  return all;
}

void hub::clear() {
  std::unordered_map<connection_id, std::shared_ptr<connection>> all;
  const std::lock_guard lock(mutex_);
  all.swap(connections_);
}

bool hub::wait_until_empty(base::duration patience) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, patience, [this] { return connections_.empty(); });
}

}  // namespace hauberk::net
