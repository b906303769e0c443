// The link matrix and the members' certificates, as every member of a running group knows them.
#include <gmock/gmock.h>

#include "loopback/group_load.hpp"
#include "tls/context.hpp"

namespace hauberk::test {
namespace {

using check = link_row::check;

class GroupLinks : public LoadedGroup {
 protected:
  /// Every member knows of six cells that both ends tell alike, and `fits` is true of each.
  template <typename Fits>
  void expect_matrix(Fits fits, std::chrono::milliseconds limit = patience) {
    for (auto& one : nodes_)
      EXPECT_TRUE(eventually(
          [&] {
            const auto rows = (*one)->links();
            return rows.size() == 6 && std::ranges::all_of(rows, [&](const link_row& row) {
                     return row.word == check::agreed && fits(row);
                   });
          },
          limit))
          << described(**one) << words_.said();
  }
  static std::string described(const group& of) {
    std::string text;
    for (const link_row& row : of.links())
      text += row.from + " to " + row.to + ": word " + std::to_string(static_cast<int>(row.word)) + ' ' +
              row.version + ' ' + row.cipher + ' ' + row.key_exchange + " policy " +
              std::to_string(row.policy_number) + ' ' + row.fingerprint + '\n';
    return text;
  }
  static hauberk::certificate certificate_of(const group& in, const std::string& name) {
    const auto now = in.current_view();
    for (const member& one : now->members)
      if (one.name == name) return one.certificate;
    return {};
  }
};

TEST_F(GroupLinks, EveryMemberKnowsThemAllAndTheyFollowTheGroup) {
  const std::int64_t began = std::time(nullptr);
  begin([&](const std::string& name) { return ca_.node(name); });
  expect_matrix([&](const link_row& row) {
    return row.encrypted && row.version == "TLSv1.3" && !row.cipher.empty() && !row.key_exchange.empty() &&
           row.policy_number == 1 && row.policy_digest.size() == 64 && row.fingerprint.size() == 64 &&
           row.since >= began && row.since <= std::time(nullptr) && row.from != row.to;
  });
  for (auto& one : nodes_) {
    for (const std::string name : {"db1", "db2", "db3"}) {
      const hauberk::certificate shown = certificate_of(**one, name);
      EXPECT_EQ(shown.subject, "CN=" + name);
      EXPECT_EQ(shown.names, std::vector<std::string>{name});
      EXPECT_GT(shown.not_after, began);
      for (const link_row& row : (*one)->links()) {
        if (row.to != name) continue;
        EXPECT_EQ(row.fingerprint, shown.fingerprint);
      }
    }
    const view delivered = one->log().views().back();
    for (const member& each : delivered.members)
      EXPECT_EQ(each.certificate.subject, "CN=" + each.name) << "known when the view was handed out";
  }

  const auto changed =
      (*nodes_[1])->change_policy("socket.ssl_cipher=TLS_AES_256_GCM_SHA384; socket.ssl_groups=P-384");
  ASSERT_TRUE(changed) << changed.error().text;
  expect_matrix([&](const link_row& row) {
    return row.cipher == "TLS_AES_256_GCM_SHA384" && row.key_exchange == "P-384" && row.policy_number == 2;
  });

  const std::string before = certificate_of(**nodes_[1], "db1").fingerprint;
  at_[0].install(ca_.node("db1"));
  ASSERT_TRUE(reload(0));
  EXPECT_TRUE(eventually([&] { return certificate_of(**nodes_[0], "db1").fingerprint != before; }));
  const std::string after = certificate_of(**nodes_[0], "db1").fingerprint;
  expect_matrix([&](const link_row& row) { return row.to != "db1" || row.fingerprint == after; },
                renewal_patience);
  EXPECT_EQ(certificate_of(**nodes_[2], "db1").fingerprint, after);
  expect_undisturbed();
}

TEST_F(GroupLinks, FromPlaintextToTls) {
  begin([&](const std::string& name) { return ca_.node(name); }, "socket.ssl=no");
  expect_matrix([](const link_row& row) {
    return !row.encrypted && row.version.empty() && row.cipher.empty() && row.key_exchange.empty() &&
           row.fingerprint.empty() && row.policy_number == 1;
  });
  EXPECT_EQ(certificate_of(**nodes_[0], "db1").subject, "");
  EXPECT_EQ(certificate_of(**nodes_[0], "db2").subject, "");
  ASSERT_TRUE((*nodes_[0])->set_option("socket.ssl", "yes"));
  expect_matrix([](const link_row& row) {
    return row.encrypted && row.version == "TLSv1.3" && row.fingerprint.size() == 64 &&
           row.policy_number == 2;
  });
  EXPECT_EQ(certificate_of(**nodes_[0], "db1").subject, "CN=db1");
  EXPECT_EQ(certificate_of(**nodes_[0], "db2").subject, "CN=db2");
  expect_undisturbed();
}

TEST_F(GroupLinks, AMemberThatIsGoneIsInNoCell) {
  auto all = start_three();
  const auto whole = [](node& one, std::size_t cells) {
    const auto rows = one->links();
    return rows.size() == cells &&
           std::ranges::all_of(rows, [](const link_row& row) { return row.word == check::agreed; });
  };
  for (auto& one : all) EXPECT_TRUE(eventually([&] { return whole(*one, 6); })) << words_.said();
  all.back().reset();  // a crash
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(all[i]->log().wait_members({"db1", "db2"})) << words_.said();
    EXPECT_TRUE(eventually([&] { return whole(*all[i], 2); })) << words_.said();
  }
  ASSERT_TRUE((*all[1])->leave());
  ASSERT_TRUE(all[1]->log().wait_farewell());
  EXPECT_TRUE((*all[1])->links().empty());
  EXPECT_TRUE(eventually([&] { return whole(*all[0], 0); }));
}

}  // namespace
}  // namespace hauberk::test
