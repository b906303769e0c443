#include "wire/outline.hpp"

#include <optional>
#include <string>

#include "wire/bounds.hpp"
#include "wire/varint.hpp"

namespace hauberk::wire {
namespace {

error refused(std::string text) { return {errc::refused, std::move(text)}; }

constexpr std::uint32_t varint_wire = 0, fixed64_wire = 1, bytes_wire = 2, fixed32_wire = 5;

/// The bytes that a field's value takes at the front of `from`, with its length in front if it has one.
std::optional<std::size_t> value_bytes(std::uint32_t wire, std::span<const std::byte> from) {
  std::size_t size = 0;
  if (wire == fixed64_wire) {
    size = 8;
  } else if (wire == fixed32_wire) {
    size = 4;
  } else if (wire == varint_wire || wire == bytes_wire) {
    const auto number = read_varint(from);
    if (!number || number->bytes == 0) return std::nullopt;
    size = number->bytes;
    if (wire == bytes_wire) {
      if (number->value > from.size() - size) return std::nullopt;
      size += static_cast<std::size_t>(number->value);
    }
  } else {
    return std::nullopt;
  }
  return size <= from.size() ? std::optional(size) : std::nullopt;
}

}  // namespace

result<outline> scan(std::span<const std::byte> frame) {
  outline found;
  for (std::size_t at = 0; at < frame.size();) {
    const auto broken = [&] {
      return refused("a whole field is expected at byte " + std::to_string(at) + " of a frame of " +
                     std::to_string(frame.size()) + " bytes");
    };
    const auto tag = read_varint(frame.subspan(at));
    if (!tag || tag->bytes == 0 || tag->value > 0xffffffffU || tag->value < 8) return broken();
    const auto number = static_cast<std::uint32_t>(tag->value >> 3);
    const auto wire = static_cast<std::uint32_t>(tag->value & 7);
    const std::size_t value_at = at + tag->bytes;
    const auto size = value_bytes(wire, frame.subspan(value_at));
    if (!size) return broken();
    if (number == payload_field) {
      if (wire != bytes_wire) return broken();
      if (value_at + *size != frame.size()) {
        return refused("the payload is expected to be the last field of a frame, got " +
                       std::to_string(frame.size() - value_at - *size) + " more bytes");
      }
      found.payload_bytes = static_cast<std::size_t>(read_varint(frame.subspan(value_at))->value);
      found.payload_offset = frame.size() - found.payload_bytes;
      found.head_bytes = at;
      return found;
    }
    if (number >= kind_first && number <= kind_last) {
      if (wire != bytes_wire) return broken();
      if (found.kind != 0) {
        return refused("a frame has one kind, got kinds " + std::to_string(found.kind) + " and " +
                       std::to_string(number));
      }
      found.kind = number;
    }
    at = value_at + *size;
    found.head_bytes = at;
  }
  return found;
}

}  // namespace hauberk::wire
