// host:port as text.
#include "mesh/address.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace hauberk::mesh {
namespace {

TEST(Address, SplitsAndJoins) {
  for (const auto& [text, host, port] :
       {std::tuple{"db1:4567", "db1", 4567}, {"[::1]:1", "::1", 1}, {":65535", "", 65535}, {"a:0", "a", 0}}) {
    const auto parts = split_address(text);
    ASSERT_TRUE(parts) << text;
    EXPECT_EQ(parts->host, host);
    EXPECT_EQ(parts->port, port);
    EXPECT_EQ(join_address(parts->host, parts->port), text);
  }
}

TEST(Address, RefusesWhatCannotBeDialled) {
  for (const char* text : {"", "db1", "db1:", "db1:x", "db1:65536", "db1:99999999999", "::1:4567",
                           "[::1:4567", "[", "a b:1", "a\n:1", "db1:+1", "db1: 1"}) {
    EXPECT_FALSE(split_address(text)) << text;
  }
  EXPECT_FALSE(split_address(std::string(base::limits::address_bytes_max, 'a') + ":1"));
}

TEST(Address, AWildcardMeansTheHostAsSeen) {
  EXPECT_EQ(reachable_address("0.0.0.0:4567", "10.0.0.1"), "10.0.0.1:4567");
  EXPECT_EQ(reachable_address("[::]:4567", "fe80::1"), "[fe80::1]:4567");
  EXPECT_EQ(reachable_address(":4567", "10.0.0.1"), "10.0.0.1:4567");
  EXPECT_EQ(reachable_address("db1:4567", "10.0.0.1"), "db1:4567");
  EXPECT_EQ(reachable_address(":4567", ""), "");
  EXPECT_EQ(reachable_address("nothing", "10.0.0.1"), "");
  EXPECT_EQ(reachable_address("db1:0", "10.0.0.1"), "");
}

}  // namespace
}  // namespace hauberk::mesh
