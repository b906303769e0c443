// Signals as calls on a thread of their own. TERM, INT and HUP ask to leave, one more, a second later,
// ends the process at once; USR1 asks for the digest. PIPE is ignored: writes say so themselves.
#pragma once

#include <functional>
#include <thread>

#include "tool/stop.hpp"

namespace hauberk::tool {

class signals {
 public:
  /// Make it before any other thread is started: they inherit what it blocks.
  signals(std::function<void()> on_leave, std::function<void()> on_digest);
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;
  ~signals();

 private:
  void run();

  std::function<void()> on_leave_, on_digest_;
  int file_ = -1;
  stop end_;
  std::thread thread_;
};

}  // namespace hauberk::tool
