// Lists that others tell of: which of several counts, what is refused, and that one which counts keeps out
// whom it revokes, as if it had been in the file.
#include "tls/lists.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <fstream>

#include "base/limits.hpp"
#include "tls/issuer.hpp"
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
  static std::string joined(const std::string& folder, const std::vector<std::string>& files) {
    std::string command = "cat";
    for (const std::string& one : files) command += " " + one;
    const std::string into = folder + "/joined.pem";
    EXPECT_EQ(test::run(command + " > " + into).status, 0);
    return into;
  }
  /// A list with these extensions, as lines of a configuration of openssl.
  base::buffer with_extensions(const std::string& lines, const std::string& more = {}) {
    const std::string section = "part" + std::to_string(sections_++);
    std::ofstream(authority.dir() / "ca.cnf", std::ios::app) << "[" << section << "]\n" << lines << "\n";
    return told(authority, "-crldays 30 -crlexts " + section + more);
  }
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

  int sections_ = 0;
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
  EXPECT_EQ(refusal(ours, forged), "is not signed by a CA that is trusted here and may sign lists")
      << "in none of its own words";
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

// Each certificate of a bundle of the nodes' own is an anchor, and none of them has a word on the others.
TEST_F(Lists, OnlyACaSignsLists) {
  const auto self_signed = [&](const std::string& name, const std::string& basic) {
    test::node_files made{authority.dir() / (name + ".pem"), authority.dir() / (name + ".key"), {}};
    const std::string config = authority.dir() / (name + ".cnf");
    std::ofstream(config) << "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=e\n[dn]\nCN=node\n"
                          << "[e]\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n"
                          << "subjectAltName=DNS:" << name << "\n"
                          << basic << "\n";
    const auto said =
        test::run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -config " +
                  config + " -keyout " + made.key + " -out " + made.cert);
    EXPECT_EQ(said.status, 0) << said.text;
    return made;
  };
  test::node_files one = self_signed("db1", "basicConstraints=CA:FALSE"),
                   two = self_signed("db2", "basicConstraints=CA:FALSE");
  one.ca = two.ca = joined(authority.dir().path(), {one.cert, two.cert});
  const context ours = test::load(one.settings()), theirs = test::load(two.settings());
  ASSERT_FALSE(ours.is_shared_pair());
  ASSERT_TRUE(takes(ours, theirs));
  const base::buffer list = told(authority, "-crldays 30 -cert " + two.cert + " -keyfile " + two.key);
  EXPECT_THAT(refusal(ours, list), HasSubstr("is not signed by a CA"));
  const context careful = ours.with_lists({list});
  EXPECT_TRUE(careful.lists().empty());
  EXPECT_TRUE(takes(careful, theirs));
  EXPECT_TRUE(takes(test::load(one.settings()).with_lists({list}), ours)) << "itself, too";

  // The certificate that all had before they got a CA has no word on that CA's, either.
  const test::node_files mixed{good.cert, good.key, joined(ca.dir(), {ca.files().cert, two.cert})};
  EXPECT_THAT(refusal(test::load(mixed.settings()), list), HasSubstr("is not signed by a CA"));
}

TEST_F(Lists, AnIntermediateCaCountsInOurOwnFileAndAmongTheAnchors) {
  const std::string key = ca.dir() + "/inter.key", cert = ca.dir() + "/inter.pem", dir = ca.dir();
  std::ofstream(dir + "/inter.cnf") << "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"
                                    << "keyUsage=critical,keyCertSign,cRLSign\n";
  const auto made = test::run(
      "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=inter "
      "-keyout " +
      key + " -out " + dir + "/inter.csr && openssl x509 -req -days 30 -in " + dir + "/inter.csr -CA " +
      ca.files().cert + " -CAkey " + ca.files().key + " -set_serial 5 -extfile " + dir + "/inter.cnf -out " +
      cert);
  ASSERT_EQ(made.status, 0) << made.text;
  const auto node = [&](const std::string& name) {
    const pair_files leaf{dir + "/" + name + "-leaf.pem", dir + "/" + name + ".key"};
    const auto done =
        make_node({.name = name, .days = 20, .may_outlive_ca = true}, {cert, key}, leaf, std::time(nullptr));
    EXPECT_TRUE(done) << done.error().text;
    const std::string chain = dir + "/" + name + "-chain.pem";
    EXPECT_EQ(test::run("cat " + leaf.cert + " " + cert + " > " + chain).status, 0);
    return test::node_files{chain, leaf.key, ca.files().cert};
  };
  const test::node_files third = node("db3"), fourth = node("db4");
  authority.revoke(dir + "/db4-leaf.pem");
  const base::buffer list = told(authority, "-crldays 30 -cert " + cert + " -keyfile " + key);
  const context ours = test::load(good.settings());
  EXPECT_TRUE(takes(ours, test::load(fourth.settings())));
  EXPECT_THAT(refusal(ours, list), HasSubstr("is not signed by a CA")) << "we do not know that one";
  test::node_files wide = good;
  wide.ca = joined(dir, {ca.files().cert, cert});
  for (const test::node_files& files : {third, wide}) {
    const context knows = test::load(files.settings());
    EXPECT_EQ(refusal(knows, list), "taken");
    EXPECT_TRUE(takes(knows.with_lists({list}), test::load(third.settings())));
    EXPECT_FALSE(takes(knows.with_lists({list}), test::load(fourth.settings())));
  }
}

