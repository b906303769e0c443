#include "simulator/codec_check.hpp"

#include <algorithm>
#include <cstring>

#include "wire/codec.hpp"

namespace hauberk::simulator {

message_ptr through_codec(const message_ptr& message) {
  const auto frame = wire::encode(*message);
  wire::reader reader;
  const auto feed = [&](std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto space = reader.space();
      const std::size_t size = std::min(space.size(), bytes.size());
      std::memcpy(space.data(), bytes.data(), size);
      reader.filled(size);
      bytes = bytes.subspan(size);
    }
  };
  feed(frame->head.bytes());
  for (const auto& piece : frame->payload) feed(piece.bytes());
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

}  // namespace hauberk::simulator
