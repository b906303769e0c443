// Sends a message through the real codec and back, as the wire would: what comes out must be equal.
#pragma once

#include "simulator/network.hpp"

namespace hauberk::simulator {

[[nodiscard]] message_ptr through_codec(const message_ptr& message);

}  // namespace hauberk::simulator
