// Scenarios of broken pairs: members that cannot reach each other directly, but have a neighbour in common
// (PROTOCOL 13). It costs latency, not the group.
#include <gtest/gtest.h>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

void expect_one_group(script& s, machine_index count, const std::vector<std::string>& texts) {
  for (machine_index i = 1; i <= count; ++i) {
    EXPECT_TRUE(s.status(i).primary) << i;
    EXPECT_EQ(s.core(i).current_view()->members.size(), count) << i;
    EXPECT_EQ(s.texts(i), texts) << i;
  }
}

TEST(scenario, the_sender_is_cut_only_from_the_leader) {
  script s("the_sender_is_cut_only_from_the_leader", 3);
  s.found(3);
  s.note("n1 leads; n3 cannot reach it any more, both reach n2");
  s.cut({1}, {3});
  s.run(10ms);
  s.broadcast(3, "over n2");
  ASSERT_TRUE(s.run_until([&] { return s.texts(3).size() == 1; }, 1s)) << "within a suspect timeout";
  s.note("once relayed, broadcasts go on without a wait");
  s.run(7s);
  s.broadcast(3, "at once");
  ASSERT_TRUE(s.run_until([&] { return s.texts(3).size() == 2; }, 400ms));
  s.broadcast(1, "from the leader");
  s.run(10s);
  s.note("the pair heals; nobody has lost anything, and the view has never changed");
  s.heal();
  s.run(1s);
  expect_one_group(s, 3, {"over n2", "at once", "from the leader"});
  s.check();
}

TEST(scenario, bridge) {
  script s("bridge", 5);
  s.found(5);
  s.note("n1 (the leader) and n2 are cut from n4 and n5; n3 reaches all");
  s.cut({1, 2}, {4, 5});
  s.broadcast(5, "from the far side");
  s.broadcast(2, "from the near side");
  s.run(15s);
  expect_one_group(s, 5, s.texts(1));
  EXPECT_EQ(s.texts(1).size(), 2U);
  s.note("the bridge burns: n1 and n2 are a minority, n4 and n5, too");
  s.cut({3}, {1, 2, 4, 5});
  s.run(3s);
  for (machine_index i = 1; i <= 5; ++i) EXPECT_FALSE(s.status(i).primary) << i;
  s.note("all heals");
  s.heal();
  ASSERT_TRUE(s.run_until([&] {
    for (machine_index i = 1; i <= 5; ++i) {
      if (!s.status(i).primary || s.core(i).current_view()->total_weight() != 5) return false;
    }
    return true;
  }));
  s.run(1s);
  s.check();
}

// A leader whose own links make no quorum hands over to a member that has them.
TEST(scenario, star_with_the_leader_at_its_edge) {
  script s("star_with_the_leader_at_its_edge", 5);
  s.found(5);
  s.note("all reach n3, nobody reaches another; n1 leads");
  s.cut({1, 2}, {4, 5});
  s.cut({1}, {2});
  s.cut({4}, {5});
  s.broadcast(2, "over n3");
  ASSERT_TRUE(s.run_until([&] { return s.status(3).as == replica::role::leader; }, 3s));
  s.broadcast(5, "to n3 itself");
  s.run(15s);
  EXPECT_EQ(s.status(3).as, replica::role::leader);
  expect_one_group(s, 5, {"over n3", "to n3 itself"});
  s.check();
}

// Two hops around the ring nobody is reached: n4 and n5 are lost to n1. But five of seven are a quorum, and
// go on.
TEST(scenario, ring_of_seven) {
  script s("ring_of_seven", 7);
  s.found(7);
  s.note("each reaches its two neighbours only; n1 leads");
  for (machine_index i = 1; i <= 7; ++i) {
    for (machine_index j = i + 2; j <= 7; ++j) {
      if (i != 1 || j != 7) s.cut({i}, {j});
    }
  }
  s.broadcast(2, "from next to the leader");
  s.broadcast(3, "from two hops away");
  ASSERT_TRUE(s.run_until([&] { return s.texts(6).size() == 2; }, 2s)) << "on the other side";
  s.run(8s);
  EXPECT_EQ(s.status(1).as, replica::role::leader);
  s.broadcast(6, "from the other side");
  ASSERT_TRUE(s.run_until([&] { return s.texts(3).size() == 3; }, 1s));
  for (const machine_index i : {1U, 2U, 3U, 6U, 7U}) EXPECT_TRUE(s.status(i).primary) << i;
  s.note("the ring is a mesh again, and everybody is back");
  s.heal();
  ASSERT_TRUE(s.run_until([&] { return s.core(1).current_view()->total_weight() == 7; }));
  s.run(1s);
  for (machine_index i = 1; i <= 7; ++i) EXPECT_EQ(s.texts(i).size(), 3U) << i;
  s.check();
}

// Rule 12: a pair that cannot link keeps the joiner out; who keeps out two is named as the one to look at.
TEST(scenario, a_member_that_no_joiner_reaches) {
  script s("a_member_that_no_joiner_reaches", 4);
  s.found(2);
  s.note("n3 and n4 want to join, and reach n1, but not n2");
  s.cut({2}, {3, 4});
  s.start({3, 4});
  s.run(5s);
  EXPECT_EQ(s.core(1).current_view()->members.size(), 2U);
  EXPECT_EQ(s.core(1).current().mesh_incomplete, 2U);
  s.note("the cut heals");
  s.heal();
  ASSERT_TRUE(s.run_until([&] { return s.core(1).current_view()->total_weight() == 4; }));
  EXPECT_EQ(s.core(1).current().mesh_incomplete, 0U);
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
