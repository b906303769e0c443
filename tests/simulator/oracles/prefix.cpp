// Prefix: what a process delivers is a run of positions without a gap, from right after what its
// application had recovered. (An arbitrator, which has no application, begins anew with each seat.)
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class prefix final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "prefix"; }

  void handle_delivered(const witness& who, position_t where, const entry& what, const entry& /*known*/,
                        bool /*is_first*/) override {
    // An arbitrator needs nothing from before the view that takes it in; which may stand before where it was
    // in a history that is over.
    const bool is_other = who.view && what.view && who.view->history != what.view->history;
    if (who.is_arbitrator && what.view && (where > who.next || is_other)) return;
    if (where != who.next) {
      fail(who.name + " delivers position " + std::to_string(where) + ", expected " +
           std::to_string(who.next) + " (recovered " + std::to_string(who.recovered.position) + ")");
    }
  }
};

}  // namespace

std::unique_ptr<oracle> make_prefix(const chronicle& seen) { return std::make_unique<prefix>(seen); }

}  // namespace hauberk::simulator
