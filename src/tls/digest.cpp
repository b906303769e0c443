#include "tls/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace hauberk::tls {

void digest::release::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

digest::digest() : context_(EVP_MD_CTX_new()) {
  HAUBERK_ASSERT(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
                 "OpenSSL has SHA-256");
}

void digest::add(std::span<const std::byte> bytes) {
  HAUBERK_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "hashing cannot fail");
}

std::string digest::hex() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  // Finishing ends a context, so a copy is finished.
  const std::unique_ptr<evp_md_ctx_st, release> copy(EVP_MD_CTX_new());
  HAUBERK_ASSERT(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1 &&
                     EVP_DigestFinal_ex(copy.get(), sum.data(), &size) == 1,
                 "hashing cannot fail");
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[sum[i] >> 4U];
    text += digits[sum[i] & 15U];
  }
  return text;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::size_t at_a_time = 3U << 20U;  // OpenSSL counts in int; a multiple of 3 needs no padding
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it ends what it writes with a zero
  std::size_t written = 0;
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), at_a_time));
    const int made =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data() + written),
                        reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size()));
    written += static_cast<std::size_t>(made);
    bytes = bytes.subspan(piece.size());
  }
  text.resize(written);
  return text;
}

}  // namespace hauberk::tls
