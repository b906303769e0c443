#include "base/ids.hpp"

#include <charconv>

namespace hauberk {

std::string to_string(const uuid& id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[id.bytes[i] >> 4];
    text += digits[id.bytes[i] & 15];
  }
  return text;
}

std::optional<uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    const char* end = text.data() + at + 2;
    const auto [stop, problem] = std::from_chars(text.data() + at, end, id.bytes[i], 16);
    if (problem != std::errc{} || stop != end) return std::nullopt;
    at += 2;
  }
  return id;
}

namespace base {

std::string to_string(const seat_id& seat) {
  return hauberk::to_string(seat.process).substr(0, 8) + "." + std::to_string(seat.number);
}

}  // namespace base
}  // namespace hauberk
