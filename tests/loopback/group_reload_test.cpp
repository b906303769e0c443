// Certificates, anchors and revocation lists change while the group works: nothing is lost, no view changes,
// bad files change nothing, and who is revoked is out at once.
#include <filesystem>
#include <fstream>
#include <set>

#include "loopback/group_cluster.hpp"
#include "unit/tls/authority.hpp"

namespace hauberk::test {
namespace {

using clock = std::chrono::steady_clock;

/// Links are replaced once they are 11 s old, and with a pause between two tries.
constexpr auto renewal_patience = 45s;

/// The files of one node under names that stay, while what is in them changes.
struct files {
  files(const temp_dir& in, const std::string& name)
      : now{in / (name + ".pem"), in / (name + ".key"), in / (name + ".ca")} {}
  node_files now;

  void install(const node_files& from) const {
    copy(from.cert, now.cert);
    copy(from.key, now.key);
    copy(from.ca, now.ca);
  }
  static void copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to + ".new", std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(to + ".new", to);
  }
};

class GroupReload : public GroupTest {
 protected:
  /// Three nodes whose files can be changed. Each notes the fingerprints that it sees of each peer.
  void begin(const std::function<node_files(const std::string&)>& made, const std::string& more = {}) {
    for (const std::string name : {"db1", "db2", "db3"}) {
      at_.emplace_back(dir_, name);
      at_.back().install(made(name));
      const node_files& now = at_.back().now;
      host hooks = words_.hooks(name);
      hooks.admit = [this, name](const peer& who) -> std::optional<std::string> {
        const std::lock_guard hold(mutex_);
        seen_.insert(name + " saw " + who.name + " with " + who.fingerprint);
        return std::nullopt;
      };
      const auto text =
          "group.name=test; node.name=" + name + "; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=" + peers_ +
          "; socket.ssl_cert=" + now.cert + "; socket.ssl_key=" + now.key + "; socket.ssl_ca=" + now.ca +
          "; " + timing + "; " + more + (peers_.empty() ? "; pc.bootstrap=yes" : "");
      auto joined = group::join(config::parse(text).value(), std::nullopt, hooks);
      ASSERT_TRUE(joined) << joined.error().text << words_.said();
      peers_ += (peers_.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(joined->port()));
      nodes_.push_back(std::make_unique<node>(std::move(*joined)));
    }
    for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
    ASSERT_TRUE(eventually([&] { return all_count(); }));
    views_ = nodes_[0]->log().views().size();
    loading_ = std::thread([this] {
      for (int i = 0; !is_done_; ++i) {
        nodes_[static_cast<std::size_t>(i) % 2]->send("message " + std::to_string(i));
        ++sent_;
        if (i % 16 == 0) std::this_thread::sleep_for(1ms);  // paces the load: nothing is waited for
      }
    });
  }
  /// Ends the load; all that was sent must have come, the same at all, in the views that there were.
  void expect_undisturbed() {
    end_load();
    for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_messages(sent_)) << words_.said();
    for (auto& one : nodes_) {
      EXPECT_TRUE(one->log().messages() == nodes_[0]->log().messages());
      EXPECT_TRUE(one->log().outcomes().empty());
      EXPECT_TRUE(one->log().views().back().primary);
    }
    EXPECT_EQ(nodes_[0]->log().views().size(), views_) << words_.said();
    EXPECT_EQ((*nodes_[2])->metrics().view_number, (*nodes_[0])->metrics().view_number);
  }
  /// The view that gives the last joiner its weight has come, too.
  bool all_count() {
    const std::vector<view> all = nodes_[0]->log().views();
    return std::ranges::none_of(all.back().members, [](const member& one) { return one.weight == 0; });
  }
  void end_load() {
    is_done_ = true;
    if (loading_.joinable()) loading_.join();
  }
  ~GroupReload() override { end_load(); }

  result<void> reload(std::size_t which) { return (*nodes_[which])->set_option("socket.ssl_reload", "1"); }
  bool saw(const std::string& name, const std::string& of, const node_files& with) {
    const std::string print = run("openssl x509 -noout -fingerprint -sha256 -in " + with.cert).text;
    std::string hex;
    for (const char c : print.substr(print.find('=') + 1))
      if (std::isxdigit(static_cast<unsigned char>(c)) != 0)
        hex += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return eventually(
        [&] {
          const std::lock_guard hold(mutex_);
          return seen_.contains(name + " saw " + of + " with " + hex);
        },
        renewal_patience);
  }
  bool said(const std::string& part) const { return words_.said().find(part) != std::string::npos; }

  temp_dir dir_;
  std::vector<files> at_;
  std::mutex mutex_;  // of what the nodes' hooks write
  std::set<std::string> seen_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::size_t views_ = 0;
  std::atomic<bool> is_done_{false};
  std::atomic<std::size_t> sent_{0};
  std::thread loading_;
};

