// The settings that all members share change while the group works: nothing is lost, no view changes, a
// member that cannot is named and then nothing is different, and there is no way back to plaintext.
#include <gmock/gmock.h>

#include <future>

#include "loopback/group_load.hpp"
#include "tls/context.hpp"

namespace hauberk::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class GroupRotation : public LoadedGroup {
 protected:
  void begin_with_tls(const std::string& more = {}) {
    begin([&](const std::string& name) { return ca_.node(name); }, more);
  }
  /// Certificates lie ready at all of them, and are not used yet.
  void begin_plain(const std::string& more = {}) {
    begin([&](const std::string& name) { return ca_.node(name); }, "socket.ssl=no; " + more);
  }
  group& at(std::size_t which) { return **nodes_[which]; }
  std::string policy() { return at(0).current_view()->policy; }

  /// Carries out `change`; says how long it took, and for how long nothing was committed meanwhile.
  template <typename Change>
  void measure(const std::string& what, Change change, clock::duration limit = 10s) {
    for (auto& one : nodes_) (void)one->log().take_gap();
    const auto start = clock::now();
    const auto done = change();
    const std::chrono::duration<double> took = clock::now() - start;
    ASSERT_TRUE(done) << what << ": " << done.error().text << "\n" << words_.said();
    std::chrono::duration<double> gap{};
    for (auto& one : nodes_) gap = std::max<std::chrono::duration<double>>(gap, one->log().take_gap());
    std::printf("%s: %.3f s, longest gap between two messages %.0f ms\n", what.c_str(), took.count(),
                gap.count() * 1e3);
    EXPECT_LT(took, limit) << what;
  }
  void expect_policy_everywhere(std::uint64_t number, const std::string& line) {
    for (auto& one : nodes_) {
      EXPECT_TRUE(eventually([&] { return (*one)->current_view()->policy_number == number; }))
          << words_.said();
      EXPECT_THAT((*one)->current_view()->policy, HasSubstr(line + "\n"));
    }
  }
  /// Nothing has changed, and the culprit is named.
  void expect_aborted(const result<void>& answer, const std::string& before, const std::string& culprit,
                      const std::string& words) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, errc::refused) << answer.error().text;
    EXPECT_THAT(answer.error().text, AllOf(HasSubstr(culprit), HasSubstr(words)));
    EXPECT_EQ(policy(), before);
    for (auto& one : nodes_)
      EXPECT_TRUE(eventually([&] {
        const auto steps = one->log().policies();
        return !steps.empty() && steps.back().step == policy_step::aborted && steps.back().culprit == culprit;
      })) << words_.said();
  }
};

TEST_F(GroupRotation, CiphersChangeUnderLoad) {
  begin_with_tls();
  const auto first = at(0).current_view()->policy_number;
  measure("cipher change", [&] { return at(1).set_option("socket.ssl_cipher", "TLS_AES_256_GCM_SHA384"); });
  expect_policy_everywhere(first + 1, "socket.ssl_cipher=TLS_AES_256_GCM_SHA384");
  measure("to the strict profile", [&] { return at(2).set_option("socket.ssl_profile", "strict"); });
  expect_policy_everywhere(first + 2, "socket.ssl_groups=P-256:P-384");
  const auto again = at(0).set_option("socket.ssl_profile", "strict");
  EXPECT_TRUE(again) << again.error().text;
  expect_undisturbed();
  const std::vector<hauberk::policy> steps = nodes_[0]->log().policies();
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].step, policy_step::prepared);
  EXPECT_EQ(steps[0].by, "db2");
  EXPECT_EQ(steps[1].step, policy_step::activated);
  EXPECT_EQ(steps[1].number, first + 1);
  EXPECT_EQ(steps[1].text, steps[0].text);

  const auto late = join(options("db4", "pc.wait_prim_timeout=PT2S"));
  ASSERT_FALSE(late) << "its ciphers are the old ones";
  EXPECT_THAT(late.error().text, AllOf(HasSubstr("policy differs"), HasSubstr("socket.ssl_cipher is")));
  auto next = start("db4", "socket.ssl_cipher=TLS_AES_256_GCM_SHA384; socket.ssl_profile=strict");
  ASSERT_TRUE(next->log().wait_members({"db1", "db2", "db3", "db4"})) << words_.said();
  EXPECT_EQ(next->log().views().back().policy_number, first + 2);
}

