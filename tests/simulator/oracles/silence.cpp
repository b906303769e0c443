// Silence: after an application was told that its process is not primary, nothing is delivered to it until it
// is told that it is primary again; unless it leaves, or its stay or its history is over and it catches up
// for the next.
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class silence final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "silence"; }

  void handle_news(const witness& who, const replica::view_event& told) override {
    if (told.primary) {
      cut_off_.erase(who.id);
    } else {
      // An application that is slow hears of it when that stay may be over already.
      const replica::member* mine = told.what ? told.what->find_process(who.id) : nullptr;
      if (mine != nullptr) cut_off_[who.id] = {mine->seat, told.what->history, 0};
    }
  }

  void handle_delivered(const witness& who, position_t where, const entry& what, const entry& /*known*/,
                        bool /*is_first*/) override {
    const auto at = cut_off_.find(who.id);
    if (at == cut_off_.end()) return;
    if (what.what == kind::view) {
      cut_off_.erase(at);  // that it is in, and primary
    } else if (at->second.delivered == 0) {
      at->second.delivered = where;
    }
  }

  void handle_proposed(const witness& /*by*/, const replica::view& made) override {
    for (const auto& gone : made.evicted) evicted_[gone.seat] = made.number;
  }

  // In the same step its stay may have come to an end first: judge when the step is over.
  void handle_step(const witness& who, const replica::status& now) override {
    const auto at = cut_off_.find(who.id);
    if (at == cut_off_.end() || at->second.delivered == 0) return;
    const auto evicted = evicted_.find(now.self);  // knows that it is, and gets the rest before it parts
    const bool is_over = now.self != at->second.seat || now.history != at->second.history || who.is_leaving ||
                         now.as == replica::role::gone ||
                         (evicted != evicted_.end() && now.view_number >= evicted->second);
    if (!is_over) {
      fail(who.name + " delivers position " + std::to_string(at->second.delivered) +
           " after it told that it is not primary");
    }
    cut_off_.erase(at);
  }

 private:
  struct loss {
    seat_id seat;
    uuid history;
    position_t delivered = 0;  ///< the first position since then
  };
  std::map<uuid, loss> cut_off_;
  std::map<seat_id, std::uint64_t> evicted_;  ///< by which view
};

}  // namespace

std::unique_ptr<oracle> make_silence(const chronicle& seen) { return std::make_unique<silence>(seen); }

}  // namespace hauberk::simulator
