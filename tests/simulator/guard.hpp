// Which deaths the protocol has to survive: as long as more than half of the weight of every view that may
// count is alive, the group comes back; exactly half is enough when the other half returns with proof of its
// death (PROTOCOL 7). A run that wants to judge liveness asks here before it kills.
#pragma once

#include <set>
#include <vector>

#include "simulator/simulation.hpp"

namespace hauberk::simulator {

/// True when the group stays able to go on without the processes on `gone` (machine indexes). The successors
/// of `proven` seats will prove them dead.
[[nodiscard]] bool can_lose(simulation& group, const std::vector<machine_index>& gone,
                            const std::set<seat_id>& proven);

/// True when all of the view is alive and well, and nobody has asked for a change: a change of the weights
/// now will be made by those who live.
[[nodiscard]] bool is_calm(simulation& group, const replica::view& view);

}  // namespace hauberk::simulator
