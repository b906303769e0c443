#include "micro/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local std::uint64_t count = 0;
}

std::uint64_t hauberk::bench::allocations() { return count; }

// The other forms of `new` and `delete` come down to these two.
void* operator new(std::size_t size) {
  ++count;
  if (void* const made = std::malloc(size == 0 ? 1 : size)) return made;
  throw std::bad_alloc();
}
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t /*size*/) noexcept { std::free(what); }
