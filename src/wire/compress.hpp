// Payload compression, done once for all peers and before TLS. Only payloads are compressed, never heads.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "wire/codec.hpp"

namespace hauberk::wire {

/// `pieces`, `bytes` long together, as one compressed block; nothing when that saves less than an eighth.
[[nodiscard]] std::optional<base::buffer> compress(std::span<const base::buffer> pieces, std::size_t bytes,
                                                   const compression& how);

/// The inverse; nothing when `packed` does not hold exactly `bytes`. Never writes more than that.
[[nodiscard]] std::optional<base::buffer> decompress(algorithm how, std::span<const std::byte> packed,
                                                     std::size_t bytes);

}  // namespace hauberk::wire
