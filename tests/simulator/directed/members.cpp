// Scenarios about who comes and goes: restarts around a weight view, admissions and removals that are lost
// with their leader, leaving while others fail (PROTOCOL 5, 6, 7, 10).
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

using indices = std::vector<machine_index>;

/// A and B with weight, O without: B crashes and returns again and again, around its weight view.
void restart_often(stage& s, int times) {
  s.bootstrap(0);
  s.start(2, 0);
  s.expect([&] { return s.weight(2, 2) == 0 && s.status(2).primary; });
  for (int i = 0; i < times; ++i) {
    s.start(1);
    const auto moment = s.chance().below(4);
    if (moment == 0) {
      (void)s.until([&] { return s.weight_in_log(1, 0) == 0; });
    } else if (moment < 3) {
      (void)s.until([&] { return s.weight_in_log(1, 0) == 1; });
    } else {
      s.demand([&] { return s.status(1).primary && s.weight(1, 1) == 1; }, "n2 does not get its weight back");
    }
    if (moment != 1) {
      s.broadcast_some(0, s.chance().below(3));
      s.wait_below(3ms);
    }
    const bool is_silent = s.chance().percent(20);
    s.crash(1, is_silent);
    s.wait_below(s.suspect() / 4);
    if (is_silent) s.wait(s.suspect());  // its successor may not be able to prove that it is dead
  }
  s.start(1);
  const auto is_back = [&] { return s.status(1).primary && s.status(0).primary && s.weight(1, 1) == 1; };
  s.demand(is_back, "n2 does not come back");
}

}  // namespace

void one_of_two_restarts_often(stage& s) {
  restart_often(s, 15);
  s.arrive();
  s.settle();
}

// The half of the weight that is alive counts in an epoch that names the dead, and in no earlier one: an
// observer that still is in an earlier one must not.
void observer_counts_late_holdings(stage& s) {
  restart_often(s, 1);
  s.expect([&] { return s.leads(0); });
  s.hold({0}, {1});
  const position_t before = s.status(0).log_end;
  s.broadcast_some(0, 3 + s.chance().below(5));
  s.expect([&] { return s.status(2).held > before + 2; }, 1s);
  s.hold({1}, {2});  // what B decides does not reach the observer
  s.crash(0);
  s.release({0}, {1});
  s.wait_below(s.suspect() / 2);
  s.start(0);
  s.expect([&] { return s.leads(1) && s.status(1).primary; });
  s.expect([&] { return s.weight(0, 1) == 1 && s.status(0).primary; }, 4s);
  s.hold({0}, {2});
  s.crash(1);
  s.release({1}, {2});
  s.wait_below(s.suspect() / 2);
  s.start(1);
  s.arrive();
  s.wait(s.suspect());
  s.settle();
}

void admission_is_lost(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.start(3);
  s.expect([&] { return s.weight_in_log(3, 0) >= 0; });
  s.hold({0}, {1, 2});
  s.expect([&] { return s.status(3).as == replica::role::follower; }, 1s);
  s.crash(0, s.chance().percent(50));
  s.arrive();
  s.expect([&] { return s.leads(1) || s.leads(2); });
  s.demand([&] { return s.weight(3, 3) == 1 && s.status(3).primary; },
           "n4 does not ask again for its admission",
           s.group().settings().inactive_timeout + s.suspect() * 3);
  s.start(0);
  s.settle();
}

