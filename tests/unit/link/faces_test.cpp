// Links between nodes that have one face or two: which one a link is made with, and whom it keeps out.
#include "harness.hpp"

namespace hauberk::link::testing {
namespace {

using ::testing::HasSubstr;

constexpr bool with_tls = true, without_tls = false;

/// The face of `name` by a policy that has this line and TLS or not.
face by_policy(const std::string& name, bool secure, const std::string& line, std::uint64_t material) {
  settings made = secure ? secured(name) : node(name);
  made.mine.policy_text += line + "\n";
  made.mine.policy_digest = tls::sha256_hex(made.mine.policy_text);
  made.material = material;
  return made;
}

face now_in_force(const std::string& name, bool secure) { return by_policy(name, secure, "a=old", 4); }
face to_come(const std::string& name, bool secure) { return by_policy(name, secure, "a=new", 5); }

settings with(const face& active, std::optional<face> prepared = std::nullopt, bool dials_prepared = false) {
  settings made;
  static_cast<face&>(made) = active;
  made.prepared = std::move(prepared);
  made.dials_prepared = dials_prepared;
  return made;
}

void expect_made_by(pair& both, const face& of_dialler, bool secure, const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_EQ(both.at_dialler.ups.size(), 1U) << both.at_dialler.text() << both.at_listener.text();
  ASSERT_EQ(both.at_listener.ups.size(), 1U) << both.at_dialler.text() << both.at_listener.text();
  for (const up& one : {both.at_dialler.ups[0], both.at_listener.ups[0]}) {
    EXPECT_EQ(one.peer.policy_digest, of_dialler.mine.policy_digest);
    EXPECT_EQ(one.material, of_dialler.material);
    EXPECT_EQ(one.version, secure ? "TLSv1.3" : "none");
  }
  both.dialler.send(held(7));
  both.listener.send(held(8));
  both.settle();
  EXPECT_EQ(names(both.at_listener.messages), std::vector<std::string>{"held 7"});
  EXPECT_EQ(names(both.at_dialler.messages), std::vector<std::string>{"held 8"});
}

TEST(Faces, EveryPairOfFacesAndEveryWayToDial) {
  for (const bool old_tls : {without_tls, with_tls}) {
    for (const bool new_tls : {without_tls, with_tls}) {
      const auto here = [&](bool both, bool dials_prepared) {
        return with(now_in_force("db1", old_tls),
                    both ? std::optional(to_come("db1", new_tls)) : std::nullopt, dials_prepared);
      };
      const settings there = with(now_in_force("db2", old_tls), to_come("db2", new_tls));
      const std::string which = std::string(old_tls ? "tls" : "plain") + " to " + (new_tls ? "tls" : "plain");
      pair by_old(here(true, false), there);
      by_old.settle();
      expect_made_by(by_old, now_in_force("db1", old_tls), old_tls, which + ", both, dialled by the old");
      pair by_new(here(true, true), there);
      by_new.settle();
      expect_made_by(by_new, to_come("db1", new_tls), new_tls, which + ", both, dialled by the new");
      pair late(here(false, false), there);  // has not heard of the new one yet
      late.settle();
      expect_made_by(late, now_in_force("db1", old_tls), old_tls, which + ", old only");
      pair ahead(with(to_come("db1", new_tls)), there);  // has the new one in force already
      ahead.settle();
      expect_made_by(ahead, to_come("db1", new_tls), new_tls, which + ", new only");
    }
  }
}

TEST(Faces, InSlicesOfAnySize) {
  base::random dice(11);
  for (int round = 0; round < 40; ++round) {
    const bool old_tls = dice.percent(50), new_tls = dice.percent(50), dials_prepared = dice.percent(50);
    pair both(with(now_in_force("db1", old_tls), to_come("db1", new_tls), dials_prepared),
              with(now_in_force("db2", old_tls), to_come("db2", new_tls)));
    both.settle_in_slices(dice, dice.percent(50) ? 1 : 300);
    const bool tls = dials_prepared ? new_tls : old_tls;
    expect_made_by(both, dials_prepared ? to_come("db1", new_tls) : now_in_force("db1", old_tls), tls,
                   std::to_string(round));
  }
}

TEST(Faces, AnotherCaOfThePreparedPolicyIsUsedForItAlone) {
  hauberk::test::test_ca next_ca("next-ca");
  const auto next = [&](const std::string& name) { return secured(node(name), name, next_ca); };
  const settings there = with(secured("db2"), next("db2"));
  for (const bool prepared : {false, true}) {
    pair both(with(secured("db1"), next("db1"), prepared), there);
    both.settle();
    ASSERT_EQ(both.at_listener.ups.size(), 1U) << both.at_listener.text();
    EXPECT_EQ(both.at_listener.ups[0].certificate->issuer, prepared ? "CN=next-ca" : "CN=test-ca");
    EXPECT_EQ(both.at_dialler.ups[0].certificate->issuer, prepared ? "CN=next-ca" : "CN=test-ca");
  }
}

TEST(Faces, WhoHasNeitherPolicyIsToldWhatDiffers) {
  for (const bool stranger_tls : {without_tls, with_tls}) {
    pair both(with(by_policy("db1", stranger_tls, "a=other", 1)),
              with(now_in_force("db2", without_tls), to_come("db2", with_tls)));
    both.settle();
    EXPECT_TRUE(both.at_dialler.ups.empty() && both.at_listener.ups.empty());
    EXPECT_THAT(both.at_listener.text(),
                HasSubstr(std::string("a is ") + (stranger_tls ? "new" : "old") + " here and other there"));
    EXPECT_THAT(both.at_dialler.text(),
                HasSubstr(std::string("a is other here and ") + (stranger_tls ? "new" : "old") + " there"));
    EXPECT_EQ(both.at_listener.downs[0].failed, tls::check::policy);
  }
}

// By its tag and its keys it is of one policy, by its hello of the other.
TEST(Faces, AHelloThatDoesNotFitTheTagIsRefused) {
  link listener(with(now_in_force("db2", with_tls), to_come("db2", with_tls)), tls::role::server,
                "10.0.0.9:1", start);
  tls::pipe liar(*secured("db1").security, tls::role::client);
  const auto exchange = [&] {
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(liar.handshake());
      feed(listener, liar.output());
      liar.output_consumed(liar.output().size());
      const auto answer = listener.output();
      std::copy(answer.begin(), answer.end(), liar.input_space().begin());
      liar.input_filled(answer.size());
      listener.handle_output_written(answer.size());
    }
  };
  exchange();
  const auto frame = wire::encode(wire::message(to_come("db1", with_tls).mine));
  ASSERT_TRUE(liar.write(frame->head.bytes()));
  exchange();
  heard said;
  said.drain(listener);
  EXPECT_TRUE(said.ups.empty());
  EXPECT_THAT(said.text(), HasSubstr("policy differs: a is old here and new there"));
}

/// Moves everything between the two and keeps a copy of what was on the wire, both ways.
std::string capture(pair& both) {
  std::string seen;
  for (bool moved = true; moved;) {
    moved = false;
    for (auto [from, to] :
         {std::pair{&both.dialler, &both.listener}, std::pair{&both.listener, &both.dialler}}) {
      const auto bytes = from->output();
      seen.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      moved = move_once(*from, *to) || moved;
    }
    both.at_dialler.drain(both.dialler);
    both.at_listener.drain(both.listener);
  }
  return seen;
}

TEST(Faces, OnceTheGroupIsEncryptedNothingOfItIsInTheClear) {
  const face plain = now_in_force("db1", without_tls), secure = to_come("db1", with_tls);
  const std::string secret(2000, 's');
  const auto talk = [&](pair& both) {
    std::string seen = capture(both);
    both.dialler.send(
        wire::encode(replica::envelope{1, replica::data{1, 0, 0, {base::buffer::copy(secret)}}}));
    both.listener.send(held(9));
    return seen + capture(both);
  };
  pair before(with(plain, secure), with(now_in_force("db2", without_tls), to_come("db2", with_tls)));
  EXPECT_THAT(talk(before),
              AllOf(HasSubstr(secret.substr(0, 64)), HasSubstr("ledger"), HasSubstr("db2:4567")))
      << "this test sees what is in the clear";
  for (const bool is_activated : {false, true}) {
    pair both(is_activated ? with(secure) : with(plain, secure, true),
              is_activated ? with(to_come("db2", with_tls))
                           : with(now_in_force("db2", without_tls), to_come("db2", with_tls)));
    const std::string seen = talk(both);
    EXPECT_EQ(both.at_listener.messages.size(), 1U);
    for (const char* word : {"ledger", "db1:", "db2:", "socket.ssl", "ssss"})
      EXPECT_EQ(seen.find(word), std::string::npos) << word;
    EXPECT_NE(seen.find("hauberk/1 " + secure.mine.policy_digest.substr(0, 16)), std::string::npos);
    EXPECT_EQ(seen.find(secure.mine.policy_digest.substr(0, 17)), std::string::npos);
  }
  pair late(with(plain), with(to_come("db2", with_tls)));  // one that missed the activation
  const std::string seen = capture(late);
  EXPECT_THAT(late.at_listener.text(), HasSubstr("first bytes are a plaintext Hauberk node"));
  EXPECT_TRUE(late.at_dialler.ups.empty());
  EXPECT_EQ(seen.find("db2"), std::string::npos) << "the encrypted side has said nothing";
}

TEST(Faces, AReviewGoesByTheFaceThatTheLinkHas) {
  hauberk::test::test_ca next_ca("next-ca");
  const auto next = [&](const std::string& name) { return secured(node(name), name, next_ca); };
  pair both(with(secured("db1"), next("db1"), true), with(secured("db2"), next("db2")));
  both.settle();
  ASSERT_TRUE(both.dialler.is_up());
  both.dialler.review(with(secured("db1"), next("db1")));
  both.dialler.review(with(next("db1")));  // it became the one in force
  both.listener.review(with(next("db2")));
  both.settle();
  EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up());
  both.dialler.review(with(secured("db1")));  // it was given up, and nobody of next-ca is one of us
  both.settle();
  EXPECT_THAT(both.at_dialler.text(), HasSubstr("does not chain to our trust anchor CN=test-ca"));
  EXPECT_EQ(both.at_dialler.downs[0].failed, tls::check::chain);
}

TEST(Faces, WhatIsNotUpWhenItsPolicyGoesNeverIs) {
  for (const bool tls : {without_tls, with_tls}) {
    for (const bool dialler : {false, true}) {
      pair both(with(now_in_force("db1", tls), to_come("db1", tls), true),
                with(now_in_force("db2", tls), to_come("db2", tls)));
      (dialler ? both.dialler : both.listener).review(with(now_in_force(dialler ? "db1" : "db2", tls)));
      both.settle();
      EXPECT_TRUE((dialler ? both.at_dialler : both.at_listener).ups.empty());
      EXPECT_THAT((dialler ? both.at_dialler : both.at_listener).text(),
                  HasSubstr("the group's policy changed while this link was made"));
    }
    pair both(with(now_in_force("db1", tls), to_come("db1", tls), true),
              with(now_in_force("db2", tls), to_come("db2", tls)));
    both.settle();
    both.dialler.review(with(now_in_force("db1", tls)));
    both.settle();
    EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up()) << "one that is up waits for its successor";
  }
}

}  // namespace
}  // namespace hauberk::link::testing
