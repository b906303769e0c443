// The frame reader and the codec on any bytes: as a stream in slices, and as one frame. What is decoded is
// encoded again, to the same message; what is refused is refused in one line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "wire/codec.hpp"

namespace {

namespace wire = hauberk::wire;
using hauberk::base::buffer;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_error(const hauberk::error& why) {
  require(!why.text.empty() && why.text.find('\n') == std::string::npos);
}

/// A frame without its 0x0A and length.
buffer inner(const wire::encoded& frame) {
  std::string all(frame.head.text());
  for (const auto& piece : frame.payload) all += piece.text();
  require(all.size() == frame.bytes);
  std::size_t at = 1;
  while ((static_cast<unsigned char>(all[at]) & 0x80U) != 0) ++at;
  return buffer::copy(std::string_view(all).substr(at + 1));
}

void check_frame(const buffer& frame) {
  const auto what = wire::decode(frame);
  if (!what) return check_error(what.error());
  const wire::compression ways[] = {{}, {wire::algorithm::lz4, 0, 1}, {wire::algorithm::zstd, 1, 1}};
  const auto again = wire::decode(inner(*wire::encode(*what, ways[frame.size() % 3])));
  require(again && *again == *what);
}

void check_stream(std::span<const std::uint8_t> bytes, std::size_t slice) {
  wire::reader from(64);
  while (!bytes.empty()) {
    const auto space = from.space();
    require(!space.empty());
    const std::size_t count = std::min({space.size(), bytes.size(), slice});
    std::copy_n(bytes.begin(), count, reinterpret_cast<std::uint8_t*>(space.data()));
    from.filled(count);
    bytes = bytes.subspan(count);
    for (;;) {
      const auto frame = from.next();
      if (!frame) return check_error(frame.error());
      if (!*frame) break;
      check_frame(**frame);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  check_stream(bytes, 1 + data[0]);
  check_frame(buffer::copy(std::as_bytes(bytes)));
  return 0;
}
