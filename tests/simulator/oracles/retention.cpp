// Retention: while a member has weight, the others keep what it lacks: it is never sent away for a full
// transfer. Only who has no weight, or is out, may find that the history has moved on without it; or who has
// not yet reached the view that gave it its weight.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class retention final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "retention"; }

  void handle_delivered(const witness& /*who*/, position_t /*where*/, const entry& what,
                        const entry& /*known*/, bool is_first) override {
    if (is_first && what.view) in_force_ = what.view;
  }

  void handle_proposed(const witness& /*leader*/, const replica::view& what) override {
    if (what.number > proposed_.number) proposed_ = what;
  }

  void handle_farewell(const witness& who, const replica::farewell_event& told) override {
    if (told.reason != errc::state_transfer_needed || !in_force_) return;
    const auto* member = in_force_->find(who.status.self);
    if (member == nullptr || member->weight == 0) return;
    // A view that takes its weight frees the window from when it stands in a log.
    const auto* next = proposed_.find(who.status.self);
    if (next == nullptr || next->weight == 0) return;
    fail(who.name + " has weight in view " + std::to_string(in_force_->number) +
         ", but nobody keeps what it lacks: " + told.text);
  }

 private:
  replica::view_ptr in_force_;
  replica::view proposed_;
};

}  // namespace

std::unique_ptr<oracle> make_retention(const chronicle& seen) { return std::make_unique<retention>(seen); }

}  // namespace hauberk::simulator
