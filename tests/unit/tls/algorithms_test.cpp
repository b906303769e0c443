// Cipher lists, versions and groups as people write them: what is taken, and what each mistake is answered.
#include "tls/algorithms.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tls/openssl.hpp"

namespace hauberk::tls {
namespace {

using names = std::vector<std::string>;

result<algorithms> read(const std::string& ciphers, const std::string& low = "", const std::string& high = "",
                        profile rules = profile::standard, const std::string& groups = "") {
  settings from;
  from.ciphers = ciphers;
  from.min_version = low;
  from.max_version = high;
  from.rules = rules;
  from.groups = groups;
  return read_algorithms(from);
}

std::string refusal(const result<algorithms>& of) {
  if (of) return "(taken)";
  EXPECT_EQ(of.error().code, errc::bad_option);
  EXPECT_EQ(of.error().text.find('\n'), std::string::npos);
  return of.error().text;
}

TEST(algorithms, defaults) {
  const auto made = read("");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->versions_text(), "1.3-1.3");
  EXPECT_EQ(made->suites,
            (names{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}));
  EXPECT_TRUE(made->ciphers.empty());
  EXPECT_EQ(made->groups, (names{"X25519MLKEM768", "X25519", "P-256", "P-384"}));
  EXPECT_TRUE(made->remarks.empty());
  const auto wide = read("", "1.2", "1.3");
  ASSERT_TRUE(wide);
  EXPECT_EQ(wide->suites.size(), 3U);
  EXPECT_EQ(wide->ciphers.size(), 6U);
  const auto old = read("", "", "1.2");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->versions_text(), "1.2-1.2");
  EXPECT_TRUE(old->suites.empty());
}

TEST(algorithms, any_separator_any_case_order_kept_doubles_dropped) {
  const names wanted{"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"};
  for (const char* list :
       {"TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256", "tls_aes_256_gcm_sha384,TLS_AES_128_GCM_SHA256",
        "  TLS_AES_256_GCM_SHA384   TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384, "}) {
    const auto made = read(list);
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(made->suites, wanted);
    EXPECT_EQ(made->written, wanted);
  }
}

TEST(algorithms, mixed_lists_and_versions) {
  const std::string both = "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256";
  auto made = read(both);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->versions_text(), "1.3-1.3");
  ASSERT_EQ(made->remarks.size(), 1U);
  EXPECT_NE(made->remarks[0].find("socket.ssl_min_version=1.2"), std::string::npos);
  made = read(both, "TLSv1.2");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->versions_text(), "1.2-1.3");
  EXPECT_TRUE(made->remarks.empty());
  EXPECT_EQ(made->written, (names{"ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"}));
}

TEST(algorithms, a_list_of_1_2_names_only_means_1_2_and_is_remarked_once) {
  const auto made = read("ECDHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES256-GCM-SHA384");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->versions_text(), "1.2-1.2");
  ASSERT_EQ(made->remarks.size(), 1U);
  EXPECT_NE(made->remarks[0].find("this group speaks TLS 1.2"), std::string::npos);
}

TEST(algorithms, what_does_not_go_together_is_refused) {
  EXPECT_NE(refusal(read("TLS_AES_128_GCM_SHA256", "", "1.2")).find("the list has no TLS 1.2 name: add"),
            std::string::npos);
  EXPECT_NE(refusal(read("TLS_AES_128_GCM_SHA256", "1.2")).find("the list has no TLS 1.2 name: add"),
            std::string::npos);
  EXPECT_NE(refusal(read("ECDHE-RSA-AES128-GCM-SHA256", "", "1.3")).find("no TLS 1.3 suite"),
            std::string::npos);
  EXPECT_NE(refusal(read("ECDHE-RSA-AES128-GCM-SHA256", "1.3")).find("socket.ssl_min_version"),
            std::string::npos);
  EXPECT_NE(refusal(read("", "1.3", "1.2")).find("is above"), std::string::npos);
  EXPECT_NE(refusal(read("", "1.1")).find("expected 1.2 or 1.3"), std::string::npos);
  EXPECT_NE(refusal(read("", "", "4")).find("socket.ssl_max_version: \"4\""), std::string::npos);
}

struct mistake {
  const char *written, *why, *instead;
};
class mistakes : public testing::TestWithParam<mistake> {};

