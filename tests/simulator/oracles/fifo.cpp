// FIFO: the broadcasts of one seat stand in the history in the order they were made, none left out.
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class fifo final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "fifo"; }

  void handle_delivered(const witness& /*who*/, position_t where, const entry& what, const entry& /*known*/,
                        bool is_first) override {
    if (!is_first || what.what != kind::message) return;
    auto& last = last_[what.sender.process];
    const std::string which = seen_.find(what.sender.process)->name + "'s broadcast " +
                              std::to_string(what.index) + " at " + std::to_string(where);
    if (last.seat == what.sender.number && what.index != last.next) {
      fail(which + " should be " + std::to_string(last.next) + " of seat " + base::to_string(what.sender));
    }
    if (what.index < last.next) fail(which + " comes after a later one");
    if (last.seat > what.sender.number) {
      fail(which + " is of an earlier seat than the one before");
    }
    last = {what.sender.number, what.index + 1};
  }

  void handle_fork(position_t /*shared*/) override {
    last_.clear();
    for (const entry& each : seen_.log) {
      if (each.what == kind::message) last_[each.sender.process] = {each.sender.number, each.index + 1};
    }
  }

 private:
  struct place {
    std::uint32_t seat = 0;
    std::size_t next = 0;
  };
  std::map<uuid, place> last_;
};

}  // namespace

std::unique_ptr<oracle> make_fifo(const chronicle& seen) { return std::make_unique<fifo>(seen); }

}  // namespace hauberk::simulator
