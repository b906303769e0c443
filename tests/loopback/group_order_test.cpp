// One order for all: what is broadcast anywhere, by any thread, comes out everywhere in the same sequence.
#include <algorithm>
#include <map>

#include "loopback/group_cluster.hpp"

namespace hauberk::test {
namespace {

class GroupOrder : public GroupTest {
 protected:
  /// Every node broadcasts from `threads` threads at once; then all transcripts must be one.
  void all_at_once(std::vector<std::unique_ptr<node>>& nodes, int threads, int count) {
    std::vector<std::map<ticket_t, std::string>> sent(nodes.size());
    std::vector<std::thread> senders;
    std::mutex mutex;
    for (std::size_t n = 0; n < nodes.size(); ++n)
      for (int t = 0; t < threads; ++t)
        senders.emplace_back([&, n, t] {
          for (int i = 0; i < count; ++i) {
            const std::string text = std::to_string(n) + "/" + std::to_string(t) + "/" + std::to_string(i);
            const ticket_t ticket = nodes[n]->send(text);
            const std::lock_guard hold(mutex);
            EXPECT_TRUE(sent[n].emplace(ticket, text).second) << "a ticket was given twice";
          }
        });
    for (auto& sender : senders) sender.join();
    const std::size_t total = nodes.size() * static_cast<std::size_t>(threads * count);
    for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(total)) << one->log().messages().size();
    const auto first = nodes[0]->log().messages();
    for (auto& one : nodes) EXPECT_EQ(one->log().messages(), first);
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      std::size_t own = 0;
      for (const seen_message& one : nodes[n]->log().messages()) {
        if (one.ticket == 0) continue;
        ++own;
        EXPECT_EQ(sent[n][one.ticket], one.text);
      }
      EXPECT_EQ(own, static_cast<std::size_t>(threads * count));
    }
    expect_fifo(first);
  }
  static void expect_fifo(const std::vector<seen_message>& all) {
    std::map<std::string, int> next;
    for (const seen_message& one : all) {
      const std::size_t slash = one.text.rfind('/');
      EXPECT_EQ(std::stoi(one.text.substr(slash + 1)), next[one.text.substr(0, slash)]++);
    }
  }
};

TEST_F(GroupOrder, ThreeNodesFromManyThreads) {
  auto nodes = start_three();
  all_at_once(nodes, 3, 500);
  for (auto& one : nodes) {
    EXPECT_TRUE(one->log().outcomes().empty());
    EXPECT_FALSE(one->log().end());
    const metrics counted = (*one)->metrics();
    EXPECT_TRUE(counted.primary);
    EXPECT_EQ(counted.members, 3U);
    EXPECT_EQ(counted.links_up, 2U);
    EXPECT_EQ(counted.broadcast_messages, 1500U);
    EXPECT_EQ(counted.delivered_messages, 4500U);
  }
}

TEST_F(GroupOrder, WithoutEncryption) {
  is_plain_ = true;
  auto nodes = start_three();
  all_at_once(nodes, 2, 300);
}

TEST_F(GroupOrder, WithCompression) {
  auto nodes = start_three("socket.ssl_compression=lz4");
  const std::string text(100000, 'z');
  for (int i = 0; i < 20; ++i) nodes[0]->send(text + std::to_string(i));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(20));
  EXPECT_EQ(nodes[1]->log().messages()[19].text, text + "19");
  EXPECT_EQ(nodes[1]->log().messages(), nodes[2]->log().messages());
}

TEST_F(GroupOrder, OneNodeAlone) {
  auto alone = start("db1");
  ASSERT_TRUE(alone->log().wait_members({"db1"}));
  const ticket_t first = alone->send("a");
  EXPECT_EQ(alone->send("b"), first + 1);
  ASSERT_TRUE(alone->log().wait_messages(2));
  EXPECT_EQ(alone->log().messages()[1].ticket, first + 1);
  EXPECT_EQ(alone->log().messages()[1].sender, "db1");
}

TEST_F(GroupOrder, BatchesStayTogetherInTicketAndOrder) {
  auto nodes = start_three();
  const std::vector<std::string> texts{"a", "", std::string(70000, 'b'), "c"};
  std::vector<std::span<const std::byte>> spans;
  for (const std::string& text : texts) spans.push_back(bytes_of(text));
  const auto first = (*nodes[1])->broadcast(spans);
  ASSERT_TRUE(first) << first.error().text;
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(4));
  const auto seen = nodes[1]->log().messages();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(seen[i].ticket, *first + i);
    EXPECT_EQ(seen[i].text, texts[i]);
    EXPECT_EQ(seen[i].position, seen[0].position + i);
  }
  EXPECT_EQ(nodes[2]->log().messages(), seen);
}

TEST_F(GroupOrder, AHugePayloadAmongSmallOnes) {
  auto nodes = start_three();
  std::string huge(50U << 20U, '\0');
  for (std::size_t i = 0; i < huge.size(); ++i) huge[i] = static_cast<char>(i * 2654435761U >> 24U);
  nodes[2]->send("before");
  nodes[2]->send(huge);
  nodes[1]->send("meanwhile");
  nodes[2]->send("after");
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(4));
  const auto seen = nodes[0]->log().messages();
  EXPECT_TRUE(std::ranges::any_of(seen, [&](const seen_message& one) { return one.text == huge; }));
  for (auto& one : nodes) EXPECT_TRUE(one->log().messages() == seen);
  EXPECT_EQ((*nodes[0])->current_view()->members.size(), 3U) << "nobody was taken for dead meanwhile";
}

TEST_F(GroupOrder, AFenceCoversWhatWasCommittedBefore) {
  auto nodes = start_three();
  for (int i = 0; i < 100; ++i) {
    nodes[0]->send(std::to_string(i));
    const auto count = static_cast<std::size_t>(i + 1);
    ASSERT_TRUE(nodes[0]->log().wait_messages(count));
    const position_t committed = nodes[0]->log().messages()[count - 1].position;
    const auto fenced = (*nodes[1 + count % 2])->fence(10s);
    ASSERT_TRUE(fenced) << fenced.error().text;
    EXPECT_GE(*fenced, committed);
  }
}

}  // namespace
}  // namespace hauberk::test
