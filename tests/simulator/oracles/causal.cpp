// Causal order: what a sender had delivered before it made a broadcast stands before that broadcast.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class causal final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "causal"; }

  void handle_delivered(const witness& /*who*/, position_t where, const entry& what, const entry& /*known*/,
                        bool is_first) override {
    if (!is_first || what.what != kind::message) return;
    const witness& sender = *seen_.find(what.sender.process);
    const position_t after = sender.broadcasts[what.index].after;
    if (where > after) return;
    fail(sender.name + "'s broadcast " + std::to_string(what.index) + " stands at " + std::to_string(where) +
         ", but it was made after its sender had delivered " + std::to_string(after));
  }
};

}  // namespace

std::unique_ptr<oracle> make_causal(const chronicle& seen) { return std::make_unique<causal>(seen); }

}  // namespace hauberk::simulator
