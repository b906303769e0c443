// Lists that others tell of: which of several counts, what is refused, and that one which counts keeps out
// whom it revokes, as if it had been in the file.
#include "tls/lists.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/limits.hpp"
#include "unit/tls/authority.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

using testing::HasSubstr;

base::list_id id_of(std::string number, std::int64_t date = 0, std::string digest = {}) {
  return {"issuer", std::move(number), date, std::move(digest)};
}

TEST(ListOrder, IsByNumberThenDateThenDigestAndTotal) {
  using namespace std::string_literals;
  const std::vector<base::list_id> rising{id_of("", 1),
                                          id_of("", 9),
                                          id_of("\x01", 5),
                                          id_of("\x7f", 1),
                                          id_of("\x80", 0),
                                          id_of("\x80", 1),
                                          id_of("\x01\x00"s, 0),
                                          id_of("\x01\x00"s, 3, "a"),
                                          id_of("\x01\x00"s, 3, "b")};
  for (std::size_t a = 0; a < rising.size(); ++a)
    for (std::size_t b = 0; b < rising.size(); ++b)
      EXPECT_EQ(is_newer(rising[a], rising[b]), a > b) << a << " and " << b;
}

class Lists : public testing::Test {
 protected:
  /// The list of this moment, as somebody would tell it.
  base::buffer told(test::revoker& by, const std::string& dates = "-crldays 30") {
    return der_of(by.list(dates));
  }
  static base::buffer der_of(const std::string& file) { return load_lists(file).value().front(); }
  [[nodiscard]] settings with(const test::node_files& of, const std::string& list) const {
    settings made = of.settings();
    made.crl_file = list;
    return made;
  }
  static bool takes(const context& ours, const context& theirs) {
    return test::shake(ours, theirs).both_ready();
  }
  static std::string refusal(const context& by, const base::buffer& der) {
    const auto judged = by.judge_list(der, std::time(nullptr));
    return judged ? "taken" : judged.error().text;
  }

  test::test_ca ca;
  test::revoker authority{ca};
  test::node_files good = ca.node("db1"), bad = ca.node("db2");
};

