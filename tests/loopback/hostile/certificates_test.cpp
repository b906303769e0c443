// The certificate matrix, with the real `openssl s_client` as the stranger: each kind is refused by the check
// that it fails, counted there and nowhere else, told in one line, and hears no byte of the group.
#include <gmock/gmock.h>

#include <fstream>

#include "loopback/hostile/target.hpp"
#include "unit/tls/authority.hpp"

namespace hauberk::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t day = 86400;

class Certificates : public HostileTest {
 protected:
  struct stranger {
    std::string cert, key;  ///< both empty = none
    mesh::hello says{};
  };

  void SetUp() override {
    lists_.emplace(ca_);
    const node_files stolen = ca_.node("db4");
    revoked_ = {stolen.cert, stolen.key, hello_of("db4", stolen)};
    lists_->revoke(stolen.cert);
    ASSERT_NO_FATAL_FAILURE(begin("socket.ssl_crl=" + lists_->list()));
  }

  /// Made by the `openssl` program: `key` is its option for a new key, `how` those for signing.
  stranger made_by_openssl(const std::string& name, const std::string& key, const std::string& extensions,
                           const std::string& how = {}) {
    const std::string stem = dir_ / name;
    std::ofstream(stem + ".cnf") << extensions << '\n';
    const auto made =
        run("openssl req -newkey " + key + " -nodes -subj /CN=db4 -keyout " + stem + ".key -out " + stem +
            ".csr && openssl x509 -req -in " + stem + ".csr -days 30 -CA " + ca_.files().cert + " -CAkey " +
            ca_.files().key + " -set_serial 0x" + std::to_string(1000 + ++serial_) + " -extfile " + stem +
            ".cnf " + how + " -out " + stem + ".pem");
    EXPECT_EQ(made.status, 0) << made.text;
    return {stem + ".pem", stem + ".key", good_};
  }
  static stranger of(const node_files& files, mesh::hello says) {
    return {files.cert, files.key, std::move(says)};
  }
  /// Comes to the first node and says its hello; answers with what it got from there.
  std::string visit(const stranger& who) { return visit(who, who.says); }
  std::string visit(const stranger& who, const wire::message& first) {
    const auto frame = wire::encode(first);
    const auto head = frame->head.bytes();
    std::ofstream(dir_ / "hello", std::ios::binary)
        .write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size()));
    const std::string own = who.cert.empty() ? "" : " -cert " + who.cert + " -key " + who.key;
    // Level 0: what OpenSSL itself would not send any more.
    const auto said = run("timeout 20 openssl s_client -connect 127.0.0.1:" + std::to_string(target_port_) +
                          " -quiet -cipher DEFAULT@SECLEVEL=0" + own + " < " + (dir_ / "hello") + " > " +
                          (dir_ / "got") + " 2> " + (dir_ / "said"));
    EXPECT_NE(said.status, 124) << "the node never ended it";
    std::ostringstream got;
    got << std::ifstream(dir_ / "got", std::ios::binary).rdbuf();
    return got.str();
  }
  /// `who` is refused by exactly this check, in these words; `told` are the words for the stranger: one who
  /// has a good certificate gets a goodbye, others an alert.
  void expect_refused(const stranger& who, std::uint64_t refusals::*by, const std::string& words,
                      const std::string& told = {}) {
    const auto before = (*nodes_[0])->metrics();
    const std::size_t said = count_said(words);
    const std::string got = visit(who);
    EXPECT_TRUE(eventually([&] { return refused().*by == before.refused.*by + 1; }))
        << words << words_.said();
    EXPECT_EQ((*nodes_[0])->metrics().links_refused, before.links_refused + 1) << words;
    EXPECT_EQ(count_said(words), said + 1) << words << ": told once\n" << words_.said();
    if (told.empty())
      EXPECT_THAT(got, IsEmpty()) << "no byte of the group";
    else
      EXPECT_THAT(got, HasSubstr(told));
  }

  temp_dir dir_;
  std::optional<revoker> lists_;
  stranger revoked_;
  mesh::hello good_ = hello_of("db4", ca_.node("db4"));
  int serial_ = 0;
};

