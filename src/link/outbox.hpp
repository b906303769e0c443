// Frames that wait to be sent on one link: two lanes, control before bulk. A lane is chosen at the boundary
// of a frame, so what overtakes a large payload waits for one frame at most. Payloads stay where they are:
// the outbox hands out runs of bytes of the frames themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "wire/codec.hpp"

namespace hauberk::link {

class outbox {
 public:
  using frame_ptr = std::shared_ptr<const wire::encoded>;

  /// Of control frames with the same `replaces` key (not 0) that were not begun only the newest stays, in the
  /// place of the newest: no message arrives before one that was queued ahead of it.
  void push(frame_ptr frame, unsigned replaces);
  /// The next bytes to send, begun frame first: as many as lie together. Empty when there is nothing.
  [[nodiscard]] std::span<const std::byte> front();
  /// The first `bytes` of `front()` were taken.
  void take(std::size_t bytes);
  /// Bytes of the bulk frames that were taken to their end since the last call.
  [[nodiscard]] std::size_t finished_bulk_bytes();

  [[nodiscard]] bool empty() const { return queued_bytes_ == 0; }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  /// Drops the frames that were not begun.
  void drop_queued();
  void clear();

 private:
  struct newest {
    unsigned key = 0;
    std::uint64_t number = 0;  ///< of the frame in the control lane, counted from the first ever pushed
  };

  bool begin_next();

  std::deque<frame_ptr> control_, bulk_;  ///< a replaced control frame leaves a null in its place
  std::uint64_t control_first_ = 0;       ///< the number of the frame at the front of `control_`
  std::vector<newest> newest_;
  frame_ptr begun_;
  std::size_t piece_ = 0;   ///< of `begun_`: 0 = its head, then its payload's pieces
  std::size_t offset_ = 0;  ///< in that piece
  std::size_t queued_bytes_ = 0, finished_bulk_bytes_ = 0;
};

}  // namespace hauberk::link
