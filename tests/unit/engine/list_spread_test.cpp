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
  ListSpread() { one_.set_own({list_of('a', 5)}, takes_ab()); }
  /// Only lists of the CAs a and b count.
  static std::function<bool(const std::string&)> takes_ab() {
    return [](const std::string& issuer) { return issuer[0] == 'a' || issuer[0] == 'b'; };
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
};

TEST_F(ListSpread, ALinkHearsWhatIsInForceAndWhatChanges) {
  one_.handle_up(1, "db1");
  EXPECT_EQ(said(), lines{"1 hears a5"});
  EXPECT_EQ(one_.name_of(1), "db1");
  one_.set_own({list_of('a', 5)}, takes_ab());
  EXPECT_EQ(said(), lines{});
  one_.set_own({list_of('a', 6)}, takes_ab());
  EXPECT_EQ(said(), lines{"1 hears a6"});
  one_.set_own({}, takes_ab());
  EXPECT_EQ(said(), lines{"1 hears"});
  one_.handle_up(2, "db2");
  EXPECT_EQ(said(), lines{}) << "there is nothing to tell";
  one_.handle_down(1);
  EXPECT_FALSE(one_.knows(1));
  one_.set_own({list_of('a', 7)}, takes_ab());
  EXPECT_EQ(said(), lines{"2 hears a7"});
}

TEST_F(ListSpread, OnlyWhatIsNewerAndCountsHereIsAskedFor) {
  up(1);
  one_.handle_lists(1, {{id_of('a', 4), id_of('a', 5), id_of('c', 9)}});
  EXPECT_EQ(said(), lines{});
  one_.handle_lists(1, {{id_of('a', 6), id_of('b', 1)}});
  EXPECT_EQ(said(), lines{"1 asks a"}) << "one question at a time";
  EXPECT_TRUE(answer(1, "a6"));
  EXPECT_EQ(said(), lines{}) << "and none while an answer is judged";
  one_.set_own({list_of('a', 6)}, takes_ab());
  EXPECT_EQ(said(), lines{"1 hears a6"});
  EXPECT_TRUE(one_.handle_good(1, id_of('a', 6)));
  EXPECT_EQ(said(), lines{"1 asks b"});
}

TEST_F(ListSpread, AllWhoHaveItAreAskedSoThatNobodyCanKeepItBack) {
  up(1);
  up(2);
  for (const net::connection_id id : {1U, 2U}) one_.handle_lists(id, {{id_of('a', 6)}});
  EXPECT_EQ(said(), (lines{"1 asks a", "2 asks a"}));
  EXPECT_TRUE(answer(2, "a6"));
  one_.set_own({list_of('a', 6)}, takes_ab());
  EXPECT_TRUE(one_.handle_good(2, id_of('a', 6)));
  EXPECT_TRUE(answer(1, "a6"));
  EXPECT_TRUE(one_.handle_good(1, id_of('a', 6)));
  EXPECT_EQ(said(), (lines{"1 hears a6", "2 hears a6"}));
}

TEST_F(ListSpread, WhoAsksGetsAListOnce) {
  up(1);
  const mesh::list_request wanted{std::string(32, 'a')};
  one_.handle_request(1, wanted);
  one_.handle_request(1, wanted);
  one_.handle_request(1, {std::string(32, 'b')});
  one_.handle_request(7, wanted);
  EXPECT_EQ(said(), lines{"1 gets a5"});
  one_.set_own({list_of('a', 6)}, takes_ab());
  (void)said();
  one_.handle_request(1, wanted);
  EXPECT_EQ(said(), lines{"1 gets a6"});
}