// X's broadcasts are in the pools of some when A puts its removal into its log; only B gets that, and those
// who lead next do not have it. X comes back meanwhile.
void removal_is_lost(stage& s) {
  s.form(7);
  s.expect([&] { return s.leads(0); });
  const indices rest{2, 3, 4, 5};
  const machine_index x = 6;
  const bool is_with_b_only = s.chance().percent(60);
  s.hold({x}, {0});
  if (is_with_b_only) s.hold({x}, rest);
  s.broadcast_some(x, 1 + s.chance().below(4));
  s.wait(10ms);
  s.split({x}, {0, 1, 2, 3, 4, 5});
  s.expect([&] { return s.weight_in_log(x, 0) < 0; });
  s.hold({0}, rest);
  s.expect([&] { return s.weight_in_log(x, 1) < 0; }, 2s);
  s.split({0}, {1, 2, 3, 4, 5});
  s.split({1}, rest);
  s.release({x}, {1});
  s.release({1}, {x});
  s.arrive();
  s.wait_below(s.suspect());
  s.expect([&] { return s.leader() >= 2 && s.leader() < 6; });
  const machine_index next = s.leader();
  if (is_with_b_only) {
    s.hold(rest, {next});  // it commits nothing, and so removes nobody
  } else {
    s.wait_below(s.suspect() / 2);
    s.split({x}, {1});
  }
  s.release({0}, {1});
  s.release({1}, {0});
  s.release({0, 1}, rest);
  s.release({next}, {0, 1});
  if (!is_with_b_only) s.release(rest, {0, 1});
  (void)s.until(
      [&] { return s.status(1).epoch == s.status(next).epoch && s.status(1).held >= s.status(next).held; },
      s.suspect());
  if (is_with_b_only) {
    s.note("B follows the new leader, which crashes, and is the first to stand");
    const indices others{0, 2, 3, 4, 5, x};
    s.crash(next);
    s.release(rest, {0, 1});
    for (const machine_index i : others) s.at(i).pause();
    (void)s.until([&] { return s.status(1).as == replica::role::candidate || s.leads(1); }, s.suspect() * 2);
    for (const machine_index i : others) s.at(i).resume();
    s.expect([&] { return s.leader() < s.count(); });
  }
  s.settle();
}

// J is in by a view that X has not heard of; X and J are cut off together, while A waits for J to hold the
// view that gives it its weight. X does not know J, but that does not mean that J is out.
void one_behind_meets_a_newcomer(stage& s) {
  const machine_index a = 0, x = 1, j = 2;
  s.bootstrap(a);
  s.start(x);
  s.expect([&] { return s.weight(x, x) == 1 && s.status(x).primary; });
  s.start(3);  // so that A can do without X
  s.expect([&] { return s.weight(3, 3) == 1 && s.status(3).primary && s.weight(3, x) == 1; });
  start_mode how;  // with the whole state: no view before its own reaches it
  how.recovered = {s.status(a).history, s.status(a).delivered};
  s.at(j).start(how);
  s.expect([&] { return s.status(j).as == replica::role::joiner; });
  s.hold({a, 3}, {x});
  s.expect([&] { return s.weight_in_log(j, a) == 0; }, s.suspect());
  const position_t at = s.status(a).log_end;
  s.expect([&] { return s.status(j).held >= at; }, s.suspect());
  s.hold({a, 3}, {j});  // it does not hear that the view is committed
  s.expect([&] { return s.weight_in_log(j, a) == 1; }, s.suspect());
  s.split({a, 3}, {x, j});
  if (s.weight_in_log(j, x) >= 0) throw missed();
  const std::uint32_t seat = s.status(j).self.number;
  s.arrive();
  s.wait(s.group().settings().inactive_timeout * 2 + s.suspect() * 2);
  if (s.status(j).self.number != seat)
    throw violation("views", "n3 gives up its seat on the word of one that is behind");
  s.settle();
}