TEST_F(Lists, OneThatOpenSslWouldStumbleOverIsDeclined) {
  const context ours = test::load(good.settings());
  for (const char* lines : {"1.2.3.4=critical,ASN1:NULL", "issuerAltName=critical,DNS:x"}) {
    const base::buffer list = with_extensions(lines);
    const auto judged = ours.judge_list(list, std::time(nullptr));
    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, errc::bad_certificate) << "it is nobody's fault who tells it";
    EXPECT_THAT(judged.error().text, HasSubstr("has a critical extension that is not known here"));
    EXPECT_TRUE(takes(ours.with_lists({list}), test::load(bad.settings())));
  }
  EXPECT_EQ(refusal(ours, with_extensions("1.2.3.4=ASN1:NULL")), "taken");
  EXPECT_EQ(refusal(ours, with_extensions("authorityKeyIdentifier=critical,keyid:always")), "taken");
  EXPECT_THAT(refusal(ours, with_extensions("2.5.29.35=DER:04:01:01")),
              HasSubstr("has an authority key identifier that cannot be read"));
}

// A CA that was made anew under its old name: OpenSSL would look up what the one has signed in the other's
// list.
TEST_F(Lists, OneThatMayBeOfTwoCasIsDeclined) {
  test::test_ca next("test-ca");
  test::node_files old_node = good, new_node = next.node("db3");
  old_node.ca = new_node.ca = joined(ca.dir(), {ca.files().cert, next.files().cert});
  const context ours = test::load(old_node.settings()), theirs = test::load(new_node.settings());
  ASSERT_TRUE(takes(ours, theirs));
  authority.revoke(bad.cert);
  const base::buffer vague = told(authority);
  EXPECT_THAT(refusal(ours, vague), HasSubstr("has no authority key identifier, and there are two"));
  EXPECT_TRUE(takes(ours.with_lists({vague}), theirs));
  const base::buffer clear = with_extensions("authorityKeyIdentifier=keyid:always");
  EXPECT_EQ(refusal(ours, clear), "taken");
  const context careful = ours.with_lists({vague, clear});
  EXPECT_TRUE(takes(careful, theirs));
  EXPECT_FALSE(takes(careful, test::load(bad.settings())));

  // On file it counts for whoever has put it there, and for nobody else.
  test::heard ear;
  old_node.ca = joined(ca.dir(), {ca.files().cert, next.files().cert});
  const auto made = context::load(with(old_node, authority.list()), std::time(nullptr), ear.logger());
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_THAT(ear.at(base::level::warning), HasSubstr("counts at this node alone: it has no authority key"));
  ASSERT_EQ(made->lists().size(), 1U);
  EXPECT_FALSE(made->lists().front().may_be_told());
}

// By issuer and serial a list can name a certificate of its CA that is not here: OpenSSL ignores it.
TEST_F(Lists, OneThatNamesAnotherCertificateOfItsCaIsDeclined) {
  const std::string renewed = authority.dir() / "renewed.pem", config = authority.dir() / "renewed.cnf";
  std::ofstream(config) << "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=e\n[dn]\nCN=test-ca\n"
                        << "[e]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                        << "subjectKeyIdentifier=hash\n";
  const auto said = test::run("openssl req -x509 -set_serial 77 -days 30 -key " + ca.files().key +
                              " -config " + config + " -out " + renewed);
  ASSERT_EQ(said.status, 0) << said.text;
  const base::buffer list = with_extensions("authorityKeyIdentifier=issuer:always",
                                            " -cert " + renewed + " -keyfile " + ca.files().key);
  const context ours = test::load(good.settings());
  EXPECT_THAT(refusal(ours, list), HasSubstr("names another certificate of that CA"));
  test::node_files both = good;
  both.ca = joined(ca.dir(), {ca.files().cert, renewed});
  EXPECT_EQ(refusal(test::load(both.settings()), list), "taken");
}

