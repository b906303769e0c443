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

}  // namespace hauberk::simulator::directed
