// Groups that died and come back by their state files: after a crash of all, and after a clean stop.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "loopback/group_cluster.hpp"
#include "support/full_disk.hpp"

namespace hauberk::test {
namespace {

using testing::HasSubstr;

/// Takes connections and says nothing.
class silent_listener {
 public:
  silent_listener() : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(file_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(file_, 16), 0);
    EXPECT_EQ(::getsockname(file_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
  }
  silent_listener(const silent_listener&) = delete;
  silent_listener& operator=(const silent_listener&) = delete;
  ~silent_listener() { ::close(file_); }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int file_;
  std::uint16_t port_ = 0;
};

class GroupReform : public GroupTest {
 protected:
  std::string with_folder(std::size_t which) { return "node.state_dir=" + folders_[which].path(); }
  std::vector<std::unique_ptr<node>> start_group() {
    std::vector<std::unique_ptr<node>> all;
    for (std::size_t i = 0; i < 3; ++i) all.push_back(start(name_of(i), with_folder(i)));
    for (auto& one : all) EXPECT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
    return all;
  }
  /// Without waiting: it may need the others.
  std::unique_ptr<node> restart(std::size_t which, std::optional<recovered_position> recovered) {
    auto made = join(options(name_of(which), with_folder(which) + "; pc.wait_prim=no"), recovered);
    if (!made) {
      ADD_FAILURE() << made.error().text;
      std::abort();
    }
    peers_ += (peers_.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(made->port()));
    return std::make_unique<node>(std::move(*made));
  }
  static std::string name_of(std::size_t which) { return "db" + std::to_string(which + 1); }

