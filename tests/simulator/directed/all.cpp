// The list of the directed scenarios, and the group that each one needs.
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

template <std::size_t machines>
cast plain(base::random& /*chance*/) {
  return ordinary(machines);
}

/// Frames arrive one after the other, not in one go.
template <std::size_t machines>
cast thin_wires(base::random& chance) {
  cast who = ordinary(machines);
  who.air.bytes_per_second = 200000 + chance.below(200000);
  who.air.kernel_bytes = 16U << 10U;
  return who;
}

}  // namespace

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all = {
      {"pending_reaches_only_joiners", pending_reaches_only_joiners, plain<4>},
      {"pending_counts_for_the_old", pending_counts_for_the_old, plain<4>},
      {"joiners_do_not_count", joiners_do_not_count, plain<4>},
      {"longer_older_tail", longer_older_tail, plain<3>},
      {"old_entry_held_by_many", old_entry_held_by_many, thin_wires<5>},
      {"payload_after_the_vote", payload_after_the_vote, thin_wires<3>},
      {"crash_while_a_view_is_pending", crash_while_a_view_is_pending, plain<4>},
      {"majority_dies_while_a_view_is_pending", majority_dies_while_a_view_is_pending, plain<4>},
  };
  return all;
}

}  // namespace hauberk::simulator::directed
