// Revocation lists: whom they keep out, what a late, lacking, foreign or broken one means, and that a link
// that is up can be judged again.
#include "tls/revocation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/tls/authority.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

using testing::HasSubstr;

constexpr const char* out_of_date = "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z";

class Revocation : public testing::Test {
 protected:
  [[nodiscard]] settings with(const test::node_files& of, const std::string& list) const {
    settings made = of.settings();
    made.crl_file = list;
    return made;
  }

  test::test_ca ca;
  test::revoker authority{ca};
  test::node_files good = ca.node("db1"), bad = ca.node("db2");
};

TEST_F(Revocation, WhoIsRevokedIsKeptOutByBothRoles) {
  authority.revoke(bad.cert);
  const context careful = test::load(with(good, authority.list()));
  const context revoked = test::load(bad.settings());
  const auto accepted = test::shake(revoked, careful);
  EXPECT_THAT(test::text_of(accepted.server),
              HasSubstr("certificate CN=db2 with issuer CN=test-ca was revoked"));
  EXPECT_THAT(test::text_of(accepted.client), HasSubstr("certificate revoked"));
  const auto dialled = test::shake(careful, revoked);
  EXPECT_THAT(test::text_of(dialled.client), HasSubstr("was revoked by its CA"));
  EXPECT_THAT(test::text_of(dialled.server), HasSubstr("certificate revoked"));
  const context other = test::load(ca.node("db3").settings());
  EXPECT_TRUE(test::shake(careful, other).both_ready());
  EXPECT_TRUE(test::shake(other, careful).both_ready());
}

