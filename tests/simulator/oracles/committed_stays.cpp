// Committed stays: the leader of the newest epoch has everything in its log that anybody ever delivered.
// (That it is the same is agreement's matter.)
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class committed_stays final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "committed_stays"; }

  void handle_step(const witness& who, const replica::status& now) override {
    // A founder's application may not have come to its first view yet.
    if (now.as != replica::role::leader || now.epoch < newest_ || now.history != seen_.history) return;
    newest_ = now.epoch;
    if (now.log_end < seen_.newest()) {
      fail(who.name + " leads epoch " + std::to_string(now.epoch) + " with a log up to " +
           std::to_string(now.log_end) + ", but " + std::to_string(seen_.newest()) + " was delivered");
    }
  }

 private:
  base::epoch_t newest_ = 0;
};

}  // namespace

std::unique_ptr<oracle> make_committed_stays(const chronicle& seen) {
  return std::make_unique<committed_stays>(seen);
}

}  // namespace hauberk::simulator
