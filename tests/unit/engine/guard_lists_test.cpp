// Revocation lists that peers have told of, beside the files: in force by both policies, kept, and forgotten
// with their CA.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "engine/guard.hpp"
#include "unit/tls/authority.hpp"

namespace hauberk::engine {
namespace {

using testing::HasSubstr;

class GuardLists : public testing::Test {
 protected:
  guard& make(const tls::settings& security) {
    how_.name = "db1";
    how_.common.is_encrypted = true;
    how_.common.security = security;
    how_.log =
        base::logger([this](base::level, std::string_view line) { said_ += std::string(line) + "\n"; });
    made_.emplace(how_);
    return *made_;
  }
  guard& loaded(const tls::settings& security) {
    guard& made = make(security);
    EXPECT_TRUE(made.load());
    made.settle_lists();
    return made;
  }
  static base::buffer der_of(const std::string& file) { return tls::load_lists(file).value().front(); }
  /// The policy in force with this line in the place of that.
  std::string edited(const std::string& line, const std::string& by) {
    std::string text = made_->current()->policy_text;
    const auto at = text.find(line);
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? text : text.replace(at, line.size(), by);
  }
  std::string bundle(const std::vector<std::string>& certs) {
    std::string command = "cat";
    for (const std::string& one : certs) command += " " + one;
    EXPECT_EQ(test::run(command + " > " + (dir_ / "bundle.pem")).status, 0);
    return dir_ / "bundle.pem";
  }
  [[nodiscard]] std::string kept() const { return dir_ / "hauberk.crl"; }

