#include "engine/links.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace hauberk::engine {

links::peer* links::find(const uuid& process) {
  const auto at = std::ranges::find(peers_, process, &peer::process);
  return at == peers_.end() ? nullptr : &*at;
}

void links::add(const uuid& process, net::connection_id id) {
  HAUBERK_ASSERT(find(process) == nullptr, "one active link a process");
  peer& made = peers_.emplace_back();
  made.process = process;
  made.id = id;
}

void links::remove(const uuid& process) {
  std::erase_if(peers_, [&](const peer& one) { return one.process == process; });
}

std::optional<net::connection_id> links::connection_of(const uuid& process) const {
  const auto at = std::ranges::find(peers_, process, &peer::process);
  return at == peers_.end() ? std::nullopt : std::optional(at->id);
}

std::optional<uuid> links::process_of(net::connection_id id) const {
  const auto at = std::ranges::find(peers_, id, &peer::id);
  return at == peers_.end() ? std::nullopt : std::optional(at->process);
}

std::vector<net::connection_id> links::connections() const {
  std::vector<net::connection_id> ids;
  for (const peer& one : peers_) ids.push_back(one.id);
  return ids;
}

void links::queue(const uuid& process, const std::shared_ptr<const wire::encoded>& frame, unsigned replaces,
                  std::uint64_t credit_bytes) {
  HAUBERK_ASSERT(frame->is_bulk || credit_bytes == 0, "only bulk carries credit");
  peer* to = find(process);
  if (to == nullptr) return;
  to->waiting.push_back({frame, replaces});
  if (frame->is_bulk) to->credits.push_back({frame->bytes, credit_bytes});
}

std::uint64_t links::written(net::connection_id id, std::size_t bulk_bytes) {
  const auto at = std::ranges::find(peers_, id, &peer::id);
  if (at == peers_.end()) return 0;
  at->written += bulk_bytes;
  std::uint64_t back = 0;
  while (!at->credits.empty() && at->credits.front().encoded <= at->written) {
    at->written -= at->credits.front().encoded;
    back += at->credits.front().given;
    at->credits.pop_front();
  }
  return back;
}

void links::send_queued(net::transport& through) {
  for (peer& one : peers_)
    if (!one.waiting.empty()) through.send(one.id, std::exchange(one.waiting, {}));
}

}  // namespace hauberk::engine
