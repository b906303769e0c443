// The same seed and build give the same run, bit for bit: without that no seed could be replayed.
#include <gtest/gtest.h>

#include "simulator/run.hpp"

namespace hauberk::simulator {
namespace {

TEST(determinism, a_seed_gives_the_same_trace_twice) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const run_result first = run(seed, {});
    const run_result second = run(seed, {});
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed << ": " << first.drawn;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
    EXPECT_GT(first.positions, 0U) << "seed " << seed << ": nothing happened";
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

TEST(determinism, seeds_differ) { EXPECT_NE(run(1, {}).hash, run(2, {}).hash); }

}  // namespace
}  // namespace hauberk::simulator
