#include "simulator/codec_check.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "wire/codec.hpp"

namespace hauberk::simulator {
namespace {

void feed(wire::reader& reader, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto space = reader.space();
    const std::size_t size = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), size);
    reader.filled(size);
    bytes = bytes.subspan(size);
  }
}

}  // namespace

message_ptr through_codec(const message_ptr& message) {
  wire::reader reader;
  feed(reader, bytes_of(*message));
  const auto cut = reader.next();
  if (!cut) throw violation("codec", "our own frame is refused: " + cut.error().text);
  if (!*cut) throw violation("codec", "our own frame is not whole");
  auto back = wire::decode(**cut);
  if (!back) throw violation("codec", "our own frame does not decode: " + back.error().text);
  auto* envelope = std::get_if<replica::envelope>(&*back);
  if (envelope == nullptr || !(*envelope == *message)) {
    throw violation("codec", "a message changed on the way through the codec");
  }
  return std::make_shared<const replica::envelope>(std::move(*envelope));
}

std::vector<std::byte> bytes_of(const replica::envelope& message) {
  const auto frame = wire::encode(message);
  std::vector<std::byte> all(frame->head.bytes().begin(), frame->head.bytes().end());
  for (const auto& piece : frame->payload) all.insert(all.end(), piece.bytes().begin(), piece.bytes().end());
  return all;
}

message_ptr from_bytes(const std::vector<std::byte>& bytes) {
  wire::reader reader;
  feed(reader, bytes);
  const auto cut = reader.next();
  if (!cut || !*cut) return nullptr;
  auto back = wire::decode(**cut);
  auto* envelope = back ? std::get_if<replica::envelope>(&*back) : nullptr;
  return envelope == nullptr ? nullptr : std::make_shared<const replica::envelope>(std::move(*envelope));
}

void cut_in_frame(const std::vector<message_ptr>& before, const message_ptr& last, base::random& chance) {
  std::vector<std::byte> bytes;
  for (const auto& each : before) {
    const auto frame = bytes_of(*each);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  const auto broken = bytes_of(*last);
  bytes.insert(bytes.end(), broken.begin(),
               broken.begin() + static_cast<std::ptrdiff_t>(chance.below(broken.size())));
  wire::reader reader;
  std::size_t whole = 0;
  for (std::span<const std::byte> rest = bytes; !rest.empty();) {
    const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + chance.below(2000));
    feed(reader, rest.first(piece));
    rest = rest.subspan(piece);
    while (true) {
      const auto cut = reader.next();
      if (!cut) throw violation("codec", "a stream cut in the middle is refused: " + cut.error().text);
      if (!*cut) break;
      const auto back = wire::decode(**cut);
      const auto* envelope = back ? std::get_if<replica::envelope>(&*back) : nullptr;
      if (whole == before.size()) throw violation("codec", "half a frame counts for a whole one");
      if (envelope == nullptr || !(*envelope == *before[whole])) {
        throw violation("codec", "a frame before the cut is not what was sent");
      }
      ++whole;
    }
  }
  if (whole != before.size()) throw violation("codec", "a whole frame before the cut is missing");
}

}  // namespace hauberk::simulator
