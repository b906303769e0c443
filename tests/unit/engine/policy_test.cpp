// The group's settings as text and back, and what a guard makes of files and policies.
#include "engine/policy.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "engine/guard.hpp"
#include "link/greeting.hpp"
#include "support/certificates.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::engine {
namespace {

using testing::AllOf;
using testing::HasSubstr;

common_settings encrypted(const test::node_files& files) {
  common_settings made;
  made.is_encrypted = true;
  made.security = files.settings();
  return made;
}

class guarding : public testing::Test {
 protected:
  guard& make(const common_settings& with) {
    how_.name = "db1";
    how_.common = with;
    return made_.emplace(how_);
  }
  std::string bundle(const std::vector<std::string>& files) {
    std::string path = dir_ / "bundle.pem", command = "cat";
    for (const std::string& one : files) command += " " + one;
    EXPECT_EQ(test::run(command + " > " + path).status, 0);
    return path;
  }

  test::temp_dir dir_;
  test::test_ca ca_, next_{"next-ca"};
  test::node_files files_ = ca_.node("db1");
  settings how_;
  std::optional<guard> made_;
};

TEST_F(guarding, a_text_becomes_settings_and_the_same_text) {
  common_settings written = encrypted(files_);
  written.compression = {wire::algorithm::zstd, 7, 100};
  written.flow = replica::flow_policy::evict;
  const auto loaded = make(written).load();
  ASSERT_TRUE(loaded) << loaded.error().text;
  const std::string text = (*loaded)->policy_text;
  EXPECT_THAT(text, AllOf(HasSubstr("gcs.fc_policy=evict\n"), HasSubstr("socket.ssl=yes\n"),
                          HasSubstr("socket.ssl_compression=zstd:7\n")));
  const auto again = make(encrypted(files_)).load(text);
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ((*again)->policy_text, text);
  EXPECT_EQ((*again)->flow, replica::flow_policy::evict);
  EXPECT_EQ((*again)->compression.level, 7);
  EXPECT_EQ((*again)->compression.threshold, 512U) << "is this node's own";
  EXPECT_TRUE(is_encrypted(text));
  EXPECT_EQ(without_anchors(text).find("socket.ssl_anchors"), std::string::npos);
  EXPECT_THAT(link::policy_difference(text, without_anchors(text)), HasSubstr("here and not set there"));
  for (const std::string bad :
       {"", "socket.ssl=no\n", "gcs.fc_policy=throttle\nsocket.ssl=maybe\nsocket.ssl_compression=none\n",
        "gcs.fc_policy=x\nsocket.ssl=no\nsocket.ssl_compression=none\n",
        "gcs.fc_policy=evict\nsocket.ssl=no\nsocket.ssl_compression=zstd:20\n",
        "gcs.fc_policy=evict\nsocket.ssl=no\nsocket.ssl_compression=none\nsocket.ssl_new=1\n"})
    EXPECT_FALSE(with_policy(written, bad)) << bad;
}

TEST_F(guarding, what_is_prepared_stands_beside_what_is_in_force_until_it_is_decided) {
  guard& all = make(encrypted(files_));
  const std::string old = (*all.load())->policy_text;
  const auto wanted = all.propose([](common_settings& to) {
    to.security.rules = tls::profile::strict;
    return result<void>();
  });
  ASSERT_TRUE(wanted) << wanted.error().text;
  EXPECT_THAT(wanted->text, HasSubstr("socket.ssl_groups=P-256:P-384\n"))
      << "the default follows the profile";
  EXPECT_EQ(wanted->from, old);
  ASSERT_TRUE(all.prepare(wanted->text));
  EXPECT_EQ(all.current()->policy_text, old);
  all.drop();
  EXPECT_EQ(all.prepared(), nullptr);
  const auto next = all.prepare(wanted->text);
  ASSERT_TRUE(next);
  const auto loaded = all.reload();
  ASSERT_TRUE(loaded && loaded->now != nullptr);
  EXPECT_GT(all.prepared()->number, loaded->now->number) << "its links must be newer";
  EXPECT_FALSE(all.wait_for_another(old, std::chrono::steady_clock::now() + std::chrono::milliseconds(1)));
  all.activate();
  EXPECT_TRUE(all.wait_for_another(old, std::chrono::steady_clock::now()));
  EXPECT_EQ(all.current()->policy_text, wanted->text);
  EXPECT_EQ(all.prepared(), nullptr);
}

TEST_F(guarding, there_is_no_way_back_to_plaintext) {
  common_settings plain = encrypted(files_);
  plain.is_encrypted = false;
  guard& all = make(plain);
  const std::string before = (*all.load())->policy_text;
  const auto wanted = all.propose([](common_settings& to) {
    to.is_encrypted = true;
    return result<void>();
  });
  ASSERT_TRUE(wanted) << wanted.error().text;
  ASSERT_TRUE(all.prepare(wanted->text));
  all.activate();
  const auto back = all.prepare(before);
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().text, HasSubstr("there is no way back"));
  const auto wish = all.propose([](common_settings& to) {
    to.is_encrypted = false;
    return result<void>();
  });
  EXPECT_FALSE(wish);
}

TEST_F(guarding, other_anchors_on_file_are_a_proposal_and_narrow_what_is_trusted_here) {
  const std::string both = bundle({ca_.files().cert, next_.files().cert});
  common_settings wide = encrypted(files_);
  wide.security.ca_file = both;
  guard& all = make(wide);
  const std::string text = (*all.load())->policy_text;
  all.set_file(&tls::settings::ca_file, ca_.files().cert);
  auto loaded = all.reload();
  ASSERT_TRUE(loaded) << loaded.error().text;
  ASSERT_NE(loaded->now, nullptr);
  EXPECT_EQ(loaded->now->policy_text, text) << "the group's stays";
  EXPECT_NE(loaded->proposal, "");
  EXPECT_NE(loaded->now->security->anchors_pem(), (*make(wide).load())->security->anchors_pem());

  guard& narrow = make(encrypted(files_));
  ASSERT_TRUE(narrow.load());
  narrow.set_file(&tls::settings::ca_file, both);
  loaded = narrow.reload();
  ASSERT_TRUE(loaded && loaded->now != nullptr);
  EXPECT_EQ(loaded->proposal, text);
  const test::node_files fresh = next_.node("db1");  // nobody trusts its authority yet
  narrow.set_file(&tls::settings::cert_file, fresh.cert);
  narrow.set_file(&tls::settings::key_file, fresh.key);
  loaded = narrow.reload();
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_EQ(loaded->now, nullptr);
  EXPECT_THAT(loaded->obstacle, HasSubstr("does not chain"));
  EXPECT_TRUE(narrow.prepare(text));
}

}  // namespace
}  // namespace hauberk::engine
