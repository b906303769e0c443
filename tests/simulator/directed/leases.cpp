// Scenarios about what a member may believe or answer while others go on without it: leases, fences, windows
// (PROTOCOL 3, 4, 9).
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

duration time_to_remove(stage& s) { return s.group().settings().inactive_timeout + s.suspect() * 3; }

/// Everybody broadcasts for a while, as fast as the send windows allow.
void load(stage& s, duration span, std::size_t bytes) {
  for (duration passed{}; passed < span; passed += 2ms) {
    for (machine_index i = 0; i < s.count(); ++i) (void)s.broadcast(i, bytes);
    s.wait(2ms);
  }
}

}  // namespace

// A is in the old view, X and Y are with it, but know the next one, where Z outweighs them all; L, M and Z
// then remove A without asking X or Y.
void echo_from_a_later_view(stage& s) {
  s.form(5);  // L M X Y A
  s.expect([&] { return s.leads(0); });
  s.start(5, 3);
  s.expect([&] { return s.weight_in_log(5, 0) == 3; });
  const position_t at = s.status(0).log_end;
  s.hold({0}, {4});
  s.expect([&] { return s.status(2).held >= at && s.status(3).held >= at && s.weight(5, 0) == 3; }, 1s);
  if (s.weight_in_log(5, 4) == 3) throw missed();
  s.split({0, 1, 5}, {2, 3, 4});
  s.arrive();
  s.wait(time_to_remove(s));
  s.settle();
}

// M hears the leader again, and is primary by its echo, at the very time when the leader gives it up: the
// news that it hears takes a while. B has heard nothing of M, and would hold the removal at once.
void return_meets_removal(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.group().wires().set_delay(2, 0, s.suspect() / 5);
  s.wait(s.suspect() / 2 + s.chance().below(s.suspect() / 5));
  s.split({2}, {1});
  s.hold({0}, {2});
  s.arrive();
  s.wait(s.group().settings().inactive_timeout - s.chance().below(s.suspect() / 2));
  s.release({0}, {2});
  s.wait(s.suspect() * 2);
  s.settle();
}

// The leader is about to leave and has handed over; D does not know, and asks it for a fence when the next
// one has committed already.
void fence_under_handover(stage& s) {
  s.form(5);
  s.expect([&] { return s.leads(0); });
  for (const machine_index i : std::vector<machine_index>{1, 2, 3}) {
    s.group().wires().set_delay(i, 0, s.suspect() / 16);
  }
  s.wait_below(s.suspect());
  s.hold({1, 2, 3}, {4});
  s.at(0).leave();
  s.expect([&] { return s.leads(1) || s.leads(2) || s.leads(3); }, 1s);
  const machine_index next = s.leader();
  const position_t before = s.delivered(next);
  (void)s.broadcast(next);
  s.expect([&] { return s.delivered(next) > before + 1; }, s.suspect() / 8);
  s.arrive();
  s.at(4).fence();
  s.wait(s.suspect() / 2);
  s.settle();
}

// What the others say does not reach the leader; what it says reaches them. It must go, and they must see it.
void leader_is_deaf(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.hold({1, 2}, {0});
  s.arrive();
  s.demand([&] { return s.leader() != 0 && s.leader() < 3 && s.status(s.leader()).primary; },
           "nobody leads in place of a leader that hears nothing", s.suspect() * 4);
  s.wait_below(s.suspect() * 2);
  s.settle();
}

void fence_storm(stage& s) {
  s.form(4);
  s.arrive();
  const time_point end = s.group().time().now() + s.suspect() * 8;
  while (s.group().time().now() < end) {
    const machine_index who = s.chance().below(4);
    machine& home = s.at(who);
    const auto event = s.chance().below(100);
    if (event == 0 && home.is_running() && s.leader() == who && !s.at((who + 1) % 4).is_paused()) {
      home.pause();
      s.wait_below(s.suspect() * 2);
      home.resume();
    } else if (event == 1 && s.leads(who)) {
      const machine_index mate = (who + 1) % 4;
      s.split({who, mate}, {(who + 2) % 4, (who + 3) % 4});
      s.wait_below(s.suspect() * 2);
      s.group().heal();
    } else if (home.is_running() && !home.is_paused() && !home.who()->is_leaving) {
      home.fence();
      (void)s.broadcast(who);
    }
    s.wait_below(4ms);
  }
  s.settle();
}

void frozen_with_a_tiny_window(stage& s) {
  s.form(3);
  load(s, 50ms, 2000);
  s.arrive();
  s.at(2).pause();
  load(s, s.chance().percent(50) ? 4900ms : s.chance().below(duration(1s)), 2000);
  s.at(2).resume();
  if (s.chance().percent(50)) (void)s.until([&] { return s.weight(2, 2) == 1 && s.status(2).primary; }, 5s);
  s.crash(1, s.chance().percent(50));
  load(s, 500ms, 2000);
  s.start(1);
  s.settle();
}

// Two with weight, 2 and 1: the lighter one freezes. The heavier one must wait for it, not demote it.
void lighter_half_freezes(stage& s) {
  s.bootstrap(0);
  s.start(1);
  s.expect([&] { return s.weight(1, 1) == 1; });
  s.start(2, 3);
  s.expect([&] { return s.weight(2, 2) == 3; });
  s.crash(0);
  s.expect([&] { return s.leader() == 2 && s.weight(2, 2) == 3 && s.status(2).primary; });
  s.demand([&] { return s.at(2).core()->current_view()->members.size() == 2; },
           "the dead one is not removed");
  s.arrive();
  s.at(1).pause();
  load(s, s.chance().below(s.group().settings().inactive_timeout), 2000);
  s.at(1).resume();
  s.settle();
}

}  // namespace hauberk::simulator::directed
