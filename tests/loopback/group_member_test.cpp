// Members come, leave, die and come back, over real links.
#include <latch>
#include <map>

#include "loopback/group_cluster.hpp"

namespace hauberk::test {
namespace {

using GroupMember = GroupTest;

TEST_F(GroupMember, LeaveOneAfterTheOther) {
  auto nodes = start_three();
  nodes[2]->send("last words of db3");
  auto left = (*nodes[2])->leave();
  ASSERT_TRUE(left) << left.error().text;
  ASSERT_TRUE(nodes[2]->log().wait_farewell());
  EXPECT_FALSE(nodes[2]->log().end()->reason) << nodes[2]->log().end()->text;
  EXPECT_EQ((*nodes[2])->broadcast(bytes_of("x")).error().code, errc::closed);
  EXPECT_EQ((*nodes[2])->fence().error().code, errc::closed);
  EXPECT_EQ((*nodes[2])->leave().error().code, errc::closed);

  ASSERT_TRUE(nodes[0]->log().wait_members({"db1", "db2"}));
  EXPECT_EQ(nodes[0]->log().views().back().left, std::vector<std::string>{"db3"});
  EXPECT_TRUE(nodes[0]->log().views().back().lost.empty());
  ASSERT_TRUE(nodes[0]->log().wait_messages(1));

  left = (*nodes[0])->leave();  // most likely the leader
  ASSERT_TRUE(left) << left.error().text;
  ASSERT_TRUE(nodes[1]->log().wait_members({"db2"}));
  nodes[1]->send("alone");
  ASSERT_TRUE(nodes[1]->log().wait_messages(2));
  left = (*nodes[1])->leave();
  ASSERT_TRUE(left) << left.error().text;
  ASSERT_TRUE(nodes[1]->log().wait_farewell());
}

TEST_F(GroupMember, ADeadMemberIsGoneSoonAndTheRestGoesOn) {
  for (const std::size_t victim : {std::size_t{2}, std::size_t{0}}) {  // a follower; the first leader
    peers_.clear();
    auto nodes = start_three();
    const std::string names[] = {"db1", "db2", "db3"};
    const std::size_t first = victim == 0 ? 1 : 0, second = victim == 2 ? 1 : 2;
    nodes[victim].reset();
    const auto killed = std::chrono::steady_clock::now();
    for (const std::size_t i : {first, second})
      ASSERT_TRUE(nodes[i]->log().wait_members({names[first], names[second]}));
    const auto took = std::chrono::steady_clock::now() - killed;
    RecordProperty("milliseconds_" + std::to_string(victim),
                   static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    EXPECT_EQ(nodes[first]->log().views().back().lost, std::vector<std::string>{names[victim]});
    nodes[first]->send("one");
    nodes[second]->send("two");
    for (const std::size_t i : {first, second}) ASSERT_TRUE(nodes[i]->log().wait_messages(2));
    EXPECT_EQ(nodes[first]->log().messages(), nodes[second]->log().messages());
  }
}

TEST_F(GroupMember, ComesBackAndCatchesUp) {
  auto nodes = start_three();
  for (int i = 0; i < 300; ++i) nodes[static_cast<std::size_t>(i % 3)]->send("early " + std::to_string(i));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(300));
  nodes[2].reset();
  for (int i = 0; i < 200; ++i) nodes[static_cast<std::size_t>(i % 2)]->send("late " + std::to_string(i));
  nodes[2] = start("db3");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"}));
  nodes[2]->send("back");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(501)) << one->log().messages().size();
  const auto all = nodes[0]->log().messages();
  EXPECT_EQ(nodes[1]->log().messages(), all);
  EXPECT_EQ(nodes[2]->log().messages(), all);
}

TEST_F(GroupMember, CatchesUpOnMoreThanTheQueueTakes) {
  auto first = start("db1");
  constexpr std::size_t count = 30000;
  for (std::size_t i = 0; i < count; ++i) first->send(std::to_string(i));
  ASSERT_TRUE(first->log().wait_messages(count));
  auto second = start("db2");
  ASSERT_TRUE(second->log().wait_members({"db1", "db2"}));
  EXPECT_TRUE(second->log().messages() == first->log().messages());
}

TEST_F(GroupMember, RecoveredPositionSkipsWhatIsApplied) {
  auto nodes = start_three();
  for (int i = 0; i < 50; ++i) nodes[0]->send(std::to_string(i));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(50));
  const auto before = nodes[2]->log().messages();
  const uuid history = (*nodes[2])->current_view()->history;
  nodes[2].reset();
  for (int i = 0; i < 50; ++i) nodes[1]->send("new " + std::to_string(i));
  auto made = join(options("db3"), recovered_position{history, before.back().position});
  ASSERT_TRUE(made) << made.error().text;
  nodes[2] = std::make_unique<node>(std::move(*made));
  ASSERT_TRUE(nodes[2]->log().wait_messages(50)) << nodes[2]->log().messages().size();
  ASSERT_TRUE(nodes[0]->log().wait_messages(100));
  const auto all = nodes[0]->log().messages();
  EXPECT_EQ(nodes[2]->log().messages(), std::vector<seen_message>(all.begin() + 50, all.end()));
}

