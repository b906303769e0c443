// The list of all oracles, in the order in which they judge.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {

std::vector<std::unique_ptr<oracle>> make_oracles(const chronicle& seen, const replica::settings& limits) {
  std::vector<std::unique_ptr<oracle>> all;
  all.push_back(make_agreement(seen));
  all.push_back(make_prefix(seen));
  all.push_back(make_integrity(seen));
  all.push_back(make_fifo(seen));
  all.push_back(make_causal(seen));
  all.push_back(make_mesh(seen, limits));
  all.push_back(make_views(seen));
  all.push_back(make_single_primary(seen));
  all.push_back(make_committed_stays(seen));
  all.push_back(make_quorum(seen));
  all.push_back(make_outcome(seen));
  all.push_back(make_fences(seen));
  all.push_back(make_policy(seen));
  all.push_back(make_proposals(seen));
  all.push_back(make_retention(seen));
  all.push_back(make_silence(seen));
  all.push_back(make_starvation(seen));
  all.push_back(make_deadlock(seen));
  all.push_back(make_bounds(seen, limits));
  return all;
}

}  // namespace hauberk::simulator
