// The top level of a frame, read before anything in it is parsed: where its head ends, where its payload
// lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hauberk/result.hpp"

namespace hauberk::wire {

/// What the top level of a frame says before anything in it is parsed.
struct outline {
  std::size_t head_bytes = 0;  ///< up to the payload's tag
  std::size_t payload_offset = 0, payload_bytes = 0;
  std::uint32_t kind = 0;
};

/// Reads the outline of a whole frame. Errors: refused (a field that does not fit, two kinds, bytes after the
/// payload).
[[nodiscard]] result<outline> scan(std::span<const std::byte> frame);

}  // namespace hauberk::wire
