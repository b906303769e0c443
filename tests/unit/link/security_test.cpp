// What happens to a link whose certificates or keys are no longer what they were: it is judged again, changes
// its keys with age, and says when it should be replaced.
#include "harness.hpp"

namespace hauberk::link::testing {
namespace {

using ::testing::HasSubstr;

settings with_anchor_of(hauberk::test::test_ca& other) {
  settings made = secured(node("db1"), "db1", other);
  made.material = 2;
  return made;
}

TEST(Security, APeerThatNoLongerPassesIsToldAndLosesItsLink) {
  pair both(secured("db1"), secured("db2"));
  both.settle();
  both.dialler.review(secured("db1"));
  both.settle();
  EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up());
  hauberk::test::test_ca other("other-ca");
  both.dialler.review(with_anchor_of(other));
  both.settle();
  ASSERT_EQ(both.at_dialler.downs.size(), 1U);
  EXPECT_EQ(both.at_dialler.downs[0].why.code, errc::bad_certificate);
  EXPECT_TRUE(both.at_dialler.downs[0].was_up);
  EXPECT_THAT(
      both.at_dialler.text(),
      HasSubstr("link to db2:4567: certificate CN=db2 with issuer CN=test-ca does not chain to our trust "
                "anchor CN=other-ca"));
  EXPECT_THAT(both.at_listener.text(), HasSubstr("the peer says: certificate CN=db2"));
  EXPECT_TRUE(both.at_listener.downs[0].told_by_peer);
}

TEST(Security, OneThatIsStillGreetingIsJudgedByTheNewest) {
  hauberk::test::test_ca other("other-ca");
  for (const bool dials : {true, false}) {
    pair both(secured("db1"), secured("db2"));
    (dials ? both.dialler : both.listener).review(with_anchor_of(other));
    both.settle();
    auto& here = dials ? both.at_dialler : both.at_listener;
    auto& there = dials ? both.at_listener : both.at_dialler;
    EXPECT_TRUE(here.ups.empty());
    EXPECT_THAT(here.text(), HasSubstr("does not chain to our trust anchor CN=other-ca"));
    EXPECT_THAT(there.text(), HasSubstr("the peer says"));
  }
}

TEST(Security, AReviewTellsWhichCheckFailed) {
  const auto reviewed_by = [](const std::string& identity) {
    pair both(secured("db1"), secured("db2"));
    both.settle();
    settings now = secured("db1");
    tls::settings from = authority().node("db1").settings();
    from.identity = identity;
    now.security = tls::context::load(from, std::time(nullptr), {}).value();
    both.dialler.review(now);
    both.settle();
    EXPECT_EQ(both.at_listener.downs.empty(), both.at_dialler.downs.empty());
    return both.at_dialler.downs;
  };
  EXPECT_TRUE(reviewed_by("list:db1,db2").empty());
  const auto unlisted = reviewed_by("list:db1,db3");
  ASSERT_EQ(unlisted.size(), 1U);
  EXPECT_EQ(unlisted[0].failed, tls::check::identity);
  EXPECT_THAT(unlisted[0].why.text, HasSubstr("expected one of socket.ssl_identity=list"));
}

TEST(Security, TheHostIsAskedAgain) {
  pair both(secured("db1"), secured("db2"));
  both.settle();
  settings now = secured("db1");
  now.admit = [](const mesh::hello& peer, const std::string& remote, const tls::certificate* shown) {
    EXPECT_EQ(peer.name, "db2");
    EXPECT_EQ(remote, "db2:4567");
    EXPECT_NE(shown, nullptr);
    return std::string("dismissed");
  };
  both.dialler.review(now);
  both.settle();
  EXPECT_THAT(both.at_dialler.text(), HasSubstr("the host program of db1 does not admit db2: dismissed"));
  EXPECT_THAT(both.at_listener.text(), HasSubstr("dismissed"));
}

TEST(Security, OnAPlaintextLinkThereIsNothingToJudge) {
  pair both(node("db1"), node("db2"));
  both.settle();
  both.dialler.review(node("db1"));
  both.settle();
  EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up());
}

/// Nodes whose TLS has this version.
settings speaking(const std::string& name, const std::string& version) {
  tls::settings from = authority().node(name).settings();
  from.min_version = from.max_version = version;
  from.rekey.records = 5;
  settings made = node(name);
  made.security = tls::context::load(from, std::time(nullptr), {}).value();
  made.mine.permits_plaintext = false;
  return made;
}

unsigned worn_in(link& from) {
  unsigned count = 0;
  while (auto next = from.next_event()) count += std::holds_alternative<worn>(*next) ? 1U : 0U;
  return count;
}

TEST(Security, KeysChangeWithAgeOnAnIdleLink) {
  pair both(speaking("db1", "1.3"), speaking("db2", "1.3"));
  both.settle();
  ASSERT_TRUE(both.dialler.is_up());
  const auto due = both.dialler.next_deadline();
  EXPECT_EQ(due, start + std::chrono::hours(1));
  both.dialler.handle_time(due - std::chrono::seconds(1));
  EXPECT_TRUE(both.dialler.output().empty());
  both.dialler.handle_time(due);
  EXPECT_FALSE(both.dialler.output().empty()) << "a KeyUpdate";
  EXPECT_EQ(both.dialler.next_deadline(), due + std::chrono::hours(1));
  both.settle();
  both.dialler.send(held(1));
  both.listener.send(held(2));
  both.settle();
  EXPECT_EQ(both.at_dialler.messages.size() + both.at_listener.messages.size(), 2U);
  EXPECT_EQ(worn_in(both.dialler), 0U);
}

TEST(Security, ALinkOfTlsTwelveSaysOnceThatItIsWorn) {
  for (const bool by_age : {true, false}) {
    pair both(speaking("db1", "1.2"), speaking("db2", "1.2"));
    both.settle();
    ASSERT_TRUE(both.dialler.is_up()) << both.at_dialler.text();
    if (by_age) both.dialler.handle_time(both.dialler.next_deadline());
    for (int i = 0; i < 10 && !by_age; ++i) {
      both.dialler.send(held(1));
      while (move_once(both.dialler, both.listener)) continue;
    }
    EXPECT_EQ(worn_in(both.dialler), 1U);
    EXPECT_EQ(both.dialler.next_deadline() == base::never, by_age);
    both.dialler.send(held(2));
    both.settle();
    EXPECT_TRUE(both.dialler.is_up()) << "it goes on until the other one is there";
    EXPECT_EQ(worn_in(both.dialler), 0U);
  }
}

}  // namespace
}  // namespace hauberk::link::testing
