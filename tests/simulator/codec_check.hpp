// Messages through the real codec: what a run sends must come out as it went in, what a reset cuts off in the
// middle of a frame must not come out at all, and what a hostile member sends must get past the codec first.
#pragma once

#include <cstddef>
#include <vector>

#include "base/random.hpp"
#include "simulator/network.hpp"

namespace hauberk::simulator {

[[nodiscard]] message_ptr through_codec(const message_ptr& message);

/// The bytes of a frame as they stand on the wire.
[[nodiscard]] std::vector<std::byte> bytes_of(const replica::envelope& message);
/// What a receiver makes of these bytes; nothing when its codec refuses them, or waits for more.
[[nodiscard]] message_ptr from_bytes(const std::vector<std::byte>& bytes);

/// A reset cuts `last` somewhere in the middle, after all of `before`, in pieces as `chance` will have them.
void cut_in_frame(const std::vector<message_ptr>& before, const message_ptr& last, base::random& chance);

}  // namespace hauberk::simulator
