// Threads of our own leave signals to the host program's threads.
#pragma once

#include <signal.h>

namespace hauberk::net {

/// While it lives, threads that this one starts begin with all signals blocked but those that report a crash:
/// they must find the thread that made it.
class signals_left_to_host {
 public:
  signals_left_to_host();
  signals_left_to_host(const signals_left_to_host&) = delete;
  signals_left_to_host& operator=(const signals_left_to_host&) = delete;
  ~signals_left_to_host();

 private:
  sigset_t before_{};
};

}  // namespace hauberk::net
