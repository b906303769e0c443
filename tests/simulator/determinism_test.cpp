// The same seed and build give the same run, bit for bit: without that no seed could be replayed.
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "simulator/run.hpp"

namespace hauberk::simulator {
namespace {

TEST(determinism, a_seed_gives_the_same_trace_twice) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const run_result first = run(seed, {});
    const run_result second = run(seed, {});
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed << ": " << first.drawn;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
    EXPECT_GT(first.events, 1000U) << "seed " << seed
                                   << ": nothing happened";  // a hostile run may order nothing
  }
}

TEST(determinism, the_trace_does_not_change_what_happens) {
  std::uint64_t lines = 0;
  run_options traced;
  traced.length = 10s;
  run_options silent = traced;
  traced.trace = [&](const std::string&) { ++lines; };
  EXPECT_EQ(run(3, silent).hash, run(3, traced).hash);
  EXPECT_GT(lines, 100U);
}

TEST(determinism, threads_do_not_change_what_happens) {
  run_options brief;
  brief.length = 20s;
  constexpr std::uint64_t seeds = 6;
  std::array<run_result, seeds> together;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < seeds; ++i) {
    threads.emplace_back([&, i] { together[i] = run(100 + i, brief); });
  }
  for (auto& each : threads) each.join();
  for (std::uint64_t i = 0; i < seeds; ++i) EXPECT_EQ(together[i].hash, run(100 + i, brief).hash) << 100 + i;
}

// What the minimiser stands on: naming all that took place gives the same run, leaving something out another.
TEST(determinism, a_run_can_be_replayed_from_its_actions) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    run_options how;
    how.length = 20s;
    const run_result all = run(seed, how);
    how.chosen.only = number_set(all.actions);
    how.chosen.messages = number_set(all.turns);
    EXPECT_EQ(all.hash, run(seed, how).hash) << "seed " << seed << how.chosen.options();
    how.chosen.messages = number_set();
    const run_result quiet = run(seed, how);
    EXPECT_TRUE(quiet.turns.empty());
    EXPECT_NE(all.hash, quiet.hash) << "seed " << seed;
  }
}

TEST(number_set, reads_what_it_writes) {
  const number_set some({17, 4, 5, 6, 100000});
  EXPECT_EQ(some.text(), "4-6,17,100000");
  const auto back = number_set::parse("17,4-5,6-6,100000");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->text(), some.text());
  EXPECT_TRUE(back->has(5));
  EXPECT_FALSE(back->has(7));
  EXPECT_FALSE(number_set::parse("none")->has(0));
  for (const char* wrong : {"", "a", "3-", "5-4", "1,,2", "1,", "-3"})
    EXPECT_FALSE(number_set::parse(wrong)) << wrong;
}

TEST(determinism, seeds_differ) { EXPECT_NE(run(1, {}).hash, run(2, {}).hash); }

}  // namespace
}  // namespace hauberk::simulator
