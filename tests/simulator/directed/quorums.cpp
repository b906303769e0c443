// Scenarios about who may elect and commit: views that are pending while their two sides are apart, logs that
// diverged, and holdings that come too late (PROTOCOL 1, 2, 5).
#include <array>
#include <set>

#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

/// A, B, C with weight 1 and D, which comes with weight 2, as good as two joiners: when it returns A has just
/// put the view that gives D its weight into its log.
void propose_weight(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.start(3, 2);
  s.expect([&] { return s.weight_in_log(3, 0) == 2 && s.weight(3, 0) == 0; });
}

/// The three timings of a group that waits for the end of a quarrel.
void wait_for_elections(stage& s) { s.wait(s.suspect() * 4); }

}  // namespace

void pending_reaches_only_joiners(stage& s) {
  propose_weight(s);
  const position_t at = s.status(0).log_end;
  s.hold({0}, {1, 2});
  s.expect([&] { return s.status(3).held >= at; }, 1s);
  s.split({0, 3}, {1, 2});
  s.note("the pending view is with A and D: three of its five votes, one of three before");
  s.arrive();
  if (s.chance().percent(50)) {
    s.at(0).pause();
    s.wait_below(s.suspect() * 2);
    s.at(0).resume();
  }
  if (s.chance().percent(50)) s.wait(s.group().settings().inactive_timeout);  // B and C go on without A
  wait_for_elections(s);
  s.settle();
}

void pending_counts_for_the_old(stage& s) {
  propose_weight(s);
  const position_t at = s.status(0).log_end;
  s.hold({0, 1, 3}, {2});  // C never hears of the view
  s.hold({3}, {1});        // B holds it, but cannot know that it is committed
  s.expect([&] { return s.status(1).held >= at; }, 1s);
  s.hold({0}, {1});
  s.expect([&] { return s.status(0).committed >= at; }, 1s);
  s.note("A and D know that the view is committed, and go on without B and C");
  s.broadcast_some(0, 1 + s.chance().below(5));
  s.expect([&] { return s.delivered(0) > at && s.delivered(3) > at; }, 1s);
  s.split({0, 3}, {1, 2});
  s.release({1}, {2});
  s.arrive();
  if (s.chance().percent(50)) s.crash(0, true);
  wait_for_elections(s);
  if (!s.at(0).is_running()) s.start(0);
  s.settle();
}

void joiners_do_not_count(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.start(3, 2);
  s.expect([&] { return s.weight_in_log(3, 0) == 0; });
  s.hold({0, 1, 2}, {3});  // the joiner is in, and catches up with nothing
  s.expect([&] { return s.weight(3, 0) == 0; }, 1s);
  s.hold({0, 1}, {2});
  const position_t before = s.status(0).log_end;
  s.broadcast_some(0, 1 + s.chance().below(20));
  s.expect([&] { return s.delivered(0) > before && s.delivered(1) > before; }, 1s);
  s.note("A and B crash; C and D lack what they committed");
  s.arrive();
  s.crash(0, s.chance().percent(50));
  s.wait_below(s.suspect() / 2);
  s.crash(1, s.chance().percent(50));
  s.release({2}, {3});
  wait_for_elections(s);
  s.note("A and B come back without memory, and prove that their seats are dead");
  s.start(0);
  s.start(1);
  s.group().heal();
  wait_for_elections(s);
}

void longer_older_tail(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.broadcast_some(1, 3);
  s.wait(20ms);
  s.hold({0}, {1, 2});
  s.broadcast_some(0, 2 + s.chance().below(30));
  const position_t tail = s.status(0).log_end;
  s.split({0}, {1, 2});
  s.expect([&] { return s.leads(1) || s.leads(2); });
  const machine_index next = s.leads(1) ? 1 : 2;
  s.arrive();
  s.note("the new leader's log is shorter than the old one's, then grows past it");
  s.wait_below(s.suspect() / 4);
  if (s.chance().percent(40)) {
    s.note("or not: it crashes, and the long old tail meets one who holds the short new one");
    s.crash(next, true);
    s.group().heal();
    wait_for_elections(s);
    s.start(next);
    return s.settle();
  }
  while (s.status(next).log_end <= tail + s.chance().below(5)) s.broadcast_some(1 + s.chance().below(2), 3);
  s.wait_below(s.suspect());
  s.group().heal();
  s.wait_below(50ms);
  if (s.chance().percent(30)) s.at(next).pause();
  wait_for_elections(s);
  s.settle();
}

