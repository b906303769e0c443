// Who counts, who is waited for and who has to go: weights, arbitrators, eviction and slow applications, over
// real links.
#include <gmock/gmock.h>

#include "loopback/group_cluster.hpp"

namespace hauberk::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class GroupPolicy : public GroupTest {
 protected:
  using clock = std::chrono::steady_clock;
  using names = std::vector<std::string>;

  static std::optional<unsigned> weight_of(const std::optional<view>& in, std::string_view name) {
    if (in)
      for (const member& one : in->members)
        if (one.name == name) return one.weight;
    return std::nullopt;
  }
  bool gets_weight(node& at, std::string_view name, unsigned weight) {
    return eventually([&] { return weight_of(at->current_view(), name) == weight; });
  }
  bool all_count(std::vector<std::unique_ptr<node>>& nodes) {
    return std::ranges::all_of(nodes, [&](auto& one) {
      return std::ranges::all_of(names{"db1", "db2", "db3"},
                                 [&](const auto& name) { return gets_weight(*one, name, 1); });
    });
  }

  static constexpr std::size_t large_ = 256U << 10U;  // bytes of a message that fills a queue soon

  /// All but the node number `slow` have nearly everything: it is that one alone who is behind.
  static bool keep_up(std::vector<std::unique_ptr<node>>& nodes, std::size_t slow, std::size_t sent) {
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (i != slow && !nodes[i]->log().wait_messages(sent - std::min<std::size_t>(sent, 3))) return false;
    return true;
  }
  /// The second one broadcasts large messages until one is refused because of an application: how many were
  /// accepted. Nothing when that does not happen in time.
  std::optional<std::size_t> send_until_throttled(std::vector<std::unique_ptr<node>>& nodes,
                                                  std::size_t slow) {
    const std::string text(large_, 'x');
    std::size_t accepted = 0;
    for (const auto until = clock::now() + patience; clock::now() < until;) {
      const auto ticket = (*nodes[1])->broadcast(bytes_of(text));
      if (ticket) {
        if (!keep_up(nodes, slow, ++accepted)) return std::nullopt;
      } else if (ticket.error().code != errc::window_full) {
        ADD_FAILURE() << ticket.error().text;
        return std::nullopt;
      } else if (ticket.error().text.find("gcs.fc_limit") != std::string::npos) {
        return accepted;
      } else {
        (void)(*nodes[1])->wait_writable(large_, 100ms);
      }
    }
    return std::nullopt;
  }
  void expect_same(std::vector<std::unique_ptr<node>>& nodes, std::size_t count) {
    for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(count)) << one->log().messages().size();
    for (auto& one : nodes) EXPECT_TRUE(one->log().messages() == nodes[0]->log().messages());
  }
};

TEST_F(GroupPolicy, WeightsChangeWhileItRuns) {
  auto nodes = start_three();
  ASSERT_TRUE(all_count(nodes));
  auto done = (*nodes[1])->set_weight("db3", 5);
  ASSERT_TRUE(done) << done.error().text;
  for (auto& one : nodes) EXPECT_TRUE(gets_weight(*one, "db3", 5));

  done = (*nodes[0])->set_weight("nobody", 1);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::bad_option);
  EXPECT_THAT(done.error().text, HasSubstr("'nobody'"));
  EXPECT_THAT(done.error().text, AllOf(HasSubstr("db1"), HasSubstr("db2"), HasSubstr("db3")));
  EXPECT_EQ((*nodes[0])->set_weight("db1", 256).error().code, errc::bad_option);

  for (const char* name : {"db1", "db2"}) {
    done = (*nodes[0])->set_weight(name, 0);
    ASSERT_TRUE(done) << done.error().text;
  }
  done = (*nodes[0])->set_weight("db3", 0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::refused);
  EXPECT_THAT(done.error().text, HasSubstr("db3 would leave no member that has the data and counts"));

  // Only db3 counts: it goes on alone, and the others are told that they do not.
  nodes[0]->send("heard by all");
  expect_same(nodes, 1);
  nodes[0].reset();
  nodes[1].reset();
  ASSERT_TRUE(nodes[2]->log().wait_members({"db3"}));
  nodes[2]->send("alone");
  ASSERT_TRUE(nodes[2]->log().wait_messages(2));
}