TEST_F(Revocation, ALinkThatIsUpIsJudgedAgain) {
  pipe client(test::load(good.settings()), role::client), server(test::load(bad.settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  EXPECT_TRUE(client.judge_peer(test::load(with(good, authority.list()))).passed());
  authority.revoke(bad.cert);
  const verdict revoked = client.judge_peer(test::load(with(good, authority.list())));
  EXPECT_THAT(revoked.words, HasSubstr("certificate CN=db2"));
  EXPECT_EQ(revoked.failed, check::revoked);
  EXPECT_TRUE(client.judge_peer(test::load(good.settings())).passed());
  EXPECT_TRUE(server.judge_peer(test::load(ca.node("db4").settings())).passed());

  test::test_ca other("other-ca");
  const verdict foreign = server.judge_peer(test::load(other.node("db2").settings()));
  EXPECT_THAT(foreign.words, HasSubstr("does not chain to our trust anchor CN=other-ca"));
  EXPECT_EQ(foreign.failed, check::chain);
}

TEST_F(Revocation, OurOwnCertificateMustNotBeRevoked) {
  authority.revoke(good.cert);
  const error why = test::load_error(with(good, authority.list()));
  EXPECT_EQ(why.code, errc::bad_certificate);
  EXPECT_THAT(why.text, HasSubstr("socket.ssl_cert: " + good.cert));
  EXPECT_THAT(why.text, HasSubstr("was revoked by its CA"));
}

TEST_F(Revocation, FilesThatAreNone) {
  const std::string cert = good.cert;
  EXPECT_THAT(test::load_error(with(good, "/nowhere/crl.pem")).text,
              HasSubstr("socket.ssl_crl: /nowhere/crl.pem: cannot open the file"));
  EXPECT_THAT(test::load_error(with(good, cert)).text,
              HasSubstr("holds a certificate, expected a revocation list"));
  const auto made = [&](const std::string& command) {
    const auto said = test::run("cd " + authority.dir().path() + " && " + command);
    EXPECT_EQ(said.status, 0) << said.text;
  };
  const std::string list = authority.list();
  made("head -c 200 " + list + " > torn.pem; echo hello > text; openssl crl -in " + list +
       " -outform der -out list.der");
  EXPECT_THAT(test::load_error(with(good, authority.dir() / "torn.pem")).text,
              HasSubstr("revocation list 1 in the file cannot be read"));
  EXPECT_THAT(test::load_error(with(good, authority.dir() / "text")).text, HasSubstr("BEGIN X509 CRL"));
  EXPECT_THAT(test::load_error(with(good, authority.dir() / "list.der")).text, HasSubstr("looks like DER"));
}

TEST_F(Revocation, AListMustBeSignedByTheAnchorThatItNames) {
  test::test_ca impostor("test-ca");  // the same name, another key
  test::revoker forger(impostor);
  const error why = test::load_error(with(good, forger.list()));
  EXPECT_EQ(why.code, errc::bad_certificate);
  EXPECT_THAT(why.text,
              HasSubstr("the revocation list of CN=test-ca is not signed by the certificate of that name"));

  test::test_ca other("other-ca");
  test::revoker elsewhere(other);
  test::heard ear;
  ASSERT_TRUE(context::load(with(good, elsewhere.list()), std::time(nullptr), ear.logger()));
  EXPECT_THAT(
      ear.at(base::level::warning),
      HasSubstr("CN=other-ca is of no CA in socket.ssl_ca or socket.ssl_cert here: it counts only where a"));
  EXPECT_THAT(ear.at(base::level::warning), HasSubstr("no revocation list of our trust anchor CN=test-ca"));
  EXPECT_TRUE(test::shake(test::load(with(good, elsewhere.list())), test::load(bad.settings())).both_ready());
}

TEST_F(Revocation, ALateListStillCountsAndIsWarnedOf) {
  authority.revoke(bad.cert);
  const settings late = with(good, authority.list(out_of_date));
  test::heard ear;
  const auto made = context::load(late, std::time(nullptr), ear.logger());
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_THAT(ear.at(base::level::warning), HasSubstr("is out of date since 2020-02-01 00:00:00 UTC"));
  EXPECT_THAT(test::text_of(test::shake(*made, test::load(bad.settings())).client), HasSubstr("was revoked"));
  EXPECT_TRUE(test::shake(*made, test::load(ca.node("db3").settings())).both_ready());

  settings strict = late;
  strict.rules = profile::strict;
  EXPECT_THAT(test::load_error(strict).text, HasSubstr("socket.ssl_profile=strict takes no such list"));
}

TEST_F(Revocation, OfOneIssuersListsTheNewestCountsWhateverItsDates) {
  const std::string old = authority.list("-crl_lastupdate 20190101000000Z -crl_nextupdate 20990101000000Z");
  authority.revoke(bad.cert);
  const std::string newer = authority.list(out_of_date);
  for (const auto& [a, b] : {std::pair{old, newer}, std::pair{newer, old}}) {
    const std::string both = authority.dir() / "both.pem";
    EXPECT_EQ(test::run("cat " + a + " " + b + " > " + both).status, 0);
    const context made = test::load(with(good, both));
    EXPECT_FALSE(test::shake(made, test::load(bad.settings())).both_ready())
        << "the older list hides the newer";
  }
}

TEST_F(Revocation, StrictWantsAListOfEachAnchor) {
  test::test_ca second("second-ca");
  const std::string both = authority.dir() / "both-cas.pem";
  EXPECT_EQ(test::run("cat " + ca.files().cert + " " + second.files().cert + " > " + both).status, 0);
  settings strict = with(good, authority.list());
  strict.rules = profile::strict;
  ASSERT_TRUE(test::shake(test::load(strict), test::load(strict)).both_ready());
  strict.ca_file = both;
  const error why = test::load_error(strict);
  EXPECT_EQ(why.code, errc::bad_certificate);
  EXPECT_THAT(why.text, HasSubstr("no revocation list of our trust anchor CN=second-ca"));
}

TEST_F(Revocation, AnIntermediateCanBeRevoked) {
  const auto must = [&](const std::string& command) {
    const auto said = test::run("cd " + authority.dir().path() + " && " + command);
    ASSERT_EQ(said.status, 0) << command << "\n" << said.text;
  };
  must(
      "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid-key.pem -subj /CN=mid "
      "-out mid.csr && printf 'basicConstraints=critical,CA:TRUE' > mid.ext && openssl x509 -req -in mid.csr "
      "-days 10 -CA " +
      ca.files().cert + " -CAkey " + ca.files().key + " -set_serial 77 -extfile mid.ext -out mid.pem");
  const pair_files leaf{authority.dir() / "leaf.pem", authority.dir() / "leaf-key.pem"};
  node_request what;
  what.name = "leaf";
  ASSERT_TRUE(make_node(what, {authority.dir() / "mid.pem", authority.dir() / "mid-key.pem"}, leaf,
                        std::time(nullptr)));
  must("cat leaf.pem mid.pem > chain.pem");
  const context theirs =
      test::load(test::node_files{authority.dir() / "chain.pem", leaf.key, ca.files().cert}.settings());
  EXPECT_TRUE(test::shake(test::load(with(good, authority.list())), theirs).both_ready())
      << "nobody has a list of the intermediate's: that is forgiven";
  authority.revoke(authority.dir() / "mid.pem");
  EXPECT_THAT(test::text_of(test::shake(test::load(with(good, authority.list())), theirs).client),
              HasSubstr("CA certificate CN=mid with issuer CN=test-ca was revoked"));
}

TEST_F(Revocation, TheListIsNoPartOfThePolicy) {
  EXPECT_EQ(test::load(with(good, authority.list())).policy_text(),
            test::load(good.settings()).policy_text());
}

}  // namespace
}  // namespace hauberk::tls
