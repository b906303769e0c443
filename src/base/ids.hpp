// Names that only the group's protocol uses.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "hauberk/types.hpp"

namespace hauberk::base {

/// A leader's term. 0 = none yet.
using epoch_t = std::uint64_t;
/// Numbers the broadcasts of one seat; the first is 1.
using sequence_t = std::uint64_t;

/// A stay of a process in the group: a random process id, and a number that grows with every join, rejoin
/// or return after removal. Votes, holdings, dedupe and suspicion belong to a seat and never outlive it.
struct seat_id {
  uuid process;
  std::uint32_t number = 0;

  auto operator<=>(const seat_id&) const = default;
  [[nodiscard]] bool is_nil() const { return process.is_nil(); }
};

/// First eight hex digits of the process, a dot, the seat number: for logs.
[[nodiscard]] std::string to_string(const seat_id& seat);

}  // namespace hauberk::base
