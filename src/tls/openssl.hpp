// OpenSSL's objects with owners, and the few conversions that every file of this room needs. Stays inside
// the room: its public headers name no OpenSSL type.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hauberk::tls {

template <auto Free>
struct freer {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};

using bio_ptr = std::unique_ptr<BIO, freer<BIO_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freer<X509_free>>;
using x509_store_ptr = std::unique_ptr<X509_STORE, freer<X509_STORE_free>>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, freer<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, freer<SSL_free>>;

/// The oldest reason in OpenSSL's error queue in words, and an empty queue behind it.
[[nodiscard]] std::string take_openssl_reason();

/// One line, RFC 2253, control characters escaped.
[[nodiscard]] std::string name_text(const X509_NAME* name);
/// The same for lines of the log: at most 255 bytes of it.
[[nodiscard]] std::string short_name(const X509_NAME* name);

/// Seconds since 1970 (UTC), also far beyond 2038.
[[nodiscard]] std::int64_t seconds_of(const ASN1_TIME* time);
/// "2026-11-21 18:42:18 UTC".
[[nodiscard]] std::string date_text(std::int64_t seconds);

[[nodiscard]] std::string hex(const unsigned char* bytes, std::size_t count);
/// SHA-256 of the DER form, lower-case hex.
[[nodiscard]] std::string fingerprint_of(const X509* certificate);

}  // namespace hauberk::tls
