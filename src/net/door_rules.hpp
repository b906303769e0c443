// What strangers may cost, and how many were turned away.
#pragma once

#include <cstdint>
#include <memory>

#include "net/allow_list.hpp"

namespace hauberk::net {

struct door_rules {
  unsigned pending_max = 64, pending_per_address_max = 8;  ///< inbound links not yet up
  std::shared_ptr<const allow_list> allowed;               ///< null = everybody
};

/// Connections that were closed before a word was said.
struct turned_away {
  std::uint64_t not_allowed = 0, crowded = 0;  ///< `crowded` is also who came too often
};

}  // namespace hauberk::net
