// Scenarios about what an arbitrator has trimmed, which keeps nothing that is stable: nobody with weight may
// lack it for good (PROTOCOL 9, 18).
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

constexpr machine_index x = 0, arbitrator = 1, y = 2;

/// X, which bootstraps, and the arbitrator count; Y comes with this weight.
void form_around_arbitrator(stage& s, std::uint8_t weight) {
  s.bootstrap(x);
  start_mode how;
  how.is_arbitrator = true;
  s.at(arbitrator).start(how);
  s.expect([&] { return s.weight(arbitrator, x) == 1 && s.status(arbitrator).primary; });
  s.start(y, weight);
  s.expect([&] {
    return s.weight(y, y) == weight && s.status(y).primary && s.status(y).held == s.status(x).held;
  });
  s.wait(s.suspect() / 2);
  s.expect([&] { return s.leads(x); });
}

}  // namespace

// X is cut off. Y leads, commits with the arbitrator, and has a view in its log that removes X, when it is
// cut off itself. In that view all have what X lacks; but it never commits, and Y dies.
void arbitrator_keeps_what_is_undecided(stage& s) {
  form_around_arbitrator(s, 1);
  s.split({x}, {arbitrator, y});
  s.expect([&] { return s.leads(y); });
  s.broadcast_some(y, 1 + s.chance().below(5));
  s.expect([&] {
    return s.status(arbitrator).committed == s.status(y).log_end &&
           s.status(y).committed == s.status(y).log_end;
  });
  const position_t at = s.status(y).log_end;
  s.expect([&] { return s.status(y).log_end > at; });
  s.split({y}, {arbitrator});
  s.expect([&] { return !s.leads(y); });
  if (s.status(arbitrator).held != at || s.weight(x, y) != 1) throw missed();
  s.group().wires().reset(y, arbitrator);  // what is under way is lost, and only facts are said again
  s.release({y}, {arbitrator});
  s.release({arbitrator}, {y});
  const auto is_linked = [&] {
    const auto& links = s.at(arbitrator).who()->links;
    const auto to = links.find(s.at(y).process_id());
    return to != links.end() && to->second;
  };
  s.expect([&] { return !is_linked(); });
  s.expect(is_linked);
  s.wait_below(10ms);                                   // Y says what it holds, and what all have
  if (s.status(arbitrator).held != at) throw missed();  // it got the view after all
  s.crash(y, s.chance().percent(30));
  s.arrive();
  s.release({x}, {arbitrator});
  s.release({arbitrator}, {x});
  s.demand([&] { return s.status(x).committed > at; }, "who is a member gets what was committed");
  s.start(y);
  s.settle();
}

// Y gets its weight while it lacks a little, which the arbitrator has trimmed. X freezes, and the arbitrator
// leads by Y's vote. When X is back that one alone can lead in its place.
void arbitrator_hands_over_to_who_has_it(stage& s) {
  form_around_arbitrator(s, 0);
  s.hold({y}, {x});
  const position_t at = s.status(y).held;
  s.at(x).ask(replica::weight_change{s.status(y).self, 1});
  s.expect([&] { return s.status(y).held > at; }, 1s);
  s.hold({x}, {y});
  s.broadcast_some(x, 1 + s.chance().below(20));
  s.expect([&] { return s.status(arbitrator).stable == s.status(x).log_end; }, 1s);
  s.release({y}, {x});
  s.expect([&] { return s.weight(y, x) == 1 && s.weight(y, arbitrator) == 1; }, 1s);
  s.at(x).pause();
  s.group().wires().reset(x, y);
  s.expect([&] { return s.leads(arbitrator); }, s.suspect() * 4);
  s.arrive();
  s.wait_below(s.suspect());
  s.settle();
}

}  // namespace hauberk::simulator::directed
