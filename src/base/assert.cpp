#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace hauberk::base {

void assertion_failed(const char* condition, const char* words, const char* file, int line) {
  std::fprintf(stderr, "hauberk: broken invariant at %s:%d: %s (%s); this is a bug, please report it\n", file,
               line, words, condition);
  std::abort();
}

}  // namespace hauberk::base