  test::temp_dir dir_;
  test::test_ca ca_;
  test::revoker authority_{ca_};
  test::node_files files_ = ca_.node("db1"), bad_ = ca_.node("db2");
  tls::certificate bad_shown_ = tls::context::load(bad_.settings(), std::time(nullptr), {})->own();
  settings how_;
  std::optional<guard> made_;
  std::string said_;
};

TEST_F(GuardLists, WhatIsLearnedIsInForceByBothPolicies) {
  guard& it = loaded(files_.settings());
  const std::string text = edited("socket.ssl_compression=none", "socket.ssl_compression=lz4");
  ASSERT_TRUE(it.prepare(text));
  const auto old = it.both();
  authority_.revoke(bad_.cert);
  const base::buffer list = der_of(authority_.list());
  const auto judged = it.learn(list, "db2");
  EXPECT_EQ(judged.what, guard::judgement::taken) << judged.words;
  const auto now = it.both();
  EXPECT_EQ(judged.number, now.now->number);
  EXPECT_GT(now.now->number, old.prepared->number) << "links made before are judged again";
  EXPECT_GT(now.prepared->number, now.now->number);
  for (const protection_ptr& each : {now.now, now.prepared}) {
    EXPECT_TRUE(each->security->is_revoked(bad_shown_));
    EXPECT_FALSE(each->security->is_revoked(each->security->own()));
  }
  EXPECT_FALSE(old.now->security->is_revoked(bad_shown_));
  EXPECT_EQ(now.prepared->policy_text, text);
  EXPECT_THAT(said_, HasSubstr("revocation list number 1 of CN=test-ca ("));
  EXPECT_THAT(said_, HasSubstr("is in force, told by db2"));
  EXPECT_EQ(it.learn(list, "db3").what, guard::judgement::known);
  EXPECT_TRUE(it.takes_lists_of(judged.id.issuer));
  EXPECT_FALSE(it.takes_lists_of(std::string(32, 'x')));

  it.activate();
  EXPECT_TRUE(it.current()->security->is_revoked(bad_shown_));
  const auto again = it.reload();
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(again->now->security->is_revoked(bad_shown_)) << "the files do not have it";
  ASSERT_EQ(it.lists().size(), 1U);
}

TEST_F(GuardLists, OlderOnesAndForgedOnesChangeNothing) {
  const base::buffer first = der_of(authority_.list());
  authority_.revoke(bad_.cert);
  tls::settings with = files_.settings();
  with.crl_file = authority_.list();
  guard& it = loaded(with);
  EXPECT_THAT(said_, HasSubstr("revocation list number 2 of CN=test-ca"));
  EXPECT_THAT(said_, HasSubstr("is in force, from socket.ssl_crl"));
  const auto number = it.current()->number;
  EXPECT_EQ(it.learn(first, "db2").what, guard::judgement::known);
  EXPECT_EQ(said_.find("is older than"), std::string::npos) << said_;
  authority_.revoke(ca_.node("db3").cert);
  const base::buffer third = der_of(authority_.list());
  const auto forged = it.learn(base::buffer::copy("rubbish"), "db2");
  EXPECT_EQ(forged.what, guard::judgement::forged);
  EXPECT_THAT(forged.words, HasSubstr("cannot be read"));
  EXPECT_EQ(it.current()->number, number);
  EXPECT_EQ(it.lists().front().id, it.current()->security->lists().front().id);
  EXPECT_EQ(it.learn(third, "db2").what, guard::judgement::taken);
  EXPECT_THAT(said_, HasSubstr("in socket.ssl_crl, number 2, is older than the group's, number 3"));
}

TEST_F(GuardLists, AnOlderFileDoesNotTakeBackWhatWasInTheNewerOne) {
  const std::string first = authority_.list();
  authority_.revoke(bad_.cert);
  const std::string path = dir_ / "crl.pem";
  std::filesystem::copy_file(authority_.list(), path);
  tls::settings with = files_.settings();
  with.crl_file = path;
  guard& it = loaded(with);
  std::filesystem::copy_file(first, path, std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(it.reload());
  EXPECT_TRUE(it.current()->security->is_revoked(bad_shown_));
  EXPECT_THAT(said_, HasSubstr("number 1, is older than the group's, number 2"));
}

TEST_F(GuardLists, AreKeptForARestart) {
  authority_.revoke(bad_.cert);
  make(files_.settings()).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  made_->settle_lists();
  EXPECT_FALSE(std::filesystem::exists(kept())) << "there is nothing to keep";
  EXPECT_EQ(made_->learn(der_of(authority_.list()), "db2").what, guard::judgement::taken);
  EXPECT_TRUE(std::filesystem::exists(kept()));

  said_.clear();
  make(files_.settings()).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  made_->settle_lists();
  EXPECT_TRUE(made_->current()->security->is_revoked(bad_shown_));
  EXPECT_THAT(said_, HasSubstr("is in force, kept in " + kept()));

  // Of a CA that is none here they are left out, and then forgotten.
  test::test_ca other("other-ca");
  make(other.node("db1").settings()).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  EXPECT_TRUE(made_->lists().empty());
  said_.clear();
  const std::string copy = dir_ / "copy";
  std::filesystem::copy_file(kept(), copy);
  made_->settle_lists();
  EXPECT_THAT(said_, HasSubstr("kept in " + kept() + ", is forgotten"));
  EXPECT_TRUE(tls::load_lists(kept())->empty());
  std::filesystem::copy_file(copy, kept(), std::filesystem::copy_options::overwrite_existing);

  // One that is broken takes no other with it.
  std::ofstream(kept(), std::ios::app) << "-----BEGIN X509 CRL-----\nbroken\n-----END X509 CRL-----\n";
  make(files_.settings()).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  EXPECT_EQ(made_->lists().size(), 1U);
  EXPECT_THAT(said_, HasSubstr("a revocation list in it cannot be read and is left out"));

  std::ofstream(kept()) << "-----BEGIN X509 CRL-----\nbroken\n-----END X509 CRL-----\n";
  said_.clear();
  make(files_.settings()).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  EXPECT_THAT(said_, HasSubstr("a revocation list in it cannot be read and is left out"));
  std::filesystem::remove(kept());
  std::filesystem::create_directory(kept());
  make(files_.settings()).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  EXPECT_THAT(said_, HasSubstr("that this node had heard of are left out"));
  EXPECT_FALSE(made_->current()->security->is_revoked(bad_shown_));
}

TEST_F(GuardLists, AListGoesWithItsAnchor) {
  test::test_ca second("second-ca");
  test::revoker of_second(second);
  tls::settings with = files_.settings();
  with.ca_file = bundle({ca_.files().cert, second.files().cert});
  guard& it = make(with);
  it.keep_lists_in(kept());
  ASSERT_TRUE(it.load());
  EXPECT_EQ(it.learn(der_of(of_second.list()), "db2").what, guard::judgement::taken);
  EXPECT_EQ(it.learn(der_of(authority_.list()), "db2").what, guard::judgement::taken);
  EXPECT_EQ(it.lists().size(), 2U);
  bundle({ca_.files().cert});
  ASSERT_TRUE(it.reload());
  EXPECT_THAT(said_, HasSubstr("revocation list number 1 of CN=second-ca ("));
  EXPECT_THAT(said_, HasSubstr("told by db2, is forgotten, and whom it revokes is refused no more: its CA is "
                               "neither in socket.ssl_ca nor in socket.ssl_cert here"));
  EXPECT_EQ(said_.find("forgotten"), said_.rfind("forgotten")) << "the other one stays: " << said_;
  ASSERT_EQ(it.lists().size(), 1U);
  EXPECT_EQ(it.lists().front().issuer, "CN=test-ca");
  EXPECT_EQ(tls::load_lists(kept())->size(), 1U);
  EXPECT_EQ(it.learn(der_of(of_second.list()), "db2").what, guard::judgement::forged);
}

// A list that cannot be told is in force all the same: an older one that is told is older.
TEST_F(GuardLists, AnOlderOneIsNotTakenForWhatCannotBeTold) {
  const base::buffer first = der_of(authority_.list());
  authority_.revoke(bad_.cert);
  std::ofstream(authority_.dir() / "number") << std::string(42, '7') << "\n";
  tls::settings with = files_.settings();
  with.crl_file = authority_.list();
  guard& it = make(with);
  it.keep_lists_in(kept());
  ASSERT_TRUE(it.load());
  it.settle_lists();
  EXPECT_THAT(said_, HasSubstr("counts at this node alone"));
  const auto number = it.current()->number;
  for (int i = 0; i < 3; ++i) {
    const auto judged = it.learn(first, "db2");
    EXPECT_EQ(judged.what, guard::judgement::known) << "and no context is made anew for it";
  }
  EXPECT_EQ(it.current()->number, number);
  EXPECT_TRUE(it.current()->security->is_revoked(bad_shown_));
  ASSERT_EQ(it.lists().size(), 1U);
  EXPECT_FALSE(it.lists().front().may_be_told());
  EXPECT_FALSE(std::filesystem::exists(kept())) << "it is in its file";
}

// What is prepared would take a list that what is in force cannot stand: a trial must not leave it there.
TEST_F(GuardLists, AListIsTakenByBothPoliciesOrByNone) {
  tls::settings with = files_.settings();
  with.crl_file = authority_.list();
  with.rules = tls::profile::strict;
  guard& it = loaded(with);
  ASSERT_TRUE(it.prepare(edited("socket.ssl_profile=strict", "socket.ssl_profile=standard")));
  authority_.revoke(bad_.cert);
  const base::buffer late =
      der_of(authority_.list("-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z"));
  const auto number = it.current()->number;
  const auto judged = it.learn(late, "db2");
  EXPECT_EQ(judged.what, guard::judgement::declined);
  EXPECT_THAT(judged.words, HasSubstr("is out of date"));
  EXPECT_EQ(it.current()->number, number);
  for (const protection_ptr& each : {it.both().now, it.both().prepared})
    EXPECT_FALSE(each->security->is_revoked(bad_shown_));
  it.drop();
  EXPECT_TRUE(it.reload()) << "nothing stands in the way of a reload";
  ASSERT_TRUE(it.prepare(edited("socket.ssl_profile=strict", "socket.ssl_profile=standard")));
  it.activate();
  EXPECT_EQ(it.learn(late, "db2").what, guard::judgement::taken) << "where all stand it, it counts";
}

// At a start what is in force is loaded first, and the lists of a CA that only the prepared policy has stay.
TEST_F(GuardLists, WhatOnlyThePreparedPolicyHasIsKeptOverARestart) {
  test::test_ca second("second-ca");
  test::revoker of_second(second);
  const std::string old_one = loaded(files_.settings()).current()->policy_text;
  tls::settings with = files_.settings();
  with.ca_file = bundle({ca_.files().cert, second.files().cert});
  make(with).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  const std::string both = made_->current()->policy_text;
  ASSERT_NE(both, old_one);
  EXPECT_EQ(made_->learn(der_of(of_second.list()), "db2").what, guard::judgement::taken);

  make(with).keep_lists_in(kept());
  ASSERT_TRUE(made_->load());
  ASSERT_TRUE(made_->load(old_one));
  ASSERT_TRUE(made_->prepare(both));
  made_->settle_lists();
  ASSERT_EQ(made_->lists().size(), 1U);
  EXPECT_EQ(made_->lists().front().issuer, "CN=second-ca");
  EXPECT_EQ(tls::load_lists(kept())->size(), 1U);
}

// The strand activates and drops while a reload is at work on another thread.
TEST_F(GuardLists, AReloadTakesNoActivationBack) {
  std::filesystem::permissions(files_.key, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);  // for a line while it is read
  guard& it = loaded(files_.settings());
  const std::string old_one = it.current()->policy_text;
  const std::string text = edited("socket.ssl_compression=none", "socket.ssl_compression=lz4");
  const auto reload_with = [&](const std::function<void()>& meanwhile) {
    std::function<void()> once = meanwhile;
    how_.log = base::logger([once](base::level, std::string_view line) mutable {
      if (line.find("other users can read this secret") == std::string_view::npos || !once) return;
      std::exchange(once, nullptr)();
    });
    const auto done = it.reload();
    how_.log = {};
    return done;
  };
  ASSERT_TRUE(it.prepare(text));
  const auto prepared = it.prepared();
  auto done = reload_with([&] { it.activate(); });
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(it.current()->policy_text, text);
  EXPECT_EQ(it.prepared(), nullptr);
  EXPECT_GT(it.current()->number, prepared->number) << "and it is what was loaded again";
  EXPECT_EQ(done->now, it.current());
  EXPECT_EQ(done->proposal, "");

  ASSERT_TRUE(it.prepare(old_one));
  done = reload_with([&] { it.drop(); });
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(it.current()->policy_text, text);
  EXPECT_EQ(it.prepared(), nullptr) << "what was dropped is back";
}

TEST_F(GuardLists, APlaintextGroupHasNone) {
  how_.name = "db1";
  guard it(how_);
  ASSERT_TRUE(it.load());
  it.settle_lists();
  EXPECT_TRUE(it.lists().empty());
  EXPECT_EQ(it.learn(der_of(authority_.list()), "db2").what, guard::judgement::forged);
}

}  // namespace
}  // namespace hauberk::engine