TEST_F(GroupPolicy, AnObserverGetsEverythingAndNeverCounts) {
  std::vector<std::unique_ptr<node>> nodes;
  nodes.push_back(start("db1"));
  nodes.push_back(start("db2"));
  nodes.push_back(start("eye", "pc.weight=0"));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "eye"}));
  ASSERT_TRUE(gets_weight(*nodes[2], "db2", 1));
  for (int i = 0; i < 100; ++i) nodes[static_cast<std::size_t>(i % 3)]->send(std::to_string(i));
  expect_same(nodes, 100);
  EXPECT_EQ(weight_of((*nodes[2])->current_view(), "eye"), 0U);
  EXPECT_FALSE((*nodes[2])->metrics().leader);

  nodes[1].reset();  // half of the weight is gone, and the observer makes up for nothing
  ASSERT_TRUE(nodes[0]->log().wait_not_primary());
  ASSERT_TRUE(nodes[2]->log().wait_not_primary());
}

TEST_F(GroupPolicy, AnArbitratorOutvotesADeathAndSeesNoData) {
  const temp_dir folder;
  auto db1 = start("db1", "node.state_dir=" + folder.path());
  auto db2 = start("db2");
  auto arb = start("arb", "pc.arbitrator=yes");
  for (auto* one : {&db1, &db2, &arb}) ASSERT_TRUE((*one)->log().wait_members({"db1", "db2", "arb"}));
  for (auto* one : {&db1, &db2}) ASSERT_TRUE(gets_weight(**one, "arb", 1));
  const auto seen = (*arb)->current_view();
  for (const member& one : seen->members) EXPECT_EQ(one.arbitrator, one.name == "arb");
  const auto ticket = (*arb)->broadcast(bytes_of("x"));
  ASSERT_FALSE(ticket);
  EXPECT_EQ(ticket.error().code, errc::refused);
  EXPECT_THAT(ticket.error().text, HasSubstr("pc.arbitrator"));

  db2->send("before");
  ASSERT_TRUE(db1->log().wait_messages(1));
  db2.reset();
  for (auto* one : {&db1, &arb}) ASSERT_TRUE((*one)->log().wait_members({"db1", "arb"}));
  db1->send("after");
  ASSERT_TRUE(db1->log().wait_messages(2));

  // The last one with data leaves: the arbitrator alone is no group, and says so.
  const uuid history = (*db1)->current_view()->history;
  const auto left = (*db1)->leave();
  ASSERT_TRUE(left) << left.error().text;
  ASSERT_TRUE(db1->log().wait_farewell());
  const position_t end = db1->log().messages().back().position;
  db1.reset();
  ASSERT_TRUE(arb->log().wait_not_primary());
  EXPECT_THAT(arb->log().messages(), IsEmpty());

  db1 = start("db1", "node.state_dir=" + folder.path() + "; pc.bootstrap=yes");
  for (auto* one : {&db1, &arb}) ASSERT_TRUE((*one)->log().wait_members({"db1", "arb"}));
  EXPECT_EQ((*db1)->current_view()->history, history);
  EXPECT_GT((*db1)->current_view()->start, end);
  db1->send("again");
  ASSERT_TRUE(db1->log().wait_messages(1));
}

