// What is refused, and with which words; and what a full window or a slow application costs.
#include "loopback/group_cluster.hpp"

namespace hauberk::test {
namespace {

class GroupRefusal : public GroupTest {
 protected:
  /// Joins with `text` and expects to fail; answers with the words.
  std::string refusal(const std::string& text, errc code = errc::timed_out) {
    auto made = join(text + "; pc.wait_prim_timeout=PT1.5S");
    if (made) {
      ADD_FAILURE() << "joined";
      return {};
    }
    EXPECT_EQ(made.error().code, code) << made.error().text;
    return made.error().text;
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(GroupRefusal, ANodeOfAnotherGroup) {
  auto first = start("db1");
  const std::string why = refusal(options("db2", "group.name=other"));
  EXPECT_TRUE(has(why, "other") && has(why, "test")) << why;
}

TEST_F(GroupRefusal, ACertificateOfAForeignAuthority) {
  auto first = start("db1");
  test_ca foreign("foreign-ca");
  const node_files files = foreign.node("db2");
  const std::string why = refusal(
      "group.name=test; node.name=db2; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=" + peers_ +
      "; socket.ssl_cert=" + files.cert + "; socket.ssl_key=" + files.key + "; socket.ssl_ca=" + files.ca);
  EXPECT_TRUE(has(why, "certificate")) << why;
  EXPECT_TRUE(has(words_.said(), "db1 1 refused a link")) << words_.said();
}

TEST_F(GroupRefusal, PlaintextAtAnEncryptedGroup) {
  auto first = start("db1");
  is_plain_ = true;
  const std::string why = refusal(options("db2"));
  EXPECT_TRUE(has(why, "socket.ssl")) << why;
  EXPECT_TRUE(has(words_.said(), "plaintext")) << words_.said();
}

TEST_F(GroupRefusal, EncryptionAtAPlaintextGroup) {
  is_plain_ = true;
  auto first = start("db1");
  is_plain_ = false;
  const std::string why = refusal(options("db2"));
  EXPECT_TRUE(has(why, "socket.ssl")) << why;
}

TEST_F(GroupRefusal, ANameThatIsAlive) {
  auto first = start("db1");
  auto second = start("db2");
  const std::string why = refusal(options("db2"), errc::name_in_use);
  EXPECT_TRUE(has(why, "db2")) << why;
  first->send("undisturbed");
  ASSERT_TRUE(second->log().wait_messages(1));
}

TEST_F(GroupRefusal, ACertificateForAnotherName) {
  const node_files files = ca_.node("db1");
  const auto made = join(
      "group.name=test; node.name=db9; gmcast.listen_addr=127.0.0.1:0; pc.bootstrap=yes; socket.ssl_cert=" +
      files.cert + "; socket.ssl_key=" + files.key + "; socket.ssl_ca=" + files.ca);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::bad_certificate);
  EXPECT_TRUE(has(made.error().text, "db9") && has(made.error().text, "db1")) << made.error().text;
}

TEST_F(GroupRefusal, APortThatIsTaken) {
  auto first = start("db1");
  const auto made = join(options("db2", "gmcast.listen_addr=127.0.0.1:" + std::to_string((*first)->port())));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::address_in_use) << made.error().text;
}

TEST_F(GroupRefusal, NobodyThere) {
  const std::string why = refusal(options("db1", "gmcast.peers=127.0.0.1:1"));
  EXPECT_TRUE(has(why, "127.0.0.1:1") && has(why, "refused")) << why;
}

TEST_F(GroupRefusal, AFullWindowSaysSoAndOpensAgain) {
  auto nodes = start_three("evs.send_window=65536");
  const std::string text(20000, 'w');
  std::size_t accepted = 0;
  bool was_full = false;
  for (; accepted < 1000 && !was_full;) {
    const auto ticket = (*nodes[1])->broadcast(bytes_of(text));
    if (ticket) {
      ++accepted;
    } else {
      was_full = true;
      EXPECT_EQ(ticket.error().code, errc::window_full) << ticket.error().text;
    }
  }
  EXPECT_TRUE(was_full);
  EXPECT_TRUE((*nodes[1])->wait_writable(text.size(), 30s));
  ASSERT_TRUE((*nodes[1])->broadcast(bytes_of(text)));
  for (auto& one : nodes) ASSERT_TRUE(one->log().wait_messages(accepted + 1));
}

TEST_F(GroupRefusal, APayloadAboveTheLimit) {
  auto first = start("db1", "repl.max_ws_size=1000");
  const std::string text(1001, 'x');
  const auto ticket = (*first)->broadcast(bytes_of(text));
  ASSERT_FALSE(ticket);
  EXPECT_EQ(ticket.error().code, errc::payload_too_large);
}

TEST_F(GroupRefusal, ASlowApplicationKeepsItsPlace) {
  auto nodes = start_three();
  nodes[2]->pause();
  constexpr std::size_t count = 30000;  // far more than its queue takes
  for (std::size_t i = 0; i < count; ++i) nodes[0]->send(std::to_string(i));
  ASSERT_TRUE(nodes[0]->log().wait_messages(count));
  ASSERT_TRUE(nodes[1]->log().wait_messages(count));
  const auto until = std::chrono::steady_clock::now() + 2s;  // twice the suspect timeout
  while (std::chrono::steady_clock::now() < until) {
    ASSERT_TRUE((*nodes[2])->metrics().primary);
    ASSERT_EQ((*nodes[0])->metrics().members, 3U);
    const auto fenced = (*nodes[1])->fence(10s);  // the group is alive
    ASSERT_TRUE(fenced) << fenced.error().text;
  }
  const auto fenced = (*nodes[2])->fence(10s);  // its own full queue does not keep the answer back
  ASSERT_TRUE(fenced) << fenced.error().text;
  EXPECT_GE(*fenced, nodes[0]->log().messages().back().position);
  nodes[2]->resume();
  ASSERT_TRUE(nodes[2]->log().wait_messages(count));
  EXPECT_TRUE(nodes[2]->log().messages() == nodes[0]->log().messages());
  EXPECT_EQ((*nodes[0])->metrics().members, 3U);
}

}  // namespace
}  // namespace hauberk::test
