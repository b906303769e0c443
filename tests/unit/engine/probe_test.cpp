#include "engine/probe.hpp"

#include <gtest/gtest.h>

namespace hauberk::engine {
namespace {

using namespace std::chrono_literals;
using verdict = probe::verdict;

constexpr base::time_point start{100s}, until{102s};

uuid process(std::uint8_t n) {
  uuid made;
  made.bytes[0] = n;
  return made;
}

TEST(Probe, WithoutPeersThereIsNobodyToAsk) { EXPECT_EQ(probe(until, {}).decide(start), verdict::bootstrap); }

TEST(Probe, BootstrapsOnceEverybodyRefused) {
  probe asking(until, {"a:1", "b:1"});
  asking.handle_dial(1, "a:1");
  asking.handle_dial(2, "b:1");
  EXPECT_EQ(asking.decide(start), verdict::wait);
  asking.handle_dial_failed(1);
  asking.handle_dial_failed(1);
  EXPECT_EQ(asking.decide(start), verdict::wait);
  asking.handle_dial_failed(2);
  EXPECT_EQ(asking.decide(start), verdict::bootstrap);
}

TEST(Probe, JoinsAPeerInAHistory) {
  probe asking(until, {"a:1", "b:1"});
  asking.handle_dial(1, "a:1");
  asking.handle_dial_up(1, process(1), false);
  EXPECT_EQ(asking.decide(start), verdict::wait);
  asking.handle_answer(process(1), true);
  EXPECT_EQ(asking.decide(start), verdict::join);
}

TEST(Probe, WaitsForTheAnswerOfALinkedPeer) {
  probe asking(until, {"a:1", "b:1"});
  asking.handle_dial(1, "a:1");
  asking.handle_dial(2, "b:1");
  asking.handle_dial_failed(2);
  asking.handle_dial_up(1, process(1), false);
  EXPECT_EQ(asking.decide(start), verdict::wait);
  asking.handle_answer(process(1), false);
  EXPECT_EQ(asking.decide(start), verdict::bootstrap);
}

TEST(Probe, AnInboundPeerCountsForItsAddressOnly) {
  probe asking(until, {"a:1", "b:1"});
  asking.handle_dial(1, "a:1");
  asking.handle_answer(process(1), false);  // it dialled us
  asking.handle_dial_up(1, process(1), false);
  EXPECT_EQ(asking.decide(start), verdict::wait);
  asking.handle_dial(2, "b:1");
  asking.handle_dial_up(2, process(2), true);  // ourselves
  EXPECT_EQ(asking.decide(start), verdict::bootstrap);
}

TEST(Probe, DoesNotWaitForeverForASilentMachine) {
  probe asking(until, {"a:1"});
  asking.handle_dial(1, "a:1");
  EXPECT_EQ(asking.decide(until - 1ns), verdict::wait);
  EXPECT_EQ(asking.decide(until), verdict::bootstrap);
}

}  // namespace
}  // namespace hauberk::engine