TEST_F(GroupRotation, TheMinimumVersionRises) {
  begin_with_tls(
      "socket.ssl_cipher=ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256; "
      "socket.ssl_min_version=1.2; socket.ssl_max_version=1.2");
  const auto all_speak = [&](const std::string& version) {
    return eventually([&] {
      const auto rows = at(0).links();
      return rows.size() == 6 && std::ranges::all_of(rows, [&](const link_row& row) {
               return row.word == link_row::check::agreed && row.version == version;
             });
    });
  };
  EXPECT_TRUE(all_speak("TLSv1.2")) << words_.said();
  const auto first = at(0).current_view()->policy_number;
  measure("TLS 1.2 to 1.3", [&]() -> result<void> {
    const auto done = at(1).change_policy("socket.ssl_min_version=1.3; socket.ssl_max_version=1.3");
    return done ? result<void>() : result<void>(done.error());
  });
  expect_policy_everywhere(first + 1, "socket.ssl_versions=1.3-1.3");
  EXPECT_TRUE(all_speak("TLSv1.3")) << words_.said();
  expect_undisturbed();
}

TEST_F(GroupRotation, AListOfNamesComesIntoForce) {
  begin_with_tls();
  const std::string before = policy();
  expect_aborted(at(0).set_option("socket.ssl_identity", "list:db1,db2"), before, "db3", "list");
  const auto first = at(0).current_view()->policy_number;
  measure("a list of names", [&] { return at(1).set_option("socket.ssl_identity", "list:db1,db2,db3"); });
  expect_policy_everywhere(first + 1, "socket.ssl_identity=list:db1,db2,db3");
  expect_undisturbed();
}

TEST_F(GroupRotation, CompressionAndFlowPolicyChangeUnderLoad) {
  begin_with_tls();
  const auto first = at(0).current_view()->policy_number;
  measure("compression", [&] { return at(2).set_option("socket.ssl_compression", "zstd:3"); });
  expect_policy_everywhere(first + 1, "socket.ssl_compression=zstd:3");
  measure("flow policy", [&] { return at(0).set_option("gcs.fc_policy", "demote"); });
  expect_policy_everywhere(first + 2, "gcs.fc_policy=demote");
  const auto refused = at(0).set_option("socket.ssl_compression", "brotli");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text,
              HasSubstr("option socket.ssl_compression=brotli is not allowed: expected none"));
  expect_undisturbed();
}

TEST_F(GroupRotation, AnotherAuthorityTakesOver) {
  begin_with_tls();
  test_ca next("next-ca");
  const std::string both = dir_ / "both.pem";
  ASSERT_EQ(run("cat " + ca_.files().cert + " " + next.files().cert + " > " + both).status, 0);
  const auto first = at(0).current_view()->policy_number;
  const auto start = clock::now();
  for (const files& one : at_) files::copy(both, one.now.ca);
  measure("both authorities", [&] { return reload(0); });
  for (std::size_t i = 0; i < 3; ++i) {
    node_files leaf = next.node("db" + std::to_string(i + 1));
    leaf.ca = both;
    at_[i].install(leaf);
    const auto done = reload(i);
    ASSERT_TRUE(done) << done.error().text;
  }
  for (const files& one : at_) files::copy(next.files().cert, one.now.ca);
  measure("the new one alone", [&] { return at(1).change_policy("socket.ssl_anchors=file"); });
  const std::chrono::duration<double> took = clock::now() - start;
  std::printf("CA rotation, old to both to new: %.3f s\n", took.count());
  EXPECT_LT(took, 10s);
  expect_policy_everywhere(first + 2, "socket.ssl=yes");
  expect_undisturbed();
  const auto late = join(options("db4", "pc.wait_prim_timeout=PT2S"));
  ASSERT_FALSE(late) << "the old authority is none any more";
}

TEST_F(GroupRotation, AnAuthorityThatOneMemberLacksStaysOut) {
  begin_with_tls();
  test_ca next("next-ca");
  const std::string both = dir_ / "both.pem", before = policy();
  ASSERT_EQ(run("cat " + ca_.files().cert + " " + next.files().cert + " > " + both).status, 0);
  for (const std::size_t i : {0U, 1U}) files::copy(both, at_[i].now.ca);
  expect_aborted(reload(0), before, "db3", "put the bundle with all its anchors at this node");
  files::copy(both, at_[2].now.ca);
  measure("both authorities", [&] { return reload(1); });
  EXPECT_TRUE(eventually([&] { return policy() != before; }));
  expect_undisturbed();
}

