// Scenarios of groups that die, whole or but for a few, and are re-formed by those who were in them.
#include <gtest/gtest.h>

#include "scenario/script.hpp"

namespace hauberk::scenario {
namespace {

/// Everybody of 1 … `count` is a member with weight again, in a history that goes on from another.
bool is_whole(script& s, machine_index count) {
  for (machine_index i = 1; i <= count; ++i) {
    const auto v = s.core(i).current_view();
    if (!v || v->members.size() != count || v->forks.empty() || !s.status(i).primary) return false;
    if (v->total_weight() != count) return false;
  }
  return true;
}

TEST(scenario, full_crash_and_reformation) {
  script s("full_crash_and_reformation", 3);
  s.found(3);
  s.broadcast(2, "before");
  s.run(50ms);
  s.note("all crash at once, and come back one after the other");
  for (const machine_index i : {1U, 2U, 3U}) s.crash(i);
  s.run(1s);
  s.restart({3});
  s.run(3s);
  s.restart({1});
  s.run(3s);
  EXPECT_EQ(s.status(1).as, replica::role::joiner) << "n2 may have what nobody else has";
  s.restart({2});
  ASSERT_TRUE(s.run_until([&] { return is_whole(s, 3); }));
  EXPECT_EQ(s.core(1).current_view()->forks.size(), 1U);
  EXPECT_EQ(s.core(1).current_view()->history, s.core(3).current_view()->history);
  s.broadcast(2, "after");
  s.run(50ms);
  for (const machine_index i : {1U, 2U, 3U}) EXPECT_EQ(s.texts(i), std::vector<std::string>{"after"});
  s.check();
}

TEST(scenario, a_majority_restarts_while_a_minority_lives) {
  script s("a_majority_restarts_while_a_minority_lives", 3);
  s.found(3);
  s.broadcast(1, "before");
  s.run(50ms);
  s.note("n1 and n2 crash; n3 lives, and keeps its memory");
  s.crash(1);
  s.crash(2);
  s.run(3s);
  s.restart({1});
  s.run(3s);
  EXPECT_FALSE(s.status(3).primary) << "n2 may live where nobody sees it";
  s.restart({2});
  ASSERT_TRUE(s.run_until([&] { return is_whole(s, 3); }));
  s.broadcast(3, "after");
  s.run(50ms);
  EXPECT_EQ(s.texts(3), (std::vector<std::string>{"before", "after"}));
  s.check();
}

TEST(scenario, a_pair_restarts_both) {
  script s("a_pair_restarts_both", 2);
  s.found(2);
  s.broadcast(1, "before");
  s.run(50ms);
  s.note("both crash");
  s.crash(1);
  s.crash(2);
  s.run(500ms);
  s.restart({1, 2});
  ASSERT_TRUE(s.run_until([&] { return is_whole(s, 2); }));
  s.broadcast(1, "after");
  s.run(50ms);
  EXPECT_EQ(s.texts(1), s.texts(2));
  s.check();
}

TEST(scenario, forced_minority_then_heal) {
  script s("forced_minority_then_heal", 5);
  s.found(5);
  s.broadcast(2, "before");
  s.run(50ms);
  EXPECT_FALSE(s.force(1)) << "a primary member is not forced";
  s.note("n1 and n2 are cut off; the others go on");
  s.cut({1, 2}, {3, 4, 5});
  s.run(7s);
  s.broadcast(3, "of the majority");
  s.run(50ms);
  EXPECT_FALSE(s.status(1).primary);
  s.note("the operator believes that the others are gone");
  ASSERT_TRUE(s.force(1));
  ASSERT_TRUE(s.run_until([&] { return s.status(1).primary && s.status(2).primary; }));
  EXPECT_GT(s.status(1).view_number, std::uint64_t{1} << 32U);
  s.broadcast(2, "of the forced");
  s.run(50ms);
  EXPECT_TRUE(s.status(3).primary) << "force is the one act that makes two";
  s.note("but they are not");
  s.heal();
  ASSERT_TRUE(s.run_until([&] { return s.end_of(3) && s.end_of(4) && s.end_of(5); }));
  for (const machine_index i : {3U, 4U, 5U}) EXPECT_EQ(s.end_of(i), errc::state_transfer_needed);
  for (const machine_index i : {1U, 2U})
    EXPECT_EQ(s.texts(i), (std::vector<std::string>{"before", "of the forced"}));
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
