// Where a transport listens, and that nothing that happens there ends it.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <thread>

#include "loopback/net/party.hpp"
#include "loopback/net/raw_socket.hpp"

namespace hauberk::net::test {
namespace {

class silent_owner final : public handler {
 public:
  void on_up(connection_id, bool, std::string, link::up) override {}
  void on_messages(connection_id, std::vector<hauberk::wire::message>) override {}
  void on_written(connection_id, std::size_t) override {}
  void on_down(connection_id, std::uint64_t, link::down) override {}
  void on_dial_failed(std::uint64_t, dial_failure, std::string) override {}
};

result<void> try_to_listen(std::vector<std::string> listen) {
  silent_owner owner;
  settings how;
  how.listen = std::move(listen);
  transport made(
      how, [] { return link::settings(); }, owner, base::logger());
  return made.start();
}

TEST(Listener, SaysWhichPortIsTaken) {
  party b(plain_member("db2"));
  const auto refused = try_to_listen({b.address()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::address_in_use);
  EXPECT_NE(refused.error().text.find(b.address()), std::string::npos) << refused.error().text;
}

TEST(Listener, SaysWhichAddressIsWrong) {
  const std::string too_long = std::string(70, 'x') + ".invalid:1";
  for (const std::string& text : {std::string("nonsense"), std::string("192.0.2.1:0"), too_long}) {
    const auto refused = try_to_listen({text});
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, errc::bad_address);
    EXPECT_NE(refused.error().text.find(text), std::string::npos) << refused.error().text;
  }
}

TEST(Listener, TheV6WildcardHearsBothFamilies) {
  for (const char* listen : {"[::]:0", "0.0.0.0:0", "localhost:0"}) {
    character who = plain_member("db2");
    who.how.listen = {listen};
    party a(plain_member("db1")), b(who);
    ASSERT_NE(b.wire().port(), 0);
    const auto there = link_up(a, b).second;  // by IPv4
    EXPECT_EQ(b.look(there).remote, "127.0.0.1") << "and is seen as such";
  }
  character who = plain_member("db2");
  who.how.listen = {"[::]:0"};
  party a(plain_member("db1")), b(who);
  a.wire().dial(1, "[::1]:" + std::to_string(b.wire().port()));
  EXPECT_TRUE(a.wait_for_up()) << a.wait_for_failure(1).text;
}

TEST(Listener, TheSamePortCanBeTakenAgainAtOnce) {
  std::uint16_t port = 0;
  for (int round = 0; round < 3; ++round) {
    character who = plain_member("db2");
    who.how.listen = {"127.0.0.1:" + std::to_string(port)};
    party a(plain_member("db1")), b(who);
    port = b.wire().port();
    (void)link_up(a, b);
    b.stop();  // its side closes first and would leave the port in TIME_WAIT
  }
}

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

TEST(Listener, RecoversWhenTheDescriptorsRunOut) {
  ::hauberk::test::test_ca ca;
  party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db2")));
  const auto id = link_up(a, b).first;
  raw_socket early;  // has its descriptor already
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 200;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  std::vector<int> fillers;
  for (int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC); fd >= 0;
       fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    fillers.push_back(fd);
  }
  ASSERT_FALSE(fillers.empty());
  ASSERT_TRUE(early.connect(b.wire().port()));  // the kernel takes it, the listener cannot
  early.send("GET / HTTP/1.1\r\n\r\n");
  a.wire().dial(50, b.address());
  EXPECT_EQ(a.wait_for_failure(50).why, dial_failure::unreachable) << a.wait_for_failure(50).text;

  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_until(start + 1s);  // a span to measure, not a wait for something
  EXPECT_LT(cpu_seconds() - cpu, is_sanitized ? 0.2 : 0.05) << "it spins";
  EXPECT_FALSE(early.is_ended());

  for (const int fd : fillers) ::close(fd);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const auto released = std::chrono::steady_clock::now();
  bool ended = false;
  (void)early.read_to_end(ended);  // accepted, and refused for what it said
  EXPECT_TRUE(ended);
  EXPECT_LT(std::chrono::steady_clock::now() - released, 1s);
  a.wire().dial(51, b.address());
  EXPECT_TRUE(a.wait_for_link([&, first = id](const auto& l) { return l.is_up && l.was_dialled; }));
  EXPECT_FALSE(a.look(id).is_down) << "links that are up are left alone";
}

}  // namespace
}  // namespace hauberk::net::test
