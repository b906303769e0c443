// gmcast.allowed: what an entry means, and what it does not.
#include "net/allow_list.hpp"

#include <gtest/gtest.h>

namespace hauberk::net {
namespace {

allow_list read(const std::vector<std::string>& entries) {
  auto made = allow_list::read(entries);
  if (!made) ADD_FAILURE() << made.error().text;
  return made ? *made : allow_list();
}

TEST(AllowList, WithoutEntriesEverybodyIsAllowed) {
  EXPECT_TRUE(read({}).empty());
  EXPECT_TRUE(read({}).may_allow("10.0.0.1"));
  EXPECT_TRUE(read({}).allows("10.0.0.1", {"db1"}));
}

TEST(AllowList, Networks) {
  const allow_list list = read({"10.0.0.0/15", "192.168.7.9", "fd00:aa::/33", "::1"});
  for (const char* good :
       {"10.1.2.3", "192.168.7.9", "::ffff:10.1.2.3", "::1", "fd00:aa:7fff::1", "fd00:aa::1%eth0"}) {
    EXPECT_TRUE(list.may_allow(good)) << good;
  }
  for (const char* bad : {"10.3.0.0", "11.1.0.0", "192.168.7.8", "fd00:aa:8000::1", "::2", "", "db1"}) {
    EXPECT_FALSE(list.may_allow(bad)) << bad;
    EXPECT_FALSE(list.allows(bad, {"db1"})) << bad;
  }
  EXPECT_TRUE(read({"0.0.0.0/0"}).may_allow("9.9.9.9"));
  EXPECT_FALSE(read({"0.0.0.0/0"}).may_allow("fd00::1"));
  EXPECT_TRUE(read({"::/0"}).may_allow("9.9.9.9"));
}

TEST(AllowList, NamesAreKnownOnlyAfterTheGreeting) {
  const allow_list list = read({"db1", "spiffe://group/db2", "10.0.0.0/8"});
  EXPECT_TRUE(list.may_allow("9.9.9.9"));
  EXPECT_TRUE(list.allows("9.9.9.9", {"other", "db1"}));
  EXPECT_TRUE(list.allows("9.9.9.9", {"db2", "spiffe://group/db2"}));
  EXPECT_FALSE(list.allows("9.9.9.9", {"db2"}));
  EXPECT_TRUE(list.allows("10.2.3.4", {"db2"}));
}

TEST(AllowList, WhatIsNoNetworkIsRefused) {
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "::/129", "10.0.0.0/-1",
                          "10.0.0/8", "db1/8"}) {
    const auto made = allow_list::read({bad});
    ASSERT_FALSE(made) << bad;
    EXPECT_NE(made.error().text.find(bad), std::string::npos) << made.error().text;
  }
}

}  // namespace
}  // namespace hauberk::net
