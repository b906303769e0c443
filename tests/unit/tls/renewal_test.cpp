// Renewed certificates and their files, as the openssl command line sees them, also after a crash in between.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/certificates.hpp"
#include "tls/inspect.hpp"
#include "tls/issuer.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::tls {
namespace {

namespace fs = std::filesystem;

class renewing : public testing::Test {
 protected:
  [[nodiscard]] pair_files files() const { return {ca_.dir() + "/n.pem", ca_.dir() + "/n-key.pem"}; }
  static std::string said(const std::string& command) { return test::run(command).text; }
  [[nodiscard]] std::string key_in_certificate() const {
    return said("openssl x509 -noout -pubkey -in " + files().cert);
  }
  [[nodiscard]] std::string key_in_file() const { return said("openssl pkey -pubout -in " + files().key); }

  void SetUp() override {
    const auto made = make_node({.name = "db1", .alternatives = {"10.1.2.3", "spiffe://example.org/db1"}},
                                ca_.files(), files(), std::time(nullptr));
    ASSERT_TRUE(made) << made.error().text;
    first_ = *made;
  }

  test::test_ca ca_;
  certificate first_;
};

TEST_F(renewing, keeps_the_names_and_changes_key_and_serial) {
  const std::string key = key_in_file();
  const auto made = renew_node({.days = 90}, ca_.files(), files(), std::time(nullptr));
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_NE(made->serial, first_.serial);
  EXPECT_EQ(made->subject, first_.subject);
  EXPECT_NE(key_in_file(), key);
  EXPECT_EQ(key_in_file(), key_in_certificate());
  EXPECT_EQ(fs::status(files().key).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const std::string text = said("openssl x509 -noout -text -in " + files().cert);
  EXPECT_NE(text.find("DNS:db1, IP Address:10.1.2.3, URI:spiffe://example.org/db1"), std::string::npos)
      << text;
  const auto checked =
      test::run("openssl verify -x509_strict -CAfile " + ca_.files().cert + " " + files().cert);
  EXPECT_EQ(checked.status, 0) << checked.text;
  EXPECT_EQ(said("ls " + ca_.dir() + " | grep -cE 'new|part'"), "0\n");
}

TEST_F(renewing, keeps_the_key_when_asked) {
  const std::string key = key_in_file();
  const auto made = renew_node({.keeps_key = true}, ca_.files(), files(), std::time(nullptr));
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(key_in_file(), key);
  EXPECT_EQ(key_in_certificate(), key);
  EXPECT_NE(made->serial, first_.serial);
}

TEST_F(renewing, chooses_kinds_of_keys) {
  ASSERT_TRUE(renew_node({.key = key_kind::rsa3072}, ca_.files(), files(), std::time(nullptr)));
  EXPECT_NE(said("openssl pkey -noout -text -in " + files().key).find("3072 bit"), std::string::npos);
  ASSERT_TRUE(renew_node({}, ca_.files(), files(), std::time(nullptr)));
  EXPECT_NE(said("openssl pkey -noout -text -in " + files().key).find("3072 bit"), std::string::npos)
      << "the kind that it was";
  ASSERT_TRUE(renew_node({.key = key_kind::p384}, ca_.files(), files(), std::time(nullptr)));
  EXPECT_NE(said("openssl pkey -noout -text -in " + files().key).find("384 bit"), std::string::npos);
}

TEST_F(renewing, a_crash_between_key_and_certificate_is_made_good) {
  // As it is after the key was moved and before the certificate was: the old one is in its place again.
  fs::copy_file(files().cert, ca_.dir() + "/old.pem");
  ASSERT_TRUE(renew_node({}, ca_.files(), files(), std::time(nullptr)));
  fs::rename(files().cert, files().cert + ".new");
  fs::rename(ca_.dir() + "/old.pem", files().cert);
  ASSERT_NE(key_in_file(), key_in_certificate());
  const auto again = renew_node({.keeps_key = true}, ca_.files(), files(), std::time(nullptr));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(key_in_file(), key_in_certificate());

  // And before anything was moved: what is left over is thrown away.
  const std::string key = key_in_file();
  std::ofstream(files().cert + ".new") << "half";
  std::ofstream(files().key + ".new") << "half";
  ASSERT_TRUE(renew_node({.keeps_key = true}, ca_.files(), files(), std::time(nullptr)));
  EXPECT_EQ(key_in_file(), key);
  EXPECT_FALSE(fs::exists(files().cert + ".new"));
  EXPECT_FALSE(fs::exists(files().key + ".new"));
}

TEST_F(renewing, ends_with_its_authority_and_not_after_it) {
  const pair_files brief{ca_.dir() + "/brief.pem", ca_.dir() + "/brief-key.pem"};
  const std::int64_t now = std::time(nullptr);
  ASSERT_TRUE(make_ca({.name = "brief", .days = 10}, brief, now));
  const auto made = renew_node({.days = 90}, brief, files(), now);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(made->not_after, now + 10 * 86400);
  const auto late = renew_node({.days = 90}, brief, files(), now + 11 * 86400);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().text.find("expired"), std::string::npos) << late.error().text;
  EXPECT_NE(late.error().text.find("rotate-ca"), std::string::npos);
}

TEST_F(renewing, refuses_what_cannot_sign) {
  const auto by_a_node = renew_node({}, files(), files(), std::time(nullptr));
  ASSERT_FALSE(by_a_node);
  EXPECT_NE(by_a_node.error().text.find("not a CA certificate"), std::string::npos) << by_a_node.error().text;
  EXPECT_EQ(key_in_file(), key_in_certificate());
}

TEST(inspecting, says_what_is_in_a_file) {
  test::test_ca ca("the CA");
  const pair_files into{ca.dir() + "/n.pem", ca.dir() + "/n-key.pem"};
  ASSERT_TRUE(make_node({.name = "db1", .alternatives = {"10.1.2.3", "fd00::1"}}, ca.files(), into,
                        std::time(nullptr)));
  const auto read = inspect_file(into.cert);
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->certificates.size(), 1U);
  const certificate_card& card = read->certificates.front();
  EXPECT_EQ(card.is.names, std::vector<std::string>{"db1"});
  EXPECT_EQ(card.addresses, (std::vector<std::string>{"10.1.2.3", "fd00:0:0:0:0:0:0:1"}));
  EXPECT_EQ(card.is.issuer, "CN=the CA");
  EXPECT_EQ(card.key, "EC P-256");
  EXPECT_EQ(card.signature, "ecdsa-with-SHA256");
  EXPECT_TRUE(card.serves && card.dials && card.has_usages && card.has_san);
  EXPECT_FALSE(card.is_ca || card.is_self_signed || read->has_key);
  std::string fingerprint = test::run("openssl x509 -noout -fingerprint -sha256 -in " + into.cert).text;
  fingerprint = fingerprint.substr(fingerprint.find('=') + 1);
  std::erase(fingerprint, ':');
  std::erase(fingerprint, '\n');
  for (char& c : fingerprint) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_EQ(card.is.fingerprint, fingerprint);