TEST_F(Certificates, EachKindIsRefusedByItsOwnCheck) {
  expect_refused({}, &refusals::no_certificate, "the peer presented no certificate");
  test_ca other("other-ca");
  expect_refused(of(other.node("db4"), good_), &refusals::chain, "CN=other-ca");
  const std::int64_t now = std::time(nullptr);
  const auto dated = [&](const std::string& name, std::int64_t from) {
    const tls::pair_files into{dir_ / (name + ".pem"), dir_ / (name + ".key")};
    const auto made =
        tls::make_node({.name = "db4", .days = 30, .may_outlive_ca = true}, ca_.files(), into, from);
    EXPECT_TRUE(made) << made.error().text;
    return stranger{into.cert, into.key, good_};
  };
  expect_refused(dated("old", now - 60 * day), &refusals::date, "expired on");
  expect_refused(dated("early", now + 60 * day), &refusals::date, "is not valid before");
  expect_refused(revoked_, &refusals::revoked, "was revoked");
  expect_refused(made_by_openssl("server", "rsa:2048", "extendedKeyUsage=serverAuth"), &refusals::chain,
                 "extended key usage");
  expect_refused(made_by_openssl("ca", "rsa:2048", "basicConstraints=CA:TRUE"), &refusals::chain,
                 "it is a CA certificate");
  expect_refused(made_by_openssl("sha1", "rsa:2048", "basicConstraints=CA:FALSE", "-sha1"), &refusals::chain,
                 "too weak a digest");
  expect_refused(made_by_openssl("rsa1024", "rsa:1024", "basicConstraints=CA:FALSE"), &refusals::chain,
                 "too short a key");
  expect_undisturbed();
}

TEST_F(Certificates, AGoodOneWithAWrongGreetingIsToldWhy) {
  const node_files good = ca_.node("db4");
  mesh::hello says = good_;
  says.name = "db1";
  const std::string stolen = "the peer calls itself \"db1\" but its certificate";
  expect_refused(of(good, says), &refusals::identity, stolen, stolen);
  says = good_;
  says.group = "other";
  expect_refused(of(good, says), &refusals::group, "group.name is 'test' here and 'other' there",
                 "group.name is 'other' here and 'test' there");
  says = good_;
  says.policy_text = "socket.ssl=no\n";
  says.policy_digest = "0";
  expect_refused(of(good, says), &refusals::policy, "policy differs", "policy differs");
  says = good_;
  says.protocol_min = says.protocol_max = 99;
  expect_refused(of(good, says), &refusals::version, "protocol versions", "protocol versions");
  expect_undisturbed();
}

TEST_F(Certificates, WhoOnlyLooksFillsNoLog) {
  const stranger one = of(ca_.node("db4"), {});
  for (int i = 0; i < 20; ++i)
    visit(one, mesh::goodbye{static_cast<std::uint32_t>(errc::closed), "only looking"});
  expect_undisturbed();
  EXPECT_LT(count_said("no link: "), 20U) << "10 in 10 s";
  EXPECT_EQ((*nodes_[0])->metrics().links_refused, 0U);
}

TEST_F(Certificates, AGoodOneIsAnswered) {
  const node_files good = ca_.node("db4");
  ASSERT_TRUE((*nodes_[0])->set_option("handshake.timeout", "1s"));
  EXPECT_THAT(visit(of(good, good_)), HasSubstr("socket.ssl_anchors=")) << "or all the others prove nothing";
  EXPECT_TRUE(eventually([&] { return refused().timed_out == 1; })) << "it never said welcome";
  expect_undisturbed();
}

}  // namespace
}  // namespace hauberk::test
