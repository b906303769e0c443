// One primary: nobody believes to be primary while another has delivered a view without it; and an epoch
// has one leader, ever.
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class single_primary final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "single_primary"; }

  void handle_step(const witness& who, const replica::status& now) override {
    if (now.as == replica::role::leader) {
      const auto [first, is_new] = leaders_.try_emplace(now.epoch, who.id);
      if (!is_new && first->second != who.id) {
        fail(who.name + " leads epoch " + std::to_string(now.epoch) + ", which " +
             seen_.find(first->second)->name + " led already");
      }
    }
    // A pair can go wrong only when one of the two changes, and we look at every change of either.
    if (!now.primary || (who.status.primary && who.status.delivered == now.delivered)) return;
    for (const auto& other : seen_.processes) {
      if (&other == &who || !other.is_alive || other.is_paused || !other.status.primary) continue;
      judge(who, now.self, other);
      judge(other, other.status.self, who);
    }
  }

 private:
  void judge(const witness& excluded, const seat_id& seat, const witness& by) const {
    if (!by.view || by.view->find(seat) != nullptr) return;
    if (seen_.forced.contains(excluded.history)) return;                    // an operator made two of them
    if (excluded.view && excluded.view->number >= by.view->number) return;  // `by` is the one that is behind
    if (seat.is_nil() || !excluded.view) return;
    fail(excluded.name + " believes to be primary in view " + std::to_string(excluded.view->number) +
         ", but " + by.name + " delivered view " + std::to_string(by.view->number) + " without it");
  }

  std::map<base::epoch_t, uuid> leaders_;
};

}  // namespace

std::unique_ptr<oracle> make_single_primary(const chronicle& seen) {
  return std::make_unique<single_primary>(seen);
}

}  // namespace hauberk::simulator
