// What issuing and revoking have in common: an authority that may sign, and with which digest.
#pragma once

#include <cstdint>
#include <string>

#include "tls/issuer.hpp"
#include "tls/pem_file.hpp"

namespace hauberk::tls {

/// An authority that may sign.
struct signer {
  x509_ptr certificate;
  key_ptr key;
};

/// Certificate and key of an authority that has not expired. Errors: bad_file, bad_certificate.
[[nodiscard]] result<signer> read_signer(const pair_files& ca, std::int64_t now);

/// As strong as the signing key; nothing for kinds of keys that bring their own.
[[nodiscard]] const EVP_MD* digest_for(const EVP_PKEY* key);

/// `step` is what OpenSSL did not do; its queue has the reason.
[[nodiscard]] error signing_failed(const std::string& step);

}  // namespace hauberk::tls
