#include "tls/signing.hpp"

#include <openssl/x509v3.h>

namespace hauberk::tls {

result<signer> read_signer(const pair_files& ca, std::int64_t now) {
  auto certificate = read_certificate(ca.cert);
  if (!certificate) return certificate.error();
  const auto passphrase = read_passphrase(ca.password_file);
  if (!passphrase) return passphrase.error();
  auto key = read_private_key(ca.key, *passphrase);
  if (!key) return key.error();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return error(errc::bad_file, ca.key + ": this key does not belong to the CA certificate " + ca.cert);
  }
  if (X509_check_ca(certificate->get()) == 0) {
    return error(errc::bad_file, ca.cert + ": " + name_text(X509_get_subject_name(certificate->get())) +
                                     " is not a CA certificate: it may sign nothing");
  }
  const std::int64_t end = seconds_of(X509_get0_notAfter(certificate->get()));
  if (end <= now) {
    return error(errc::bad_certificate, ca.cert + ": the authority expired on " + date_text(end) +
                                            ": make a new one (hauberk certs rotate-ca begin)");
  }
  return signer{std::move(*certificate), std::move(*key)};
}

const EVP_MD* digest_for(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1) return nullptr;
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) > 256 ? EVP_sha384() : EVP_sha256();
}

error signing_failed(const std::string& step) {
  return {errc::internal, step + " failed: OpenSSL says \"" + take_openssl_reason() + "\""};
}

}  // namespace hauberk::tls