TEST_F(Lists, OneThatIsToldCountsAsIfItWereInTheFile) {
  authority.revoke(bad.cert);
  const base::buffer list = told(authority);
  const context without = test::load(good.settings()), revoked = test::load(bad.settings());
  const auto judged = without.judge_list(list, std::time(nullptr));
  ASSERT_TRUE(judged) << judged.error().text;
  EXPECT_THAT(list_words(*judged), HasSubstr("number 1 of CN=test-ca ("));
  EXPECT_THAT(list_words(*judged), HasSubstr("revokes 1"));
  const std::string* const issuer = without.list_issuer(judged->id.issuer);
  ASSERT_NE(issuer, nullptr);
  EXPECT_EQ(*issuer, "CN=test-ca");
  EXPECT_TRUE(takes(without, revoked));
  EXPECT_FALSE(without.is_revoked(revoked.own()));

  const context careful = without.with_lists({list});
  ASSERT_EQ(careful.lists().size(), 1U);
  EXPECT_FALSE(careful.lists().front().is_on_file);
  EXPECT_EQ(careful.policy_text(), without.policy_text());
  EXPECT_TRUE(careful.is_revoked(revoked.own()));
  EXPECT_FALSE(careful.is_revoked(without.own()));
  for (const auto& [client, server] : {std::pair{&careful, &revoked}, std::pair{&revoked, &careful}})
    EXPECT_FALSE(takes(*client, *server));
  EXPECT_TRUE(takes(careful, test::load(ca.node("db3").settings())));

  settings from = good.settings();
  from.lists_told = {list};
  EXPECT_FALSE(takes(test::load(from), revoked));
  pipe client(without, role::client), server(revoked, role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  EXPECT_EQ(client.judge_peer(careful).failed, check::revoked);
}

TEST_F(Lists, TheNewestCountsWhereverItIs) {
  const std::string first = authority.list();
  authority.revoke(bad.cert);
  const std::string second = authority.list();
  const context revoked = test::load(bad.settings());
  test::heard ear;
  settings old_file = with(good, first);
  old_file.lists_told = {der_of(second)};
  const auto made = context::load(old_file, std::time(nullptr), ear.logger());
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_FALSE(takes(*made, revoked));
  EXPECT_THAT(ear.at(base::level::warning),
              HasSubstr("number 1, is older than the group's, number 2, which counts"));
  EXPECT_FALSE(made->lists().front().is_on_file);

  settings new_file = with(good, second);
  new_file.lists_told = {der_of(first)};
  const context again = test::load(new_file);
  EXPECT_FALSE(takes(again, revoked));
  EXPECT_TRUE(again.lists().front().is_on_file);
  EXPECT_EQ(again.lists().front().id, made->lists().front().id);
  EXPECT_FALSE(takes(again.with_lists({der_of(first)}), revoked)) << "an older one changes nothing";
  EXPECT_TRUE(is_newer(again.lists().front().id, test::load(with(good, first)).lists().front().id));
}

TEST_F(Lists, WhatIsNoListOfOursIsRefused) {
  const context ours = test::load(good.settings());
  const base::buffer list = told(authority);
  EXPECT_THAT(refusal(ours, {}), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(ours, base::buffer::copy("rubbish")), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(ours, base::buffer::copy(std::string(list.text()) + "x")), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(ours, list.slice(0, list.size() - 1)), HasSubstr("cannot be read"));
  std::string bent(list.text());
  bent.back() = static_cast<char>(bent.back() ^ 1);
  EXPECT_THAT(refusal(ours, base::buffer::copy(bent)),
              HasSubstr("is not signed by a CA that is trusted here"));

  test::test_ca impostor("test-ca");  // the same name, another key
  test::revoker forger(impostor);
  const base::buffer forged = told(forger);
  EXPECT_THAT(refusal(ours, forged), HasSubstr("of CN=test-ca is not signed by a CA that is trusted here"));
  const context theirs = test::load(impostor.node("db1").settings());
  ASSERT_TRUE(theirs.judge_list(forged, 0));
  EXPECT_EQ(ours.list_issuer(theirs.judge_list(forged, 0)->id.issuer), nullptr) << "by the name alone";
  // What slipped in all the same is left out, and keeps nobody out.
  EXPECT_TRUE(ours.with_lists({forged, base::buffer::copy("rubbish")}).lists().empty());
  EXPECT_TRUE(takes(ours.with_lists({forged}), test::load(bad.settings())));
}

TEST_F(Lists, APartOfAListIsNoList) {
  const context ours = test::load(good.settings());
  std::ofstream(authority.dir() / "ca.cnf", std::ios::app)
      << "[part]\nissuingDistributionPoint=critical,@point\n[point]\nfullname=URI:http://x/1\n"
      << "[delta]\n2.5.29.27=critical,DER:02:01:01\n";
  const base::buffer part = der_of(authority.list("-crldays 30 -crlexts part"));
  const base::buffer delta = der_of(authority.list("-crldays 30 -crlexts delta"));
  for (const auto& one : {part, delta})
    EXPECT_THAT(refusal(ours, one), HasSubstr("is only a part of what that CA has revoked"));
  authority.revoke(bad.cert);
  const std::string full = authority.list();
  const std::string both = authority.dir() / "both.pem";
  const std::string changes = authority.list("-crldays 30 -crlexts delta");
  ASSERT_EQ(test::run("cat " + full + " " + changes + " > " + both).status, 0);
  const context careful = test::load(with(good, both));
  EXPECT_FALSE(takes(careful, test::load(bad.settings()))) << "the list of changes is the newer one";
  ASSERT_EQ(careful.lists().size(), 1U);
}

TEST_F(Lists, ASharedPairVouchesForNoList) {
  const test::node_files pair{authority.dir() / "pair.pem", authority.dir() / "pair.key", {}};
  ASSERT_EQ(
      test::run(
          "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=pair -keyout " +
          pair.key + " -out " + pair.cert)
          .status,
      0);
  const std::string own = authority.list("-crldays 30 -cert " + pair.cert + " -keyfile " + pair.key);
  const context ours = test::load(pair.settings());
  ASSERT_TRUE(ours.is_shared_pair());
  EXPECT_THAT(refusal(ours, der_of(own)), HasSubstr("is not signed by"));
  EXPECT_TRUE(test::load(with(pair, own)).lists().empty());
}

TEST_F(Lists, ANodeWithoutAFileStrictlyHonoursWhatItIsTold) {
  test::test_ca second("second-ca");
  const std::string both = authority.dir() / "both-cas.pem";
  ASSERT_EQ(test::run("cat " + ca.files().cert + " " + second.files().cert + " > " + both).status, 0);
  settings strict = good.settings();
  strict.rules = profile::strict;
  strict.ca_file = both;
  authority.revoke(bad.cert);
  strict.lists_told = {told(authority, "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z")};
  const context ours = test::load(strict);
  EXPECT_FALSE(takes(ours, test::load(bad.settings())));
  test::node_files of_second = second.node("db3");
  of_second.ca = both;
  settings other = of_second.settings();
  other.rules = profile::strict;
  EXPECT_TRUE(takes(ours, test::load(other))) << "of that CA nobody has told a list";
}

TEST_F(Lists, StrictTakesNoLateOneWhereThereIsAFile) {
  settings strict = with(good, authority.list());
  strict.rules = profile::strict;
  const context ours = test::load(strict);
  const auto late = ours.judge_list(
      told(authority, "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z"), std::time(nullptr));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::bad_certificate);
  EXPECT_THAT(late.error().text, HasSubstr("is out of date"));
  EXPECT_TRUE(ours.judge_list(told(authority), std::time(nullptr)));
}

TEST_F(Lists, OurOwnCertificateOnOneDoesNotHinderTheRest) {
  authority.revoke(good.cert);
  const context before = test::load(good.settings());
  const context after = before.with_lists({told(authority)});
  EXPECT_TRUE(after.is_revoked(after.own()));
  settings from = good.settings();
  from.lists_told = {told(authority)};
  EXPECT_THAT(test::load_error(from).text, HasSubstr("was revoked by its CA"))
      << "but nothing begins with it";
}

TEST_F(Lists, AreSavedAndLoaded) {
  test::temp_dir dir;
  const std::string path = dir / "lists.pem";
  EXPECT_TRUE(load_lists(path)->empty());
  const context ours = test::load(good.settings()).with_lists({told(authority)});
  ASSERT_TRUE(save_lists(path, ours.lists()));
  const auto found = load_lists(path);
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_EQ(ours.judge_list(found->front(), 0)->id, ours.lists().front().id);
  std::ofstream(path) << "-----BEGIN X509 CRL-----\nbroken\n-----END X509 CRL-----\n";
  EXPECT_FALSE(load_lists(path));
}

}  // namespace
}  // namespace hauberk::tls
