// Who may come in, beyond the chain: lists, pins, revocation lists and the host's own word; and keys that
// only the host can open.
#include "loopback/group_cluster.hpp"
#include "unit/tls/authority.hpp"

namespace hauberk::test {
namespace {

class GroupIdentity : public GroupTest {
 protected:
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  std::string with(const std::string& name, const node_files& files, const std::string& more) {
    return "group.name=test; node.name=" + name + "; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=" + peers_ +
           "; socket.ssl_cert=" + files.cert + "; socket.ssl_key=" + files.key +
           "; socket.ssl_ca=" + files.ca + "; " + timing + "; " + more +
           (peers_.empty() ? "; pc.bootstrap=yes" : "");
  }
  /// Joins and remembers the address; a failure ends the test.
  std::unique_ptr<node> enter(const std::string& text, host hooks) {
    auto made = group::join(config::parse(text).value(), std::nullopt, std::move(hooks));
    if (!made) {
      ADD_FAILURE() << made.error().text << "\n" << words_.said();
      std::abort();
    }
    peers_ += (peers_.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(made->port()));
    return std::make_unique<node>(std::move(*made));
  }
  /// Tries to join, and is refused; answers with the words.
  std::string refused(const std::string& text) {
    auto made = join(text + "; pc.wait_prim_timeout=PT2S");
    EXPECT_FALSE(made) << "joined";
    return made ? std::string() : made.error().text;
  }
};

TEST_F(GroupIdentity, AListLetsInWhomItNames) {
  const std::string rule = "socket.ssl_identity=list:db1,db2";
  auto first = start("db1", rule);
  auto second = start("db2", rule);
  EXPECT_TRUE(second->log().wait_members({"db1", "db2"}));
  // One that lists itself, against the others, has another policy; its certificate alone keeps it out, too.
  const std::string why = refused(options("db3", "socket.ssl_identity=list:db1,db2,db3"));
  EXPECT_TRUE(has(why, "expected one of socket.ssl_identity=list: \"db1\", \"db2\"")) << why;
  EXPECT_TRUE(has(words_.said(), "of \"db3\" names \"db3\": expected one of")) << words_.said();
  EXPECT_GT((*first)->metrics().refused.identity, 0U);
}

TEST_F(GroupIdentity, PinsKeepOutACertificateOfTheSameName) {
  const node_files one = ca_.node("db1"), two = ca_.node("db2"), again = ca_.node("db2");
  const auto print = [](const node_files& of) {
    const std::string said = run("openssl x509 -noout -fingerprint -sha256 -in " + of.cert).text;
    return said.substr(said.find('=') + 1, 95);
  };
  const std::string rule = "socket.ssl_identity=pin:" + print(one) + "," + print(two);
  auto first = enter(with("db1", one, rule), words_.hooks("db1"));
  auto second = enter(with("db2", two, rule), words_.hooks("db2"));
  EXPECT_TRUE(second->log().wait_members({"db1", "db2"}));
  second->pause();
  ASSERT_TRUE((*second)->leave());
  second.reset();
  ASSERT_TRUE(first->log().wait_members({"db1"}));
  const std::string alone = refused(with("db2", again, rule));
  EXPECT_TRUE(has(alone, "our own certificate") && has(alone, "expected one of the 2")) << alone;
  const std::string why =
      refused(with("db2", again, "socket.ssl_identity=pin:" + print(one) + "," + print(again)));
  EXPECT_TRUE(has(why, "SHA-256 fingerprint")) << why;
}

TEST_F(GroupIdentity, ARevokedCertificateIsKeptOut) {
  revoker authority(ca_);
  const node_files stolen = ca_.node("db2");
  authority.revoke(stolen.cert);
  auto first = start("db1", "socket.ssl_crl=" + authority.list());
  const std::string why = refused(with("db2", stolen, ""));
  EXPECT_TRUE(has(why, "certificate revoked")) << why;
  EXPECT_TRUE(has(words_.said(), "certificate CN=db2 with issuer CN=test-ca was revoked")) << words_.said();
  EXPECT_GT((*first)->metrics().refused.revoked, 0U);
  EXPECT_EQ((*first)->metrics().refused.revoked, (*first)->metrics().links_refused);
  auto second = start("db2");  // with a new certificate of the same name
  EXPECT_TRUE(second->log().wait_members({"db1", "db2"}));
}

TEST_F(GroupIdentity, TheHostMayRefuseWhomItKnowsBetter) {
  std::mutex mutex;
  std::vector<peer> asked;
  host hooks = words_.hooks("db1");
  hooks.admit = [&](const peer& who) -> std::optional<std::string> {
    const std::lock_guard hold(mutex);
    asked.push_back(who);
    if (who.name == "db2") return std::nullopt;
    if (who.name == "db4") throw std::runtime_error("the database is down");
    return "it is not in the inventory";
  };
  auto first = enter(with("db1", ca_.node("db1"), ""), hooks);
  auto second = start("db2");
  EXPECT_TRUE(second->log().wait_members({"db1", "db2"}));
  const std::string why = refused(options("db3"));
  EXPECT_TRUE(has(why, "the host program of db1 does not admit db3: it is not in the inventory")) << why;
  const std::string thrown = refused(options("db4"));
  EXPECT_TRUE(has(thrown, "its admit function threw an exception")) << thrown;
  EXPECT_TRUE(first->log().wait_members({"db1", "db2"}));
  EXPECT_GT((*first)->metrics().refused.host, 0U);
  const std::lock_guard hold(mutex);
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked[0].name, "db2");
  EXPECT_EQ(asked[0].names, std::vector<std::string>{"db2"});
  EXPECT_EQ(asked[0].subject, "CN=db2");
  EXPECT_EQ(asked[0].fingerprint.size(), 64U);
  EXPECT_TRUE(has(asked[0].address, "127.0.0.1:"));
  EXPECT_GT(asked[0].expires, std::time(nullptr));
}

TEST_F(GroupIdentity, RefusalsAreCountedByTheirReason) {
  auto first = start("db1");
  const auto count = [&] { return (*first)->metrics().refused; };
  (void)refused(options("db2", "group.name=other"));
  EXPECT_GT(count().group, 0U);
  (void)refused(options("db2", "socket.ssl_compression=lz4"));
  EXPECT_GT(count().policy, 0U);
  (void)refused(options("db2", "socket.ssl_min_version=1.2; socket.ssl_max_version=1.2"));
  EXPECT_GT(count().parameters, 0U);
  test_ca foreign("test-ca");
  (void)refused(with("db2", foreign.node("db2"), ""));
  EXPECT_GT(count().chain + count().by_peer, 0U);
  is_plain_ = true;
  (void)refused(options("db2"));
  EXPECT_GT(count().foreign, 0U);
  const auto all = count();
  EXPECT_EQ((*first)->metrics().links_refused, all.foreign + all.parameters + all.no_certificate + all.chain +
                                                   all.date + all.revoked + all.identity + all.version +
                                                   all.group + all.policy + all.host + all.timed_out +
                                                   all.by_peer + all.other);
}

TEST_F(GroupIdentity, AKeyThatTheHostOpens) {
  const node_files files = ca_.node("db1");
  const std::string locked = files.key + ".locked";
  ASSERT_EQ(run("openssl pkey -in " + files.key + " -aes256 -passout pass:sesame -out " + locked +
                " && chmod 600 " + locked)
                .status,
            0);
  const std::string text = with("db1", {files.cert, locked, files.ca}, "");
  const auto outcome = [&](std::function<std::string(std::string_view)> passphrase) {
    host hooks = words_.hooks("db1");
    hooks.passphrase = std::move(passphrase);
    auto made = group::join(config::parse(text).value(), std::nullopt, hooks);
    return made ? std::string("joined") : made.error().text;
  };
  EXPECT_EQ(outcome([&](std::string_view key) {
              EXPECT_EQ(key, locked);
              return std::string("sesame");
            }),
            "joined");
  EXPECT_TRUE(has(outcome([](auto) { return std::string("wrong"); }), "does not open this key"));
  EXPECT_TRUE(has(outcome([](auto) { return std::string(); }), "passphrase function gave nothing"));
  EXPECT_TRUE(has(outcome([](auto) -> std::string { throw 1; }), "passphrase function gave nothing"));
  EXPECT_TRUE(has(outcome(nullptr), "set socket.ssl_password_file"));
}

}  // namespace
}  // namespace hauberk::test
