// Deadlock: in the calm a leader that has stopped ordering, for a view or for a handover, goes on well within
// the patience while anybody waits; and nobody asks its application to wait (`is_throttled`) while nothing
// moves that could ever end it.
#include <algorithm>
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class deadlock final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "deadlock"; }

  void handle_calm(duration patience) override { patience_ = patience; }

  void handle_step(const witness& who, const replica::status& now) override {
    if (patience_ == duration{}) return;
    judge_throttle(who, now);
    judge_pause(who, now);
  }

 private:
  struct mark {
    time_point since{};
    replica::epoch_t epoch = 0;
    position_t at = 0;

    bool operator==(const mark&) const = default;
  };

  /// How long nothing has moved.
  duration stands_for(std::map<uuid, mark>& all, const uuid& who, replica::epoch_t epoch, position_t at) {
    mark& known = all.try_emplace(who, seen_.now, epoch, at).first->second;
    if (known.epoch != epoch || known.at != at) known = {seen_.now, epoch, at};
    return seen_.now - known.since;
  }

  void judge_throttle(const witness& who, const replica::status& now) {
    if (!now.is_throttled || !now.primary) {
      throttled_.erase(who.id);
      return;
    }
    // What would free its window: something becomes stable, or its application takes something.
    const duration span = stands_for(throttled_, who.id, 0, now.stable + now.delivered);
    if (span <= patience_) return;
    fail(who.name + " has been throttled for " + std::to_string(span / 1ms) +
         " ms, and nothing moves that would end it");
  }

  void judge_pause(const witness& who, const replica::status& now) {
    // What somebody has delivered is ordered: its sender waits for that to reach it, not for the leader.
    const auto waits = [&](const witness& one) {
      return one.is_alive && !one.is_paused && one.status.primary && one.open != 0 &&
             one.broadcasts.back().position == 0;
    };
    if (now.as != replica::role::leader || !now.primary || std::ranges::none_of(seen_.processes, waits)) {
      paused_.erase(who.id);
      return;
    }
    const duration span = stands_for(paused_, who.id, now.epoch, now.log_end);
    if (span <= patience_ * 2 / 3) return;
    fail(who.name + " leads and has ordered nothing for " + std::to_string(span / 1ms) +
         " ms, though broadcasts wait");
  }

  duration patience_{};
  std::map<uuid, mark> throttled_, paused_;
};

}  // namespace

std::unique_ptr<oracle> make_deadlock(const chronicle& seen) { return std::make_unique<deadlock>(seen); }

}  // namespace hauberk::simulator
