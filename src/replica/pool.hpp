// Payloads received from one sender and not yet reached by the order: a contiguous run of its broadcasts,
// and the one that is still arriving in chunks.
#pragma once

#include <cstdint>
#include <deque>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace hauberk::replica {

using base::sequence_t;

class pool {
 public:
  enum class verdict { taken, duplicate, gap };

  /// A whole payload. An empty pool accepts a jump ahead (what was passed over must be fetched).
  verdict put(sequence_t sequence, base::buffer payload);
  /// One piece of a payload of `total` bytes; pieces must come in order, but what is here may come again.
  verdict put_chunk(sequence_t sequence, std::uint64_t total, std::uint64_t offset, base::buffer piece);
  /// Forgets a begun chunked payload.
  void drop_partial();
  /// How much of `sequence` has come in chunks.
  [[nodiscard]] std::uint64_t begun(sequence_t sequence) const {
    return partial_ == sequence ? partial_bytes_ : 0;
  }
  [[nodiscard]] std::uint64_t begun_bytes() const { return partial_bytes_; }

  /// Moves the payload of `sequence` out when it is here; whatever is older is dropped.
  bool take(sequence_t sequence, base::buffer& into);
  /// `sequence` was reached by the order with its payload from elsewhere.
  void pass(sequence_t sequence);
  /// A cut log entry's payload comes back; calls come with falling sequences.
  void put_back(sequence_t sequence, base::buffer payload);
  void clear();
  /// Forgets everything; the next expected broadcast is `next`.
  void restart(sequence_t next);

  /// Every broadcast up to this one was received (or reached by the order).
  [[nodiscard]] sequence_t have() const { return first_ - 1 + payloads_.size(); }
  /// Bytes of the next one that are here.
  [[nodiscard]] std::uint64_t partial() const { return partial_ == have() + 1 ? partial_bytes_ : 0; }
  /// The oldest broadcast that is here, when not empty.
  [[nodiscard]] sequence_t first() const { return first_; }
  [[nodiscard]] std::size_t size() const { return payloads_.size(); }
  [[nodiscard]] bool empty() const { return payloads_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  base::buffer pop();

  sequence_t first_ = 1;
  std::deque<base::buffer> payloads_;
  std::uint64_t bytes_ = 0;

  sequence_t partial_ = 0;  ///< the broadcast arriving in chunks, 0 = none
  std::uint64_t partial_bytes_ = 0, partial_total_ = 0;
  /// Its bytes, copied in as they come: joined at the end, 1 GiB would hold up heartbeats for seconds. Memory
  /// that nothing was written to yet costs none.
  base::buffer whole_;
  std::byte* into_ = nullptr;
};

}  // namespace hauberk::replica
