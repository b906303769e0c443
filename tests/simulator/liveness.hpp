// Liveness: once the faults have stopped for a connected quorum, a primary stands soon, every broadcast of a
// live process ends, everybody gets to the same position, and new broadcasts commit. Then comes the calm:
// while nothing disturbs the group but one that leaves and comes back, no broadcast waits long (starvation,
// deadlock).
#pragma once

#include <string>
#include <vector>

#include "simulator/operator.hpp"
#include "simulator/simulation.hpp"
#include "simulator/workload.hpp"

namespace hauberk::simulator {

class liveness {
 public:
  /// Judges the machines that are not abandoned, from now on.
  liveness(simulation& group, const profile& drawn, operator_in_charge& staff, workload& load);

  /// Looks again; throws `violation` when it took too long. True when there is nothing left to wait for.
  bool check();

 private:
  void wait_for_leader();
  [[nodiscard]] bool has_leader();
  [[nodiscard]] bool has_founder();
  [[nodiscard]] bool is_anybody_missing();
  /// Everybody that is not given up runs and has a link with everybody else, seen from both ends.
  [[nodiscard]] bool is_connected();
  /// P12: from when they are connected, a primary within three suspect timeouts and two round trips.
  void judge_failover();
  /// What is still missing; empty when the group has settled.
  [[nodiscard]] std::string complaint();
  [[nodiscard]] duration round_trip() const { return (drawn_.calm.delay_max + drawn_.calm.jitter) * 2; }
  void begin_calm();
  [[nodiscard]] bool probe();
  void wait_at_most(duration span) { deadline_ = group_.time().now() + span; }
  [[noreturn]] void fail(const std::string& text);

  enum class stage { leader, working, settling, calm, probing, settling_again };

  simulation& group_;
  const profile& drawn_;
  operator_in_charge& staff_;
  workload& load_;
  stage stage_ = stage::leader;
  time_point healed_, deadline_, connected_ = base::never;
};

}  // namespace hauberk::simulator
