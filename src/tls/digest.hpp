// What OpenSSL computes for us beside TLS: SHA-256 of bytes that come in pieces, and base64.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace hauberk::tls {

class digest {
 public:
  digest();
  digest(digest&&) noexcept = default;
  digest& operator=(digest&&) noexcept = default;
  ~digest() = default;

  void add(std::span<const std::byte> bytes);
  /// Of all bytes so far, in lower-case hex; more may follow.
  [[nodiscard]] std::string hex() const;

 private:
  struct release {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, release> context_;
};

/// RFC 4648 §4, with padding, in one line.
[[nodiscard]] std::string base64(std::span<const std::byte> bytes);

}  // namespace hauberk::tls
