// Scenarios of faults: crashes, partitions, freezes, and the two ways in which logs can diverge.
#include <gtest/gtest.h>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

TEST(scenario, normal_traffic) {
  script s("normal_traffic", 3);
  s.found(3);
  s.note("each broadcasts one, the leader n1 last");
  s.broadcast(3, "from n3");
  s.broadcast(2, "from n2");
  s.broadcast(1, "from n1");
  s.run(10ms);
  EXPECT_EQ(s.texts(1).size(), 3U);
  EXPECT_EQ(s.texts(1), s.texts(2));
  EXPECT_EQ(s.texts(1), s.texts(3));
  s.check();
}

TEST(scenario, leader_crash) {
  script s("leader_crash", 3);
  s.found(3);
  s.broadcast(2, "before");
  s.run(5ms);
  s.note("n1 leads and crashes; its address refuses connections");
  s.crash(1);
  s.broadcast(2, "into the gap");
  ASSERT_TRUE(s.run_until([&] { return s.texts(3).size() == 2; }, 1s)) << "a new leader orders it";
  s.run(3s);
  EXPECT_EQ(s.core(2).current_view()->members.size(), 2U);
  s.check();
}

TEST(scenario, follower_crash_delays_nobody) {
  script s("follower_crash_delays_nobody", 3);
  s.found(3);
  s.broadcast_for(2, "a", 50ms);
  s.note("n3 crashes under traffic");
  s.crash(3);
  s.broadcast_for(2, "b", 2s);
  EXPECT_LE(s.longest_gap(2), 13ms) << "a broadcast every 10 ms, and a round trip";
  EXPECT_EQ(s.core(1).current_view()->members.size(), 2U);
  s.check();
}

TEST(scenario, frozen_follower_delays_nobody) {
  script s("frozen_follower_delays_nobody", 3);
  s.found(3);
  s.note("n3 freezes for longer than the suspect timeout, and comes back within the inactive timeout");
  s.freeze(3);
  s.broadcast_for(2, "x", 2s);
  EXPECT_LE(s.longest_gap(2), 13ms);
  s.thaw(3);
  s.run(2s);
  EXPECT_EQ(s.texts(3).size(), 200U);
  EXPECT_EQ(s.texts(3), s.texts(2));
  EXPECT_EQ(s.core(1).current_view()->members.size(), 3U);
  s.check();
}

TEST(scenario, partition_and_resume) {
  script s("partition_and_resume", 5);
  s.found(5);
  s.broadcast(4, "before");
  s.run(10ms);
  s.note("n1 (the leader) and n2 are cut off from n3, n4, n5");
  s.cut({1, 2}, {3, 4, 5});
  s.broadcast(2, "in the minority");
  s.run(2500ms);
  EXPECT_FALSE(s.status(1).primary);
  EXPECT_FALSE(s.status(2).primary);
  EXPECT_TRUE(s.status(4).primary);
  s.broadcast(4, "in the majority");
  s.run(10ms);
  s.note("the cut heals before the inactive timeout: same view, and the ticket of n2 is resolved");
  s.heal();
  s.run(4s);
  for (machine_index i = 1; i <= 5; ++i) {
    EXPECT_TRUE(s.status(i).primary) << i;
    EXPECT_EQ(s.texts(i), (std::vector<std::string>{"before", "in the majority", "in the minority"})) << i;
  }
  s.check();
}

TEST(scenario, removed_and_back) {
  script s("removed_and_back", 3);
  s.found(3);
  s.note("n3 is cut off for longer than the inactive timeout, with a broadcast that reached nobody");
  s.cut({3}, {1, 2});
  s.broadcast(3, "reached nobody");
  s.broadcast(1, "without n3");
  s.run(8s);
  EXPECT_EQ(s.core(1).current_view()->members.size(), 2U);
  s.note(
      "the cut heals: n3 learns that it was removed, its ticket ends as never, it returns with a new seat");
  s.heal();
  s.run(4s);
  EXPECT_EQ(s.core(1).current_view()->members.size(), 3U);
  EXPECT_EQ(s.texts(3), (std::vector<std::string>{"without n3"}));
  s.check();
}

// PROTOCOL 2: the old leader's own tail is longer than the new leader's log, which then grows past it.
TEST(scenario, longer_older_tail) {
  script s("longer_older_tail", 3);
  s.found(3);
  s.note("n1 leads, is cut off, and orders three broadcasts that nobody else gets");
  s.cut({1}, {2, 3});
  for (const char* text : {"tail 1", "tail 2", "tail 3"}) s.broadcast(1, text);
  s.run(50ms);
  const position_t tail = s.status(1).log_end;
  ASSERT_TRUE(s.run_until(
      [&] { return s.status(2).as == replica::role::leader || s.status(3).as == replica::role::leader; }));
  EXPECT_LT(std::max(s.status(2).log_end, s.status(3).log_end), tail) << "the new leader's log is shorter";
  for (int n = 1; n <= 4; ++n) s.broadcast(2, "new " + std::to_string(n));
  s.run(50ms);
  s.note("the cut heals: n1 cuts its tail, and its broadcasts are ordered once, after the others");
  s.heal();
  s.run(3s);
  const std::vector<std::string> all{"new 1", "new 2", "new 3", "new 4", "tail 1", "tail 2", "tail 3"};
  for (machine_index i = 1; i <= 3; ++i) EXPECT_EQ(s.texts(i), all) << i;
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
