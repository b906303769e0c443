#include "engine/delivery.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace hauberk::engine {
namespace {

using namespace std::chrono_literals;

replica::seat_id seat(std::uint8_t n) {
  replica::seat_id made;
  made.process.bytes[0] = n;
  made.number = 1;
  return made;
}

replica::message_event message(position_t position, std::uint8_t sender, const std::string& text) {
  return {position, seat(sender), 0, base::buffer::copy(text)};
}

replica::view view_with(std::uint8_t n, const std::string& name) {
  replica::view made;
  made.members.push_back({.seat = seat(n), .name = name, .address = {}, .weight = 1});
  return made;
}

TEST(Delivery, HandsOverEverythingAtOnceWithNames) {
  delivery queue(100, 1000);
  queue.learn(view_with(1, "db1"));
  queue.stage_message(message(1, 1, "one"), 7);
  queue.stage_message(message(2, 9, "two"), 0);
  queue.stage(filler_item{3});
  batch got;
  EXPECT_FALSE(queue.take(got, 0ms).any);
  ASSERT_TRUE(queue.publish(false));
  queue.stage_message(message(4, 1, "four"), 0);
  ASSERT_TRUE(queue.publish(false));
  ASSERT_TRUE(queue.take(got, 0ms).any);
  ASSERT_EQ(got.items.size(), 4U);
  const auto& first = std::get<message_item>(got.items[0]);
  EXPECT_EQ(*first.sender, "db1");
  EXPECT_EQ(first.ticket, 7U);
  EXPECT_EQ(first.payload.text(), "one");
  EXPECT_EQ(*std::get<message_item>(got.items[1]).sender, base::to_string(seat(9)));
  EXPECT_EQ(std::get<filler_item>(got.items[2]).position, 3U);
  EXPECT_EQ(*std::get<message_item>(got.items[3]).sender, "db1");
  EXPECT_FALSE(queue.take(got, 0ms).any);
  EXPECT_TRUE(got.items.empty());
}

TEST(Delivery, NamesOutliveWhatTheStrandForgets) {
  delivery queue(100, 1000);
  queue.learn(view_with(1, "db1"));
  queue.stage_message(message(1, 1, "x"), 0);
  for (unsigned i = 0; i < 6000; ++i) {  // far more seats than are remembered
    auto other = view_with(2, "db2");
    other.members[0].seat.number = i;
    queue.learn(other);
  }
  ASSERT_TRUE(queue.publish(false));
  batch got;
  ASSERT_TRUE(queue.take(got, 0ms).any);
  EXPECT_EQ(*std::get<message_item>(got.items[0]).sender, "db1");
}

TEST(Delivery, IsBoundedByEntriesAndBytes) {
  delivery queue(3, 10);
  queue.stage(filler_item{1});
  queue.stage(filler_item{2});
  EXPECT_TRUE(queue.has_room());
  ASSERT_TRUE(queue.publish(false));
  queue.stage(filler_item{3});
  EXPECT_FALSE(queue.has_room());
  ASSERT_TRUE(queue.publish(true));
  batch got;
  const auto taken = queue.take(got, 0ms);
  EXPECT_TRUE(taken.was_starved);
  EXPECT_EQ(got.items.size(), 3U);
  EXPECT_TRUE(queue.has_room());
  queue.stage_message(message(4, 1, "0123456789"), 0);
  EXPECT_FALSE(queue.has_room());
  ASSERT_TRUE(queue.publish(false));
  EXPECT_FALSE(queue.has_room());
  EXPECT_FALSE(queue.take(got, 0ms).was_starved);
  EXPECT_TRUE(queue.has_room());
}

TEST(Delivery, SaysAtOnceThatRoomCameUpWhenNothingIsLeftToWaitFor) {
  delivery queue(1, 10);
  queue.stage(filler_item{1});
  ASSERT_TRUE(queue.publish(true));
  EXPECT_FALSE(queue.has_room());
  batch got;
  EXPECT_TRUE(queue.take(got, 0ms).was_starved);  // between the strand's look and its publish
  EXPECT_FALSE(queue.publish(true));
}

TEST(Delivery, WakesTheReceiver) {
  delivery queue(1000, 100000);
  std::thread strand([&] {
    for (position_t i = 1; i <= 5000; ++i) {
      while (!queue.has_room()) std::this_thread::yield();
      queue.stage(filler_item{i});
      if (i % 7 == 0 || i == 5000) {
        ASSERT_TRUE(queue.publish(false));
      }
    }
  });
  position_t next = 1;
  batch got;
  while (next <= 5000) {
    ASSERT_TRUE(queue.take(got, 10s).any);
    for (const item& one : got.items) ASSERT_EQ(std::get<filler_item>(one).position, next++);
  }
  strand.join();
}

}  // namespace
}  // namespace hauberk::engine
