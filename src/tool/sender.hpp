// Broadcasts what a source gives, with back-pressure: a payload that is not accepted now is offered again
// until it is, so each is broadcast exactly once.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "hauberk/group.hpp"
#include "tool/source.hpp"
#include "tool/stop.hpp"

namespace hauberk::tool {

struct sent {
  std::uint64_t accepted = 0;
  std::uint64_t given_up = 0;  ///< read, but the stop or the end of the group came first
};

/// Runs until the source ends, `until` is requested or the group is closed. Errors: those of the source,
/// and of `broadcast` but for those that waiting cures.
result<sent> send_all(group& to, source& from, const stop& until,
                      const std::function<void(log_level, std::string_view)>& say);

}  // namespace hauberk::tool
