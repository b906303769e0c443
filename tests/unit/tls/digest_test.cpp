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

// RFC 4648 §10 test vectors.
TEST(Digest, Base64) {
  const auto encoded = [](std::string_view text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg==");
  EXPECT_EQ(encoded("fo"), "Zm8=");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded(std::string_view("\0\xff", 2)), "AP8=");
  const std::string large = encoded(std::string((6U << 20U) + 1, 'f'));  // more than one piece
  EXPECT_EQ(large.size(), (8U << 20U) + 4);
  EXPECT_EQ(large.substr(large.size() - 8), "ZmZmZg==");
}

}  // namespace
}  // namespace hauberk::tls
