// The openssl command lines that people have in their runbooks, typed to the letter, prompts and all: what
// they make must load, verify and shake hands.
#include <gtest/gtest.h>

#include "support/certificates.hpp"
#include "unit/tls/shell.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

/// What an operator types at the prompts of `openssl req`: only the common name.
std::string answers(const std::string& common_name) {
  return "printf '\\n\\n\\n\\n\\n" + common_name + "\\n\\n\\n\\n' | ";
}

class recipes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<test::temp_dir>();
    must(answers("PXC-CA") +
         "openssl req -newkey rsa:2048 -x509 -nodes -days 36500 -keyout pxc-ca-key.pem -out pxc-ca-cert.pem");
    for (const std::string node : {"pxc1", "pxc2", "pxc3"}) {
      must(answers(node) + "openssl req -newkey rsa:2048 -nodes -days 36500 -keyout " + node +
           "-key.pem -out " + node + "-req.pem");
      must("openssl rsa -in " + node + "-key.pem -out " + node + "-key.pem");
      must("openssl x509 -req -in " + node +
           "-req.pem -days 36500 -CA pxc-ca-cert.pem -CAkey pxc-ca-key.pem -set_serial 01 -out " + node +
           "-cert.pem");
      must("openssl verify -CAfile pxc-ca-cert.pem " + node + "-cert.pem");
    }
    must(answers("") + "openssl req -new -x509 -days 365000 -nodes -keyout key.pem -out cert.pem");
  }
  static void TearDownTestSuite() { dir_.reset(); }

  static void must(const std::string& command) {
    const auto said = test::run("cd " + dir_->path() + " && " + command);
    ASSERT_EQ(said.status, 0) << command << "\n" << said.text;
  }
  static settings node(const std::string& name) {
    return test::node_files{*dir_ / (name + "-cert.pem"), *dir_ / (name + "-key.pem"),
                            *dir_ / "pxc-ca-cert.pem"}
        .settings();
  }
  static settings shared() { return test::node_files{*dir_ / "cert.pem", *dir_ / "key.pem", ""}.settings(); }

  static std::unique_ptr<test::temp_dir> dir_;
};
std::unique_ptr<test::temp_dir> recipes::dir_;

TEST_F(recipes, three_nodes_of_one_ca_shake_hands_both_ways_though_all_have_serial_01) {
  const std::vector<context> nodes{test::load(node("pxc1")), test::load(node("pxc2")),
                                   test::load(node("pxc3"))};
  for (const context& a : nodes) {
    EXPECT_EQ(a.own().serial, "01");
    EXPECT_FALSE(a.is_shared_pair());
    EXPECT_TRUE(a.checks_names());
    EXPECT_EQ(a.policy_text(), nodes[0].policy_text());
    for (const context& b : nodes) {
      pipe client(a, role::client);
      pipe server(b, role::server);
      const auto seen = test::shake(client, server);
      ASSERT_TRUE(seen.both_ready()) << test::text_of(seen.client) << test::text_of(seen.server);
      EXPECT_EQ(client.version(), "TLSv1.3");
      EXPECT_EQ(client.cipher(), "TLS_AES_128_GCM_SHA256");
      ASSERT_TRUE(client.peer() && server.peer());
      EXPECT_EQ(client.peer()->fingerprint, b.own().fingerprint);
      EXPECT_EQ(server.peer()->fingerprint, a.own().fingerprint);
    }
  }
  EXPECT_EQ(nodes[0].own().names, std::vector<std::string>{"pxc1"});
  EXPECT_EQ(identity_mismatch(nodes[1], nodes[0].own(), "pxc1"), "");
  EXPECT_NE(identity_mismatch(nodes[1], nodes[0].own(), "pxc2"), "");
}

TEST_F(recipes, the_nodes_certificates_are_of_version_1_or_3_without_usages) {
  const auto said = test::run("openssl x509 -noout -text -in " + node("pxc1").cert_file);
  EXPECT_EQ(said.text.find("Extended Key Usage"), std::string::npos);
}