TEST_F(GroupPolicy, EvictedInWordsUntilItIsAllowed) {
  auto nodes = start_three();
  ASSERT_TRUE(all_count(nodes));
  auto done = (*nodes[1])->evict("nobody", "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::bad_option);

  done = (*nodes[1])->evict("db3", "its disk lies");
  ASSERT_TRUE(done) << done.error().text;
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(nodes[i]->log().wait_members({"db1", "db2"}));
    EXPECT_THAT(nodes[i]->log().views().back().evicted, ElementsAre("db3"));
    EXPECT_THAT(nodes[i]->log().views().back().banned, ElementsAre("db3"));
    EXPECT_THAT(nodes[i]->log().views().back().lost, IsEmpty());
  }
  ASSERT_TRUE(nodes[2]->log().wait_farewell());
  EXPECT_EQ(nodes[2]->log().end()->reason, make_error_code(errc::evicted));
  EXPECT_THAT(nodes[2]->log().end()->text, HasSubstr("evicted by db2: its disk lies"));
  EXPECT_EQ((*nodes[2])->broadcast(bytes_of("x")).error().code, errc::closed);
  nodes[2].reset();

  auto again = join(options("db3"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::evicted);
  EXPECT_THAT(again.error().text, HasSubstr("evicted by db2: its disk lies"));

  done = (*nodes[0])->allow("db3");
  ASSERT_TRUE(done) << done.error().text;
  nodes[2] = start("db3");
  ASSERT_TRUE(all_count(nodes));
  EXPECT_THAT((*nodes[0])->current_view()->banned, IsEmpty());
  nodes[2]->send("back");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(1));
}

TEST_F(GroupPolicy, TheLeaderCanBeEvictedButNotTheLastOne) {
  auto nodes = start_three();
  ASSERT_TRUE(all_count(nodes));
  ASSERT_TRUE((*nodes[0])->metrics().leader);
  auto done = (*nodes[0])->evict("db1", "it asked for it");
  ASSERT_TRUE(done || done.error().code == errc::evicted || done.error().code == errc::closed)
      << done.error().text;
  ASSERT_TRUE(nodes[0]->log().wait_farewell());
  EXPECT_EQ(nodes[0]->log().end()->reason, make_error_code(errc::evicted));
  for (const std::size_t i : {1U, 2U}) ASSERT_TRUE(nodes[i]->log().wait_members({"db2", "db3"}));
  done = (*nodes[1])->evict("db3", "x");
  ASSERT_TRUE(done) << done.error().text;
  ASSERT_TRUE(nodes[1]->log().wait_members({"db2"}));
  done = (*nodes[1])->evict("db2", "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::refused);
  EXPECT_THAT(done.error().text, HasSubstr("no member that has the data and counts would be left"));
}

TEST_F(GroupPolicy, ThrottledAllWaitForASlowApplication) {
  auto nodes = start_three("gcs.fc_limit=1M");
  ASSERT_TRUE(all_count(nodes));
  nodes[2]->pause();
  auto sent = send_until_throttled(nodes, 2);
  ASSERT_TRUE(sent);
  for (auto& one : nodes) EXPECT_TRUE(eventually([&] { return (*one)->metrics().throttled; }));
  EXPECT_GT((*nodes[2])->metrics().backlog_bytes, 1U << 20U);
  EXPECT_THAT(words_.said(), HasSubstr("broadcasts wait: the application of db3"));
  const auto waited = (*nodes[0])->wait_writable(1, 100ms);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, errc::timed_out);
  EXPECT_THAT(waited.error().text, HasSubstr("gcs.fc_limit"));
  const auto fenced = (*nodes[1])->fence();  // the group itself is alive
  ASSERT_TRUE(fenced) << fenced.error().text;

  nodes[2]->resume();
  const auto room = (*nodes[0])->wait_writable(large_, patience);
  ASSERT_TRUE(room) << room.error().text;
  nodes[0]->send("goes on");
  expect_same(nodes, *sent + 1);
  for (auto& one : nodes) EXPECT_TRUE(eventually([&] { return !(*one)->metrics().throttled; }));
  EXPECT_TRUE(eventually([&] { return (*nodes[2])->metrics().backlog_bytes == 0; }));
  EXPECT_TRUE(all_count(nodes));
}

