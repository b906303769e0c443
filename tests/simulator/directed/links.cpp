// Scenarios about links that break and come back: what was said over a way that is lost (PROTOCOL 13).
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {

// A and B reach each other through C only. That B holds the last broadcast is on its way through C when C
// dies, and A and B have their own link again: nobody else will ever say it.
void middle_dies_with_the_news(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.split({0}, {1});
  s.wait(s.suspect() * 7 / 10);  // both have found the way around
  const position_t before = s.status(0).log_end;
  s.hold({2}, {0});
  s.broadcast_some(0, 1 + s.chance().below(3));
  s.expect([&] { return s.status(0).log_end > before && s.status(1).held == s.status(0).log_end; },
           s.suspect() / 2);
  if (s.status(0).committed >= s.status(0).log_end) throw missed();
  s.arrive();
  s.wait_below(2ms);
  s.crash(2, true);
  s.release({0}, {1});
  s.release({1}, {0});
  s.settle();
}

// B reaches the leader A through C or D. A payload of B is on its way through the one when that dies: B has
// to go back to it, over the other.
void middle_dies_with_a_payload(stage& s) {
  s.form(4);
  s.expect([&] { return s.leads(0); });
  const machine_index middle = s.at(2).process_id() < s.at(3).process_id() ? 2 : 3;  // the first one is taken
  s.split({0}, {1});
  s.wait(s.suspect() * 7 / 10);
  s.hold({middle}, {0});
  s.broadcast_some(1, 1 + s.chance().below(3));
  s.wait(s.suspect() * 3 / 10);
  s.arrive();
  s.crash(middle, true);
  s.demand([&] { return s.at(1).who()->open == 0; },
           "a payload that was lost with its middle is not sent again", s.suspect() * 5);
  s.settle();
}

// B reaches the leader A through C only, and C sends as much of its own as its links take.
void middle_is_greedy(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.split({0}, {1});
  s.wait(s.suspect() * 7 / 10);
  const auto send = [&] {
    while (s.status(2).in_flight_bytes < 200000 && s.broadcast(2, 4000)) {
    }
  };
  send();
  s.wait_below(s.suspect() / 5);
  s.arrive();
  s.broadcast_some(1, 1 + s.chance().below(3));
  const auto has_ended = [&] {
    send();
    return s.at(1).who()->open == 0;
  };
  s.demand(has_ended, "a middle that sends much of its own starves whom it relays for", s.suspect() * 5);
  s.settle();
}

}  // namespace hauberk::simulator::directed
