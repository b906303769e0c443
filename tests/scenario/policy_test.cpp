// Scenarios of what a group may be told: weights, an arbitrator, another policy.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

/// Machines 1 … `count` are members with weight.
void found(script& s, machine_index count) {
  s.bootstrap(1);
  for (machine_index i = 2; i <= count; ++i) s.start({i});
  const auto all_weigh = [&] {
    const auto v = s.core(1).current_view();
    return v && v->members.size() == count &&
           std::all_of(v->members.begin(), v->members.end(), [](const auto& m) { return m.weight > 0; });
  };
  ASSERT_TRUE(s.run_until(all_weigh)) << "the group forms";
  s.run(300ms);
}

std::uint8_t weight_of(script& s, machine_index whose) {
  const auto v = s.core(1).current_view();
  const auto* m = v->find_name("n" + std::to_string(whose));
  return m == nullptr ? 0 : m->weight;
}

TEST(scenario, weights) {
  script s("weights", 3);
  found(s, 3);
  s.note("n2 asks for weight 3 for n1, which leads: n1 alone is a quorum then");
  s.set_weight(2, 1, 3);
  ASSERT_TRUE(s.run_until([&] { return weight_of(s, 1) == 3; }));
  s.run(100ms);
  s.cut({1}, {2, 3});
  s.run(2s);
  EXPECT_TRUE(s.status(1).primary);
  EXPECT_FALSE(s.status(2).primary);
  EXPECT_TRUE(s.broadcast(1, "alone"));
  s.heal();
  ASSERT_TRUE(s.run_until([&] { return s.texts(3).size() == 1; }));
  s.note("n3 becomes an observer, and then a full member again, by two views");
  s.set_weight(3, 3, 0);
  ASSERT_TRUE(s.run_until([&] { return weight_of(s, 3) == 0; }));
  s.run(100ms);
  s.set_weight(1, 3, 1);
  ASSERT_TRUE(s.run_until([&] { return weight_of(s, 3) == 1; }));
  s.run(100ms);
  s.note("n1 gives its own weight away: it hands over");
  s.set_weight(1, 1, 0);
  ASSERT_TRUE(s.run_until([&] { return s.status(1).as != replica::role::leader; }));
  s.run(500ms);
  EXPECT_TRUE(s.status(1).primary);
  s.note("then n2; n3 would leave nobody who counts, and is refused");
  s.set_weight(2, 2, 0);
  s.run(500ms);
  s.set_weight(1, 3, 0);
  s.run(500ms);
  EXPECT_TRUE(s.broadcast(1, "an observer broadcasts"));
  s.run(100ms);
  EXPECT_EQ(s.texts(3).back(), "an observer broadcasts");
  s.check();
}

TEST(scenario, evicted_banned_allowed) {
  script s("evicted_banned_allowed", 3);
  found(s, 3);
  s.note("n2 evicts n3, which is alive: it is told, and gives up being primary, before the view is made");
  s.evict(2, 3, "its disk is failing");
  ASSERT_TRUE(s.run_until([&] { return s.core(1).current_view()->members.size() == 2; }));
  s.run(100ms);
  s.note("n3 comes back under the same name, and is refused");
  s.start({3}, true);
  s.run(1s);
  s.note("n1 allows it");
  s.allow(1, 3);
  s.run(200ms);
  s.start({3}, true);
  ASSERT_TRUE(s.run_until([&] { return s.core(1).current_view()->members.size() == 3; }));
  s.run(300ms);
  s.note("n2 is cut off, and evicted meanwhile: its lease has run out before the view is made");
  s.cut({2}, {1, 3});
  s.evict(1, 2, "it is mute");
  ASSERT_TRUE(s.run_until([&] { return s.core(1).current_view()->members.size() == 2; }));
  EXPECT_FALSE(s.status(2).primary);
  s.run(100ms);
  s.note("the leader n1 is evicted: it hands over first");
  s.evict(3, 1, "its turn");
  s.run(1s);
  s.check();
}

TEST(scenario, arbitrator) {
  script s("arbitrator", 3);
  s.make_arbitrator(3);
  found(s, 3);
  s.broadcast_for(1, "with both", 20ms);
  s.note("n1 and n2 are cut from each other; n1 commits with the arbitrator n3, and then crashes");
  s.cut({1}, {2});
  s.run(50ms);
  EXPECT_TRUE(s.broadcast(1, "held by n1 and the arbitrator"));
  s.run(50ms);
  s.crash(1);
  s.note("n2 lacks that message: only the arbitrator can lead; it gives n2 the rest and hands over");
  ASSERT_TRUE(s.run_until([&] { return s.status(2).as == replica::role::leader; }));
  s.run(6s);  // n1 is removed: until then it might still lack something
  EXPECT_EQ(s.texts(2).back(), "held by n1 and the arbitrator");
  EXPECT_FALSE(s.broadcast(3, "an arbitrator says nothing"));
  EXPECT_LE(s.status(3).log_end + 1 - s.status(3).log_start, 1U) << "and keeps nothing";
  s.note("n2, the last with data, leaves: the arbitrator can do nothing without it, and nobody waits for it");
  s.leave(2);
  s.run(2s);
  EXPECT_FALSE(s.status(3).primary);
  s.check();
}

TEST(scenario, policy_changes) {
  script s("policy_changes", 3);
  found(s, 3);
  const auto in_force = [&](machine_index which) { return s.core(which).current_view()->policy.text; };
  s.note("n2 tries a policy: all can, and nothing changes");
  s.propose(2, "new", true);
  s.run(1s);
  EXPECT_EQ(in_force(3), "p1");
  s.note("n2 asks for it: prepared, proved by all, in force; the view stays what it was");
  const std::uint64_t view = s.status(3).view_number;
  s.propose(2, "new");
  ASSERT_TRUE(
      s.run_until([&] { return in_force(1) == "new" && in_force(2) == "new" && in_force(3) == "new"; }));
  EXPECT_EQ(s.status(3).view_number, view);
  EXPECT_TRUE(s.broadcast(3, "over the new links"));
  s.run(500ms);
  s.note("n2 and n3 cannot link: it is not proved in time, and both are named");
  s.cut({2}, {3});
  s.propose(1, "newer");
  s.run(15s);
  EXPECT_EQ(in_force(1), "new");
  s.heal();
  s.run(1s);
  s.note("n3 dies with the proposal: its loss ends that, and it comes back with the policy in force");
  s.crash(3);
  s.propose(1, "newest");
  s.run(3s);
  s.restart({3});
  ASSERT_TRUE(s.run_until([&] { return s.status(3).primary; }));
  EXPECT_EQ(in_force(3), "new");
  s.run(500ms);
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
