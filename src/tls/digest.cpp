#include "tls/digest.hpp"

#include <openssl/evp.h>

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

}  // namespace hauberk::tls
