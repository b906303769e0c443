// A revocation list that one node has is in force at all of them: whoever is on it loses his links
// everywhere within five seconds, older files split nobody, and what was known once is known after a restart.
#include <gmock/gmock.h>

#include "loopback/group_load.hpp"
#include "unit/tls/authority.hpp"

namespace hauberk::test {
namespace {

using testing::HasSubstr;

class GroupLists : public LoadedGroup {
 protected:
  /// Where node `which` has its list; no such file: it has none.
  [[nodiscard]] std::string list_at(std::size_t which) const {
    return dir_ / ("crl-" + std::to_string(which) + ".pem");
  }
  void begin_with(const std::string& more = {}) {
    ASSERT_NO_FATAL_FAILURE(begin([&](const std::string& name) { return ca_.node(name); }, more));
  }
  /// Node `which` loads this list, and no other node does.
  void load(std::size_t which, const std::string& list) {
    files::copy(list, list_at(which));
    ASSERT_TRUE((*nodes_[which])->set_option("socket.ssl_crl", list_at(which)));
    const auto done = reload(which);
    ASSERT_TRUE(done) << done.error().text;
  }
  bool is_cut_off(std::size_t which) {
    return eventually([&] { return (*nodes_[which])->metrics().links_up == 0; });
  }
  bool has_one_link(std::size_t which) {
    return eventually([&] { return (*nodes_[which])->metrics().links_up == 1; });
  }
  bool says(const std::string& part) {
    return eventually([&] { return said(part); });
  }

  revoker authority_{ca_};
};

TEST_F(GroupLists, WhatOneNodeLoadsDropsTheRevokedMemberEverywhere) {
  ASSERT_NO_FATAL_FAILURE(begin_with());
  authority_.revoke(at_[2].now.cert);
  const auto start = clock::now();
  ASSERT_NO_FATAL_FAILURE(load(0, authority_.list()));
  for (const std::size_t i : {0U, 1U}) EXPECT_TRUE(has_one_link(i)) << words_.said();
  EXPECT_TRUE(is_cut_off(2));
  EXPECT_LT(clock::now() - start, 5s);
  EXPECT_TRUE(says("db1 2 revocation list number 1 of CN=test-ca")) << words_.said();
  EXPECT_TRUE(says("is in force, from socket.ssl_crl"));
  EXPECT_TRUE(says("is in force, told by db1"));
  EXPECT_TRUE(says("cut off 1 of 3 members: db3")) << words_.said();
  EXPECT_TRUE(says("db3 0 our own certificate, CN=db3, is on a revocation list")) << words_.said();
  EXPECT_TRUE(says("the peer says: certificate CN=db3 with issuer CN=test-ca was revoked")) << words_.said();
  for (const std::size_t i : {0U, 1U})
    ASSERT_TRUE(nodes_[i]->log().wait_members({"db1", "db2"})) << words_.said();
  ASSERT_TRUE(nodes_[2]->log().wait_not_primary());
  end_load();
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(nodes_[i]->log().wait_messages(sent_));
  EXPECT_TRUE(nodes_[0]->log().messages() == nodes_[1]->log().messages());
}

TEST_F(GroupLists, AnOlderFileSplitsNobody) {
  const std::string old = authority_.list();
  authority_.revoke(ca_.node("db4").cert);
  const std::string newer = authority_.list();
  ASSERT_NO_FATAL_FAILURE(begin_with());
  ASSERT_NO_FATAL_FAILURE(load(0, newer));
  for (const std::string name : {"db2", "db3"})
    EXPECT_TRUE(says(name + " 2 revocation list number 2 of CN=test-ca")) << words_.said();
  ASSERT_NO_FATAL_FAILURE(load(1, old));
  EXPECT_TRUE(says("number 1, is older than the group's, number 2, which counts")) << words_.said();
  ASSERT_NO_FATAL_FAILURE(load(0, old));
  ASSERT_NO_FATAL_FAILURE(load(2, newer));
  EXPECT_FALSE(said("db1 1 dropped")) << words_.said();
  EXPECT_FALSE(said("revocation list number 1 of")) << words_.said();
  expect_undisturbed();
}

TEST_F(GroupLists, WhoJoinsHearsOfThem) {
  ASSERT_NO_FATAL_FAILURE(begin_with());
  const node_files stranger = ca_.node("db4");
  authority_.revoke(stranger.cert);
  ASSERT_NO_FATAL_FAILURE(load(0, authority_.list()));
  auto fifth = start("db5");
  ASSERT_TRUE(fifth->log().wait_members({"db1", "db2", "db3", "db5"})) << words_.said();
  EXPECT_TRUE(says("db5 2 revocation list number 1 of CN=test-ca")) << words_.said();
  end_load();
}

// Without its file, and before any peer has told it.
TEST_F(GroupLists, ARestartDoesNotForget) {
  ASSERT_NO_FATAL_FAILURE(begin_with());
  const std::string folder = dir_ / "state";
  std::filesystem::create_directory(folder);
  const node_files stranger = ca_.node("db4");
  authority_.revoke(stranger.cert);
  {
    auto fifth = start("db5", "node.state_dir=" + folder);
    ASSERT_TRUE(fifth->log().wait_members({"db1", "db2", "db3", "db5"})) << words_.said();
    ASSERT_NO_FATAL_FAILURE(load(0, authority_.list()));
    EXPECT_TRUE(says("db5 2 revocation list number 1 of CN=test-ca")) << words_.said();
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(folder + "/hauberk.crl"); }));
    ASSERT_TRUE((*fifth)->leave());
  }
  end_load();
  nodes_.clear();
  peers_.clear();
  auto alone = join(options("db5", "pc.bootstrap=force; node.state_dir=" + folder));
  ASSERT_TRUE(alone) << alone.error().text;
  EXPECT_TRUE(says("is in force, kept in " + folder + "/hauberk.crl")) << words_.said();
  const std::string port = std::to_string(alone->port());
  auto parsed = config::parse(
      "group.name=test; node.name=db4; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=127.0.0.1:" + port +
      "; socket.ssl_cert=" + stranger.cert + "; socket.ssl_key=" + stranger.key +
      "; socket.ssl_ca=" + stranger.ca + "; pc.wait_prim_timeout=PT2S; " + timing);
  ASSERT_TRUE(parsed);
  const auto shut_out = group::join(*parsed, std::nullopt, words_.hooks("db4"));
  ASSERT_FALSE(shut_out);
  EXPECT_THAT(shut_out.error().text, HasSubstr("certificate revoked"));
  EXPECT_GT(alone->metrics().refused.revoked, 0U);
}

