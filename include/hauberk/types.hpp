// The names of things that travel through the public face.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hauberk {

/// 128 bits that name a process or a history. All zero means "none".
struct uuid {
  std::array<std::uint8_t, 16> bytes{};

  // By bytes, the first counting most; as two words, because ids are compared all the time.
  bool operator==(const uuid& other) const noexcept {
    return half(0) == other.half(0) && half(8) == other.half(8);
  }
  std::strong_ordering operator<=>(const uuid& other) const noexcept {
    const auto first = half(0) <=> other.half(0);
    return first != 0 ? first : half(8) <=> other.half(8);
  }
  [[nodiscard]] bool is_nil() const noexcept { return *this == uuid{}; }

 private:
  [[nodiscard]] std::uint64_t half(std::size_t from) const noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + from, sizeof word);
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
  }
};

/// Lower-case 8-4-4-4-12 form (RFC 9562 §4).
[[nodiscard]] std::string to_string(const uuid& id);
/// The inverse of `to_string`; nothing when `text` is not of that form.
[[nodiscard]] std::optional<uuid> parse_uuid(std::string_view text);

/// Index of an entry in a history; the first is 1, 0 means "before everything".
using position_t = std::uint64_t;

/// What an application made durable: it has applied everything up to `position` of `history`.
struct recovered_position {
  uuid history;
  position_t position = 0;

  auto operator<=>(const recovered_position&) const = default;
};

}  // namespace hauberk

template <>
struct std::hash<hauberk::uuid> {
  std::size_t operator()(const hauberk::uuid& id) const noexcept {
    std::size_t mixed = 0;  // the ids are random: any eight of their bytes are a hash
    for (std::size_t i = 0; i < sizeof mixed; ++i) mixed = mixed << 8 | id.bytes[i];
    return mixed;
  }
};
