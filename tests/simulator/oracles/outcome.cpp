// Outcome: every accepted broadcast ends once, as its own delivery or as an outcome; `never` is delivered
// nowhere, and `committed, at most here` is found at most there.
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class outcome final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "outcome"; }

  void handle_own(const witness& who, std::uint64_t ticket, position_t where) override {
    const broadcast& mine = find(who, ticket);
    if (mine.position != where) {
      fail(who.name + "'s ticket " + std::to_string(ticket) + " came back at " + std::to_string(where) +
           ", but it stands at " + std::to_string(mine.position));
    }
  }

  void handle_outcome(const witness& who, const replica::outcome_event& told) override {
    const broadcast& mine = find(who, told.ticket);
    if (told.result == replica::outcome::unknown) cut_off_.try_emplace(mine.by, told.ticket);
    if (told.result == replica::outcome::never && mine.position != 0) {
      fail(who.name + "'s ticket " + std::to_string(told.ticket) + " is told never, but was delivered at " +
           std::to_string(mine.position));
    }
  }

  // Unknown is for who is cut off for good: this stay in the group is over.
  void handle_step(const witness& who, const replica::status& now) override {
    const auto cut_off = cut_off_.find(now.self);
    if (cut_off == cut_off_.end() || now.as == replica::role::joiner || now.as == replica::role::gone) return;
    fail(who.name + " goes on as " + base::to_string(now.self) + ", although its ticket " +
         std::to_string(cut_off->second) + " was told unknown");
  }

  void handle_farewell(const witness& who, const replica::farewell_event& /*told*/) override {
    if (who.open != 0) {
      fail(who.name + " parts with " + std::to_string(who.open) + " tickets that were never resolved");
    }
  }

  void handle_delivered(const witness& who, position_t where, const entry& what, const entry& /*known*/,
                        bool is_first) override {
    if (!is_first || what.what != kind::message) return;
    if (seen_.find(what.sender.process)->broadcasts[what.index].end == fate::never) {
      fail(who.name + " delivers at " + std::to_string(where) + " what its sender was told is never");
    }
  }

  void handle_end() override {
    for (const witness& who : seen_.processes) {
      for (const broadcast& each : who.broadcasts) {
        if (each.end != fate::committed || seen_.newest() < each.promised || each.is_lost) continue;
        if (each.position == 0 || each.position > each.promised) {
          fail(who.name + " was told committed, at most " + std::to_string(each.promised) +
               ", but it stands at " + std::to_string(each.position));
        }
      }
    }
  }

 private:
  std::map<seat_id, std::uint64_t> cut_off_;  // seats with a ticket that was told unknown

  const broadcast& find(const witness& who, std::uint64_t ticket) const {
    if (ticket < who.first_ticket || ticket - who.first_ticket >= who.broadcasts.size()) {
      fail(who.name + " is told about ticket " + std::to_string(ticket) + ", which it never got");
    }
    const broadcast& mine = who.broadcasts[ticket - who.first_ticket];
    if (mine.end != fate::open) fail(who.name + "'s ticket " + std::to_string(ticket) + " ends twice");
    return mine;
  }
};

}  // namespace

std::unique_ptr<oracle> make_outcome(const chronicle& seen) { return std::make_unique<outcome>(seen); }

}  // namespace hauberk::simulator
