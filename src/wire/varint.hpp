// Protobuf's variable-length integers, for the few bytes of a frame that we read and write by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hauberk::wire {

[[nodiscard]] constexpr std::size_t varint_bytes(std::uint64_t value) {
  std::size_t count = 1;
  for (; value >= 0x80; value >>= 7) ++count;
  return count;
}

[[nodiscard]] inline std::byte* write_varint(std::byte* into, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *into++ = std::byte(value | 0x80);
  *into++ = std::byte(value);
  return into;
}

struct varint {
  std::uint64_t value = 0;
  std::size_t bytes = 0;  ///< that it took; 0 = it does not end within what was given
};

/// Reads at most ten bytes from the front of `from`; nothing when it does not fit in 64 bits.
[[nodiscard]] inline std::optional<varint> read_varint(std::span<const std::byte> from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto digit = std::to_integer<std::uint64_t>(from[i]);
    if (i == 9 && digit > 1) return std::nullopt;
    value |= (digit & 0x7f) << (7 * i);
    if (digit < 0x80) return varint{value, i + 1};
  }
  return varint{};
}

}  // namespace hauberk::wire
