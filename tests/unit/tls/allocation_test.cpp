// A pipe in its steady state allocates nothing of its own. Every operator new of this program counts;
// OpenSSL's few small ones per record go through malloc and are its own affair.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "support/certificates.hpp"
#include "unit/tls/wire.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Not inlined: the compiler would take malloc and delete, or new and free, for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* bytes = std::malloc(size == 0 ? 1 : size); bytes != nullptr) return bytes;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* bytes) noexcept { std::free(bytes); }
[[gnu::noinline]] void operator delete(void* bytes, std::size_t) noexcept { std::free(bytes); }

namespace hauberk::tls {
namespace {

std::size_t allocations_while_pumping(pipe& from, pipe& to) {
  const std::vector<std::byte> bytes(64 * 1024, std::byte{0x0a});
  std::vector<std::byte> into(256 * 1024);
  const auto turn = [&] {
    // More than one block waits at times, as it does while a socket is slow.
    while (from.output_size() < 300 * 1024) {
      if (!from.write(bytes)) return std::size_t{0};
    }
    std::size_t total = 0;
    while (test::carry(from, to)) {
      for (;;) {
        const auto got = to.read(into);
        if (!got || *got == 0) break;
        total += *got;
      }
    }
    return total;
  };
  for (int i = 0; i < 4; ++i) turn();
  const std::size_t before = allocations;
  std::size_t total = 0;
  for (int i = 0; i < 100; ++i) total += turn();
  EXPECT_GT(total, 30U * 1000 * 1000);
  return allocations - before;
}

TEST(allocations, none_on_a_busy_tls_pipe) {
  test::test_ca ca;
  pipe client(test::load(ca.node("a").settings()), role::client);
  pipe server(test::load(ca.node("b").settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  EXPECT_EQ(allocations_while_pumping(client, server), 0U);
}

TEST(allocations, none_on_a_busy_plain_pipe) {
  pipe a;
  pipe b;
  EXPECT_EQ(allocations_while_pumping(a, b), 0U);
}

}  // namespace
}  // namespace hauberk::tls
