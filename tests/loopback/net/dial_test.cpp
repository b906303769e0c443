// Dials: every way in which they come to nothing has a name and a sentence; names with several addresses.
#include <netdb.h>
#include <sys/socket.h>

#include "loopback/net/party.hpp"
#include "loopback/net/raw_socket.hpp"

namespace hauberk::net::test {
namespace {

bool has(const std::string& words, const std::string& part) { return words.find(part) != std::string::npos; }

bool resolves_to(const char* name, int family) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_family = family;
  wanted.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(name, "1", &wanted, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

TEST(Dial, NobodyListensThere) {
  party a(plain_member("db1"));
  const std::string port = std::to_string(free_port());
  a.wire().dial(9, "127.0.0.1:" + port);
  const auto failed = a.wait_for_failure(9);
  EXPECT_EQ(failed.why, dial_failure::refused) << failed.text;
  EXPECT_TRUE(has(failed.text, "127.0.0.1:" + port) && has(failed.text, "refused")) << failed.text;
}

TEST(Dial, ANameOfWhichNoAddressListens) {
  party a(plain_member("db1"));
  const std::string port = std::to_string(free_port());
  a.wire().dial(9, "localhost:" + port);
  const auto failed = a.wait_for_failure(9);
  EXPECT_EQ(failed.why, dial_failure::refused) << failed.text;
  EXPECT_TRUE(has(failed.text, "localhost:" + port) && has(failed.text, "127.0.0.1: ")) << failed.text;
}

TEST(Dial, NobodyAnswers) {
  const dead_end nobody;
  character who = plain_member("db1");
  who.how.dial_timeout = 300ms;
  party a(who);
  const auto start = std::chrono::steady_clock::now();
  a.wire().dial(9, "127.0.0.1:" + std::to_string(nobody.port()));
  const auto failed = a.wait_for_failure(9);
  EXPECT_EQ(failed.why, dial_failure::timed_out) << failed.text;
  EXPECT_TRUE(has(failed.text, "no answer")) << failed.text;
  EXPECT_GE(std::chrono::steady_clock::now() - start, 250ms);
}

TEST(Dial, NoSuchName) {
  party a(plain_member("db1"));
  const std::string too_long = std::string(70, 'x') + ".invalid:4567";  // no resolver asks for such a label
  a.wire().dial(9, too_long);
  const auto failed = a.wait_for_failure(9);
  EXPECT_EQ(failed.why, dial_failure::unresolved) << failed.text;
  EXPECT_TRUE(has(failed.text, too_long)) << failed.text;
}

TEST(Dial, NotAnAddress) {
  party a(plain_member("db1"));
  std::uint64_t token = 0;
  for (const char* text : {"", "db1", "db1:", ":4567", "db1:0", "::1:4567", "db1:99999"}) {
    a.wire().dial(++token, text);
    EXPECT_EQ(a.wait_for_failure(token).why, dial_failure::unresolved) << text;
  }
}

TEST(Dial, AnUnreachableNetwork) {
  party a(plain_member("db1"));
  a.wire().dial(9, "255.255.255.255:4567");  // broadcast: TCP cannot go there
  EXPECT_EQ(a.wait_for_failure(9).why, dial_failure::unreachable) << a.wait_for_failure(9).text;
}

TEST(Dial, AName) {
  party a(plain_member("db1")), b(plain_member("db2"));
  a.wire().dial(1, "localhost:" + std::to_string(b.wire().port()));
  EXPECT_TRUE(a.wait_for_up()) << a.wait_for_failure(1).text;
}

TEST(Dial, ANameWhoseOtherAddressListens) {
  if (!resolves_to("localhost", AF_INET6)) GTEST_SKIP() << "localhost has no IPv6 address here";
  for (const char* only : {"127.0.0.1:0", "[::1]:0"}) {
    character who = plain_member("db2");
    who.how.listen = {only};
    party a(plain_member("db1")), b(who);
    a.wire().dial(1, "localhost:" + std::to_string(b.wire().port()));
    EXPECT_TRUE(a.wait_for_up()) << a.wait_for_failure(1).text;
  }
}

TEST(Dial, Ipv6) {
  character who = plain_member("db2");
  who.how.listen = {"[::1]:0"};
  party a(plain_member("db1")), b(who);
  a.wire().dial(1, "[::1]:" + std::to_string(b.wire().port()));
  ASSERT_TRUE(a.wait_for_up()) << a.wait_for_failure(1).text;
  const auto there = b.wait_for_up();
  ASSERT_TRUE(there);
  EXPECT_EQ(b.look(*there).remote, "::1");
}

// TCP lets a socket that dials a free port of its own host meet itself; on loopback that is one try in
// 28,000.
TEST(Dial, ManyDialsOfAFreePortNeverMeetThemselves) {
  party a(plain_member("db1"));
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  constexpr std::uint64_t dials = 2000;
  for (std::uint64_t token = 1; token <= dials; ++token) a.wire().dial(token, address);
  EXPECT_TRUE(a.wait([&] { return a.failures.size() == dials; }));
  EXPECT_TRUE(a.links.empty());
}

TEST(Dial, StoppingWhileDialsAreUnderWay) {
  const dead_end nobody;
  const std::size_t before = open_descriptors();
  party a(plain_member("db1"));
  for (std::uint64_t token = 1; token <= 20; ++token) {
    a.wire().dial(token, (token % 2 == 0 ? "localhost:" : "127.0.0.1:") + std::to_string(nobody.port()));
  }
  a.stop();
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace hauberk::net::test
