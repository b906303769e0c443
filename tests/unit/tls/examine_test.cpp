// What the doctor says of a node's material: one fault at a time, each found at its own point.
#include "tls/examine.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/certificates.hpp"
#include "tls/crl.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::tls {
namespace {

class examining : public testing::Test {
 protected:
  [[nodiscard]] std::vector<finding> all(const settings& of, std::int64_t after = 0,
                                         const std::string& name = "db1") const {
    return examine(of, name, now_ + after);
  }
  /// The worst grade of the findings at `check`, and what they say.
  static std::pair<grade, std::string> at(const std::vector<finding>& all, const std::string& check) {
    std::pair<grade, std::string> made{grade::good, {}};
    for (const finding& one : all) {
      if (one.check != check) continue;
      made.first = std::max(made.first, one.how);
      made.second += one.expected + " | " + one.got + " | " + one.change + "\n";
    }
    return made;
  }
  static void expect_only(const std::vector<finding>& all, grade worst,
                          const std::vector<std::string>& checks) {
    for (const finding& one : all) {
      const bool is_named = std::find(checks.begin(), checks.end(), one.check) != checks.end();
      if (is_named) continue;
      EXPECT_EQ(one.how, grade::good) << one.check << ": " << one.expected << " | " << one.got;
    }
    for (const std::string& check : checks) EXPECT_EQ(at(all, check).first, worst) << at(all, check).second;
  }
  void must(const std::string& command) const {
    const auto said = test::run("cd " + ca_.dir() + " && " + command);
    ASSERT_EQ(said.status, 0) << command << "\n" << said.text;
  }