TEST_F(ListSpread, AnAnswerThatIsNotWhatWasAnnouncedIsALie) {
  up(1);
  one_.handle_lists(1, {{id_of('a', 9)}});
  EXPECT_TRUE(answer(1, "a6"));
  const auto older = one_.handle_good(1, id_of('a', 6));
  ASSERT_FALSE(older);
  EXPECT_THAT(older.error().text, HasSubstr("announced the revocation list number 57 and sent number 54"));
  up(2);
  one_.handle_lists(2, {{id_of('a', 9)}});
  EXPECT_TRUE(answer(2, "b9"));
  EXPECT_FALSE(one_.handle_good(2, id_of('b', 9)));
  up(3);
  one_.handle_lists(3, {{id_of('a', 9)}});
  EXPECT_TRUE(answer(3, "b9"));
  EXPECT_TRUE(one_.handle_good(3, id_of('a', 40))) << "a newer one than announced is as good";
}

TEST_F(ListSpread, AForgedListIsALieUnlessTheCaIsOursNoLonger) {
  for (const net::connection_id id : {1U, 2U}) {
    up(id);
    one_.handle_lists(id, {{id_of('a', 9)}});
    EXPECT_TRUE(answer(id, "rubbish"));
  }
  const auto lie = one_.handle_forged(1, "cannot be read");
  ASSERT_FALSE(lie);
  EXPECT_THAT(lie.error().text, HasSubstr("that is none: the list cannot be read"));
  one_.set_own({}, [](const std::string&) { return false; });
  EXPECT_TRUE(one_.handle_forged(2, "is of no CA that is trusted here"));
  EXPECT_TRUE(one_.handle_forged(7, "of nobody"));
}

TEST_F(ListSpread, AnswersToNobodyAreForgivenForAWhile) {
  up(1);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(answer(1, "a9"));
  EXPECT_FALSE(one_.handle_answer(1, {}));
  EXPECT_FALSE(answer(7, "a9")) << "a link that has gone";
}

TEST_F(ListSpread, WhatIsAnnouncedMayChangeWhileTheAnswerIsOnItsWay) {
  up(1);
  one_.handle_lists(1, {{id_of('a', 6)}});
  one_.handle_lists(1, {{id_of('a', 8)}});
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(answer(1, "a8"));
  EXPECT_TRUE(one_.handle_good(1, id_of('a', 8)));
  up(2);
  one_.handle_lists(2, {{id_of('b', 6)}});
  one_.handle_lists(2, {});
  EXPECT_FALSE(answer(2, "b6")) << "it has none any more";
}

TEST_F(ListSpread, WhatWasDeclinedIsNotAskedForAgain) {
  up(1);
  one_.handle_lists(1, {{id_of('a', 6)}});
  EXPECT_TRUE(answer(1, "a6"));
  (void)said();
  EXPECT_TRUE(one_.handle_declined(1));
  one_.handle_lists(1, {{id_of('a', 6)}});
  EXPECT_EQ(said(), lines{});
  one_.handle_lists(1, {{id_of('a', 7)}});
  EXPECT_EQ(said(), lines{"1 asks a"});
  EXPECT_TRUE(one_.handle_declined(1)) << "of nothing that is judged";
  EXPECT_TRUE(one_.handle_declined(7));
  EXPECT_TRUE(answer(1, "a7"));
  for (int i = 0; i < 100; ++i) {
    if (!one_.handle_declined(1)) return;  // it ends the link
    base::list_id other = id_of('a', 8);
    other.digest = std::string(31, 'd') + static_cast<char>(i);
    one_.handle_lists(1, {{other}});
    ASSERT_TRUE(answer(1, "a8"));
  }
  FAIL() << "it may go on for ever";
}

TEST_F(ListSpread, ANewAnchorMakesItAskForWhatItPassedOver) {
  up(1);
  one_.handle_lists(1, {{id_of('c', 1)}});
  EXPECT_EQ(said(), lines{});
  one_.set_own({list_of('a', 5)}, [](const std::string&) { return true; });
  EXPECT_EQ(said(), lines{"1 asks c"});
}

}  // namespace
}  // namespace hauberk::engine
