// Who asks whom for which revocation list, and which answers end a link.
#include "engine/list_spread.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace hauberk::engine {
namespace {

using testing::HasSubstr;

base::list_id id_of(char issuer, int number) {
  const auto digit = static_cast<char>('0' + number);
  return {std::string(32, issuer), std::string(1, digit), 1, std::string(32, digit)};
}
tls::revocation_list list_of(char issuer, int number) {
  tls::revocation_list made;
  made.id = id_of(issuer, number);
  made.der = base::buffer::copy(issuer + std::to_string(number));
  return made;
}

class ListSpread : public testing::Test {
 protected:
  ListSpread() { set_own({list_of('a', 5)}); }
  /// Only lists of the CAs a and b count.
  static std::function<bool(const std::string&)> takes_ab() {
    return [](const std::string& issuer) { return issuer[0] == 'a' || issuer[0] == 'b'; };
  }
  void set_own(std::vector<tls::revocation_list> in_force) {
    one_.set_own(now_, std::move(in_force), takes_ab());
  }
  void hear(net::connection_id id, std::vector<base::list_id> told) {
    one_.handle_lists(now_, id, {std::move(told)});
  }
  void ask(net::connection_id id, char issuer) { one_.handle_request(now_, id, {std::string(32, issuer)}); }
  bool good(net::connection_id id, const base::list_id& was) {
    return one_.handle_good(now_, id, was).has_value();
  }
  bool taken(net::connection_id id, const base::list_id& was) {
    one_.handle_taken(now_, was);
    return good(id, was);
  }
  void wait(base::duration span) {
    now_ += span;
    one_.handle_time(now_);
  }
  void up(net::connection_id id) {
    one_.handle_up(id, "db" + std::to_string(id));
    (void)one_.take_words();
  }
  /// What is said, as text: "1 asks a", "2 gets a5", "3 hears a5 b2".
  std::vector<std::string> said() {
    std::vector<std::string> all;
    for (const auto& [to, what] : one_.take_words()) {
      std::string line = std::to_string(to);
      if (const auto* asked = std::get_if<mesh::list_request>(&what))
        line += " asks " + asked->issuer.substr(0, 1);
      else if (const auto* given = std::get_if<mesh::list_answer>(&what))
        line += " gets " + std::string(given->list.text());
      else if (const auto* told = std::get_if<mesh::lists>(&what)) {
        line += " hears";
        for (const auto& each : told->in_force) line += std::string{' ', each.issuer[0], each.number[0]};
      }
      all.push_back(line);
    }
    return all;
  }
  using lines = std::vector<std::string>;
  bool answer(net::connection_id id, const std::string& list) {
    const auto got = one_.handle_answer(id, mesh::list_answer{base::buffer::copy(list)});
    EXPECT_TRUE(got);
    return got && got->has_value();
  }

