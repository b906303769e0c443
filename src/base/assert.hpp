// Our own bugs end the process: a member that went on with a broken invariant could diverge in silence.
// Always on, in release builds too.
#pragma once

namespace hauberk::base {

[[noreturn]] void assertion_failed(const char* condition, const char* words, const char* file, int line);

}  // namespace hauberk::base

#define HAUBERK_ASSERT(condition, words)                                        \
  do {                                                                          \
    if (!(condition)) [[unlikely]]                                              \
      ::hauberk::base::assertion_failed(#condition, words, __FILE__, __LINE__); \
  } while (false)
