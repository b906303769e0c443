// The active link to each peer: frames gathered during one run of the strand, and the credit that goes with
// bulk. The link reports encoded bytes, the replica counts credit; a queue per link pairs the two, so that
// exactly what was given comes back.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "net/transport.hpp"

namespace hauberk::engine {

class links {
 public:
  /// `id` is the link to `process` from now on.
  void add(const uuid& process, net::connection_id id);
  void remove(const uuid& process);

  [[nodiscard]] std::optional<net::connection_id> connection_of(const uuid& process) const;
  [[nodiscard]] std::optional<uuid> process_of(net::connection_id id) const;
  [[nodiscard]] std::size_t size() const { return peers_.size(); }
  [[nodiscard]] std::vector<net::connection_id> connections() const;

  /// Queues a frame for `process`; without a link it is dropped, the replica learns of that by link down.
  void queue(const uuid& process, const std::shared_ptr<const wire::encoded>& frame, unsigned replaces,
             std::uint64_t credit_bytes);
  /// Credit to give back for `bulk_bytes` that link `id` has written.
  [[nodiscard]] std::uint64_t written(net::connection_id id, std::size_t bulk_bytes);
  /// Hands what was queued since the last call to the transport.
  void send_queued(net::transport& through);

 private:
  struct credit {
    std::uint64_t encoded = 0, given = 0;
  };
  struct peer {
    uuid process;
    net::connection_id id = 0;
    std::vector<net::outgoing> waiting;
    std::deque<credit> credits;
    std::uint64_t written = 0;  // bytes reported that do not complete the oldest bulk frame yet
  };
  [[nodiscard]] peer* find(const uuid& process);

  std::vector<peer> peers_;  // a few dozen at most: a scan beats a hash
};

}  // namespace hauberk::engine