TEST_F(GroupReload, ANewCertificateIsTakenUpByAllLinksUnderLoad) {
  begin([&](const std::string& name) { return ca_.node(name); });
  const node_files fresh = ca_.node("db1");
  at_[0].install(fresh);
  const auto done = reload(0);
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_TRUE(saw("db2", "db1", fresh)) << words_.said();
  EXPECT_TRUE(saw("db3", "db1", fresh)) << words_.said();
  EXPECT_TRUE(eventually([&] { return (*nodes_[0])->metrics().links_up == 2; }));
  expect_undisturbed();
  EXPECT_EQ((*nodes_[0])->metrics().reloads, 1U);
  EXPECT_TRUE(said("certificates were loaded again, as number 2: certificate CN=db1 (db1), serial"));
}

TEST_F(GroupReload, AThousandReloadsUnderLoadChangeNoViewAndLoseNothing) {
  begin([&](const std::string& name) { return ca_.node(name); });
  for (std::size_t i = 0; i < 1000; ++i) {
    if (i % 100 == 0) at_[i % 3].install(ca_.node("db" + std::to_string(i % 3 + 1)));
    ASSERT_TRUE(reload(i % 3));
  }
  const node_files last = ca_.node("db3");
  at_[2].install(last);
  ASSERT_TRUE(reload(2));
  EXPECT_TRUE(saw("db1", "db3", last)) << words_.said();
  EXPECT_TRUE(saw("db2", "db3", last)) << words_.said();
  expect_undisturbed();
}

TEST_F(GroupReload, BadFilesChangeNothingAndSayWhy) {
  begin([&](const std::string& name) { return ca_.node(name); });
  const auto refused = [&](const std::string& part) {
    const auto done = reload(0);
    ASSERT_FALSE(done) << part;
    EXPECT_NE(done.error().text.find(part), std::string::npos) << done.error().text;
  };
  files::copy(ca_.node("db1").cert, at_[0].now.cert);
  refused("does not belong to the certificate");
  at_[0].install(ca_.node("db7"));
  refused("the peer calls itself \"db1\" but its certificate CN=db7 names \"db7\"");
  at_[0].install(test_ca("late", std::time(nullptr) - 900 * 86400).node("db1"));
  refused("expired on");
  std::filesystem::remove(at_[0].now.cert);
  refused("cannot open the file");
  EXPECT_TRUE(said("certificates were not loaded again, the old ones stay in force: socket.ssl_cert"))
      << words_.said();
  EXPECT_EQ((*nodes_[0])->metrics().reloads_failed, 4U);
  EXPECT_EQ((*nodes_[0])->metrics().reloads, 0U);
  expect_undisturbed();
  for (const auto& [key, value, part] :
       {std::tuple{"socket.ssl_relod", "1", "did you mean 'socket.ssl_reload'"},
        std::tuple{"socket.ssl_reload", "maybe", "expected yes"},
        std::tuple{"evs.suspect_timeout", "PT2S", "cannot be changed while the node runs"}}) {
    const auto done = (*nodes_[0])->set_option(key, value);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, errc::bad_option);
    EXPECT_NE(done.error().text.find(part), std::string::npos) << done.error().text;
  }
  EXPECT_TRUE((*nodes_[0])->set_option("socket.ssl_reload", "0"));
}

TEST_F(GroupReload, ARevokedMembersLiveLinksAreDroppedAtOnce) {
  revoker authority(ca_);
  const std::string list = dir_ / "crl.pem";
  files::copy(authority.list(), list);
  begin([&](const std::string& name) { return ca_.node(name); }, "socket.ssl_crl=" + list);
  authority.revoke(at_[2].now.cert);
  files::copy(authority.list(), list);
  const auto start = clock::now();
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(reload(i));
  for (const std::size_t i : {0U, 1U})
    EXPECT_TRUE(eventually([&] { return (*nodes_[i])->metrics().links_up == 1; })) << words_.said();
  EXPECT_LT(clock::now() - start, 5s);
  EXPECT_TRUE(said("dropped a link ")) << words_.said();
  EXPECT_EQ((*nodes_[0])->metrics().links_dropped, 1U);
  EXPECT_TRUE(said("certificate CN=db3 with issuer CN=test-ca was revoked")) << words_.said();
  for (const std::size_t i : {0U, 1U})
    ASSERT_TRUE(nodes_[i]->log().wait_members({"db1", "db2"})) << words_.said();
  ASSERT_TRUE(nodes_[2]->log().wait_not_primary());
  const auto own = reload(2);
  ASSERT_FALSE(own) << "its own certificate is on the list";
  EXPECT_NE(own.error().text.find("was revoked"), std::string::npos) << own.error().text;
  end_load();
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(nodes_[i]->log().wait_messages(sent_));
  EXPECT_TRUE(nodes_[0]->log().messages() == nodes_[1]->log().messages());
}