TEST_P(mistakes, are_answered_with_a_reason_and_a_name_to_write) {
  const auto [written, why, instead] = GetParam();
  for (const std::string& list : {std::string(written), "TLS_AES_128_GCM_SHA256:" + std::string(written)}) {
    const std::string text = refusal(read(list));
    EXPECT_EQ(text.rfind("socket.ssl_cipher: \"" + std::string(written) + "\" is not allowed: ", 0), 0U)
        << text;
    EXPECT_NE(text.find(why), std::string::npos) << text;
    EXPECT_NE(text.find("write " + std::string(instead) + " instead"), std::string::npos) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    table, mistakes,
    testing::Values(
        mistake{"AES256-SHA", "no forward secrecy", "ECDHE-RSA-AES256-GCM-SHA384"},
        mistake{"AES128-SHA", "no forward secrecy", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"AES128-SHA256", "no forward secrecy", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"AES256-GCM-SHA384", "no forward secrecy", "ECDHE-RSA-AES256-GCM-SHA384"},
        mistake{"AES128-GCM-SHA256", "no forward secrecy", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"DES-CBC3-SHA", "no forward secrecy", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"RC4-MD5", "no forward secrecy", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"ADH-AES128-GCM-SHA256", "does not authenticate", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"DHE-PSK-AES256-GCM-SHA384", "does not authenticate", "DHE-RSA-AES256-GCM-SHA384"},
        mistake{"DHE-DSS-AES256-GCM-SHA384", "the name is unknown", "DHE-RSA-AES256-GCM-SHA384"},
        mistake{"ECDHE-RSA-AES256-SHA384", "no AEAD", "ECDHE-RSA-AES256-GCM-SHA384"},
        mistake{"ECDHE-ECDSA-AES128-SHA", "no AEAD", "ECDHE-ECDSA-AES128-GCM-SHA256"},
        mistake{"DHE-RSA-AES256-SHA", "no AEAD", "ECDHE-RSA-AES256-GCM-SHA384"},
        mistake{"ECDHE-RSA-NULL-SHA", "no AEAD", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"TLS_AES_128_CCM_8_SHA256", "the name is unknown", "TLS_AES_128_CCM_SHA256"},
        mistake{"TLS_AES_256_GCM_SHA348", "the name is unknown", "TLS_AES_256_GCM_SHA384"},
        mistake{"ECDHE-RSA-AES128-GCM-SHA25", "the name is unknown", "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "the list takes OpenSSL's names",
                "ECDHE-RSA-AES256-GCM-SHA384"},
        mistake{"TLS_RSA_WITH_AES_128_CBC_SHA", "the list takes OpenSSL's names",
                "ECDHE-RSA-AES128-GCM-SHA256"},
        mistake{"HIGH", "no cipher that we know", "TLS_AES_128_GCM_SHA256"},
        mistake{"ALL", "no cipher that we know", "TLS_AES_128_GCM_SHA256"},
        mistake{"!aNULL", "no OpenSSL list operators", "TLS_AES_128_GCM_SHA256"},
        mistake{"@SECLEVEL=0", "no OpenSSL list operators", "TLS_AES_128_GCM_SHA256"},
        mistake{"potato", "no cipher that we know", "TLS_AES_128_GCM_SHA256"}));

TEST(algorithms, every_name_that_we_allow_is_one_that_openssl_has) {
  for (const char* name :
       {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
        "DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305",
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256"}) {
    ASSERT_TRUE(read(name)) << name;
    const ssl_ctx_ptr ctx(SSL_CTX_new(TLS_method()));
    const bool suite = std::string_view(name).starts_with("TLS_");
    EXPECT_EQ(suite ? SSL_CTX_set_ciphersuites(ctx.get(), name) : SSL_CTX_set_cipher_list(ctx.get(), name), 1)
        << name;
  }
}

TEST(algorithms, strict) {
  const auto made = read("", "", "", profile::strict);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->suites, (names{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"}));
  EXPECT_EQ(made->groups, (names{"P-256", "P-384"}));
  EXPECT_NE(refusal(read("TLS_CHACHA20_POLY1305_SHA256", "", "", profile::strict)).find("AES-GCM only"),
            std::string::npos);
  EXPECT_NE(refusal(read("", "1.2", "", profile::strict)).find("strict takes TLS 1.3 only"),
            std::string::npos);
  EXPECT_NE(
      refusal(read("ECDHE-RSA-AES128-GCM-SHA256", "", "", profile::strict)).find("strict takes TLS 1.3 only"),
      std::string::npos);
  EXPECT_NE(refusal(read("", "", "", profile::strict, "X25519")).find("P-256 and P-384 only"),
            std::string::npos);
}

TEST(algorithms, groups_have_one_name_each) {
  const auto made = read("", "", "", profile::standard, "x25519, prime256v1:secp384r1 P-256, newgroup");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->groups, (names{"X25519", "P-256", "P-384", "newgroup"}));
  EXPECT_NE(refusal(read("", "", "", profile::standard, "X25519/P-256")).find("is not a name"),
            std::string::npos);
}

}  // namespace
}  // namespace hauberk::tls