TEST_F(GroupRotation, FromPlaintextToTlsUnderLoad) {
  begin_plain();
  const auto first = at(0).current_view()->policy_number;
  measure("a trial of plaintext to TLS", [&] { return at(0).change_policy("socket.ssl=yes", true); });
  EXPECT_THAT(policy(), HasSubstr("socket.ssl=no\n"));
  measure("plaintext to TLS", [&] { return at(1).set_option("socket.ssl", "yes"); });
  expect_policy_everywhere(first + 1, "socket.ssl=yes");
  expect_undisturbed();

  const auto back = at(0).set_option("socket.ssl", "no");
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().text, HasSubstr("there is no way back"));
  is_plain_ = true;
  const auto late = join(options("db4", "pc.wait_prim_timeout=PT2S"));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().text, HasSubstr("socket.ssl"));
  const auto loaded = reload(0);
  EXPECT_TRUE(loaded) << loaded.error().text;
}

TEST_F(GroupRotation, WhoHasNoCertificateIsNamedAndNothingChanges) {
  begin([&](const std::string& name) { return name == "db3" ? node_files{} : ca_.node(name); },
        "socket.ssl=no");
  const std::string before = policy();
  const auto trial = at(0).change_policy("socket.ssl=yes", true);
  ASSERT_FALSE(trial);
  EXPECT_THAT(trial.error().text, AllOf(HasSubstr("db3"), HasSubstr("cannot open the file")));
  expect_aborted(at(0).set_option("socket.ssl", "yes"), before, "db3", "cannot open the file");
  const node_files made = ca_.node("db3");
  for (const auto& [key, path] :
       {std::pair{"socket.ssl_cert", made.cert}, {"socket.ssl_key", made.key}, {"socket.ssl_ca", made.ca}})
    ASSERT_TRUE(at(2).set_option(key, path));
  measure("plaintext to TLS", [&] { return at(0).set_option("socket.ssl", "yes"); });
  EXPECT_TRUE(eventually([&] { return policy() != before; }));
  expect_undisturbed();
}

TEST_F(GroupRotation, WithoutALinkByItToEveryMemberItIsNotInForce) {
  begin_with_tls();
  const std::string before = policy();
  takes_links_ = false;  // those that there are go on
  const auto answer = at(0).set_option("socket.ssl_cipher", "TLS_AES_256_GCM_SHA384");
  takes_links_ = true;
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().text,
              AllOf(HasSubstr("has not proved it within 10 s"), HasSubstr("takes no links")));
  EXPECT_EQ(policy(), before);
  measure("cipher change", [&] { return at(0).set_option("socket.ssl_cipher", "TLS_AES_256_GCM_SHA384"); });
  expect_undisturbed();
}

TEST_F(GroupRotation, PinsKeepOutWhomNoListCanRevoke) {
  begin_with_tls();
  const std::string before = policy();
  std::string pins = "pin:";
  for (const std::size_t i : {0U, 1U}) {
    const auto loaded = tls::context::load(at_[i].now.settings(), std::time(nullptr), {});
    ASSERT_TRUE(loaded);
    pins += (i == 0 ? "" : ",") + loaded->own().fingerprint;
  }
  const auto answer = at(0).set_option("socket.ssl_identity", pins);
  expect_aborted(answer, before, "db3", "pin");
  end_load();
  ASSERT_TRUE(at(0).evict("db3", "its key is lost"));
  ASSERT_TRUE(nodes_[2]->log().wait_farewell());
  measure("pins", [&] { return at(1).set_option("socket.ssl_identity", pins); });
  nodes_[2].reset();
  ASSERT_TRUE(at(0).allow("db3"));
  const auto late = join(options("db3", "pc.wait_prim_timeout=PT2S; socket.ssl_identity=\"" + pins + "\""));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().text, HasSubstr("pin"));
}

TEST_F(GroupRotation, WhatTwoAskForAtOnceIsAllInForce) {
  begin_with_tls();
  const auto first = at(0).current_view()->policy_number;
  measure("three changes at once", [&]() -> result<void> {
    const std::array<std::pair<const char*, const char*>, 3> wanted = {
        std::pair{"socket.ssl_cipher", "TLS_AES_256_GCM_SHA384"},
        {"socket.ssl_compression", "lz4"},
        {"gcs.fc_policy", "demote"}};
    std::vector<std::future<result<void>>> answers;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      answers.push_back(std::async(std::launch::async, [this, i, &wanted] {
        return at(i).set_option(wanted[i].first, wanted[i].second);
      }));
    result<void> all;
    for (auto& one : answers)
      if (auto done = one.get(); !done) all = done;
    return all;
  });
  expect_policy_everywhere(first + 3, "socket.ssl_cipher=TLS_AES_256_GCM_SHA384");
  EXPECT_THAT(policy(),
              AllOf(HasSubstr("socket.ssl_compression=lz4\n"), HasSubstr("gcs.fc_policy=demote\n")));
  expect_undisturbed();
}