  const std::int64_t now_ = std::time(nullptr);
  test::test_ca ca_{"test-ca", now_};
  test::node_files node_ = ca_.node("db1");
  settings good_ = node_.settings();
};

TEST_F(examining, nothing_is_wrong_with_ours) {
  const auto found = all(good_);
  expect_only(found, grade::good, {});
  for (const char* check : {"file", "key", "chain", "usage", "name", "strength", "dates", "forecast",
                            "serial", "crl", "versions", "ciphers", "groups", "start"})
    EXPECT_NE(at(found, check).second, "") << check;
  EXPECT_NE(at(found, "forecast").second.find("CN=db1 expires, in 825 days"), std::string::npos);
  settings strict = good_;
  strict.rules = profile::strict;
  expect_only(all(strict), grade::good, {});
}

TEST_F(examining, modes) {
  ASSERT_EQ(::chmod(node_.key.c_str(), 0640), 0);
  expect_only(all(good_), grade::warning, {"file"});
  ASSERT_EQ(::chmod(node_.key.c_str(), 0644), 0);
  const auto open = all(good_);
  expect_only(open, grade::bad, {"file", "key", "start"});
  EXPECT_NE(at(open, "file").second.find("mode 0644 | chmod 600 " + node_.key), std::string::npos);
  ASSERT_EQ(::chmod(node_.key.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(node_.ca.c_str(), 0666), 0);
  expect_only(all(good_), grade::warning, {"file"});
}

TEST_F(examining, a_file_that_is_not_there_leaves_the_rest_to_be_examined) {
  settings lacking = good_;
  lacking.key_file = ca_.dir() + "/gone.pem";
  const auto found = all(lacking, 0, "db9");
  expect_only(found, grade::bad, {"file", "key", "start", "name"});
  EXPECT_NE(at(found, "file").second.find("No such file"), std::string::npos);
  EXPECT_NE(at(found, "name").second.find("'db1' | set node.name"), std::string::npos)
      << at(found, "name").second;
}

TEST_F(examining, keys_chains_and_names) {
  settings mixed = good_;
  mixed.key_file = ca_.node("db1").key;
  expect_only(all(mixed), grade::bad, {"key", "start"});
  EXPECT_NE(at(all(mixed), "key").second.find("does not belong"), std::string::npos);
  test::test_ca other("other");
  settings foreign = good_;
  foreign.ca_file = other.files().cert;
  expect_only(all(foreign), grade::bad, {"chain", "start"});
  expect_only(all(good_, 0, "db2"), grade::bad, {"name", "start"});
  settings by_chain = good_;
  by_chain.identity = "ca";
  expect_only(all(by_chain, 0, "db2"), grade::good, {});
  settings pinned = good_;
  pinned.identity = "pin:" + std::string(64, 'a');
  expect_only(all(pinned), grade::bad, {"start"});
}

TEST_F(examining, dates) {
  constexpr std::int64_t day = 86400;
  expect_only(all(good_, 790 * day), grade::good, {});
  expect_only(all(good_, 800 * day), grade::warning, {"dates"});
  const auto late = all(good_, 826 * day);
  expect_only(late, grade::bad, {"dates", "start"});
  EXPECT_NE(at(late, "dates").second.find("24 hours ago"), std::string::npos) << at(late, "dates").second;
  EXPECT_EQ(at(late, "forecast").second, "");
  const auto early = all(good_, -3 * day);
  EXPECT_NE(at(early, "dates").second.find("check the clock"), std::string::npos);
}

TEST_F(examining, usages_and_strength) {
  constexpr std::int64_t soon = 3600;  // the openssl program goes by a later moment than ours
  must("openssl req -newkey rsa:2048 -nodes -subj /CN=db1 -keyout k.pem -out r.pem && chmod 600 k.pem");
  must("printf 'extendedKeyUsage=serverAuth\\n' > e && openssl x509 -req -in r.pem -days 90 -CA " + node_.ca +
       " -CAkey " + ca_.files().key + " -CAcreateserial -extfile e -out server.pem");
  settings half = good_;
  half.cert_file = ca_.dir() + "/server.pem";
  half.key_file = ca_.dir() + "/k.pem";
  expect_only(all(half, soon), grade::bad, {"usage", "chain", "start"});
  EXPECT_NE(at(all(half, soon), "usage").second.find("serverAuth alone"), std::string::npos);

  must("openssl req -newkey rsa:1024 -nodes -subj /CN=db1 -keyout k.pem -out r.pem && chmod 600 k.pem");
  must("openssl x509 -req -sha1 -in r.pem -days 90 -CA " + node_.ca + " -CAkey " + ca_.files().key +
       " -set_serial 01 -out weak.pem");
  half.cert_file = ca_.dir() + "/weak.pem";
  const auto weak = all(half, soon);
  EXPECT_EQ(at(weak, "strength").first, grade::bad);
  EXPECT_NE(at(weak, "strength").second.find("RSA 1024"), std::string::npos) << at(weak, "strength").second;
  EXPECT_NE(at(weak, "strength").second.find("SHA1"), std::string::npos) << at(weak, "strength").second;
  EXPECT_EQ(at(weak, "serial").first, grade::warning);
  EXPECT_NE(at(weak, "serial").second.find("socket.ssl_identity=pin:"), std::string::npos);
}

TEST_F(examining, revocation_lists) {
  const std::int64_t now = std::time(nullptr);
  crl_request what{ca_.files(), ca_.dir() + "/index", ca_.dir() + "/crl.pem", 30};
  ASSERT_TRUE(write_crl(what, now));
  settings listed = good_;
  listed.crl_file = what.crl_file;
  expect_only(all(listed), grade::good, {});
  expect_only(all(listed, 25 * 86400), grade::warning, {"crl"});
  const auto late = all(listed, 31 * 86400);
  expect_only(late, grade::warning, {"crl"});
  EXPECT_NE(at(late, "crl").second.find("out of date"), std::string::npos);
  listed.rules = profile::strict;
  EXPECT_EQ(at(all(listed, 31 * 86400), "crl").first, grade::bad);
  listed.rules = profile::standard;

  test::test_ca other("other");
  must("cat " + other.files().cert + " " + node_.ca + " > both.pem");
  listed.ca_file = ca_.dir() + "/both.pem";
  expect_only(all(listed), grade::warning, {"crl"});
  EXPECT_NE(at(all(listed), "crl").second.find("none of CN=other"), std::string::npos);
  listed.ca_file = node_.ca;

  ledger book;
  book.add(inspect_file(node_.cert).value().certificates.front().is);
  book.revoke(book.entries().front().serial, now, {});
  ASSERT_TRUE(book.write(what.ledger_file));
  ASSERT_TRUE(write_crl(what, now));
  expect_only(all(listed), grade::bad, {"crl", "start"});
  std::ofstream(what.crl_file) << "nothing\n";
  expect_only(all(listed), grade::bad, {"crl", "start"});
}

TEST_F(examining, what_is_spoken) {
  settings old = good_;
  old.min_version = "1.2";
  expect_only(all(old), grade::warning, {"versions"});
  settings wrong = good_;
  wrong.ciphers = "AES1-SHA0";
  expect_only(all(wrong), grade::bad, {"versions", "start"});
  settings groups = good_;
  groups.groups = "X25519:NoSuchGroup";
  expect_only(all(groups), grade::warning, {"groups"});
  groups.groups = "NoSuchGroup";
  expect_only(all(groups), grade::bad, {"groups", "start"});
}

TEST(spans, are_told_in_the_unit_that_says_most) {
  EXPECT_EQ(span_words(1), "1 second");
  EXPECT_EQ(span_words(119), "119 seconds");
  EXPECT_EQ(span_words(120), "2 minutes");
  EXPECT_EQ(span_words(7200), "2 hours");
  EXPECT_EQ(span_words(86400), "24 hours");
  EXPECT_EQ(span_words(90 * 86400), "90 days");
}

}  // namespace
}  // namespace hauberk::tls