TEST_F(recipes, the_shared_pair_is_its_own_anchor_and_lasts_beyond_the_year_3000) {
  const context own = test::load(shared());
  EXPECT_TRUE(own.is_shared_pair());
  EXPECT_FALSE(own.checks_names());
  EXPECT_GT(own.own().not_after, 32503680000) << "the year 3000";
  const auto seen = test::shake(own, own);
  EXPECT_TRUE(seen.both_ready()) << test::text_of(seen.client) << test::text_of(seen.server);
  EXPECT_EQ(identity_mismatch(own, own.own(), "anybody"), "");
}

TEST_F(recipes, the_shared_pair_with_itself_as_ca_is_the_same_group) {
  settings named = shared();
  named.ca_file = named.cert_file;
  const context own = test::load(named);
  EXPECT_TRUE(own.is_shared_pair());
  EXPECT_EQ(own.policy_text(), test::load(shared()).policy_text());
  EXPECT_TRUE(test::shake(own, test::load(shared())).both_ready());
}

TEST_F(recipes, two_shared_pairs_refuse_each_other) {
  test::temp_dir other;
  ASSERT_EQ(test::run("cd " + other.path() + " && " + answers("") +
                      "openssl req -new -x509 -days 365000 -nodes -keyout key.pem -out cert.pem")
                .status,
            0);
  const context theirs = test::load(test::node_files{other / "cert.pem", other / "key.pem", ""}.settings());
  const auto seen = test::shake(test::load(shared()), theirs);
  ASSERT_TRUE(seen.client);
  EXPECT_EQ(seen.client->code, errc::bad_certificate) << seen.client->text;
  EXPECT_NE(seen.client->text.find("does not chain to our trust anchor"), std::string::npos)
      << seen.client->text;
}

TEST_F(recipes, the_ca_certificate_itself_is_no_node) {
  const settings ca =
      test::node_files{*dir_ / "pxc-ca-cert.pem", *dir_ / "pxc-ca-key.pem", *dir_ / "pxc1-cert.pem"}
          .settings();
  EXPECT_NE(test::load_error(ca).text.find("it is a CA certificate, expected a node's"), std::string::npos)
      << test::load_error(ca).text;
  // As a peer it passes its own check, being its own shared pair; the group's nodes must refuse it.
  const settings alone = test::node_files{*dir_ / "pxc-ca-cert.pem", *dir_ / "pxc-ca-key.pem", ""}.settings();
  const auto seen = test::shake(test::load(node("pxc1")), test::load(alone));
  ASSERT_TRUE(seen.client);
  EXPECT_NE(seen.client->text.find("it is a CA certificate, expected a node's"), std::string::npos)
      << seen.client->text;
}

TEST_F(recipes, tls_1_2_by_list_works_with_their_rsa_keys) {
  settings one = node("pxc1");
  one.ciphers = "AES256-SHA";
  EXPECT_NE(test::load_error(one).text.find("ECDHE-RSA-AES256-GCM-SHA384"), std::string::npos);
  for (const char* name :
       {"ECDHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"}) {
    one.ciphers = name;
    settings two = node("pxc2");
    two.ciphers = name;
    pipe client(test::load(one), role::client);
    pipe server(test::load(two), role::server);
    const auto seen = test::shake(client, server);
    ASSERT_TRUE(seen.both_ready()) << test::text_of(seen.client) << test::text_of(seen.server);
    EXPECT_EQ(client.version(), "TLSv1.2");
    EXPECT_EQ(client.cipher(), name);
  }
}

TEST_F(recipes, strict_does_not_take_them_and_says_why) {
  settings one = node("pxc1");
  one.rules = profile::strict;
  EXPECT_NE(test::load_error(one).text.find("extended key usages serverAuth and clientAuth"),
            std::string::npos)
      << test::load_error(one).text;
}

}  // namespace
}  // namespace hauberk::tls