// A certificate that was only held: its member comes back, and that it is out once more is news.
TEST_F(GroupLists, WhoIsRevokedOnceMoreIsToldOfOnceMore) {
  ASSERT_NO_FATAL_FAILURE(begin_with());
  end_load();
  const auto told = [&] {
    const std::string all = words_.said(), line = "the revocation lists in force cut off 1 of 3 members: db3";
    std::size_t count = 0;
    for (auto at = all.find("db1 1 " + line); at != std::string::npos; at = all.find("db1 1 " + line, at + 1))
      ++count;
    return count;
  };
  for (std::size_t round = 1; round <= 2; ++round) {
    authority_.revoke(at_[2].now.cert);
    ASSERT_NO_FATAL_FAILURE(load(0, authority_.list()));
    EXPECT_TRUE(eventually([&] { return told() == round; })) << words_.said();
    EXPECT_TRUE(is_cut_off(2));
    ASSERT_TRUE(nodes_[0]->log().wait_members({"db1", "db2"})) << words_.said();
    std::ofstream(authority_.dir() / "index.txt").flush();
    ASSERT_NO_FATAL_FAILURE(load(0, authority_.list()));
    ASSERT_TRUE(nodes_[0]->log().wait_members({"db1", "db2", "db3"})) << words_.said();
  }
}

TEST_F(GroupLists, AListThatRevokesMostIsObeyedLoudly) {
  ASSERT_NO_FATAL_FAILURE(begin_with());
  authority_.revoke(at_[1].now.cert);
  authority_.revoke(at_[2].now.cert);
  end_load();
  ASSERT_NO_FATAL_FAILURE(load(0, authority_.list()));
  EXPECT_TRUE(says("cut off 2 of 3 members: db2, db3; the rest is no quorum")) << words_.said();
  for (auto& one : nodes_) EXPECT_TRUE(one->log().wait_not_primary()) << words_.said();
}

}  // namespace
}  // namespace hauberk::test