TEST_F(GroupPolicy, ALimitInMessages) {
  auto nodes = start_three("gcs.fc_limit=100");
  ASSERT_TRUE(all_count(nodes));
  nodes[1]->pause();
  std::size_t sent = 0;
  EXPECT_TRUE(eventually([&] {
    while ((*nodes[0])->broadcast(bytes_of("small"))) ++sent;
    return (*nodes[0])->broadcast(bytes_of("small")).error().text.find("gcs.fc_limit") != std::string::npos;
  }));
  nodes[1]->resume();
  expect_same(nodes, sent);
}

TEST_F(GroupPolicy, DemotedNobodyWaitsAndItComesBack) {
  for (const std::size_t slow : {2U, 0U}) {  // a follower, the first leader
    peers_.clear();
    const std::string name = "db" + std::to_string(slow + 1);
    auto nodes = start_three("gcs.fc_limit=1M; gcs.fc_policy=demote");
    ASSERT_TRUE(all_count(nodes));
    nodes[slow]->pause();
    const std::string text(large_, 'x');
    node& sender = *nodes[1];
    std::size_t sent = 0;
    for (const auto until = clock::now() + patience;
         weight_of(sender->current_view(), name) != 0U && clock::now() < until;) {
      sender.send(text);
      ASSERT_TRUE(keep_up(nodes, slow, ++sent));
    }
    ASSERT_EQ(weight_of(sender->current_view(), name), 0U);
    for (int i = 0; i < 40; ++i) {
      sender.send(text);
      ASSERT_TRUE(keep_up(nodes, slow, ++sent));
    }
    EXPECT_THAT(words_.said(), Not(HasSubstr("broadcasts wait")));
    EXPECT_EQ((*nodes[slow])->metrics().members, 3U);

    nodes[slow]->resume();
    ASSERT_TRUE(all_count(nodes));
    expect_same(nodes, sent);
    std::vector<unsigned> weights;  // as its own application saw it, too
    for (const view& seen : nodes[slow]->log().views()) {
      const auto weight = weight_of(seen, name);
      if (weight && (weights.empty() || weights.back() != *weight)) weights.push_back(*weight);
    }
    ASSERT_GE(weights.size(), 3U);
    EXPECT_EQ(weights.back(), 1U);
    EXPECT_EQ(weights[weights.size() - 2], 0U);
  }
}

TEST_F(GroupPolicy, EvictedWhenItsApplicationStaysBehind) {
  auto nodes = start_three("gcs.fc_limit=1M; gcs.fc_policy=evict");
  ASSERT_TRUE(all_count(nodes));
  nodes[2]->pause();
  auto sent = send_until_throttled(nodes, 2);
  ASSERT_TRUE(sent);
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_TRUE(nodes[i]->log().wait_members({"db1", "db2"}));
    EXPECT_THAT(nodes[i]->log().views().back().evicted, ElementsAre("db3"));
  }
  nodes[1]->send("goes on");
  ASSERT_TRUE(nodes[0]->log().wait_messages(*sent + 1));
  nodes[2]->resume();
  ASSERT_TRUE(nodes[2]->log().wait_farewell());
  EXPECT_EQ(nodes[2]->log().end()->reason, make_error_code(errc::evicted));
  EXPECT_THAT(nodes[2]->log().end()->text, HasSubstr("further behind than gcs.fc_limit"));
  EXPECT_THAT(nodes[2]->log().end()->text, HasSubstr("gcs.fc_policy=evict"));
  nodes[2].reset();
  const auto done = (*nodes[0])->allow("db3");
  ASSERT_TRUE(done) << done.error().text;
  nodes[2] = start("db3", "gcs.fc_limit=1M; gcs.fc_policy=evict");
  ASSERT_TRUE(all_count(nodes));
}

}  // namespace
}  // namespace hauberk::test