// X is removed with broadcasts that nobody has; more views follow before it hears of that.
void removed_one_reads_its_tickets(stage& s) {
  s.form(4);
  const machine_index x = 1 + s.chance().below(3);
  const indices rest{0, x == 1 ? machine_index{2} : machine_index{1},
                     x == 3 ? machine_index{2} : machine_index{3}};
  s.split({x}, rest);
  s.broadcast_some(x, 1 + s.chance().below(4));
  s.expect([&] { return s.weight(x, 0) < 0; });
  s.arrive();
  s.note("another one restarts: the group has newer views than the one that removed X");
  s.crash(rest[2]);
  s.wait_below(s.suspect());
  s.start(rest[2]);
  s.expect([&] { return s.weight(rest[2], rest[1]) == 1 && s.status(rest[2]).primary; });
  s.settle();
  for (const broadcast& each : s.at(x).who()->broadcasts) {
    if (each.end == fate::unknown)
      throw violation("outcome", "a ticket is told unknown, but the group knows");
  }
}

// A is draining its log to remove X, which cannot hear it, when X's broadcasts come in.
void broadcast_of_the_removed_one(stage& s) {
  s.form(4);
  s.expect([&] { return s.leads(0); });
  const machine_index x = 3;
  s.hold({x}, {0, 1, 2});
  s.broadcast_some(x, 1 + s.chance().below(4));
  s.wait(5ms);
  s.hold({0}, {x});
  for (const machine_index i : indices{1, 2}) s.group().wires().set_delay(i, 0, s.suspect() / 4);
  const time_point end = s.group().time().now() + s.group().settings().inactive_timeout + s.suspect();
  position_t last = 0;
  int still = 0;
  while (s.weight_in_log(x, 0) >= 0 && s.group().time().now() < end) {  // it orders until it drains
    (void)s.broadcast(0);
    s.wait(1ms);
    still = s.status(0).log_end == last ? still + 1 : 0;
    last = s.status(0).log_end;
    if (still == 3) break;
  }
  if (still != 3) throw missed();
  s.arrive();
  s.release({x}, {0});
  s.wait(s.suspect());
  s.settle();
}

// The first ones of its name cannot be proven dead: it waits until they are removed.
void name_returns_without_proof(stage& s) {
  s.form(4);
  s.arrive();
  for (int i = 0; i < 3; ++i) {
    const machine_index who = 1 + s.chance().below(3);
    s.crash(who);
    s.wait_below(s.suspect());
    s.start(who, 1, false);
    const auto is_back = [&] { return s.weight(who, who) == 1 && s.status(who).primary; };
    s.demand(is_back, "who came back without its file is not admitted", 15s);
  }
  s.settle();
}

// C is killed and comes back at once, with the proof that it was killed. B, without which nothing commits,
// has not heard that proof when it gets the view that takes the successor in: the view itself has to say it,
// or B waits with everybody until it knows.
void successor_is_taken_in_at_once(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.crash(2);
  s.wait_below(s.suspect() / 20);
  s.hold({1, 2}, {2, 1});
  s.start(2);
  s.expect([&] { return s.status(2).as == replica::role::joiner; });
  s.wait_below(s.suspect() / 2);
  s.release({1, 2}, {2, 1});
  s.expect([&] { return s.weight_in_log(2, 0) == 0; }, s.suspect());
  s.arrive();
  s.demand([&] { return s.weight(2, 0) == 0; }, "a proven death delays everybody", 20ms);
  s.settle();
}

void observers_do_not_lead(stage& s) {
  s.form(3);
  s.start(3, 0);
  s.start(4, 0);
  const auto is_observing = [&] { return s.status(3).primary && s.status(4).primary; };
  s.expect(is_observing);
  s.arrive();
  for (int i = 0; i < 4; ++i) {
    const machine_index leader = s.leader();
    s.demand([&] { return s.leader() < 3 && s.status(s.leader()).primary; }, "nobody leads");
    s.crash(leader < 3 ? leader : s.leader(), s.chance().percent(50));
    s.demand([&] { return s.leader() < 3 && s.status(s.leader()).primary; }, "nobody leads");
    for (machine_index j = 0; j < 3; ++j) {
      if (!s.at(j).is_running()) s.start(j);
    }
    s.demand(
        [&] {
          for (machine_index j = 0; j < 3; ++j) {
            if (!s.status(j).primary || s.weight(j, j) != 1) return false;
          }
          return true;
        },
        "who crashed does not come back");
  }
  s.settle();
}

