// The door: how many may wait, how often an address may come to nothing, and that whoever greets is never
// slowed down by it.
#include "net/door.hpp"

#include <gtest/gtest.h>

namespace hauberk::net {
namespace {

using namespace std::chrono_literals;
using verdict = door::verdict;

boost::asio::ip::address at(const std::string& text) { return boost::asio::ip::make_address(text); }
base::time_point after(base::duration span) { return base::time_point(1h + span); }
const auto one = at("10.0.0.1"), other = at("10.0.0.2");

/// How many of `tries` attempts, one after the other, are let in and come to nothing.
int failing(door& into, const boost::asio::ip::address& from, int tries, base::duration now) {
  int count = 0;
  for (int i = 0; i < tries; ++i) {
    if (into.admit(from, after(now)) != verdict::come_in) continue;
    into.release(from, false);
    ++count;
  }
  return count;
}

TEST(Door, OnlySoManyWaitAtOnce) {
  door entry({.pending_max = 3, .pending_per_address_max = 2, .allowed = nullptr});
  EXPECT_EQ(entry.admit(one, after(0s)), verdict::come_in);
  EXPECT_EQ(entry.admit(one, after(0s)), verdict::come_in);
  EXPECT_EQ(entry.admit(one, after(0s)), verdict::crowded);
  EXPECT_EQ(entry.admit(other, after(0s)), verdict::come_in);
  EXPECT_EQ(entry.admit(other, after(0s)), verdict::crowded);
  entry.release(one, false);
  EXPECT_EQ(entry.admit(other, after(0s)), verdict::come_in);
  EXPECT_EQ(entry.counted().crowded, 2U);
}

TEST(Door, AnAddressThatComesToNothingIsHeardLess) {
  door entry{{}};
  EXPECT_EQ(failing(entry, one, 1000, 0s), 32);
  EXPECT_EQ(entry.admit(one, after(0s)), verdict::too_often);
  EXPECT_EQ(failing(entry, other, 5, 0s), 5) << "the others are";
  EXPECT_EQ(failing(entry, one, 1000, 1s), 8);
  EXPECT_EQ(failing(entry, one, 1000, 1h), 32);
}

TEST(Door, WhoGreetsIsAlwaysHeard) {
  door entry{{}};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(entry.admit(one, after(0s)), verdict::come_in);
    entry.release(one, true);
  }
}

TEST(Door, ManyAddressesTogetherCostLittleAndDoNotKeepOutWhoWasHereBefore) {
  door entry{{}};
  ASSERT_EQ(entry.admit(one, after(0s)), verdict::come_in);
  entry.release(one, true);
  int heard = 0;
  for (int i = 0; i < 20000; ++i)
    heard += failing(entry, at("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)), 1, 0s);
  EXPECT_EQ(heard, 256);
  heard = 0;
  for (int i = 0; i < 20000; ++i)
    heard += failing(entry, at("10.2." + std::to_string(i / 250) + "." + std::to_string(i % 250)), 1,
                     std::chrono::milliseconds(i));
  EXPECT_NEAR(heard, 20 * 64, 70) << "64 a second for 20 s";
  EXPECT_EQ(entry.admit(one, after(19999ms)), verdict::come_in);
  EXPECT_EQ(entry.admit(other, after(19999ms)), verdict::too_often);
  for (int i = 0; i < 64; ++i) (void)entry.admit(at("10.3.0." + std::to_string(i)), after(30s));
  EXPECT_EQ(entry.admit(other, after(30s)), verdict::crowded) << "every place is taken by the silent";
  EXPECT_EQ(entry.admit(one, after(30s)), verdict::come_in);
}

TEST(Door, WhoGreetedMayComeToNothingMoreOften) {
  door entry{{}};
  ASSERT_EQ(entry.admit(one, after(0s)), verdict::come_in);
  entry.release(one, true);
  EXPECT_EQ(failing(entry, one, 1000, 10s), 256);
  EXPECT_EQ(failing(entry, one, 1000, 11s), 64);
}

TEST(Door, ManyAddressesAreForgottenAgain) {
  door entry({.pending_max = 65535, .pending_per_address_max = 8191, .allowed = nullptr});
  int heard = 0;
  for (int i = 0; i < 40000; ++i)
    heard += failing(entry, at("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)), 1,
                     std::chrono::milliseconds(i / 10));
  EXPECT_EQ(heard, 40000);
}

TEST(Door, OneIpv6NetworkIsOneVisitor) {
  door entry{{}};
  int heard = 0;
  for (int i = 1; i < 100; ++i) heard += failing(entry, at("fd00::" + std::to_string(i)), 1, 0s);
  EXPECT_EQ(heard, 32);
  EXPECT_EQ(failing(entry, at("::ffff:10.0.0.1"), 40, 0s), 32);
  EXPECT_EQ(failing(entry, one, 1, 0s), 0) << "the same, seen through a socket for both";
  EXPECT_EQ(failing(entry, other, 1, 0s), 1);
}

TEST(Door, RulesChangeWhileItIsOpen) {
  door entry{{}};
  auto list = allow_list::read({"10.0.0.2"});
  ASSERT_TRUE(list);
  entry.set({.allowed = std::make_shared<const allow_list>(*list)});
  EXPECT_EQ(entry.admit(one, after(0s)), verdict::not_allowed);
  EXPECT_EQ(entry.admit(other, after(0s)), verdict::come_in);
  entry.set({.pending_max = 1, .pending_per_address_max = 1, .allowed = nullptr});
  EXPECT_EQ(entry.admit(one, after(0s)), verdict::crowded);
  EXPECT_EQ(entry.counted().not_allowed, 1U);
  EXPECT_EQ(entry.counted().crowded, 1U);
}

}  // namespace
}  // namespace hauberk::net