  list_spread one_;
  base::time_point now_{};
};

TEST_F(ListSpread, ALinkHearsWhatIsInForceAndWhatChanges) {
  one_.handle_up(1, "db1");
  EXPECT_EQ(said(), lines{"1 hears a5"});
  EXPECT_EQ(one_.name_of(1), "db1");
  set_own({list_of('a', 5)});
  EXPECT_EQ(said(), lines{});
  set_own({list_of('a', 6)});
  EXPECT_EQ(said(), lines{"1 hears a6"});
  set_own({});
  EXPECT_EQ(said(), lines{"1 hears"});
  one_.handle_up(2, "db2");
  EXPECT_EQ(said(), lines{}) << "there is nothing to tell";
  one_.handle_down(1);
  EXPECT_FALSE(one_.knows(1));
  set_own({list_of('a', 7)});
  EXPECT_EQ(said(), lines{"2 hears a7"});
}

TEST_F(ListSpread, OnlyWhatIsNewerAndCountsHereIsAskedFor) {
  up(1);
  hear(1, {id_of('a', 4), id_of('a', 5), id_of('c', 9)});
  EXPECT_EQ(said(), lines{});
  hear(1, {id_of('a', 6), id_of('b', 1)});
  EXPECT_EQ(said(), lines{"1 asks a"}) << "one question at a time";
  EXPECT_TRUE(answer(1, "a6"));
  EXPECT_EQ(said(), lines{}) << "and none while an answer is judged";
  set_own({list_of('a', 6)});
  EXPECT_EQ(said(), lines{"1 hears a6"});
  EXPECT_TRUE(good(1, id_of('a', 6)));
  EXPECT_EQ(said(), lines{"1 asks b"});
}

TEST_F(ListSpread, AllWhoHaveItAreAskedSoThatNobodyCanKeepItBack) {
  up(1);
  up(2);
  for (const net::connection_id id : {1U, 2U}) hear(id, {id_of('a', 6)});
  EXPECT_EQ(said(), (lines{"1 asks a", "2 asks a"}));
  EXPECT_TRUE(answer(2, "a6"));
  set_own({list_of('a', 6)});
  EXPECT_TRUE(good(2, id_of('a', 6)));
  EXPECT_TRUE(answer(1, "a6"));
  EXPECT_TRUE(good(1, id_of('a', 6)));
  EXPECT_EQ(said(), (lines{"1 hears a6", "2 hears a6"}));
}

TEST_F(ListSpread, WhoAsksGetsAListOnce) {
  up(1);
  ask(1, 'a');
  ask(1, 'a');
  ask(1, 'b');
  ask(7, 'a');
  EXPECT_EQ(said(), lines{"1 gets a5"});
  set_own({list_of('a', 6)});
  (void)said();
  ask(1, 'a');
  EXPECT_EQ(said(), lines{"1 gets a6"});
}

TEST_F(ListSpread, AnAnswerThatIsNotWhatWasAnnouncedIsALie) {
  up(1);
  hear(1, {id_of('a', 9)});
  EXPECT_TRUE(answer(1, "a6"));
  const auto older = one_.handle_good(now_, 1, id_of('a', 6));
  ASSERT_FALSE(older);
  EXPECT_THAT(older.error().text, HasSubstr("announced the revocation list number 57 and sent number 54"));
  up(2);
  hear(2, {id_of('a', 9)});
  EXPECT_TRUE(answer(2, "b9"));
  EXPECT_FALSE(good(2, id_of('b', 9)));
  up(3);
  hear(3, {id_of('a', 9)});
  EXPECT_TRUE(answer(3, "b9"));
  EXPECT_TRUE(good(3, id_of('a', 40))) << "a newer one than announced is as good";
}

TEST_F(ListSpread, AForgedListIsALieUnlessTheCaIsOursNoLonger) {
  for (const net::connection_id id : {1U, 2U}) {
    up(id);
    hear(id, {id_of('a', 9)});
    EXPECT_TRUE(answer(id, "rubbish"));
  }
  const auto lie = one_.handle_forged(now_, 1, "cannot be read");
  ASSERT_FALSE(lie);
  EXPECT_THAT(lie.error().text, HasSubstr("that is none: the list cannot be read"));
  one_.set_own(now_, {}, [](const std::string&) { return false; });
  EXPECT_TRUE(one_.handle_forged(now_, 2, "is of no CA that is trusted here"));
  EXPECT_TRUE(one_.handle_forged(now_, 7, "of nobody"));
}

TEST_F(ListSpread, AnswersToNobodyAreForgivenForAWhile) {
  up(1);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(answer(1, "a9"));
  EXPECT_FALSE(one_.handle_answer(1, {}));
  EXPECT_FALSE(answer(7, "a9")) << "a link that has gone";
}

TEST_F(ListSpread, WhatIsAnnouncedMayChangeWhileTheAnswerIsOnItsWay) {
  up(1);
  hear(1, {id_of('a', 6)});
  hear(1, {id_of('a', 8)});
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(answer(1, "a8"));
  EXPECT_TRUE(good(1, id_of('a', 8)));
  up(2);
  hear(2, {id_of('b', 6)});
  hear(2, {});
  EXPECT_FALSE(answer(2, "b6")) << "it has none any more";
}

TEST_F(ListSpread, WhatWasDeclinedIsNotAskedForAgain) {
  up(1);
  hear(1, {id_of('a', 6)});
  EXPECT_TRUE(answer(1, "a6"));
  (void)said();
  EXPECT_TRUE(one_.handle_declined(now_, 1));
  hear(1, {id_of('a', 6)});
  EXPECT_EQ(said(), lines{});
  hear(1, {id_of('a', 7)});
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(one_.handle_declined(now_, 1)) << "of nothing that is judged";
  EXPECT_TRUE(one_.handle_declined(now_, 7));
  EXPECT_TRUE(answer(1, "a7"));
  for (int i = 0; i < 100; ++i) {
    if (!one_.handle_declined(now_, 1)) return;  // it ends the link
    base::list_id other = id_of('a', 8);
    other.digest = std::string(31, 'd') + static_cast<char>(i);
    hear(1, {other});
    ASSERT_TRUE(answer(1, "a8"));
  }
  FAIL() << "it may go on for ever";
}

TEST_F(ListSpread, WhatCannotBeToldIsNotToldAndStillCounts) {
  tls::revocation_list big = list_of('a', 7);
  big.der = {};
  set_own({big, list_of('b', 1)});
  one_.handle_up(1, "db1");
  EXPECT_EQ(said(), lines{"1 hears b1"});
  ask(1, 'a');
  EXPECT_EQ(said(), lines{});
  hear(1, {id_of('a', 6)});
  EXPECT_EQ(said(), lines{}) << "an older one was asked for, again and again";
  hear(1, {id_of('a', 8)});
  EXPECT_EQ(said(), lines{"1 asks a"});
}

// However it comes that the answer is not in force here: whoever gave it has nothing better.
TEST_F(ListSpread, WhatWasGoodIsNotAskedForTwice) {
  up(1);
  hear(1, {id_of('a', 6)});
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(answer(1, "a6"));
  EXPECT_TRUE(good(1, id_of('a', 6)));
  for (int i = 0; i < 3; ++i) {
    wait(std::chrono::minutes(2));
    hear(1, {id_of('a', 6)});
    set_own({list_of('a', 5)});
  }
  EXPECT_EQ(said(), lines{});
  hear(1, {id_of('a', 7)});
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(answer(1, "a7"));
  EXPECT_TRUE(good(1, id_of('a', 7)));
  one_.set_own(now_, {}, [](const std::string&) { return false; });
  wait(std::chrono::minutes(2));
  set_own({});
  EXPECT_EQ(said(), (lines{"1 hears", "1 asks a"})) << "the CA was given up and is back";
}

TEST_F(ListSpread, ACaRestsBetweenTwoLists) {
  up(1);
  EXPECT_EQ(one_.next_deadline(), base::never);
  hear(1, {id_of('a', 6)});
  EXPECT_TRUE(answer(1, "a6"));
  set_own({list_of('a', 6)});
  EXPECT_TRUE(taken(1, id_of('a', 6)));
  (void)said();
  hear(1, {id_of('a', 7)});
  EXPECT_EQ(said(), lines{}) << "one list after the other was taken, without any rate";
  hear(1, {id_of('a', 8), id_of('b', 1)});
  EXPECT_EQ(said(), lines{"1 asks b"}) << "that is another CA's";
  EXPECT_TRUE(answer(1, "b1"));
  set_own({list_of('a', 6), list_of('b', 1)});
  EXPECT_TRUE(taken(1, id_of('b', 1)));
  (void)said();
  EXPECT_EQ(one_.next_deadline(), now_ + list_spread::rest);
  wait(list_spread::rest / 2);
  EXPECT_EQ(said(), lines{});
  wait(list_spread::rest / 2);
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_EQ(one_.next_deadline(), base::never);
}

TEST_F(ListSpread, ACaRestsAlsoWhenWhoToldHasGone) {
  up(1);
  up(2);
  hear(1, {id_of('a', 6)});
  EXPECT_TRUE(answer(1, "a6"));
  one_.handle_down(1);
  set_own({list_of('a', 6)});
  EXPECT_TRUE(taken(1, id_of('a', 6)));
  (void)said();
  hear(2, {id_of('a', 7)});
  EXPECT_EQ(said(), lines{});
  wait(list_spread::rest);
  EXPECT_EQ(said(), lines{"2 asks a"});
}

// An old list that a member plays back is known here: the next one comes all the same.
TEST_F(ListSpread, NobodyMakesACaRestWithAListThatIsNotTaken) {
  for (const net::connection_id id : {1U, 2U}) up(id);
  hear(1, {id_of('a', 9)});
  EXPECT_TRUE(answer(1, "a1"));
  EXPECT_FALSE(good(1, id_of('a', 1)));
  one_.handle_down(1);
  (void)said();
  hear(2, {id_of('a', 6)});
  EXPECT_EQ(said(), lines{"2 asks a"});
}

TEST_F(ListSpread, WhatWasDeclinedIsAskedForAgainLater) {
  up(1);
  hear(1, {id_of('a', 6)});
  EXPECT_TRUE(answer(1, "a6"));
  (void)said();
  const auto first = one_.handle_declined(now_, 1);
  ASSERT_TRUE(first);
  EXPECT_TRUE(*first) << "it is news";
  EXPECT_EQ(one_.next_deadline(), now_ + list_spread::again);
  wait(list_spread::again / 2);
  EXPECT_EQ(said(), lines{});
  EXPECT_EQ(one_.next_deadline(), now_ + list_spread::again / 2);
  wait(list_spread::again / 2);
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(answer(1, "a6"));
  const auto second = one_.handle_declined(now_, 1);
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
  wait(list_spread::again);
  EXPECT_EQ(said(), lines{"1 asks a"});
}

TEST_F(ListSpread, WhoAsksAgainLaterGetsItAgain) {
  up(1);
  ask(1, 'a');
  EXPECT_EQ(said(), lines{"1 gets a5"});
  wait(std::chrono::seconds(10));
  ask(1, 'a');
  EXPECT_EQ(said(), lines{});
  wait(list_spread::again);
  ask(1, 'a');
  EXPECT_EQ(said(), lines{"1 gets a5"});
}

TEST_F(ListSpread, ANewAnchorMakesItAskForWhatItPassedOver) {
  up(1);
  hear(1, {id_of('c', 1)});
  EXPECT_EQ(said(), lines{});
  one_.set_own(now_, {list_of('a', 5)}, [](const std::string&) { return true; });
  EXPECT_EQ(said(), lines{"1 asks c"});
}

}  // namespace
}  // namespace hauberk::engine