// In force where their file is, known by number, and told to nobody.
TEST_F(Lists, OnesWithoutBoundsStayAtTheirFile) {
  const base::buffer small = told(authority);
  authority.revoke(bad.cert);
  std::ofstream(authority.dir() / "number") << std::string(42, '7') << "\n";
  const std::string long_number = authority.list();
  std::ofstream(authority.dir() / "number") << "05\n";
  {
    std::ofstream index(authority.dir() / "index.txt", std::ios::app);
    for (int i = 0; i < 50000; ++i)
      index << "R\t400101000000Z\t200101000000Z\t" << (1000000000 + i) << "\tunknown\t/CN=x\n";
  }
  const std::string large = authority.list();
  ASSERT_GT(der_of(large).size(), base::limits::list_bytes_max);
  for (const auto& [file, why] : {std::pair{long_number, "it has a number that no list has"},
                                  std::pair{large, "bytes, expected at most 1048576"}}) {
    test::heard ear;
    settings from = with(good, file);
    from.lists_told = {small};
    const auto made = context::load(from, std::time(nullptr), ear.logger());
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_THAT(ear.at(base::level::warning), HasSubstr(why));
    EXPECT_FALSE(takes(*made, test::load(bad.settings())));
    ASSERT_EQ(made->lists().size(), 1U);
    EXPECT_FALSE(made->lists().front().may_be_told());
    EXPECT_TRUE(is_newer(made->lists().front().id, made->judge_list(small, std::time(nullptr))->id));
    EXPECT_THAT(refusal(test::load(good.settings()), der_of(file)), HasSubstr("expected"));
    EXPECT_EQ(pem_of(made->lists()), "");
  }
}

TEST_F(Lists, AMomentOfTheFutureIsADifferenceOfClocks) {
  const auto in = [&](std::int64_t seconds) {
    const std::time_t moment = std::time(nullptr) + seconds;
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y%m%d%H%M%SZ", std::gmtime(&moment));
    return "-crl_lastupdate " + std::string(text.data()) + " -crl_nextupdate 20991231235959Z";
  };
  settings strict = with(good, authority.list());
  strict.rules = profile::strict;
  const context ours = test::load(strict);
  settings other = strict;
  const test::node_files third = ca.node("db3");
  other.cert_file = third.cert;
  other.key_file = third.key;
  const context theirs = test::load(other);
  authority.revoke(bad.cert);
  const base::buffer soon = told(authority, in(200));
  ASSERT_EQ(refusal(ours, soon), "taken");
  EXPECT_TRUE(takes(ours.with_lists({soon}), theirs)) << "nobody is cut off by it";
  strict.lists_told = {soon};
  EXPECT_TRUE(takes(test::load(strict), theirs));
  const base::buffer late = told(authority, in(3600));
  EXPECT_THAT(refusal(ours, late), HasSubstr("is from the future (check the clocks), and"));
  strict.lists_told = {late};
  const auto refused = test::load_error(strict).text;
  EXPECT_THAT(refused, HasSubstr("the revocation list of CN=test-ca, which peers have told of"));
  EXPECT_EQ(refused.find("socket.ssl_crl"), std::string::npos) << "it is not in that file: " << refused;
  strict.crl_file = authority.list(in(200));
  strict.lists_told = {};
  EXPECT_TRUE(takes(test::load(strict), theirs));
}

TEST_F(Lists, NamesInWordsAreBounded) {
  std::string subject = "/CN=test-ca";
  for (int i = 0; i < 20; ++i) subject += "/OU=" + std::string(60, static_cast<char>('a' + i));
  const test::node_files long_ca{authority.dir() / "long.pem", authority.dir() / "long.key", {}};
  ASSERT_EQ(test::run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj " +
                      subject + " -keyout " + long_ca.key + " -out " + long_ca.cert)
                .status,
            0);
  test::node_files both = good;
  both.ca = joined(ca.dir(), {ca.files().cert, long_ca.cert});
  const context ours = test::load(both.settings());
  const base::buffer list = told(authority, "-crldays 30 -cert " + long_ca.cert + " -keyfile " + long_ca.key);
  const auto judged = ours.judge_list(list, std::time(nullptr));
  ASSERT_TRUE(judged) << judged.error().text;
  EXPECT_EQ(judged->issuer.size(), 255U);
  EXPECT_EQ(ours.list_issuer(judged->id.issuer)->size(), 255U);
  EXPECT_TRUE(judged->issuer.ends_with("...")) << judged->issuer;
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
  const std::string broken = "-----BEGIN X509 CRL-----\nbroken\n-----END X509 CRL-----\n",
                    whole = pem_of(ours.lists());
  std::ofstream(path) << broken << whole << broken << whole << "-----BEGIN X509 CRL-----\nMII";
  test::heard ear;
  const auto rest = load_lists(path, ear.logger());
  ASSERT_TRUE(rest) << rest.error().text;
  EXPECT_EQ(rest->size(), 2U) << "one that is broken does not take the others with it";
  EXPECT_THAT(ear.at(base::level::warning), HasSubstr("lists.pem: a revocation list in it cannot be read"));
}

}  // namespace
}  // namespace hauberk::tls
