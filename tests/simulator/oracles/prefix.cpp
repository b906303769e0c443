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
    // An arbitrator needs nothing from before the view that takes it in.
    if (who.is_arbitrator && what.view && where > who.next) return;
    if (where != who.next) {
      fail(who.name + " delivers position " + std::to_string(where) + ", expected " +
           std::to_string(who.next) + " (recovered " + std::to_string(who.recovered.position) + ")");
    }
  }
};

}  // namespace

std::unique_ptr<oracle> make_prefix(const chronicle& seen) { return std::make_unique<prefix>(seen); }

}  // namespace hauberk::simulator
