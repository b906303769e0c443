// Scenarios of broken pairs: members that cannot reach each other directly, but have a neighbour in common
// (PROTOCOL 13). It costs latency, not the group.
#include <gtest/gtest.h>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

/// Machines 1 … `count` are members with weight, and 1 leads.
void found(script& s, machine_index count) {
  s.bootstrap(1);
  for (machine_index i = 2; i <= count; ++i) s.start({i});
  const auto all_weigh = [&] {
    const auto v = s.core(1).current_view();
    return v && v->members.size() == count && v->total_weight() == count;
  };
  ASSERT_TRUE(s.run_until(all_weigh)) << "the group forms";
  s.run(300ms);
}

void expect_one_group(script& s, machine_index count, const std::vector<std::string>& texts) {
  for (machine_index i = 1; i <= count; ++i) {
    EXPECT_TRUE(s.status(i).primary) << i;
    EXPECT_EQ(s.core(i).current_view()->members.size(), count) << i;
    EXPECT_EQ(s.texts(i), texts) << i;
  }
}

TEST(scenario, the_sender_is_cut_only_from_the_leader) {
  script s("the_sender_is_cut_only_from_the_leader", 3);
  found(s, 3);
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
  found(s, 5);
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

}  // namespace
}  // namespace hauberk::scenario
