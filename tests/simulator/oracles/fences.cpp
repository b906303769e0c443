// Fences: the answer covers everything that anybody had delivered before the question.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class fences final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "fences"; }

  void handle_fence(const witness& who, const replica::fence_event& told) override {
    const auto asked = who.fences.find(told.id);
    if (asked == who.fences.end()) fail(who.name + " gets an answer to a fence that it did not ask for");
    // A re-formed group may go on behind what was delivered before; whose first view nobody has delivered
    // yet.
    if (told.position < asked->second && who.history == seen_.history) {
      fail(who.name + "'s fence is answered with " + std::to_string(told.position) + ", but " +
           std::to_string(asked->second) + " was delivered before it asked");
    }
  }
};

}  // namespace

std::unique_ptr<oracle> make_fences(const chronicle& seen) { return std::make_unique<fences>(seen); }

}  // namespace hauberk::simulator