// The leader wants to leave while the only other member has no weight yet: who could take over comes out of a
// view that the leader itself has to propose.
void leader_leaves_before_its_heir_counts(stage& s) {
  s.bootstrap(0);
  s.start(1);
  s.expect([&] { return s.weight_in_log(1, 0) == 0 && s.status(0).committed == s.status(0).log_end; }, 5s);
  if (s.chance().percent(50)) s.wait_below(2ms);
  if (s.weight_in_log(1, 0) != 0) throw missed();
  s.arrive();
  s.at(0).leave();
  s.demand([&] { return !s.at(0).is_running() && s.status(1).primary; }, "the leader does not get away", 10s);
  s.settle();
}

void leave_with_last_frame_late(stage& s) {
  s.form(2);
  const machine_index leaver = s.chance().below(2), other = 1 - leaver;
  s.at(leaver).leave();
  s.expect([&] { return s.weight_in_log(leaver, other) < 0 && s.weight_in_log(leaver, leaver) < 0; }, 3s);
  const position_t at = s.status(other).log_end;
  s.expect([&] { return s.status(leaver).held >= at; }, 1s);
  s.hold({leaver}, {other});
  s.arrive();
  s.wait_below(s.suspect());
  s.release({leaver}, {other});
  s.demand([&] { return !s.at(leaver).is_running(); }, "the leaver does not get away", 5s);
  s.settle();
}

void two_leave_at_once(stage& s) {
  s.form(3 + s.chance().below(2));
  std::vector<machine_index> who;
  for (machine_index i = 0; i < s.count(); ++i) {
    if (s.at(i).is_running()) who.push_back(i);
  }
  who.erase(who.begin() + static_cast<std::ptrdiff_t>(s.chance().below(who.size())));
  s.arrive();
  for (std::size_t i = 0; i < 2; ++i) {
    s.broadcast_some(who[i], s.chance().below(3));
    s.at(who[i]).leave();
    s.wait_below(20ms);
  }
  s.demand([&] { return !s.at(who[0]).is_running() && !s.at(who[1]).is_running(); }, "they do not get away",
           10s);
  s.settle();
}

void leave_and_join_within_a_second(stage& s) {
  s.form(3);
  const machine_index who = s.chance().below(3);
  s.arrive();
  for (int i = 0; i < 3; ++i) {
    s.broadcast_some(who, s.chance().below(3));
    s.at(who).leave();
    s.demand([&] { return !s.at(who).is_running(); }, "the leaver does not get away", 10s);
    s.wait_below(100ms);
    s.start(who, 1, s.chance().percent(50));
    const auto is_in = [&] { return s.status(who).primary; };
    if (s.chance().percent(50)) s.demand(is_in, "who left does not get in again", 10s);
    s.wait_below(200ms);
    if (!is_in()) s.demand(is_in, "who left does not get in again", 10s);
  }
  s.settle();
}

// A leaver waits until those who stay know that it left; one of them dies before it can know.
void leaver_outlives_a_member(stage& s) {
  s.form(3);
  const machine_index leaver = 1, dying = 2;
  s.at(leaver).leave();
  s.wait_below(5ms);
  s.crash(dying, s.chance().percent(30));
  s.arrive();
  s.wait_below(s.suspect() * 2);
  s.start(dying);
  s.demand([&] { return !s.at(leaver).is_running(); }, "the leaver does not get away", 15s);
  s.settle();
}

