#include "tool/signals.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "base/assert.hpp"

namespace hauberk::tool {

signals::signals(std::function<void()> on_leave, std::function<void()> on_digest,
                 std::function<void()> on_reload)
    : on_leave_(std::move(on_leave)), on_digest_(std::move(on_digest)), on_reload_(std::move(on_reload)) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int one : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&watched, one);
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  signal(SIGPIPE, SIG_IGN);
  file_ = ::signalfd(-1, &watched, SFD_CLOEXEC);
  HAUBERK_ASSERT(file_ >= 0, "the process can open one more file at its start");
  thread_ = std::thread([this] { run(); });
}

signals::~signals() {
  end_.request();
  thread_.join();
  ::close(file_);
}

void signals::run() {
  using clock = std::chrono::steady_clock;
  // Some senders, `timeout` for one, deliver a signal twice: only who asks again later is in a hurry.
  constexpr auto patience = std::chrono::seconds(1);
  bool leaving = false;
  clock::time_point asked;
  while (end_.wait_readable(file_)) {
    signalfd_siginfo got{};
    if (::read(file_, &got, sizeof got) != static_cast<ssize_t>(sizeof got)) continue;
    if (got.ssi_signo == SIGUSR1) {
      on_digest_();
    } else if (got.ssi_signo == SIGHUP) {
      on_reload_();
    } else if (leaving) {
      if (clock::now() - asked > patience) std::_Exit(128 + static_cast<int>(got.ssi_signo));
    } else {
      leaving = true;
      asked = clock::now();
      on_leave_();
    }
  }
}

}  // namespace hauberk::tool
