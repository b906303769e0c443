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

// The leader, which makes a quorum alone, may propose no view while one that left is still there. Meanwhile C
// has been silent for so long that it is lost, and B falls quiet with half of the window to hold: one view
// would take B's weight and C, and leave the leader as the only one with weight.
void demotion_meets_removal(stage& s) {
  s.bootstrap(0);
  s.start(1, 4);
  s.expect([&] { return s.weight(1, 1) == 4; });
  s.crash(0);
  s.expect([&] { return s.leader() == 1 && s.at(1).core()->current_view()->members.size() == 1; });
  for (const machine_index i : std::vector<machine_index>{2, 3, 4}) s.start(i);
  const auto is_whole = [&] { return s.weight(2, 1) == 1 && s.weight(3, 1) == 1 && s.weight(4, 1) == 1; };
  s.expect([&] { return is_whole() && s.status(4).primary; });
  // Members are judged in the order of their processes; B comes first.
  const bool is_in_order = s.at(2).process_id() < s.at(3).process_id();
  const machine_index b = is_in_order ? 2 : 3, c = is_in_order ? 3 : 2, leaver = 4;
  s.wait(s.suspect());
  s.crash(c, true);
  s.wait(s.group().settings().inactive_timeout - s.suspect() * 3 / 5);
  s.at(b).pause();
  s.at(leaver).leave();
  s.expect([&] { return s.weight_in_log(leaver, 1) < 0; }, s.suspect() / 4);
  s.hold({1, b}, {leaver});
  load(s, s.suspect() / 10, 4000);
  s.arrive();
  s.wait(s.suspect() * 3 / 2);
  s.at(b).resume();
  s.settle();
}

// C's application lags by a whole window when C loses the quorum. The group goes on to a view that C has no
// room for; without that view it is not primary, and so delivers nothing that would make room. Its broadcasts
// from before come back when it is in again.
void slow_application_is_cut_off(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  const machine_index c = 2;
  s.at(c).set_appetite(1, 60s);
  s.broadcast_some(c, 1 + s.chance().below(4));
  const auto lag = [&] { return s.status(0).log_end - s.status(c).held; };
  // More than half a window and less than one; and more entries than are announced to who does not hold them.
  const position_t most = 1800 + s.chance().below(400);
  for (int turns = 0; turns < 2000 && lag() < most; ++turns) {
    s.broadcast_some(s.chance().below(2), 20);
    s.wait(1ms);
  }
  s.expect([&] { return lag() >= most && s.status(c).held == s.status(c).committed; }, s.suspect() / 2);
  s.split({c}, {0, 1});
  s.expect([&] { return s.weight(c, 0) == 0 && !s.status(c).primary; }, s.suspect() * 3);
  s.arrive();
  s.wait_below(s.suspect());
  s.settle();
}

// A is alone with its weight, and B is in without one when they lose each other. When they meet again A gives
// B its weight, while B still lacks most of the window and A goes on. What B lacks is stable by A's own word,
// and yet must stay: without B nothing commits any more.
void weight_for_one_far_behind(stage& s) {
  s.bootstrap(0);
  s.expect([&] { return s.status(0).primary; });
  s.start(1);
  s.expect([&] { return s.weight_in_log(1, 0) == 0 && s.status(1).held >= s.status(0).log_end; }, 5s);
  s.split({0}, {1});
  s.wait(s.suspect());
  const position_t from = s.status(0).log_end, lag = 80 + s.chance().below(40);
  s.expect([&] { return s.status(0).log_end >= from + lag || !s.broadcast(0, 2000); });
  s.release({0}, {1});
  s.release({1}, {0});
  const auto is_weighted = [&] { return s.weight_in_log(1, 0) == 1; };
  s.expect([&] { return is_weighted() && s.status(1).held < s.status(0).log_end - lag / 2; }, s.suspect());
  s.arrive();
  s.split({0}, {1});
  s.broadcast_some(0, 80, 2000);
  s.wait_below(s.suspect() / 2);
  s.settle();
  if (!s.at(1).is_running()) throw violation("retention", "nobody keeps what n2 lacks, which has weight");
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
