#include "tls/digest.hpp"

#include <gtest/gtest.h>

#include "tls/context.hpp"

namespace hauberk::tls {
namespace {

void add(digest& to, std::string_view text) { to.add(std::as_bytes(std::span(text))); }

// FIPS 180-4 test vectors, in pieces, and with a look in between.
TEST(Digest, KnownSums) {
  digest sum;
  EXPECT_EQ(sum.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  add(sum, "a");
  add(sum, "");
  add(sum, "bc");
  EXPECT_EQ(sum.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sum.hex(), sha256_hex("abc"));
  add(sum, "def");
  EXPECT_EQ(sum.hex(), sha256_hex("abcdef"));
}

}  // namespace
}  // namespace hauberk::tls
