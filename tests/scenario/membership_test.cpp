// Scenarios of membership: joining late, leaving, returning with and without proof, and a view that is
// pending while its leader is gone.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

bool all_weigh(script& s, machine_index seen_by, std::size_t count) {
  const auto v = s.core(seen_by).current_view();
  return v && v->members.size() == count &&
         std::all_of(v->members.begin(), v->members.end(), [](const auto& m) { return m.weight > 0; });
}

TEST(scenario, a_late_joiner_catches_up) {
  script s("a_late_joiner_catches_up", 3);
  s.found(2);
  s.broadcast_for(1, "old", 50ms);
  s.note("n3 joins with nothing, while n2 goes on");
  s.start({3});
  s.broadcast_for(2, "new", 500ms);
  s.run(200ms);
  EXPECT_EQ(s.texts(3).size(), 55U);
  EXPECT_EQ(s.texts(3), s.texts(1));
  EXPECT_TRUE(all_weigh(s, 1, 3));
  s.check();
}

TEST(scenario, leave_down_to_one) {
  script s("leave_down_to_one", 3);
  s.found(3);
  s.note("the leader leaves first: it hands over");
  s.leave(1);
  ASSERT_TRUE(s.run_until([&] { return s.core(2).current_view()->members.size() == 2; }));
  s.run(100ms);
  s.note("then n2");
  s.leave(2);
  ASSERT_TRUE(s.run_until([&] { return s.core(3).current_view()->members.size() == 1; }));
  EXPECT_TRUE(s.broadcast(3, "alone"));
  s.run(100ms);
  s.note("then the last");
  s.leave(3);
  s.run(1s);
  s.check();
}

TEST(scenario, all_leave_at_once) {
  script s("all_leave_at_once", 3);
  s.found(3);
  for (machine_index i = 1; i <= 3; ++i) s.leave(i);
  s.run(5s);
  s.check();
}

TEST(scenario, a_pair_restarts_one_with_proof) {
  script s("a_pair_restarts_one_with_proof", 2);
  s.found(2);
  s.note("n2 is killed: n1 alone is half, and not primary");
  s.crash(2);
  s.run(2s);
  EXPECT_FALSE(s.status(1).primary);
  s.note("n2 returns, and its state file proves the death of its last seat");
  s.start({2}, true);
  ASSERT_TRUE(s.run_until([&] { return s.core(2).current_view() && all_weigh(s, 2, 2); }));
  s.run(10ms);
  EXPECT_TRUE(s.broadcast(1, "both again"));
  s.run(100ms);
  EXPECT_EQ(s.texts(2), (std::vector<std::string>{"both again"}));
  s.check();
}

TEST(scenario, a_name_returns_without_proof) {
  script s("a_name_returns_without_proof", 3);
  s.found(3);
  s.note("n3 is killed and comes back at once, without its state file");
  s.crash(3);
  s.run(20ms);
  s.start({3}, false);
  ASSERT_TRUE(s.run_until([&] { return s.core(3).current_view() && all_weigh(s, 1, 3); }));
  s.run(500ms);
  EXPECT_TRUE(s.status(3).primary);
  s.check();
}

// PROTOCOL 1: the view that gives n4 its weight reaches only n4, then its leader stops. Who holds the view
// needs both quorums, who does not needs the old one: only one side can go on.
TEST(scenario, a_pending_view_reaches_only_its_joiner) {
  script s("a_pending_view_reaches_only_its_joiner", 4);
  s.found(3);
  s.note("n4 joins; as soon as the view with its weight stands in n1's log, n2 and n3 hear n1 no more");
  s.start({4});
  const auto weight = [](const replica::view_ptr& v) { return v->total_weight(); };
  ASSERT_TRUE(s.run_until([&] { return weight(s.core(1).newest_view()) == 4; }));
  ASSERT_EQ(weight(s.core(1).current_view()), 3U) << "pending";
  s.cut({1}, {2, 3});
  s.run(300ms);
  EXPECT_EQ(weight(s.core(4).newest_view()), 4U) << "n4 has it";
  EXPECT_EQ(weight(s.core(2).newest_view()), 3U) << "n2 has not";
  EXPECT_EQ(weight(s.core(1).current_view()), 3U) << "not committed by n1 and n4";
  s.note("n1 freezes with the view pending: n2 and n3 are a quorum of the old view, n4 alone of none");
  s.freeze(1);
  s.run(2s);
  EXPECT_TRUE(s.status(2).primary);
  EXPECT_TRUE(s.status(3).primary);
  EXPECT_TRUE(s.broadcast(2, "by the old view's quorum"));
  s.run(100ms);
  EXPECT_EQ(s.texts(3), (std::vector<std::string>{"by the old view's quorum"}));
  s.note("n1 thaws and the cut heals: one group again");
  s.thaw(1);
  s.heal();
  ASSERT_TRUE(s.run_until([&] { return all_weigh(s, 2, 4); }, 40s));
  s.run(1s);
  for (machine_index i = 1; i <= 4; ++i) EXPECT_TRUE(s.status(i).primary) << i;
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
