// Whom a transport does not let in, and what it says about it.
#include <thread>

#include "base/random.hpp"
#include "loopback/net/party.hpp"
#include "loopback/net/raw_socket.hpp"
#include "mesh/mesh.hpp"

namespace hauberk::net::test {
namespace {

class Refusal : public testing::Test {
 protected:
  ::hauberk::test::test_ca ca;

  /// Dials and expects both ends to go down without ever being up; returns the words of both.
  static std::pair<std::string, std::string> refuse(party& from, party& to) {
    from.wire().dial(1, to.address());
    std::pair<std::string, std::string> words{from.wait_for_words(), to.wait_for_words()};
    for (party* each : {&from, &to}) {
      EXPECT_TRUE(each->wait([&] { return each->links.size() == 1 && each->links.begin()->second.is_down; }));
      EXPECT_FALSE(each->links.begin()->second.is_up);
    }
    EXPECT_EQ(from.links.begin()->second.dial, 1U);
    return words;
  }
  static bool has(const std::string& words, const std::string& part) {
    return words.find(part) != std::string::npos;
  }
};

TEST_F(Refusal, AnotherCasCertificate) {
  ::hauberk::test::test_ca other("other-ca");
  party a(member("db1", ca.node("db1"))), b(member("db2", other.node("db2")));
  const auto [here, there] = refuse(a, b);
  EXPECT_TRUE(has(here, "certificate")) << here;
  EXPECT_TRUE(has(there, "certificate")) << there;
}

TEST_F(Refusal, AnotherGroup) {
  character stranger = member("db2", ca.node("db2"));
  stranger.group = "elsewhere";
  party a(member("db1", ca.node("db1"))), b(stranger);
  const auto [here, there] = refuse(a, b);
  for (const std::string& words : {here, there}) {
    EXPECT_TRUE(has(words, "elsewhere") && has(words, "loopback")) << words;
  }
}

TEST_F(Refusal, ANameThatTheCertificateDoesNotSay) {
  party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db3")));
  const auto [here, there] = refuse(a, b);
  EXPECT_TRUE(has(here, "db2") && has(here, "db3")) << here;
  EXPECT_TRUE(has(there, "db3")) << there;
}

TEST_F(Refusal, OurselvesByAnyAddress) {
  party a(member("db1", ca.node("db1")));
  a.wire().dial(1, a.address());
  const auto dialled = a.wait_for_link([](const auto& l) { return l.is_down && l.dial == 1; });
  ASSERT_TRUE(dialled);
  EXPECT_TRUE(has(a.look(*dialled).end->why.text, "this node itself")) << a.look(*dialled).end->why.text;
}

TEST_F(Refusal, PlaintextMeetsTls) {
  party a(plain_member("db1")), b(member("db2", ca.node("db2")));
  const auto [here, there] = refuse(a, b);
  EXPECT_TRUE(has(there, "plaintext")) << there;
  (void)here;
}

TEST_F(Refusal, TlsMeetsPlaintext) {
  party a(member("db1", ca.node("db1"))), b(plain_member("db2"));
  const auto [here, there] = refuse(a, b);
  EXPECT_TRUE(has(there, "TLS")) << there;
  (void)here;
}

TEST_F(Refusal, GarbageOfAllKinds) {
  party b(member("db2", ca.node("db2")));
  base::random chance(3);
  std::string noise;
  for (int i = 0; i < 100000; ++i) noise += static_cast<char>(chance.next());
  const std::string kinds[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", noise,
                               std::string(1, '\x16') + "\x03\x01\xff\xff" + noise, std::string(1, '\0')};
  for (const std::string& kind : kinds) {
    raw_socket stranger;
    ASSERT_TRUE(stranger.connect(b.wire().port()));
    stranger.send(kind);
    if (kind.size() == 1) stranger.close();
    bool ended = kind.size() == 1;
    if (!ended) (void)stranger.read_to_end(ended);
    EXPECT_TRUE(ended) << kind.substr(0, 20);
  }
  EXPECT_TRUE(b.wait([&] {
    std::size_t down = 0;
    for (const auto& [id, each] : b.links) down += each.is_down && !each.is_up ? 1U : 0U;
    return down == std::size(kinds);
  }));
  party a(member("db1", ca.node("db1")));
  (void)link_up(a, b);
}

TEST_F(Refusal, TheSilentAreDroppedAtTheDeadline) {
  character impatient = member("db2", ca.node("db2"));
  impatient.handshake_timeout = 300ms;
  const std::size_t before = open_descriptors();
  party b(impatient);
  raw_socket silent;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(silent.connect(b.wire().port()));
  bool ended = false;
  (void)silent.read_to_end(ended);
  EXPECT_TRUE(ended);
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GE(waited, 250ms);
  EXPECT_LT(waited, 5s);
  silent.close();
  b.stop();
  EXPECT_EQ(open_descriptors(), before);
}

// A peer that drips one byte at a time is no better than a silent one.
TEST_F(Refusal, TheSlowAreDroppedAtTheDeadline) {
  character impatient = member("db2", ca.node("db2"));
  impatient.handshake_timeout = 300ms;
  party b(impatient);
  raw_socket slow;
  ASSERT_TRUE(slow.connect(b.wire().port()));
  const std::string begun("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  std::size_t sent = 0;
  EXPECT_TRUE(eventually([&] {
    slow.send(sent < begun.size() ? begun.substr(sent++, 1) : "x");
    std::this_thread::sleep_for(20ms);
    return slow.is_ended();
  }));
  EXPECT_TRUE(b.wait_for_link([](const auto& l) { return l.is_down; }));
}

TEST_F(Refusal, OnlySoManyStrangersPerAddress) {
  character impatient = member("db2", ca.node("db2"));
  impatient.handshake_timeout = 2s;
  party b(impatient);
  std::vector<raw_socket> crowd(20);
  for (auto& each : crowd) ASSERT_TRUE(each.connect(b.wire().port()));
  const auto ended = [&] {
    return std::count_if(crowd.begin(), crowd.end(), [](raw_socket& each) { return each.is_ended(); });
  };
  EXPECT_TRUE(eventually([&] { return ended() >= 12; }));
  EXPECT_EQ(ended(), 12) << "eight may wait";
  EXPECT_TRUE(eventually([&] { return ended() == 20; })) << "and only until the deadline";
  crowd.clear();  // a place is free again when its descriptor is
  party a(member("db1", ca.node("db1")));
  std::uint64_t token = 0;
  EXPECT_TRUE(eventually([&] {
    a.wire().dial(++token, b.address());
    const auto dialled = a.wait_for_link([&](const auto& l) { return l.is_up || l.dial == token; });
    return dialled && a.look(*dialled).is_up;
  }));
}

TEST_F(Refusal, OnlySoManyStrangersInAll) {
  character small = member("db2", ca.node("db2"));
  small.how.door.pending_max = 3;
  party b(small), a(member("db1", ca.node("db1")));
  (void)link_up(a, b);  // links that are up do not count
  std::vector<raw_socket> crowd;
  for (int i = 0; i < 5; ++i) crowd.emplace_back("127.0.0.2");
  for (auto& each : crowd) ASSERT_TRUE(each.connect(b.wire().port()));
  const auto ended = [&] {
    return std::count_if(crowd.begin(), crowd.end(), [](raw_socket& each) { return each.is_ended(); });
  };
  EXPECT_TRUE(eventually([&] { return ended() >= 2; }));
  EXPECT_EQ(ended(), 2);
  EXPECT_EQ(b.wire().turned_away().crowded, 2U);
  a.wire().dial(2, b.address());  // its address has greeted before: no stranger keeps it out
  EXPECT_TRUE(a.wait([&] { return a.links[mesh::id_of_dial(2)].is_up; }));
}

}  // namespace
}  // namespace hauberk::net::test