// Nightly with more of them: HAUBERK_ROTATIONS.
TEST_F(GroupRotation, OneAfterTheOtherAtChangingMembers) {
  begin_with_tls();
  const char* wanted = std::getenv("HAUBERK_ROTATIONS");
  const int count = wanted == nullptr ? 10 : std::atoi(wanted);
  const auto first = at(0).current_view()->policy_number;
  measure(
      std::to_string(count) + " changes",
      [&]() -> result<void> {
        constexpr std::array<const char*, 3> ciphers = {"TLS_AES_256_GCM_SHA384",
                                                        "TLS_CHACHA20_POLY1305_SHA256", ""};
        for (int i = 0; i < count; ++i) {
          const auto n = static_cast<std::size_t>(i);
          if (i % 3 == 1) at_[n % 2].install(ca_.node("db" + std::to_string(n % 2 + 1)));
          if (i % 3 == 1)
            if (auto done = reload(n % 2); !done) return done;
          if (auto done = at(n % 3).set_option("socket.ssl_cipher", ciphers[n % 3]); !done) return done;
          if (const auto trial =
                  at(n % 2).change_policy("socket.ssl_profile=strict; socket.ssl_cipher=", true);
              !trial)
            return trial.error();
        }
        return {};
      },
      10s * count);  // each of them, as for one alone
  EXPECT_TRUE(eventually(
      [&] { return at(0).current_view()->policy_number == first + static_cast<std::uint64_t>(count); }));
  expect_undisturbed();
}

TEST_F(GroupRotation, AnOldConfigurationStartsWithWhatTheGroupHasAgreedOn) {
  const temp_dir states;
  std::vector<std::string> texts;
  for (const std::string name : {"db1", "db2", "db3"}) {
    std::filesystem::create_directory(states / name);
    const node_files made = ca_.node(name);
    texts.push_back("group.name=test; node.name=" + name +
                    "; gmcast.listen_addr=127.0.0.1:0; socket.ssl=no; " + "socket.ssl_cert=" + made.cert +
                    "; socket.ssl_key=" + made.key + "; socket.ssl_ca=" + made.ca + "; " + timing +
                    "; node.state_dir=" + (states / name) + "; pc.wait_prim_timeout=PT30S");
  }
  const auto bring_up = [&](std::size_t i, const std::string& more) {
    auto made = join(texts[i] + "; gmcast.peers=" + peers_ + more);
    if (!made) return made.error().text;
    peers_ += ",127.0.0.1:" + std::to_string(made->port());
    nodes_.push_back(std::make_unique<node>(std::move(*made)));
    return std::string();
  };
  for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(bring_up(i, i == 0 ? "; pc.bootstrap=yes" : ""), "");
  for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"}));
  const auto done = at(0).set_option("socket.ssl", "yes");
  ASSERT_TRUE(done) << done.error().text << words_.said();
  const auto number = at(0).current_view()->policy_number;

  // One comes back with the configuration that it had, then all of them at once.
  nodes_.pop_back();
  ASSERT_TRUE(nodes_[0]->log().wait_members({"db1", "db2"}));
  ASSERT_EQ(bring_up(2, ""), "") << words_.said();
  EXPECT_THAT(words_.said(), HasSubstr("is in force, as the state file has it"));
  nodes_.clear();
  const std::string edited = texts[0];
  texts[0] += "; socket.ssl_compression=lz4";
  EXPECT_THAT(bring_up(0, ""), HasSubstr("socket.ssl=no is refused"));
  texts[0] = edited;
  peers_.clear();
  for (std::size_t i = 0; i < 3; ++i) {
    auto made = join(texts[i] + "; pc.wait_prim=no; gmcast.peers=" + peers_);
    ASSERT_TRUE(made) << made.error().text;
    peers_ += (peers_.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(made->port());
    nodes_.push_back(std::make_unique<node>(std::move(*made)));
  }
  for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
  EXPECT_GE(at(0).current_view()->policy_number, number);
  EXPECT_THAT(policy(), HasSubstr("socket.ssl=yes\n"));
}

}  // namespace
}  // namespace hauberk::test
