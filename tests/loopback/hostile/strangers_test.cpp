// Strangers who have nothing to show: silence, drips, noise, other protocols, scans and floods. Each is ended
// and counted, and established links hardly notice.
#include <gmock/gmock.h>
#include <malloc.h>

#include "loopback/hostile/target.hpp"
#include "loopback/net/raw_socket.hpp"
#include "tls/pipe.hpp"

namespace hauberk::test {
namespace {

using clock = std::chrono::steady_clock;
using net::test::raw_socket;

class Strangers : public HostileTest {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(begin()); }

  raw_socket caller(const std::string& from = "127.0.0.2") const {
    raw_socket made(from);
    EXPECT_TRUE(made.connect(target_port_));
    return made;
  }
  static std::uint64_t each(const refusals& of) {
    return of.foreign + of.parameters + of.no_certificate + of.chain + of.date + of.revoked + of.identity +
           of.version + of.group + of.policy + of.not_allowed + of.host + of.timed_out + of.crowded +
           of.by_peer + of.frames + of.other;
  }
  void expect_ended(raw_socket& one) {
    bool ended = false;
    EXPECT_EQ(one.read_to_end(ended).find("db1"), std::string::npos);
    EXPECT_TRUE(ended);
  }
  /// What a real node would send first.
  std::string client_hello() {
    const auto ours = tls::context::load(ca_.node("db4").settings(), std::time(nullptr), {});
    tls::pipe client(*ours, tls::role::client);
    EXPECT_TRUE(client.handshake());
    const auto bytes = client.output();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

TEST_F(Strangers, OtherProtocolsAreNamedByTheirFirstBytes) {
  const auto plain = wire::encode(hello_of("db4", ca_.node("db4")));
  const auto head = plain->head.bytes();
  const std::pair<std::string, std::string> kinds[] = {
      {"GET / HTTP/1.1\r\nHost: db1\r\n\r\n", "an HTTP request"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "an HTTP/2 request"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
      {std::string(reinterpret_cast<const char*>(head.data()), head.size()), "a plaintext Hauberk node"},
      {std::string("\xff\xfe\xfd\xfc", 4), "ff fe fd fc"},
  };
  std::uint64_t count = 0;
  for (const auto& [bytes, words] : kinds) {
    raw_socket one = caller();
    one.send(bytes);
    expect_ended(one);
    EXPECT_TRUE(eventually([&] { return refused().foreign == count + 1; })) << words << words_.said();
    ++count;
    EXPECT_EQ(count_said("the peer's first bytes are " + words), 1U) << words_.said();
  }
  EXPECT_EQ(each(refused()), count);
  expect_undisturbed();
}

TEST_F(Strangers, NoiseThatLooksLikeTlsIsEnded) {
  const std::string hello = client_hello();
  std::string broken = hello;
  for (std::size_t i = 9; i < broken.size(); i += 7) broken[i] = static_cast<char>(broken[i] ^ 0x55);
  const std::string kinds[] = {std::string("\x16\x03\x01\xff\xff", 5) + std::string(70000, 'x'),
                               std::string("\x16\x03\x01\x00\x04", 5) + "rubb", broken,
                               hello + std::string(200000, '\x17')};
  for (const std::string& bytes : kinds) {
    raw_socket one = caller();
    one.send(bytes);
    expect_ended(one);
  }
  EXPECT_TRUE(eventually([&] { return refused().parameters == std::size(kinds); })) << words_.said();
  EXPECT_EQ(each(refused()), std::size(kinds));
  expect_undisturbed();
}

TEST_F(Strangers, TheSilentAndTheSlowAreEndedAtTheDeadline) {
  ASSERT_TRUE((*nodes_[0])->set_option("handshake.timeout", "1s"));
  const auto began = clock::now();
  std::vector<raw_socket> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(caller("127.0.0.3"));
  raw_socket slow = caller("127.0.0.4");
  const std::string hello = client_hello();
  std::size_t dripped = 0;
  EXPECT_TRUE(eventually([&] {  // a byte at each look, some hundred a second
    slow.send(hello.substr(dripped++ % hello.size(), 1));
    return slow.is_ended() || dripped == hello.size() - 1;
  }));
  EXPECT_TRUE(eventually([&] { return slow.is_ended(); }));
  for (raw_socket& one : silent) expect_ended(one);
  EXPECT_LT(clock::now() - began, 5s);
  EXPECT_TRUE(eventually([&] { return refused().timed_out == 5; }));
  EXPECT_EQ(each(refused()), 5U);
  EXPECT_EQ(count_said("no greeting within 1 s, in the TLS handshake"), 5U) << words_.said();
  silent.clear();
  slow.close();
  expect_undisturbed();
}

// The nodes are in this process, so what they hold is what it holds.
TEST_F(Strangers, TheyHoldLittleMemory) {
  if (is_slow) GTEST_SKIP() << "a sanitizer has its own allocator";
  const std::string hello = client_hello();
  const auto held_by_each = [&](const std::string& bytes, std::size_t most) {
    std::vector<raw_socket> crowd;
    const std::size_t before = ::mallinfo2().uordblks;
    for (int i = 0; i < 64; ++i) {
      crowd.push_back(caller("127.0.0." + std::to_string(2 + i / 8)));
      crowd.back().send(bytes);
    }
    std::size_t each = 0;
    EXPECT_TRUE(eventually([&] { return open_descriptors() == descriptors_ + 128; }));
    EXPECT_TRUE(eventually([&] {  // once answered; the group itself holds now more, now less
      each = (::mallinfo2().uordblks - before) / 64;
      return bytes.empty() || each > 8192;
    }));
    EXPECT_LT(each, most);
    std::printf("%zu bytes each\n", each);
    crowd.clear();
    EXPECT_TRUE(eventually([&] { return open_descriptors() == descriptors_; }));
  };
  held_by_each("", 8U << 10U);
  held_by_each(hello.substr(0, hello.size() - 1), 128U << 10U);
  held_by_each(hello, 128U << 10U);
  expect_undisturbed();
}

TEST_F(Strangers, AScanLeavesNothingBehind) {
  for (int i = 0; i < 30; ++i) caller().close();
  EXPECT_TRUE(eventually([&] { return refused().other + refused().crowded == 30; })) << words_.said();
  expect_undisturbed();
}

TEST_F(Strangers, EveryPlaceTakenKeepsNoMemberOut) {
  std::vector<raw_socket> crowd;
  for (int address = 2; address < 14; ++address)
    for (int i = 0; i < 8; ++i) crowd.push_back(caller("127.0.0." + std::to_string(address)));
  EXPECT_TRUE(eventually([&] { return refused().crowded == 12 * 8 - 64; })) << refused().crowded;
  // A member comes back, from an address that had a link before.
  nodes_[2].reset();
  for (const std::size_t i : {0U, 1U}) ASSERT_TRUE(nodes_[i]->log().wait_members({"db1", "db2"}));
  nodes_[2] = start("db3");
  for (const std::size_t i : {0U, 1U, 2U}) ASSERT_TRUE(nodes_[i]->log().wait_members({"db1", "db2", "db3"}));
  EXPECT_GE(refused().crowded, 12U * 8 - 64);
}

/// Sends what is given, again and again, each time on a new connection from another of `addresses`.
class flood {
 public:
  flood(std::uint16_t port, std::string bytes, int each_second, int addresses)
      : thread_([=, this] {
          const auto began = clock::now();
          for (int i = 0; !is_done_; ++i) {
            std::this_thread::sleep_until(began + i * 1000000us / each_second);  // its pace
            raw_socket one("127.0.1." + std::to_string(2 + i % addresses));
            if (!one.connect(port)) continue;
            one.send(bytes);
            one.reset();
            ++count_;
          }
        }) {}
  ~flood() {
    is_done_ = true;
    thread_.join();
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  std::atomic<bool> is_done_{false};
  std::atomic<int> count_{0};
  std::thread thread_;
};

class Floods : public Strangers {
 protected:
  /// The median time in ms from a broadcast to its delivery, one after the other.
  double latency() {
    std::vector<double> all;
    for (int i = 0; i < 300; ++i) {
      const auto began = clock::now();
      nodes_[1]->send("timed");
      EXPECT_TRUE(nodes_[1]->log().wait_messages(++sent_));
      all.push_back(std::chrono::duration<double, std::milli>(clock::now() - began).count());
    }
    std::ranges::sort(all);
    return all[all.size() / 2];
  }
  /// Attacks all nodes, or the test's machine is what is measured: looked at in turns, until it is quiet
  /// enough to see something.
  void expect_unhurried(const std::string& bytes, int addresses) {
    double quiet = 0, attacked = 0;
    int sent = 0;
    EXPECT_TRUE(eventually(
                    [&] {
                      quiet = latency();
                      flood one(target_port_, bytes, 1000, addresses),
                          two((*nodes_[1])->port(), bytes, 1000, addresses);
                      attacked = latency();
                      EXPECT_TRUE(eventually([&] { return refused().crowded > 0; }))
                          << "most are not listened to";
                      sent = one.count() + two.count();
                      return attacked <= 1.5 * quiet;
                    },
                    is_slow ? 0s : 60s) ||
                is_slow)
        << attacked << " ms instead of " << quiet;
    std::printf("median %.3f ms, under attack %.3f ms (%d connections)\n", quiet, attacked, sent);
    expect_undisturbed();
  }
};

TEST_F(Floods, ClientHellosFromOneAddress) { expect_unhurried(client_hello(), 1); }
TEST_F(Floods, ClientHellosFromManyAddresses) { expect_unhurried(client_hello(), 200); }
TEST_F(Floods, HttpRequests) { expect_unhurried("GET / HTTP/1.1\r\n\r\n", 20); }

}  // namespace
}  // namespace hauberk::test
