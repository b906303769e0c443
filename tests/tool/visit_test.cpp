// Who visits a node while a change of the group's policy is prepared there meets the policy that he has.
#include "tool/visit.hpp"

#include <gmock/gmock.h>

#include "link/greeting.hpp"
#include "loopback/net/party.hpp"

namespace hauberk::tool {
namespace {

using net::test::character;
using net::test::face_of;
using net::test::member;
using net::test::party;

/// What a visit came to: the words of what is bad, and the policy in the peer's greeting.
struct seen {
  std::string bad, greeting;
};

seen visit_by(const party& node, const test::node_files& files, const std::string& policy) {
  character who = member("db2", files);
  visitor asks;
  asks.security = who.security;
  asks.mine = face_of(who, policy).mine;
  asks.now = std::time(nullptr);
  seen all;
  for (const tls::finding& one : visit(asks, node.address())) {
    if (one.how == tls::grade::bad) all.bad += one.check + ": " + one.got + "\n";
    if (one.check == "greeting") all.greeting = one.got;
  }
  return all;
}

TEST(Visit, MeetsThePolicyThatItHasInUseOrPrepared) {
  test::test_ca now, next("next CA");
  const character active = member("db1", now.node("db1")), prepared = member("db1", next.node("db1"));
  party node(active);
  node.use(face_of(active, "first"), face_of(prepared, "second"));
  for (const auto& [files, policy] :
       {std::pair{now.node("db2"), "first"}, std::pair{next.node("db2"), "second"}}) {
    const seen all = visit_by(node, files, policy);
    EXPECT_EQ(all.bad, "");
    EXPECT_THAT(all.greeting, testing::HasSubstr(std::string("policy digest ") + policy));
  }
  const seen neither = visit_by(node, next.node("db2"), "third");
  EXPECT_THAT(neither.bad, testing::HasSubstr("handshake"));
}

}  // namespace
}  // namespace hauberk::tool
