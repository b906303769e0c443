// Scenarios of catching up: what a joiner lacks comes from a donor's window, and either of them may die; who
// stays away for longer than the windows reach back is told what to do.
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

/// `count` broadcasts of `size` bytes, one every 10 ms.
void load(script& s, machine_index from, const std::string& text, int count, std::size_t size = 20000) {
  for (int n = 1; n <= count; ++n) {
    EXPECT_TRUE(s.broadcast(from, text + " " + std::to_string(n) + " " + std::string(size, '.')));
    s.run(10ms);
  }
}

/// One broadcast, from which on pauses count.
void begin_to_count(script& s, machine_index from) {
  EXPECT_TRUE(s.broadcast(from, "now"));
  s.run(4ms);
  (void)s.longest_gap(from);
}

/// Runs until the joiner has asked for what it lacks.
bool asks(script& s, machine_index joiner) {
  return s.run_until([&] { return s.status(joiner).fetches > 0; });
}

/// The rule for donors: the first after the joiner in the order of processes, the leader last.
machine_index donor_of(script& s, machine_index joiner, std::vector<machine_index> followers) {
  const auto id = [&](machine_index which) { return s.status(which).self.process; };
  std::sort(followers.begin(), followers.end(), [&](auto a, auto b) { return id(a) < id(b); });
  const auto after = std::find_if(followers.begin(), followers.end(),
                                  [&](machine_index one) { return id(joiner) < id(one); });
  return after == followers.end() ? followers.front() : *after;
}

TEST(scenario, donor_dies) {
  script s("donor_dies", 4);
  s.found(3);
  load(s, 1, "old", 30);
  s.note("n4 joins with nothing and asks a donor, not the leader n1, for what it lacks");
  s.start({4});
  ASSERT_TRUE(asks(s, 4));
  const machine_index donor = donor_of(s, 4, {2, 3});
  const machine_index other = 5 - donor;
  begin_to_count(s, other);
  s.note("the donor crashes: another one goes on");
  s.crash(donor);
  s.broadcast_for(other, "meanwhile", 2s);
  EXPECT_EQ(s.texts(4).size(), 231U);
  EXPECT_EQ(s.texts(4), s.texts(1));
  EXPECT_LE(s.longest_gap(other), 30ms);
  EXPECT_TRUE(all_weigh(s, 1, 3));
  s.check();
}

TEST(scenario, donor_freezes) {
  script s("donor_freezes", 4);
  s.found(3);
  load(s, 1, "old", 30);
  s.start({4});
  ASSERT_TRUE(asks(s, 4));
  const machine_index donor = donor_of(s, 4, {2, 3});
  s.note("the donor freezes for half a second: the joiner does not wait for it");
  s.freeze(donor);
  s.broadcast_for(5 - donor, "meanwhile", 400ms);
  EXPECT_EQ(s.texts(4).size(), 70U);
  s.thaw(donor);
  s.run(500ms);
  EXPECT_EQ(s.texts(donor), s.texts(4));
  EXPECT_TRUE(all_weigh(s, 1, 4));
  s.check();
}

TEST(scenario, joiner_dies) {
  script s("joiner_dies", 4);
  s.found(3);
  load(s, 1, "old", 30);
  s.note("n4 joins with nothing, and crashes while it catches up");
  s.start({4});
  ASSERT_TRUE(asks(s, 4));
  s.crash(4);
  begin_to_count(s, 2);
  s.broadcast_for(2, "meanwhile", 100ms);
  EXPECT_LE(s.longest_gap(2), 30ms) << "it had no weight: nobody waits";
  s.note("n4 comes back; it had not held its view yet, so only silence tells that its old seat is dead");
  s.start({4}, true);
  s.run(2s);
  EXPECT_EQ(s.texts(4).size(), 41U);
  EXPECT_TRUE(all_weigh(s, 1, 4));
  s.check();
}

TEST(scenario, frozen_for_longer_than_the_window) {
  script s("frozen_for_longer_than_the_window", 3);
  s.found(3);
  s.broadcast(1, "before");
  s.run(10ms);
  s.note("n3 freezes under load: half of the window (1 MiB) later it has no weight");
  s.freeze(3);
  load(s, 2, "load", 40);
  s.note("what was on the way to n3 (8 MiB) and the window fill up without it");
  load(s, 2, "more", 60, 200000);
  EXPECT_LE(s.longest_gap(2), 30ms) << "and nobody has waited";
  s.note("n3 thaws: what it lacks has left the window");
  s.thaw(3);
  s.run(500ms);
  s.check();
}

TEST(scenario, frozen_for_less_than_the_window) {
  script s("frozen_for_less_than_the_window", 3);
  s.found(3);
  s.note("n3 freezes under load and thaws before the window (1 MiB) is full: it comes back by itself");
  s.freeze(3);
  load(s, 2, "load", 40);
  s.thaw(3);
  s.run(500ms);
  EXPECT_EQ(s.texts(3).size(), 40U);
  EXPECT_TRUE(all_weigh(s, 1, 3));
  s.check();
}

}  // namespace
}  // namespace hauberk::scenario
