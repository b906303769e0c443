#include "net/signals.hpp"

#include <pthread.h>

#include <initializer_list>

namespace hauberk::net {

signals_left_to_host::signals_left_to_host() {
  sigset_t all;
  sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, own);
  pthread_sigmask(SIG_BLOCK, &all, &before_);
}

signals_left_to_host::~signals_left_to_host() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace hauberk::net
