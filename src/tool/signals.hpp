// Signals as calls on a thread of their own. TERM and INT ask to leave, one more, a second later, ends the
// process at once; HUP asks to load the certificates again, USR1 for the digest. PIPE is ignored: writes say
// so themselves.
#pragma once

#include <functional>
#include <thread>

#include "tool/stop.hpp"

namespace hauberk::tool {

class signals {
 public:
  /// Make it before any other thread is started: they inherit what it blocks.
  signals(std::function<void()> on_leave, std::function<void()> on_digest, std::function<void()> on_reload);
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;
  ~signals();

 private:
  void run();

  std::function<void()> on_leave_, on_digest_, on_reload_;
  int file_ = -1;
  stop end_;
  std::thread thread_;
};

}  // namespace hauberk::tool
