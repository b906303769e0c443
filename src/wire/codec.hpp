// Structs to frames and back. A link's byte stream is one valid protobuf message,
// `hauberk.wire.Stream { repeated Frame frame = 1; }`: each frame goes out as byte 0x0A, a varint length and
// the Frame, whose `payload` field has the highest number and comes last. The writer lets protobuf encode
// the head and appends tag and length of the payload; the payload bytes themselves follow by reference.
// The reader hands payloads out as slices of the receive buffer. See proto/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "hauberk/result.hpp"
#include "mesh/messages.hpp"
#include "replica/messages.hpp"

namespace hauberk::wire {

/// Everything that can stand in a frame.
using message = std::variant<mesh::hello, mesh::welcome, mesh::goodbye, mesh::peers, mesh::visitor_request,
                             mesh::visitor_answer, mesh::link_report, mesh::member_report, mesh::lists,
                             mesh::list_request, mesh::list_answer, replica::envelope>;

enum class algorithm : std::uint8_t { none, lz4, zstd };
struct compression {
  algorithm how = algorithm::none;
  int level = 0;                ///< zstd 1..19, 0 = the library's default
  std::size_t threshold = 512;  ///< payloads below this many bytes go as they are

  bool operator==(const compression&) const = default;
};

/// A frame ready to be written to any number of links: the head once, the payload by reference.
struct encoded {
  base::buffer head;                  ///< 0x0A, length, head fields, payload tag and length
  std::vector<base::buffer> payload;  ///< the payload's pieces, in order
  std::size_t bytes = 0;              ///< of all of it
  bool is_bulk = false;               ///< data and fetched: control may overtake it
};

/// Never fails for what `replica` and `mesh` produce within `base::limits`; beyond them it is our bug and
/// aborts. But texts for people, and the lists of links and peers, which are hints, are cut to their limit.
[[nodiscard]] std::shared_ptr<const encoded> encode(const message& what, const compression& how = {});
[[nodiscard]] std::shared_ptr<const encoded> encode(const replica::envelope& what,
                                                    const compression& how = {});

/// Parses one frame without its 0x0A and length: `frame` is exactly the Frame. Payload slices share its
/// block, but payloads below `copied_bytes_most` together get a block of their own: a few bytes kept for a
/// long time must not keep a whole receive block. Every bound of `base::limits` is checked; decompression is
/// bounded by them too.
inline constexpr std::size_t copied_bytes_most = 4096;
[[nodiscard]] result<message> decode(const base::buffer& frame);

/// The longest frame that `base::limits` allow, without its 0x0A and length.
inline constexpr std::size_t frame_bytes_most =
    base::limits::frame_head_bytes_max + base::limits::frame_payload_bytes_max + 16;

/// Cuts a byte stream into frames: one receive block is filled by many reads, frames are parsed in place, and
/// only a frame that straddles the end of a block is moved (to the front of the next).
class reader {
 public:
  explicit reader(std::size_t block_bytes = 256 * 1024);
  reader(reader&&) noexcept;
  reader& operator=(reader&&) noexcept;
  ~reader();

  /// From the next frame and the next block on: frames longer than this are an error (at first only
  /// `base::limits` bound them), and blocks have this size.
  void limit(std::size_t frame_bytes_max, std::size_t block_bytes = 256 * 1024) {
    frame_bytes_max_ = frame_bytes_max;
    block_bytes_ = block_bytes;
  }
  /// Where plaintext goes next; never empty. Grows with what was received, never with what was announced.
  [[nodiscard]] std::span<std::byte> space();
  void filled(std::size_t bytes);
  /// The next whole frame, if there is one: nothing = more bytes are needed. An error is final.
  [[nodiscard]] result<std::optional<base::buffer>> next();

 private:
  base::block* block_ = nullptr;
  std::size_t block_bytes_ = 0, begin_ = 0, end_ = 0;
  std::size_t frame_bytes_max_ = frame_bytes_most;
  std::size_t wanted_ = 0;  ///< of the frame begun at `begin_`, prefix included; 0 = not known yet
};

}  // namespace hauberk::wire
