// Quorum: when something is delivered for the first time, members with more than half of the weight of the
// view in force hold it; for a view entry, of the new view as well. A plain comparison of what is delivered
// finds an early commit only when the few who hold it are lost: this one finds it at once.
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class quorum final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "quorum"; }

  void handle_step(const witness& /*who*/, const replica::status& now) override {
    held_[now.self] = now.held;
  }

  void handle_fork(position_t /*shared*/) override { in_force_.reset(); }

  void handle_crash(const witness& /*who*/, const replica::status& last) override {
    held_[last.self] = last.held;
  }

  void handle_delivered(const witness& who, position_t where, const entry& what, const entry& /*known*/,
                        bool is_first) override {
    // What the founder of a new history holds is committed by that alone, and so is its first view.
    if (!is_first || who.history != seen_.history) return;
    if (what.view && what.view->history != seen_.history) return;
    // An arbitrator may be the first to deliver, and others later what stands before that.
    const bool is_late = in_force_ && in_force_->history == seen_.history && where < in_force_at_;
    if (in_force_ && !is_late) judge(*in_force_, who, where);
    if (!what.view) return;
    judge(*what.view, who, where);
    if (is_late) return;
    in_force_ = what.view;
    in_force_at_ = where;
  }

 private:
  // A seat holds what it held when it was last seen. What its process holds in another stay, or what its
  // successor holds, counts for nothing.
  void judge(const replica::view& view, const witness& by, position_t where) const {
    std::uint32_t holding = 0, dead = 0;
    for (const auto& member : view.members) {
      const auto held = held_.find(member.seat);
      if (member.seat.process == by.id || (held != held_.end() && held->second >= where)) {
        holding += member.weight;
      } else if (seen_.succeeded.contains(member.seat)) {
        dead += member.weight;
      }
    }
    const std::uint32_t total = view.total_weight();
    if (2 * holding > total || (2 * holding == total && holding + dead == total)) return;
    fail(by.name + " delivers position " + std::to_string(where) + ", which members with " +
         std::to_string(holding) + " of " + std::to_string(total) + " votes of view " +
         std::to_string(view.number) + " hold" +
         (dead == 0 ? "" : "; " + std::to_string(dead) + " belong to members that are proven dead"));
  }

  std::map<seat_id, position_t> held_;
  replica::view_ptr in_force_;
  position_t in_force_at_ = 0;
};

}  // namespace

std::unique_ptr<oracle> make_quorum(const chronicle& seen) { return std::make_unique<quorum>(seen); }

}  // namespace hauberk::simulator