  std::array<temp_dir, 3> folders_;
};

TEST_F(GroupReform, AfterACrashOfAll) {
  auto nodes = start_group();
  for (int i = 0; i < 20; ++i) nodes[1]->send(std::to_string(i));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(20));
  const uuid before = (*nodes[0])->current_view()->history;
  const recovered_position durable{before, nodes[0]->log().messages().back().position};
  const std::uint64_t number = (*nodes[0])->current_view()->number;
  for (auto& one : nodes) one->pause();
  nodes.clear();
  peers_.clear();
  for (std::size_t i = 0; i < 3; ++i) nodes.push_back(restart(i, durable));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
  nodes[2]->send("after");
  for (auto& one : nodes) {
    ASSERT_TRUE(one->log().wait_messages(1));
    EXPECT_EQ(one->log().messages().front().text, "after");
    EXPECT_GT(one->log().messages().front().position, durable.position);
    EXPECT_EQ((*one)->current_view()->history, (*nodes[0])->current_view()->history);
    EXPECT_GT((*one)->current_view()->number, number);
  }
  EXPECT_NE((*nodes[0])->current_view()->history, before);
}

TEST_F(GroupReform, AfterACleanStopTheLastOneGoesOn) {
  auto nodes = start_group();
  nodes[0]->send("before");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(1));
  const uuid history = (*nodes[0])->current_view()->history;
  for (const std::size_t i : {2U, 1U, 0U}) {
    ASSERT_TRUE((*nodes[i])->leave(10s)) << words_.said();
    ASSERT_TRUE(nodes[i]->log().wait_farewell());
  }
  nodes.clear();
  peers_.clear();
  auto wrong = join(options("db2", with_folder(1) + "; pc.bootstrap=yes"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::refused);
  EXPECT_THAT(wrong.error().text, HasSubstr("db1"));
  EXPECT_THAT(wrong.error().text, HasSubstr("pc.bootstrap=force"));
  auto right = start("db1", with_folder(0));
  ASSERT_TRUE(right->log().wait_members({"db1"}));
  EXPECT_EQ((*right)->current_view()->history, history);
  EXPECT_GT((*right)->current_view()->start, position_t{1});
}

TEST_F(GroupReform, ForceStartsAnywhereAndSaysSoInTheViewNumber) {
  auto nodes = start_group();
  const uuid history = (*nodes[0])->current_view()->history;
  const std::uint64_t number = (*nodes[0])->current_view()->number;
  nodes.clear();
  peers_.clear();
  auto wrong = join(options("db3", with_folder(2) + "; pc.bootstrap=yes"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::refused);
  auto forced = join(options("db3", with_folder(2) + "; pc.bootstrap=force"));
  ASSERT_TRUE(forced) << forced.error().text;
  node made(std::move(*forced));
  ASSERT_TRUE(made.log().wait_members({"db3"}));
  EXPECT_GT(made.log().views().back().number, number + (std::uint64_t{1} << 32U));
  EXPECT_NE(made.log().views().back().history, history);
}

TEST_F(GroupReform, ForceMakesWhoIsLeftTheGroup) {
  auto nodes = start_group();
  const auto refused = (*nodes[0])->force_primary();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::refused);
  EXPECT_THAT(refused.error().text, HasSubstr("is primary"));
  nodes[2]->send("before");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(1));
  const std::uint64_t number = (*nodes[0])->current_view()->number;
  nodes.erase(nodes.begin() + 1, nodes.end());
  ASSERT_TRUE(nodes[0]->log().wait_not_primary());
  const auto forced = (*nodes[0])->force_primary();
  ASSERT_TRUE(forced) << forced.error().text;
  ASSERT_TRUE(nodes[0]->log().wait_members({"db1"})) << words_.said();
  EXPECT_GT((*nodes[0])->current_view()->number, number + (std::uint64_t{1} << 32U));
  nodes[0]->send("after");
  ASSERT_TRUE(nodes[0]->log().wait_messages(2));
}

// Its own files say nothing; a node that waits for its group knows more.
TEST_F(GroupReform, BootstrapRefusesWhereAPeerHasANewerState) {
  auto nodes = start_group();
  for (auto& one : nodes) one->pause();
  nodes.clear();
  peers_.clear();
  auto db2 = restart(1, std::nullopt);
  auto wrong = join(options("db1", "pc.bootstrap=yes"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::refused);
  EXPECT_THAT(wrong.error().text, HasSubstr("the state of db2"));
  EXPECT_THAT(wrong.error().text, HasSubstr("pc.bootstrap=force"));
}

TEST_F(GroupReform, ACloneToldToBootstrapBesideALivePairIsRefused) {
  auto db1 = start("db1", with_folder(0)), db2 = start("db2", with_folder(1));
  ASSERT_TRUE(db1->log().wait_members({"db1", "db2"}));
  for (const char* more : {"pc.bootstrap=yes", "pc.bootstrap=force"}) {
    auto clone = join(options("db2", more));
    ASSERT_FALSE(clone);
    EXPECT_EQ(clone.error().code, errc::name_in_use) << clone.error().text;
  }
  db2->send("undisturbed");
  ASSERT_TRUE(db1->log().wait_messages(1));
  EXPECT_EQ((*db1)->current_view()->members.size(), 2U);
}

// Both see each other before either has started: one history comes of it, whichever is the first.
TEST_F(GroupReform, OfTwoBootstrapsAtOnceOneJoins) {
  is_plain_ = true;
  const silent_listener nobody;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<node>> nodes;
    peers_ = nobody.address();  // keeps the first one asking, until the second is there
    for (std::size_t i = 0; i < 2; ++i) {
      auto made = join(options(name_of(i), "pc.bootstrap=yes; pc.wait_prim=no"));
      ASSERT_TRUE(made) << made.error().text;
      peers_ = "127.0.0.1:" + std::to_string(made->port());
      nodes.push_back(std::make_unique<node>(std::move(*made)));
    }
    for (auto& one : nodes) ASSERT_TRUE(one->log().wait_members({"db1", "db2"})) << words_.said();
    EXPECT_EQ((*nodes[0])->current_view()->history, (*nodes[1])->current_view()->history);
  }
}

// Nobody may count on a record that is not there: the member goes, in words, and the others go on.
TEST_F(GroupReform, AMemberThatCannotWriteItsStateFileLeaves) {
  auto db1 = start("db1"), db2 = start("db2"), db3 = start("db3", with_folder(2));
  for (auto* one : {&db1, &db2, &db3}) ASSERT_TRUE((*one)->log().wait_members({"db1", "db2", "db3"}));
  const std::string more = options("db4");
  std::unique_ptr<node> db4;
  {
    const full_disk full;
    auto made = join(more);
    ASSERT_TRUE(made) << made.error().text;
    db4 = std::make_unique<node>(std::move(*made));
    ASSERT_TRUE(db3->log().wait_farewell());
    const farewell last = *db3->log().end();
    EXPECT_EQ(last.reason, make_error_code(errc::bad_file));
    EXPECT_THAT(last.text, HasSubstr(folders_[2].path() + "/hauberk.state"));
    EXPECT_THAT(last.text, HasSubstr("join again"));
    for (const view& seen : db3->log().views())
      EXPECT_LE(seen.members.size(), 3U) << "a view that is not on its disk";
    for (auto* one : {&db1, &db2, &db4}) ASSERT_TRUE((*one)->log().wait_members({"db1", "db2", "db4"}));
  }
  db3.reset();
  db3 = restart(2, std::nullopt);
  for (auto* one : {&db1, &db2, &db3, &db4})
    ASSERT_TRUE((*one)->log().wait_members({"db1", "db2", "db3", "db4"})) << words_.said();
}

}  // namespace
}  // namespace hauberk::test
