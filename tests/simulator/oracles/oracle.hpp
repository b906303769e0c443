// What every judge can watch. Each oracle stands for one promise and overrides what it needs; it throws
// `violation` when the promise is broken.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "simulator/chronicle.hpp"

namespace hauberk::simulator {

class oracle {
 public:
  explicit oracle(const chronicle& seen) : seen_(seen) {}
  oracle(const oracle&) = delete;
  oracle& operator=(const oracle&) = delete;
  virtual ~oracle() = default;

  [[nodiscard]] virtual const char* name() const = 0;

  /// `what` was delivered at `where`; `known` is what the history says there (the same, if this is the
  /// first).
  virtual void handle_delivered(const witness& /*who*/, position_t /*where*/, const entry& /*what*/,
                                const entry& /*known*/, bool /*is_first*/) {}
  /// A message of this process came back to it, with its ticket.
  virtual void handle_own(const witness& /*who*/, std::uint64_t /*ticket*/, position_t /*where*/) {}
  virtual void handle_outcome(const witness& /*who*/, const replica::outcome_event& /*told*/) {}
  virtual void handle_fence(const witness& /*who*/, const replica::fence_event& /*told*/) {}
  /// A view event without a position: primary lost or resumed.
  virtual void handle_news(const witness& /*who*/, const replica::view_event& /*told*/) {}
  virtual void handle_farewell(const witness& /*who*/, const replica::farewell_event& /*told*/) {}
  /// A leader put this view into its log.
  virtual void handle_proposed(const witness& /*leader*/, const replica::view& /*what*/) {}
  /// It died: what it was then, perhaps in the middle of a step.
  virtual void handle_crash(const witness& /*who*/, const replica::status& /*last*/) {}
  /// After every step of a process; `who.status` is still the one before.
  virtual void handle_step(const witness& /*who*/, const replica::status& /*now*/) {}
  /// A new history begins: positions up to `shared` are those of the one before, what stood beyond is gone.
  virtual void handle_fork(position_t /*shared*/) {}
  /// From now on nothing disturbs the group: whoever is primary gets on within `patience`.
  virtual void handle_calm(duration /*patience*/) {}
  /// The run is over.
  virtual void handle_end() {}

 protected:
  [[noreturn]] void fail(const std::string& text) const { throw violation(name(), text); }
  const chronicle& seen_;
};

std::unique_ptr<oracle> make_agreement(const chronicle& seen);
std::unique_ptr<oracle> make_prefix(const chronicle& seen);
std::unique_ptr<oracle> make_integrity(const chronicle& seen);
std::unique_ptr<oracle> make_fifo(const chronicle& seen);
std::unique_ptr<oracle> make_causal(const chronicle& seen);
std::unique_ptr<oracle> make_mesh(const chronicle& seen, const replica::settings& limits);
std::unique_ptr<oracle> make_views(const chronicle& seen);
std::unique_ptr<oracle> make_single_primary(const chronicle& seen);
std::unique_ptr<oracle> make_committed_stays(const chronicle& seen);
std::unique_ptr<oracle> make_quorum(const chronicle& seen);
std::unique_ptr<oracle> make_outcome(const chronicle& seen);
std::unique_ptr<oracle> make_fences(const chronicle& seen);
std::unique_ptr<oracle> make_policy(const chronicle& seen);
std::unique_ptr<oracle> make_proposals(const chronicle& seen);
std::unique_ptr<oracle> make_retention(const chronicle& seen);
std::unique_ptr<oracle> make_silence(const chronicle& seen);
std::unique_ptr<oracle> make_starvation(const chronicle& seen);
std::unique_ptr<oracle> make_deadlock(const chronicle& seen);
std::unique_ptr<oracle> make_bounds(const chronicle& seen, const replica::settings& limits);

/// All of the above.
std::vector<std::unique_ptr<oracle>> make_oracles(const chronicle& seen, const replica::settings& limits);

}  // namespace hauberk::simulator