// P's broadcasts are ordered by A, held by F, and cut from its log when it follows the next leader, who does
// not have them. Then F leads, and P has nothing more to say.
void cut_broadcasts_come_back(stage& s) {
  s.form(7);
  s.expect([&] { return s.leads(0); });
  const machine_index f = 1, p = 6;
  const std::vector<machine_index> rest{2, 3, 4, 5};
  s.hold({p}, rest);
  s.hold({0}, {2, 3, 4, 5, p});
  const position_t before = s.status(0).log_end;
  s.broadcast_some(p, 1 + s.chance().below(3));
  s.expect([&] { return s.status(f).held > before; }, 1s);
  s.split({f}, rest);
  s.crash(0, s.chance().percent(30));
  s.expect([&] { return s.leader() >= 2 && s.leader() < p; });
  const machine_index next = s.leader();
  s.release({f}, rest);
  s.release(rest, {f});
  s.expect(
      [&] { return s.status(f).epoch == s.status(next).epoch && s.status(f).held == s.status(next).held; },
      3s);
  s.arrive();
  s.crash(next);
  for (machine_index i = 2; i <= p; ++i) s.at(i).pause();
  (void)s.until([&] { return s.status(f).as == replica::role::candidate || s.leads(f); }, s.suspect() * 2);
  for (machine_index i = 2; i <= p; ++i) s.at(i).resume();
  s.expect([&] { return s.leader() < s.count(); });
  s.wait(s.suspect());
  s.settle();
}

// Raft's figure 8: an entry of an old epoch that a quorum holds is not committed by that.
void old_entry_held_by_many(stage& s) {
  s.form(5);
  s.expect([&] { return s.leads(0); });
  s.hold({0}, {2, 3, 4});
  s.broadcast_some(0, 1 + s.chance().below(3));
  const position_t tail = s.status(0).log_end;
  s.expect([&] { return s.status(1).held == tail; }, 1s);
  s.note("A's entry is with A and B; they are cut off, and E leads C and D");
  s.split({0, 1}, {2, 3, 4});
  s.split({0}, {1});
  s.expect([&] { return s.leader() >= 2 && s.leader() < 5; });
  const machine_index other = s.leader();
  std::vector<machine_index> two;
  for (machine_index i = 2; i < 5; ++i) {
    if (i != other) two.push_back(i);
  }
  // Its own entries stay with it: C and D hold nothing of its epoch.
  const position_t before = s.status(two[0]).held;
  s.hold({other}, two);
  s.split({other}, {0, 1});
  if (s.status(two[0]).held > tail || s.status(two[1]).held > before) throw missed();
  s.broadcast_some(other, 3 + s.chance().below(3));
  s.split({other}, two);
  s.note("A or B leads again, with C and D; its first frame brings the old entry and no more");
  s.release({0, 1}, {two[0], two[1]});
  s.release({two[0], two[1]}, {0, 1});
  s.release({0}, {1});
  s.release({1}, {0});
  s.expect([&] { return s.leads(0) || s.leads(1); });
  const machine_index again = s.leads(0) ? 0 : 1;
  const machine_index mate = 1 - again;
  s.expect([&] { return s.status(two[0]).held >= tail || s.status(two[1]).held >= tail; }, 2s);
  const machine_index witness = s.status(two[0]).held >= tail ? two[0] : two[1];
  if (s.status(witness).held > tail) throw missed();
  s.hold({again}, {witness, two[0], two[1], mate});
  s.wait(20ms);
  s.arrive();
  s.note("it is cut off; the other tail, of a later epoch, wins");
  s.split({again}, {mate, two[0], two[1]});
  s.release({other}, {mate, two[0], two[1]});
  s.release({two[0], two[1], mate}, {other});
  wait_for_elections(s);
  s.settle();
}

void payload_after_the_vote(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.note(
      "B and C know from A what stands next, but its payload is still under way when one elects the other");
  const position_t before = s.status(0).log_end;
  s.broadcast_some(0, 2, 60000 + s.chance().below(40000));
  const auto waits = [&](machine_index which) {
    return s.status(which).log_end == before + 2 && s.status(which).held == before + 1;
  };
  s.expect([&] { return waits(1) && waits(2); }, 2s);
  s.hold({0}, {1, 2});
  s.hold({1, 2}, {0});
  s.expect([&] { return s.leads(1) || s.leads(2); });
  const machine_index next = s.leads(1) ? 1 : 2, voter = 3 - next;
  s.hold({next}, {voter});
  if (s.status(voter).held != before + 1) throw missed();
  s.arrive();
  s.release({0}, {voter});
  s.wait_below(s.suspect());
  s.release({voter}, {0});
  s.wait_below(s.suspect());
  s.release({0}, {next});
  s.wait_below(s.suspect());
  s.settle();
}

// Two stand in the same epoch and get half of the votes each: they do not hear of each other, and the others
// hear of both at once. The next try comes within a suspect timeout: with more, two such in a row would be
// longer than P12 allows.
void split_vote(stage& s) {
  s.form(5);
  s.expect([&] { return s.leads(0); });
  s.hold({1}, {2});
  s.hold({2}, {1});
  const std::array<machine_index, 2> voters{3, 4}, candidates{1, 2};
  const auto set_delays =
      [&](duration delay) {  // the one is near to the first voter, the other to the second
        for (std::size_t i = 0; i < 2; ++i) s.group().wires().set_delay(candidates[i], voters[1 - i], delay);
      };
  for (const machine_index voter : voters) s.at(voter).pause();
  set_delays(s.suspect() / 10);
  s.crash(0, s.chance().percent(50));
  s.wait(s.suspect() * 3 / 2);
  s.wait_below(s.suspect() / 4);
  for (const machine_index voter : voters) s.at(voter).resume();
  replica::epoch_t split = 0;
  const auto is_split = [&] {
    const bool both =
        s.status(1).as == replica::role::candidate && s.status(2).as == replica::role::candidate;
    if (both && s.status(1).epoch == s.status(2).epoch) split = s.status(1).epoch;
    return split != 0;
  };
  s.expect(is_split, s.suspect());
  s.arrive();
  set_delays(1ms);
  s.release({1}, {2});
  s.release({2}, {1});
  const auto is_over = [&] {
    for (machine_index i = 1; i < 5; ++i) {
      if (s.status(i).epoch > split || s.leads(i)) return true;
    }
    return false;
  };
  s.demand(is_over, "a split vote is not tried again within a suspect timeout", s.suspect());
  s.settle();
}

