// Who may come in and what strangers may cost, changed while the group works: gmcast.allowed,
// handshake.timeout, handshake.pending_max.
#include <gmock/gmock.h>

#include "loopback/group_cluster.hpp"
#include "loopback/net/raw_socket.hpp"

namespace hauberk::test {
namespace {

using net::test::raw_socket;
using testing::AnyOf;
using testing::HasSubstr;

class GroupEntry : public GroupTest {
 protected:
  static result<void> set(node& at, const char* key, const std::string& value) {
    return at->set_option(key, value);
  }
  /// Joins with `text` and expects that nobody lets it; answers with the words.
  std::string refusal(const std::string& text) {
    auto made = join(text + "; pc.wait_prim_timeout=PT1.5S");
    if (!made) return made.error().text;
    ADD_FAILURE() << "joined";
    return {};
  }
};

TEST_F(GroupEntry, AMemberThatIsNotAllowedAnyMoreLosesItsLinks) {
  auto nodes = start_three();
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(set(*nodes[i], "gmcast.allowed", "db1, db2"));
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(nodes[i]->log().wait_members({"db1", "db2"}));
  ASSERT_TRUE(nodes[2]->log().wait_not_primary());
  EXPECT_EQ((*nodes[0])->metrics().links_dropped, 1U);
  const std::string words =
      "gmcast.allowed of db1 has neither the address 127.0.0.1 nor a name of the member 'db3'";
  EXPECT_TRUE(eventually([&] { return (*nodes[0])->metrics().refused.not_allowed > 0; })) << words_.said();
  EXPECT_THAT(words_.said(), HasSubstr("db1 1 dropped a link"));
  EXPECT_THAT(words_.said(), HasSubstr(words)) << "on both sides";
  EXPECT_THAT(words_.said(), HasSubstr("the peer says: " + words));

  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(set(*nodes[i], "gmcast.allowed", "127.0.0.0/8"));
  for (auto& one : nodes) EXPECT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
}

TEST_F(GroupEntry, AnAddressThatIsNotAllowedIsNotEvenHeard) {
  auto first = start("db1", "gmcast.allowed=10.0.0.0/8, 127.0.0.7");
  // Closed, with what it had sent already unread or not.
  EXPECT_THAT(refusal(options("db2")), AnyOf(HasSubstr("closed the connection"), HasSubstr("reset by peer")));
  EXPECT_GT((*first)->metrics().refused.not_allowed, 0U);
  EXPECT_EQ((*first)->metrics().links_refused, (*first)->metrics().refused.not_allowed);
  EXPECT_THAT(words_.said(), HasSubstr("its address is not in gmcast.allowed"));
  raw_socket listed("127.0.0.7");
  ASSERT_TRUE(listed.connect((*first)->port()));
  listed.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return (*first)->metrics().refused.foreign == 1; }));
}

TEST_F(GroupEntry, TheListHoldsInAPlaintextGroupToo) {
  is_plain_ = true;
  auto nodes = start_three();
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(set(*nodes[i], "gmcast.allowed", "db1, db2"));
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(nodes[i]->log().wait_members({"db1", "db2"}));
}

TEST_F(GroupEntry, WhatStrangersMayCostChangesAtOnce) {
  auto first = start("db1");
  ASSERT_TRUE(set(*first, "handshake.pending_max", "1"));
  raw_socket silent, second;
  ASSERT_TRUE(silent.connect((*first)->port()));
  ASSERT_TRUE(second.connect((*first)->port()));
  EXPECT_TRUE(eventually([&] { return second.is_ended(); }));
  EXPECT_FALSE(silent.is_ended());
  EXPECT_EQ((*first)->metrics().refused.crowded, 1U);
  EXPECT_EQ((*first)->metrics().links_refused, 1U);
  silent.close();
  EXPECT_TRUE(eventually([&] { return (*first)->metrics().refused.other == 1; }));

  ASSERT_TRUE(set(*first, "handshake.timeout", "PT0.2S"));
  ASSERT_TRUE(set(*first, "handshake.pending_max", "64"));
  raw_socket late;
  ASSERT_TRUE(late.connect((*first)->port()));
  EXPECT_TRUE(eventually([&] { return (*first)->metrics().refused.timed_out == 1; }, 4s)) << "before 5 s";
}

TEST_F(GroupEntry, WrongValuesAreNamed) {
  auto first = start("db1");
  for (const auto& [key, value, part] : {std::tuple{"gmcast.allowed", "10.0.0.0/99", "expected 0 to 32"},
                                         std::tuple{"handshake.timeout", "soon", "a duration"},
                                         std::tuple{"handshake.pending_max", "0", "1 to 65535"}}) {
    const auto done = set(*first, key, value);
    ASSERT_FALSE(done) << key;
    EXPECT_EQ(done.error().code, errc::bad_option);
    EXPECT_THAT(done.error().text, HasSubstr(part));
    EXPECT_THAT(done.error().text, HasSubstr(key));
  }
}

}  // namespace
}  // namespace hauberk::test