  const auto of_ca = inspect_file(ca.files().cert);
  ASSERT_TRUE(of_ca);
  EXPECT_TRUE(of_ca->certificates.front().is_ca && of_ca->certificates.front().is_self_signed);
  const auto of_key = inspect_file(into.key);
  ASSERT_TRUE(of_key);
  EXPECT_TRUE(of_key->has_key && of_key->certificates.empty());
  EXPECT_TRUE(is_issued_by(into.cert, ca.files().cert).value());
  EXPECT_FALSE(is_issued_by(into.cert, into.cert).value());
}

TEST(inspecting, finds_those_who_share_a_serial) {
  certificate one;
  one.issuer = "CN=ca";
  one.serial = "01";
  one.fingerprint = "aa";
  certificate other = one, copy = one, foreign = one, own = one;
  other.fingerprint = "bb";
  foreign.issuer = "CN=another";
  foreign.fingerprint = "cc";
  own.serial = "02";
  own.fingerprint = "dd";
  using groups = std::vector<std::vector<std::size_t>>;
  EXPECT_EQ(shared_serials({one, copy, foreign, own}), groups{});
  EXPECT_EQ(shared_serials({one, own, other, copy}), (groups{{0, 2}}));
}

}  // namespace
}  // namespace hauberk::tls