// An arbitrator outweighs X, which alone has all data, and knows more to be committed than X does, when X is
// cut off; Y, which shall get weight, lacks most. What the arbitrator has trimmed only X has, and only as a
// member.
void arbitrator_waits_for_the_data(stage& s) {
  const machine_index x = 0, arbitrator = 1, y = 2;
  s.bootstrap(x);
  start_mode how;
  how.is_arbitrator = true;
  how.weight = 2;
  s.at(arbitrator).start(how);
  s.expect([&] { return s.weight(arbitrator, x) == 2 && s.status(arbitrator).primary; });
  s.start(y, 0);
  s.expect(
      [&] { return s.weight(y, y) == 0 && s.status(y).primary && s.status(y).held == s.status(x).held; });
  s.wait(s.suspect() / 2);
  s.expect([&] { return s.leads(x); });
  s.hold({x}, {y});
  s.broadcast_some(x, 3 + s.chance().below(20));
  s.wait(20ms);
  s.at(x).ask(replica::weight_change{s.status(y).self, 1});
  s.expect([&] {
    const auto* m = s.at(x).core()->current_view()->find_process(s.at(y).process_id());
    return m != nullptr && m->catching_up;
  });
  s.hold({arbitrator, y}, {x});
  const position_t before = s.status(x).committed;
  s.broadcast_some(x, 1 + s.chance().below(5));
  s.expect([&] { return s.status(arbitrator).committed == s.status(x).log_end; }, s.suspect() / 4);
  if (s.status(x).committed > before) throw missed();
  s.split({x}, {arbitrator, y});
  for (const machine_index other : {arbitrator, y}) s.group().wires().reset(x, other);  // nothing comes later
  s.expect([&] { return s.leads(arbitrator); }, s.suspect() * 4);
  s.arrive();
  s.wait(s.group().settings().inactive_timeout + s.suspect() * 3);
  s.settle();
}

// X, which leads and has the data, leaves while Y catches up. The arbitrator could lead at once, but has
// nothing of what Y lacks: X stays until Y can.
void leaver_waits_for_who_catches_up(stage& s) {
  const machine_index x = 0, arbitrator = 1, y = 2;
  s.bootstrap(x);
  start_mode how;
  how.is_arbitrator = true;
  s.at(arbitrator).start(how);
  s.expect([&] { return s.weight(arbitrator, x) == 1 && s.status(arbitrator).primary; });
  s.start(y);
  s.expect([&] { return s.weight(y, x) == 0; });
  s.hold({x}, {y});
  s.broadcast_some(x, 5 + s.chance().below(20));
  s.wait_below(20ms);
  if (s.weight(y, x) != 0) throw missed();
  s.at(x).leave();
  s.arrive();
  s.wait_below(s.suspect() / 2);
  s.release({x}, {y});
  s.demand([&] { return !s.at(x).is_running(); }, "a leaver hands over once somebody has caught up");
  s.settle();
}

// A alone has weight. It gives E weight, too, by a view that E has no room for, and E, which is not primary
// without that view, starts over with a new seat. Its old one counts in the pending view: it must be dead.
void weighted_seat_is_given_up(stage& s) {
  s.bootstrap(0);
  s.start(1);
  s.at(1).set_appetite(1, 60s);
  s.expect([&] { return s.status(1).log_end > 0; });
  s.hold({1}, {0});  // A hears neither that E holds the view that admits it, nor what E lacks
  s.expect([&] { return s.weight(1, 1) == 0; }, s.suspect() / 4);
  const std::uint64_t window = s.group().settings().window_bytes;
  s.expect(
      [&] {
        (void)s.broadcast(0, 2500);
        return s.status(1).backlog_bytes > window;
      },
      s.suspect() / 2);
  // More entries than are announced to who does not hold them, and less than a window.
  const position_t most = s.status(1).held + 1200 + s.chance().below(300);
  for (int turns = 0; turns < 200 && s.status(0).log_end < most; ++turns) {
    s.broadcast_some(0, 20);
    s.wait(1ms);
  }
  s.wait(s.suspect());  // A's echoes have run out
  s.release({1}, {0});
  s.expect([&] { return s.weight_in_log(1, 0) == 1; }, s.suspect());
  s.expect([&] { return s.status(1).self.number == 2; }, s.group().settings().inactive_timeout * 2);
  s.arrive();
  s.settle();
}

