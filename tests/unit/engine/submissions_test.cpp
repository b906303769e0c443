#include "engine/submissions.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace hauberk::engine {
namespace {

using namespace std::chrono_literals;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

result<std::uint64_t> add(submissions& to, const std::vector<std::string>& texts) {
  std::vector<std::span<const std::byte>> spans;
  for (const std::string& text : texts) spans.push_back(bytes(text));
  return to.add(spans);
}

TEST(Submissions, GivesTicketsAtOnceAndHandsAllOverTogether) {
  submissions waiting(1000, 1000);
  waiting.set_primary(true);
  EXPECT_EQ(add(waiting, {"a"}).value(), 1U);
  EXPECT_EQ(add(waiting, {"bb", "", "ccc"}).value(), 2U);
  auto taken = waiting.take();
  EXPECT_EQ(taken.first_ticket, 1U);
  ASSERT_EQ(taken.payloads.size(), 4U);
  EXPECT_EQ(taken.payloads[1].text(), "bb");
  EXPECT_EQ(taken.payloads[2].text(), "");
  EXPECT_EQ(taken.payloads[3].text(), "ccc");
  EXPECT_EQ(taken.bytes, 6U);
  EXPECT_TRUE(waiting.take().payloads.empty());
  EXPECT_EQ(add(waiting, {"d"}).value(), 5U);
  EXPECT_EQ(waiting.take().first_ticket, 5U);
}

TEST(Submissions, RefusesWhatCannotBeAccepted) {
  submissions waiting(100, 150);
  EXPECT_EQ(add(waiting, {"a"}).error().code, errc::not_primary);
  waiting.set_primary(true);
  EXPECT_EQ(add(waiting, {std::string(151, 'x')}).error().code, errc::payload_too_large);
  EXPECT_EQ(add(waiting, {std::string(60, 'x'), std::string(60, 'x')}).error().code, errc::payload_too_large);
  waiting.close();
  EXPECT_EQ(add(waiting, {"a"}).error().code, errc::closed);
  EXPECT_EQ(waiting.wait_writable(1, 0ms).error().code, errc::closed);
}

TEST(Submissions, BoundsWhatIsInFlightUntilTheReplicaLetsGo) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  ASSERT_TRUE(add(waiting, {std::string(60, 'x')}));
  EXPECT_EQ(add(waiting, {std::string(60, 'x')}).error().code, errc::window_full);
  ASSERT_TRUE(add(waiting, {std::string(40, 'x')}));
  EXPECT_EQ(waiting.wait_writable(1, 1ms).error().code, errc::timed_out);
  waiting.settle(waiting.take().bytes, 100);  // all of it is the replica's now
  EXPECT_EQ(waiting.in_flight_bytes(), 100U);
  waiting.settle(0, 40);
  EXPECT_EQ(waiting.in_flight_bytes(), 40U);
  EXPECT_TRUE(waiting.wait_writable(60, 0ms));
  EXPECT_EQ(waiting.wait_writable(61, 0ms).error().code, errc::timed_out);
  waiting.settle(0, 0);
  EXPECT_EQ(waiting.in_flight_bytes(), 0U);
}

TEST(Submissions, TakesOnePayloadAboveTheWindowAlone) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  EXPECT_TRUE(waiting.wait_writable(500, 0ms));
  ASSERT_TRUE(add(waiting, {std::string(500, 'x')}));
  EXPECT_EQ(add(waiting, {"y"}).error().code, errc::window_full);
  waiting.settle(waiting.take().bytes, 500);
  EXPECT_EQ(add(waiting, {"y"}).error().code, errc::window_full);
  waiting.settle(0, 0);
  EXPECT_TRUE(add(waiting, {"y"}));
}

TEST(Submissions, RefusedByTheReplicaFreesTheWindow) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  ASSERT_TRUE(add(waiting, {std::string(70, 'x')}));
  waiting.settle(waiting.take().bytes, 0);
  EXPECT_EQ(waiting.in_flight_bytes(), 0U);
}

TEST(Submissions, WakesTheWaiterWhenRoomComesUp) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  ASSERT_TRUE(add(waiting, {std::string(100, 'x')}));
  const auto taken = waiting.take();
  std::thread strand([&] {
    waiting.settle(taken.bytes, 100);
    waiting.settle(0, 10);
  });
  EXPECT_TRUE(waiting.wait_writable(90, 10s));
  strand.join();
}

TEST(Submissions, AcceptsNothingWhileTheHistoryWindowIsNearlyFull) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  waiting.set_throttled(true, false);
  EXPECT_EQ(add(waiting, {"x"}).error().code, errc::window_full);
  EXPECT_EQ(waiting.wait_writable(1, 0ms).error().code, errc::timed_out);
  std::thread strand([&] { waiting.set_throttled(false, false); });
  EXPECT_TRUE(waiting.wait_writable(1, 10s));
  strand.join();
  EXPECT_TRUE(add(waiting, {"x"}));
}

TEST(Submissions, BoundsPayloadsWithoutBytes) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  const std::vector<std::string> many(1U << 18U, "");
  ASSERT_TRUE(add(waiting, many));
  EXPECT_EQ(add(waiting, {""}).error().code, errc::window_full);
  EXPECT_EQ(waiting.take().payloads.size(), many.size());
  EXPECT_TRUE(add(waiting, {""}));
}

TEST(Submissions, WakesTheWaiterWhenThePrimaryIsLost) {
  submissions waiting(100, 1000);
  waiting.set_primary(true);
  ASSERT_TRUE(add(waiting, {std::string(100, 'x')}));
  std::thread strand([&] { waiting.set_primary(false); });
  EXPECT_EQ(waiting.wait_writable(90, 10s).error().code, errc::not_primary);
  strand.join();
}

TEST(Submissions, ManyThreadsGetTicketsInTheOrderOfTheQueue) {
  submissions waiting(1 << 20, 1000);
  waiting.set_primary(true);
  std::vector<std::vector<std::pair<std::uint64_t, std::string>>> given(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < given.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string text = std::to_string(t) + ":" + std::to_string(i);
        given[t].emplace_back(add(waiting, {text}).value(), text);
      }
    });
  std::vector<std::string> by_ticket;
  while (by_ticket.size() < 4000) {
    const auto taken = waiting.take();
    if (!taken.payloads.empty()) {
      ASSERT_EQ(taken.first_ticket, by_ticket.size() + 1);
    }
    for (const auto& payload : taken.payloads) by_ticket.emplace_back(payload.text());
  }
  for (auto& thread : threads) thread.join();
  for (const auto& of_thread : given)
    for (const auto& [ticket, text] : of_thread) EXPECT_EQ(by_ticket[ticket - 1], text);
  EXPECT_EQ(waiting.counted().messages, 4000U);
}

}  // namespace
}  // namespace hauberk::engine
