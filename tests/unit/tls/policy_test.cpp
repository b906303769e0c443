// A policy text and settings, there and back.
#include "tls/policy.hpp"

#include <gmock/gmock.h>

#include "support/certificates.hpp"
#include "unit/tls/shell.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

using ::testing::HasSubstr;

struct Policy : testing::Test {
  test::test_ca ca;
  settings local = ca.node("db1").settings();

  /// What is wrong with this text.
  std::string words_for(const std::string& text) {
    const auto made = with_policy(local, text);
    return made ? "taken" : made.error().text;
  }
};

TEST_F(Policy, ATextMakesSettingsThatMakeTheSameText) {
  std::vector<settings> all(8, local);
  all[1].min_version = "1.2";
  all[1].max_version = "1.3";
  all[2].ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
  all[3].rules = profile::strict;
  all[3].identity = "list:db1,db2";
  all[4].groups = "P-384:X25519";
  all[4].rekey = {1000, 64U << 20U, std::chrono::minutes(7)};
  all[5].identity = "ca";
  all[5].ciphers = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
  all[6].identity = "pin:" + test::load(local).own().fingerprint;
  all[7].ciphers = "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256";
  all[7].min_version = "1.3";
  for (const settings& written : all) {
    const std::string text = test::load(written).policy_text();
    for (const settings& start : all) {
      const auto made = with_policy(start, text);
      ASSERT_TRUE(made) << made.error().text;
      EXPECT_EQ(test::load(*made).policy_text(), text);
      EXPECT_EQ(made->cert_file, local.cert_file);
    }
  }
}

TEST_F(Policy, GroupsOfOurOwnDefaultAreNobodysWish) {
  const auto made = with_policy(local, test::load(local).policy_text());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->groups, "");
}

TEST_F(Policy, WhatWasDefaultFollows) {
  auto back = with_policy(local, test::load(local).policy_text());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->ciphers + back->groups + back->min_version + back->max_version, "");
  back->rules = profile::strict;  // has no ChaCha20 and no X25519
  EXPECT_THAT(test::load(*back).policy_text(), HasSubstr("socket.ssl_groups=P-256:P-384\n"));
}

TEST_F(Policy, AnchorsAreChosenFromTheBundleAndFromThoseBefore) {
  const test::temp_dir dir;
  test::test_ca second("second-ca");
  settings bundle = local;
  bundle.ca_file = dir / "both.pem";
  ASSERT_EQ(test::run("cat " + ca.files().cert + " " + second.files().cert + " > " + bundle.ca_file).status,
            0);
  const std::string old = test::load(local).policy_text(), wide = test::load(bundle).policy_text();
  EXPECT_NE(old, wide);
  EXPECT_EQ(test::load(with_policy(bundle, old).value()).policy_text(), old);
  const error missing = test::load_error(with_policy(local, wide).value());
  EXPECT_EQ(missing.code, errc::bad_certificate);
  EXPECT_THAT(missing.text, HasSubstr("socket.ssl_ca: " + local.ca_file + ": the trust anchor with"));
  settings fresh = second.node("db1").settings();  // the old anchor is on file no more
  fresh.anchors_kept = test::load(bundle).anchors_pem();
  EXPECT_EQ(test::load(with_policy(fresh, wide).value()).policy_text(), wide);
}

TEST_F(Policy, TakenApartAndPutTogether) {
  const std::string text = test::load(local).policy_text();
  EXPECT_EQ(policy_text_of(read_policy(text).value()), text);
  for (const char* bad : {"=x\n", "key\n", "a=1\na=2\n"}) EXPECT_FALSE(read_policy(bad)) << bad;
}

TEST_F(Policy, NamesWhatItDoesNotUnderstand) {
  EXPECT_THAT(words_for("socket.ssl=yes\nsocket.ssl_moon=full\n"),
              HasSubstr("socket.ssl_moon is not known to this release"));
  EXPECT_THAT(words_for("socket.ssl=no\n"), HasSubstr("socket.ssl=no: expected yes"));
  EXPECT_THAT(words_for("socket.ssl_profile=loose\n"), HasSubstr("expected standard or strict"));
  EXPECT_THAT(words_for("socket.ssl_versions=1.3\n"), HasSubstr("expected two versions"));
  EXPECT_THAT(words_for("nonsense\n"), HasSubstr("policy: \"nonsense\" is no key=value"));
  for (const char* bad : {"", "1", "0,0B,1ns", "1,0B,0ns", "1,0B,1ns,", "1,0,1ns", "-1,0B,1ns", "1,0B,-1ns"})
    EXPECT_THAT(words_for(std::string("socket.ssl_rekey=") + bad + "\n"),
                HasSubstr("expected records, bytes"))
        << bad;
}

}  // namespace
}  // namespace hauberk::tls