// X leads an epoch by the votes of B and C. Y stood in it, too, and asks B about the next one, before B knows
// who won; then the vote of A, which was frozen, comes. Two votes and a pre-vote are not three votes.
void pre_vote_for_the_next_epoch(stage& s) {
  s.form(5);
  s.expect([&] { return s.leads(0); });
  s.wait_below(s.suspect() / 5);
  s.at(0).pause();
  machine_index y = 0;
  s.expect([&] {
    for (machine_index i = 1; i < 5 && y == 0; ++i) {
      if (s.status(i).as == replica::role::candidate) y = i;
    }
    return y != 0;
  });
  std::vector<machine_index> rest;
  for (machine_index i = 1; i < 5; ++i) {
    if (i != y) rest.push_back(i);
  }
  s.split({y}, rest);
  const replica::epoch_t epoch = s.status(y).epoch;
  s.expect([&] { return s.leader() != 0 && s.leader() < 5; }, s.suspect());
  const machine_index x = s.leader();
  if (x == y || s.status(x).epoch != epoch) throw missed();
  const machine_index b = rest[0] == x ? rest[1] : rest[0], c = rest[2] == x ? rest[1] : rest[2];
  s.hold({x}, {0, b, c});
  s.split({c}, {0, b});
  s.release({y}, {b});
  s.release({b}, {y});
  s.wait(s.suspect() * 9 / 10);
  if (s.status(y).as != replica::role::candidate || s.status(y).epoch != epoch) throw missed();
  s.arrive();
  s.at(0).resume();
  s.wait_below(s.suspect());
  s.settle();
}

// Three of five are left, so all three must agree on one, over slow links: two that ask at the same time
// split the votes, and do so again and again unless one of them gives way.
void bare_quorum_on_slow_links(stage& s) {
  s.form(5);
  s.expect([&] { return s.leads(0); });
  const std::vector<machine_index> left{2, 3, 4};
  const duration slow = s.suspect() / 9;
  for (const machine_index a : left) {
    for (const machine_index b : left) {
      if (a != b) s.group().wires().set_delay(a, b, slow + s.chance().below(5ms));
    }
  }
  s.wait(s.suspect());
  s.crash(0, true);
  s.crash(1, true);
  s.arrive();
  s.demand([&] { return s.leader() >= 2 && s.leader() < 5; }, "a bare quorum elects nobody",
           s.suspect() * 5 / 2);
  s.settle();
}

// A leader steps down without a quorum, just after a view that takes its weight; the others hear it again
// before they suspect it. It will never stand again, so nobody may wait for it.
void nobody_waits_for_who_stepped_down(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.wait_below(100ms);
  s.hold({1, 2}, {0});
  s.wait_below(s.suspect() / 10);
  s.hold({0}, {1, 2});
  s.at(0).ask(replica::weight_change{s.status(0).self, 0});
  s.expect([&] { return s.weight_in_log(0, 0) == 0; }, s.suspect());
  s.expect([&] { return !s.leads(0); }, s.suspect());
  s.release({0}, {1, 2});
  s.release({1, 2}, {0});
  if (s.leader() < 3) throw missed();
  s.arrive();
  s.demand([&] { return s.leader() < 3; }, "all wait for a leader that has stepped down", s.suspect() * 3);
  s.settle();
}

// The same with two, and the view is in nobody else's log: the other one cannot win against the longer log,
// so the old leader has to stand, though that view gives it no weight.
void weightless_leader_stands_again(stage& s) {
  s.form(2);
  s.expect([&] { return s.leads(0); });
  s.wait_below(100ms);
  s.hold({0}, {1});
  s.at(0).ask(replica::weight_change{s.status(0).self, 0});
  s.expect([&] { return s.weight_in_log(0, 0) == 0; }, s.suspect());
  s.hold({1}, {0});
  s.expect([&] { return !s.leads(0); }, s.suspect() * 2);
  if (s.weight_in_log(0, 1) == 0) throw missed();
  s.group().wires().reset(0, 1);
  s.release({0}, {1});
  s.release({1}, {0});
  s.arrive();
  s.demand([&] { return s.leader() < 2; }, "nobody can be elected", s.suspect() * 6);
  s.settle();
}

}  // namespace hauberk::simulator::directed