TEST_F(GroupMember, NotPrimaryWithoutAQuorum) {
  auto nodes = start_three();
  std::latch together(2);
  std::thread one([&] {
    together.arrive_and_wait();
    nodes[1].reset();
  });
  together.arrive_and_wait();
  nodes[2].reset();
  one.join();
  std::map<ticket_t, int> ends;  // accepted before it noticed
  for (bool primary = true; primary;) {
    const auto ticket = (*nodes[0])->broadcast(bytes_of("in doubt"));
    if (ticket) ends[*ticket] = 0;
    primary = ticket || ticket.error().code == errc::window_full;
  }
  EXPECT_FALSE(ends.empty());
  ASSERT_TRUE(nodes[0]->log().wait_not_primary());
  EXPECT_EQ((*nodes[0])->broadcast(bytes_of("x")).error().code, errc::not_primary);
  EXPECT_EQ((*nodes[0])->wait_writable(1, 1s).error().code, errc::not_primary);
  EXPECT_EQ((*nodes[0])->fence(1s).error().code, errc::not_primary);
  EXPECT_FALSE((*nodes[0])->current_view()->primary);
  const auto left = (*nodes[0])->leave(300ms);
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().code, errc::timed_out);
  ASSERT_TRUE(nodes[0]->log().wait_farewell());
  EXPECT_EQ(nodes[0]->log().end()->reason, errc::timed_out);
  for (const seen_message& sent : nodes[0]->log().messages())
    if (sent.ticket != 0) ++ends[sent.ticket];
  for (const outcome& ended : nodes[0]->log().outcomes()) ++ends[ended.ticket];
  for (const auto& [ticket, times] : ends) ASSERT_EQ(times, 1) << "ticket " << ticket;
}

TEST_F(GroupMember, ToldToBootstrapBesideALivingGroupJoinsIt) {
  auto nodes = start_three();
  nodes[1].reset();
  nodes[1] = start("db2", "pc.bootstrap=yes");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"}));
  EXPECT_EQ(nodes[1]->log().views().back().history, nodes[0]->log().views().back().history);
}

TEST_F(GroupMember, TheStateFileProvesTheOldSeatDead) {
  temp_dir folder;
  auto first = start("db1");
  auto second = start("db2", "node.state_dir=" + folder.path());
  auto twin = join(options("db4", "node.state_dir=" + folder.path()));
  ASSERT_FALSE(twin);
  EXPECT_EQ(twin.error().code, errc::bad_file);
  second.reset();
  second = start("db2", "node.state_dir=" + folder.path());
  ASSERT_TRUE(first->log().wait_members({"db1", "db2"}));
  second->send("back");
  ASSERT_TRUE(first->log().wait_messages(1));
}

TEST_F(GroupMember, ManyComeAndGoWhileOthersBroadcast) {
  auto nodes = start_three();
  std::atomic<bool> done{false};
  std::size_t sent = 0;
  std::thread sender([&] {
    while (!done) {
      nodes[0]->send("m" + std::to_string(sent++));
      if (sent % 64 == 0) nodes[0]->log().wait_messages(sent - 32);
    }
  });
  for (int round = 0; round < 3; ++round) {
    auto guest = start("guest");
    EXPECT_TRUE(nodes[1]->log().wait_members({"db1", "db2", "db3", "guest"}));
    if (round % 2 == 0) {
      const auto left = (*guest)->leave();
      EXPECT_TRUE(left) << left.error().text;
    }
    guest.reset();
    EXPECT_TRUE(nodes[1]->log().wait_members({"db1", "db2", "db3"}));
  }
  done = true;
  sender.join();
  for (auto& one : nodes)
    ASSERT_TRUE(one->log().wait_messages(sent)) << one->log().messages().size() << " of " << sent;
  EXPECT_TRUE(nodes[0]->log().messages() == nodes[1]->log().messages());
  EXPECT_TRUE(nodes[0]->log().messages() == nodes[2]->log().messages());
}

}  // namespace
}  // namespace hauberk::test