TEST_F(GroupReload, AnAnchorThatIsGoneDropsWhomItVouchedFor) {
  test_ca second("second-ca");
  const std::string both = dir_ / "both.pem";
  ASSERT_EQ(run("cat " + ca_.files().cert + " " + second.files().cert + " > " + both).status, 0);
  begin([&](const std::string& name) {
    node_files made = name == "db3" ? second.node(name) : ca_.node(name);
    made.ca = both;
    return made;
  });
  const auto start = clock::now();
  for (const std::size_t i : {0U, 1U}) {
    files::copy(ca_.files().cert, at_[i].now.ca);
    ASSERT_TRUE(reload(i));
  }
  for (const std::size_t i : {0U, 1U})
    EXPECT_TRUE(eventually([&] { return (*nodes_[i])->metrics().links_up == 1; })) << words_.said();
  EXPECT_LT(clock::now() - start, 5s);
  EXPECT_TRUE(said("the trust anchors in socket.ssl_ca have changed")) << words_.said();
  for (const std::size_t i : {0U, 1U})
    ASSERT_TRUE(nodes_[i]->log().wait_members({"db1", "db2"})) << words_.said();
}

TEST_F(GroupReload, APeersLinksEndWithItsCertificate) {
  const std::int64_t end = std::time(nullptr) + 12;
  test_ca yesterday("test-ca", end - 86400);
  begin([&](const std::string& name) { return yesterday.node(name, name == "db3" ? 1 : 30); });
  EXPECT_TRUE(eventually([&] { return (*nodes_[0])->metrics().peer_certificates_end == end; }));
  EXPECT_EQ((*nodes_[2])->metrics().certificate_ends, end);
  EXPECT_TRUE(said("the certificate of db3, CN=db3, expires in less than a day")) << words_.said();
  for (const std::size_t i : {0U, 1U})
    EXPECT_TRUE(eventually([&] { return (*nodes_[i])->metrics().links_up == 1; })) << words_.said();
  EXPECT_GE(std::time(nullptr), end);
  for (const std::size_t i : {0U, 1U})
    ASSERT_TRUE(nodes_[i]->log().wait_members({"db1", "db2"})) << words_.said();
  EXPECT_TRUE(said("certificate CN=db3 expired on")) << words_.said();
  at_[2].install(yesterday.node("db3", 30));
  ASSERT_TRUE(reload(2));
  for (auto& one : nodes_) EXPECT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
}

TEST_F(GroupReload, FilesThatAreWatchedAreLoadedWhenTheyChange) {
  begin([&](const std::string& name) { return ca_.node(name); }, "socket.ssl_watch=yes");
  const node_files fresh = ca_.node("db2");
  at_[1].install(fresh);
  EXPECT_TRUE(eventually([&] { return (*nodes_[1])->metrics().reloads > 0; }));
  EXPECT_TRUE(saw("db1", "db2", fresh)) << words_.said();
  EXPECT_EQ((*nodes_[0])->metrics().reloads, 0U);
  ASSERT_TRUE((*nodes_[0])->set_option("socket.ssl_watch", "no"));
  at_[0].install(ca_.node("db1"));
  expect_undisturbed();
  EXPECT_EQ((*nodes_[0])->metrics().reloads, 0U);
}

TEST_F(GroupReload, KeysChangeAllTheTimeUnderLoad) {
  begin([&](const std::string& name) { return ca_.node(name); }, "socket.ssl_rekey=20,1s");
  ASSERT_TRUE(eventually([&] { return sent_ > 20000; }));
  expect_undisturbed();
}

TEST_F(GroupReload, TlsTwelveTakesNewLinksInsteadOfNewKeys) {
  begin([&](const std::string& name) { return ca_.node(name); },
        "socket.ssl_min_version=1.2; socket.ssl_max_version=1.2; socket.ssl_rekey=20");
  const auto links = [&] {
    std::size_t count = 0;
    const std::string text = words_.said();
    for (auto at = text.find("mesh: linked to"); at != std::string::npos;
         at = text.find("mesh: linked to", at + 1))
      ++count;
    return count;
  };
  EXPECT_TRUE(eventually([&] { return links() >= 12; }, renewal_patience)) << words_.said();
  expect_undisturbed();
}

TEST_F(GroupReload, APlaintextGroupHasNothingToLoad) {
  is_plain_ = true;
  auto first = start("db1", "socket.ssl_watch=yes");
  for (const char* key : {"socket.ssl_reload", "socket.ssl_watch"}) {
    const auto done = (*first)->set_option(key, "yes");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, errc::refused) << done.error().text;
  }
}

}  // namespace
}  // namespace hauberk::test
