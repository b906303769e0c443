// The certificates that we make, as the openssl command line sees them.
#include "tls/issuer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/certificates.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::tls {
namespace {

TEST(issuer, openssl_verifies_its_nodes_for_both_roles_and_strictly) {
  test::test_ca ca("CA of the test");
  const auto node = ca.node("db1");
  for (const char* purpose : {"sslserver", "sslclient"}) {
    const auto said = test::run("openssl verify -x509_strict -purpose " + std::string(purpose) + " -CAfile " +
                                node.ca + " " + node.cert);
    EXPECT_EQ(said.status, 0) << said.text;
  }
}

TEST(issuer, puts_names_addresses_and_usages_in) {
  test::test_ca ca;
  const pair_files into{ca.dir() + "/n.pem", ca.dir() + "/n-key.pem"};
  const auto made = make_node({.name = "db1", .alternatives = {"db1.example.org", "10.1.2.3", "fd00::1"}},
                              ca.files(), into, 1800000000);
  ASSERT_TRUE(made) << made.error().text;
  const auto said = test::run("openssl x509 -noout -text -in " + into.cert);
  EXPECT_NE(
      said.text.find("DNS:db1, DNS:db1.example.org, IP Address:10.1.2.3, IP Address:FD00:0:0:0:0:0:0:1"),
      std::string::npos)
      << said.text;
  EXPECT_NE(said.text.find("TLS Web Server Authentication, TLS Web Client Authentication"),
            std::string::npos);
  EXPECT_NE(said.text.find("Subject: CN = db1"), std::string::npos);
  EXPECT_NE(said.text.find("Jan 15 07:55:00 2027 GMT"), std::string::npos) << "five minutes before `now`";
  EXPECT_NE(said.text.find("Apr 19 08:00:00 2029 GMT"), std::string::npos) << "825 days later";
  EXPECT_NE(said.text.find("ASN1 OID: prime256v1"), std::string::npos);
}

TEST(issuer, a_name_too_long_for_the_common_name_is_in_the_san_alone) {
  test::test_ca ca;
  const auto node = ca.node(std::string(100, 'n'));
  const auto said = test::run("openssl verify -x509_strict -CAfile " + node.ca + " " + node.cert);
  EXPECT_EQ(said.status, 0) << said.text;
}

TEST(issuer, keys_are_private_and_nothing_is_overwritten) {
  test::test_ca ca;
  const auto node = ca.node("db1");
  struct stat about {};
  ASSERT_EQ(::stat(node.key.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);

  const auto before = test::run("cat " + node.key + " " + node.cert).text;
  const auto again = make_node({.name = "db1"}, ca.files(), {node.cert, node.key}, 1800000000);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::bad_file);
  EXPECT_NE(again.error().text.find("not overwritten"), std::string::npos);
  EXPECT_EQ(test::run("cat " + node.key + " " + node.cert).text, before);

  const pair_files half{node.cert, ca.dir() + "/new-key.pem"};
  EXPECT_FALSE(make_node({.name = "db1"}, ca.files(), half, 1800000000));
  EXPECT_NE(::access(half.key.c_str(), F_OK), 0) << "a failed call leaves nothing behind";
}

TEST(issuer, serials_differ) {
  test::test_ca ca;
  const auto a = test::run("openssl x509 -noout -serial -in " + ca.node("a").cert).text;
  const auto b = test::run("openssl x509 -noout -serial -in " + ca.node("a").cert).text;
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), std::string("serial=").size() + 32 + 1) << "128 bits";
}

TEST(issuer, refuses_bad_names_and_a_foreign_key) {
  test::test_ca ca;
  test::test_ca other;
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string(300, 'x')}) {
    const auto made = make_node({.name = name}, ca.files(), {ca.dir() + "/x", ca.dir() + "/y"}, 1800000000);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, errc::bad_option);
  }
  const auto made = make_node({.name = "a"}, {ca.files().cert, other.files().key},
                              {ca.dir() + "/x", ca.dir() + "/y"}, 1800000000);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text.find("does not belong to the CA certificate"), std::string::npos);
}

}  // namespace
}  // namespace hauberk::tls
