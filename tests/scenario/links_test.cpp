// Scenarios of links that are half broken or come and go, and of a member that is back before anybody missed
// it.
#include <gtest/gtest.h>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

TEST(scenario, one_way_cut) {
  script s("one_way_cut", 3);
  s.found(3);
  s.note("n3 is heard by nobody, but hears everybody: its links count as down on both sides");
  s.cut_one_way(3, 1);
  s.cut_one_way(3, 2);
  s.broadcast_for(1, "x", 1500ms);
  EXPECT_LE(s.longest_gap(1), 13ms);
  EXPECT_FALSE(s.status(3).primary) << "what it sends does not come back";
  s.broadcast_for(1, "y", 5s);
  EXPECT_EQ(s.core(1).current_view()->members.size(), 2U);
  s.note("the way is free again");
  s.heal();
  s.run(3s);
  EXPECT_EQ(s.core(1).current_view()->members.size(), 3U);
  EXPECT_EQ(s.texts(3), s.texts(1));
  s.check();
}

TEST(scenario, flapping_link) {
  script s("flapping_link", 3);
  s.found(3);
  const std::uint64_t number = s.core(1).current_view()->number;
  s.note("n3's links break and come back eight times, each time for less than the suspect timeout");
  for (int i = 0; i < 8; ++i) {
    s.cut({3}, {1, 2});
    s.broadcast_for(2, "cut", 300ms);
    s.heal();
    s.broadcast_for(2, "whole", 500ms);
  }
  s.run(500ms);
  EXPECT_EQ(s.core(1).current_view()->number, number) << "a blip changes no view";
  EXPECT_LE(s.longest_gap(1), 13ms);
  EXPECT_EQ(s.texts(3), s.texts(1));
  s.check();
}

TEST(scenario, killed_and_back_within_a_second) {
  script s("killed_and_back_within_a_second", 3);
  s.found(3);
  s.broadcast_for(2, "before", 50ms);
  s.note("n3 is killed under traffic, and started again 200 ms later with its state file");
  s.crash(3);
  s.broadcast_for(2, "meanwhile", 200ms);
  s.start({3}, true);
  s.broadcast_for(2, "after", 2s);
  EXPECT_LE(s.longest_gap(2), 13ms);
  EXPECT_EQ(s.core(1).current_view()->members.size(), 3U);
  s.run(100ms);
  EXPECT_EQ(s.texts(3), s.texts(2));
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
