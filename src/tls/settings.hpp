// What the TLS room must know: where the material lies and what may be spoken. Mirrors the `socket.ssl_*`
// options; the values are as written by the person, checked when a context is made of them.
#pragma once

#include <functional>
#include <string>

namespace hauberk::tls {

enum class profile { standard, strict };

struct settings {
  std::string cert_file;      ///< PEM: own certificate, then the intermediates
  std::string key_file;       ///< PEM private key
  std::string ca_file;        ///< PEM bundle of trust anchors; empty = the certificate itself (shared pair)
  std::string password_file;  ///< passphrase of the key, first line; empty = none
  std::string crl_file;       ///< PEM revocation lists; empty = nothing is revoked
  std::string ciphers;        ///< socket.ssl_cipher as written; empty = default
  std::string
      min_version;  ///< "1.2", "1.3" or empty = default (see OPTIONS: a list of 1.2 names only means 1.2)
  std::string max_version;
  std::string groups;  ///< key exchange groups, colon or comma separated; empty = default
  profile rules = profile::standard;
  std::string identity;  ///< socket.ssl_identity as written; empty = by the kind of trust anchor
  /// Asked for the passphrase of an encrypted key (by its file) where there is no password file; an empty
  /// answer = not known. May throw: then it is not known either.
  std::function<std::string(const std::string&)> passphrase{};
};

}  // namespace hauberk::tls
