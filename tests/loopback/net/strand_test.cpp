// The engine's strand, its alarm, and the threads behind them.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "loopback/net/party.hpp"

namespace hauberk::net::test {
namespace {

TEST(Strand, RunsTasksOneAtATimeAndInOrder) {
  party a(plain_member("db1"));
  constexpr int tasks = 5000;
  std::vector<int> seen;  // no lock: the strand is the lock
  std::atomic<int> inside = 0, together = 0;
  std::atomic<bool> done = false;
  for (int i = 0; i < tasks; ++i) {
    a.wire().post([&, i] {
      if (++inside != 1) ++together;
      seen.push_back(i);
      --inside;
      if (i + 1 == tasks) done = true;
    });
  }
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_EQ(together, 0);
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(tasks));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Strand, TheAlarmRingsInTimeAndOnlyTheLastOne) {
  party a(plain_member("db1"));
  std::atomic<bool> early = false, right = false;
  std::atomic<base::duration::rep> late = 0;
  const base::time_point when = transport::now() + 50ms;
  a.wire().set_alarm(transport::now() + 20ms, [&] { early = true; });
  a.wire().set_alarm(base::never, [&] { early = true; });
  a.wire().set_alarm(when, [&] {
    late = (transport::now() - when).count();
    right = true;
  });
  ASSERT_TRUE(eventually([&] { return right.load(); }));
  EXPECT_FALSE(early);
  EXPECT_GE(late, 0);
  EXPECT_LT(base::duration(late.load()), 1s);
  right = false;
  a.wire().set_alarm(transport::now() - 1h, [&] { right = true; });
  EXPECT_TRUE(eventually([&] { return right.load(); })) << "a time that has passed means now";
}

TEST(Strand, TasksThatNeverRanAreDestroyed) {
  const auto counted = std::make_shared<int>(0);
  {
    party a(plain_member("db1"));
    std::atomic<bool> is_held = true, has_begun = false;
    a.wire().post([&] {
      has_begun = true;
      while (is_held) std::this_thread::yield();
    });
    ASSERT_TRUE(eventually([&] { return has_begun.load(); }));
    for (int i = 0; i < 100; ++i) a.wire().post([counted] { ++*counted; });
    a.wire().set_alarm(transport::now() + 1h, [counted] { ++*counted; });
    std::thread release([&] { is_held = false; });
    a.stop();
    release.join();
  }
  EXPECT_EQ(counted.use_count(), 1);
}

std::set<std::string> threads() {
  std::set<std::string> all;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    all.insert(each.path().filename().string());
  }
  return all;
}

bool blocks(const std::string& thread, int signal) {
  std::ifstream status("/proc/self/task/" + thread + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:"))
      return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0;
  }
  return false;
}

TEST(Strand, ThreadsLeaveSignalsToTheHost) {
  std::thread([] {}).join();  // a sanitizer starts its own helper with the first thread
  const auto before = threads();
  sigset_t mine, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  character who = plain_member("db1");
  who.how.io_threads = 3;
  party a(who);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&mine, SIGTERM), sigismember(&after, SIGTERM)) << "the caller's mask is its own";
  unsigned found = 0;
  for (const std::string& thread : threads()) {
    if (before.contains(thread)) continue;
    ++found;
    // A thread starts with everything blocked, so its own mask may take a moment.
    EXPECT_TRUE(eventually([&] { return !blocks(thread, SIGSEGV); })) << "crash reports need it";
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE, SIGALRM}) {
      EXPECT_TRUE(blocks(thread, signal)) << signal;
    }
  }
  EXPECT_EQ(found, 4U);
}

TEST(Strand, DescriptorsAreNotInherited) {
  ::hauberk::test::test_ca ca;
  std::set<int> before;
  const auto all = [] {
    std::set<int> open;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
      open.insert(std::stoi(each.path().filename().string()));
    }
    return open;
  };
  before = all();
  party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db2")));
  (void)link_up(a, b);
  for (const int fd : all()) {
    if (before.contains(fd)) continue;
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    for (std::string line; std::getline(info, line);) {
      if (!line.starts_with("flags:")) continue;
      EXPECT_NE(std::stoul(line.substr(6), nullptr, 8) & 02000000U, 0U) << "descriptor " << fd;
    }
  }
}

TEST(Strand, TheClockIsBootTime) {
  std::ifstream uptime("/proc/uptime");
  double seconds = 0;
  uptime >> seconds;
  EXPECT_NEAR(base::seconds(transport::now().time_since_epoch()), seconds, 5);
}

}  // namespace
}  // namespace hauberk::net::test
