// Integrity: what is delivered was broadcast by that sender, with those bytes, and stands at one position
// only; and the sender's seat is a member of the view in force there.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class integrity final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "integrity"; }

  // That the bytes were broadcast, and once, is judged where the record is made (`record_keeper`): only a
  // message that can be told apart gets into the history at all.

  void handle_end() override {
    replica::view_ptr in_force;
    for (position_t where = 1; where <= seen_.newest(); ++where) {
      const entry& at = *seen_.at(where);
      if (at.view) in_force = at.view;
      if (at.what != kind::message) continue;
      if (!in_force) fail("a message stands at " + std::to_string(where) + ", before any view");
      if (in_force->find(at.sender) == nullptr) {
        fail("the sender " + base::to_string(at.sender) + " of position " + std::to_string(where) +
             " is no member of view " + std::to_string(in_force->number));
      }
    }
  }
};

}  // namespace

std::unique_ptr<oracle> make_integrity(const chronicle& seen) { return std::make_unique<integrity>(seen); }

}  // namespace hauberk::simulator