// A leads with payloads that B, which has most of the weight, has only heard of when it loses A and goes on
// with others in their place. J brings what B has by then, and takes part before A, whose links work again,
// says that it has matched its log with B's: by what it said before it seems to have as much.
void joiner_brings_what_one_lacks(stage& s) {
  const machine_index a = 0, b = 1, j = 2;
  s.bootstrap(a);
  s.start(b, 3);
  s.expect([&] { return s.weight(b, a) == 3 && s.status(b).primary && s.leads(a); });
  s.wait(s.suspect() / 2);
  const position_t common = s.status(a).log_end, tail = common + 25;
  s.broadcast_some(a, 28 + s.chance().below(3), 2000);  // orders overtake payloads
  s.expect([&] { return s.status(b).log_end >= tail; }, s.suspect() / 10);
  s.wait(5ms);
  s.split({a}, {b});
  s.group().wires().reset(a, b);  // nothing comes later
  s.expect([&] { return s.leads(b) && s.status(b).primary; }, s.suspect() * 3);
  if (s.status(b).committed + 10 > tail) throw missed();
  s.expect([&] { return s.status(b).committed > tail || !s.broadcast(b, 2000); });
  s.expect([&] { return s.delivered(b) > tail; });
  start_mode how;
  how.weight = 0;
  how.recovered = {s.status(b).history, s.status(b).delivered};
  s.at(j).start(how);
  s.wait(s.suspect() / 2);
  s.group().wires().set_delay(b, a, s.suspect() / 10);
  s.release({a}, {b});
  s.release({b}, {a});
  s.expect([&] { return s.weight_in_log(j, b) == 0 && s.status(j).as == replica::role::follower; },
           s.suspect());
  s.hold({a}, {b, j});
  s.arrive();
  const position_t most = s.status(b).log_end + 150 + s.chance().below(100);
  (void)s.until([&] { return !s.broadcast(b, 2000) && s.status(b).log_end > most; }, s.suspect() / 2);
  s.settle();
  if (!s.at(a).is_running()) throw violation("retention", "nobody keeps what n1 lacks, which has weight");
}

// B's application lags by a window, and so B holds nothing more, while J brings a state that covers what B
// lacks. Then the leader dies, and all can elect J alone: it could not give B what it never had, though A
// still has it.
void newcomer_leads_one_that_lags(stage& s) {
  const machine_index leader = 0, a = 1, b = 2, j = 3;
  s.form(3);
  s.expect([&] { return s.leads(leader); });
  s.at(b).set_appetite(1, 60s);
  const position_t most = 30 + s.chance().below(30);
  const auto lacks = [&] { return s.status(leader).log_end - s.status(b).held; };
  for (int turns = 0; turns < 400 && lacks() < most; ++turns) {
    (void)s.broadcast(leader, 2000);
    s.wait(5ms);  // what is only on its way arrives
  }
  s.expect([&] { return s.delivered(a) == s.status(leader).log_end; }, s.suspect() / 4);
  start_mode how;
  how.recovered = {s.status(a).history, s.delivered(a)};
  s.at(j).start(how);
  s.expect([&] { return s.weight_in_log(j, j) >= 0; }, s.suspect());
  s.demand([&] { return s.status(j).primary; }, "a newcomer hears that it is admitted, though all are silent",
           s.suspect());
  (void)s.until([&] { return s.weight(j, b) == 1; }, s.suspect() / 4);
  if (lacks() < most) throw missed();
  s.arrive();
  s.hold({a}, {b});
  s.crash(leader);
  (void)s.until([&] { return s.leads(j); }, s.suspect() * 2);
  s.settle();
  if (!s.at(b).is_running()) throw violation("retention", "nobody keeps what n3 lacks, which has weight");
}

}  // namespace hauberk::simulator::directed
