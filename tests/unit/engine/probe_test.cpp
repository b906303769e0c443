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
  asking.handle_dial_up(1);
  asking.handle_link(process(1), "a", start);
  EXPECT_EQ(asking.decide(start), verdict::wait);
  EXPECT_TRUE(asking.history().is_nil());
  asking.handle_answer(process(1), process(9));
  EXPECT_EQ(asking.decide(start), verdict::join);
  EXPECT_EQ(asking.history(), process(9));
}

TEST(Probe, WaitsForWhatAJoinerKnows) {
  probe asking(until, {"a:1", "b:1"}, process(5));
  asking.handle_dial(1, "a:1");
  asking.handle_dial(2, "b:1");
  asking.handle_dial_failed(2);
  asking.handle_dial_up(1);
  asking.handle_link(process(1), "a", start);
  asking.handle_answer(process(1), uuid{});
  EXPECT_EQ(asking.decide(until - 1ns), verdict::wait);
  EXPECT_EQ(asking.decide(until), verdict::bootstrap);
}

TEST(Probe, ALinkWithItselfIsNobody) {
  probe asking(until, {"a:1"}, process(5));
  asking.handle_dial(1, "a:1");
  asking.handle_dial_up(1);
  asking.handle_link(process(5), "me", start);
  EXPECT_EQ(asking.decide(start), verdict::bootstrap);
}

TEST(Probe, DoesNotWaitForeverForASilentMachine) {
  probe asking(until, {"a:1"});
  asking.handle_dial(1, "a:1");
  EXPECT_EQ(asking.decide(until - 1ns), verdict::wait);
  EXPECT_EQ(asking.decide(until), verdict::bootstrap);
}

TEST(Probe, OfTwoThatAreToldSoAtOnceTheLowerOneStarts) {
  probe lower(until, {}, process(1)), higher(until, {}, process(2));
  lower.handle_link(process(2), "b", start);
  higher.handle_link(process(1), "a", start);
  EXPECT_EQ(lower.decide(start), verdict::wait) << "the other one may be in a history";
  EXPECT_EQ(lower.decide(lower.deadline(start)), verdict::bootstrap);
  EXPECT_EQ(higher.decide(higher.deadline(start)), verdict::wait);
  EXPECT_EQ(higher.decide(until), verdict::wait) << "the lower one may have waited as long";
  EXPECT_EQ(higher.decide(higher.deadline(until)), verdict::bootstrap) << "but not for ever";
  higher.handle_answer(process(1), process(9));
  EXPECT_EQ(higher.decide(start), verdict::join);
}

TEST(Probe, ANewerStateFileElsewhereRefusesByName) {
  const auto claim_of = [](std::uint64_t view, position_t recovered) {
    replica::view last;
    last.history = process(9);
    last.number = view;
    replica::claim made;
    made.is_open = true;
    made.known.decided = std::make_shared<const replica::view>(last);
    made.recovered = {process(9), recovered};
    return made;
  };
  const replica::record mine = claim_of(5, 0).known;
  struct {
    std::uint64_t view;
    position_t recovered;
    verdict expected;
  } const cases[] = {{4, 200, verdict::bootstrap},
                     {5, 100, verdict::bootstrap},
                     {5, 101, verdict::refuse},
                     {6, 0, verdict::refuse}};
  for (const auto& each : cases) {
    probe asking(until, {}, process(1), mine, {process(9), 100});
    asking.handle_link(process(2), "db2", start);
    asking.handle_answer(process(2), uuid{});
    EXPECT_EQ(asking.decide(start), verdict::wait) << "it has not said what its file knows";
    asking.handle_claim(process(2), claim_of(each.view, each.recovered));
    EXPECT_EQ(asking.decide(start), each.expected) << each.view << " " << each.recovered;
    EXPECT_EQ(asking.better().empty(), each.expected == verdict::bootstrap);
    if (!asking.better().empty()) {
      EXPECT_NE(asking.better().find("db2"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hauberk::engine
