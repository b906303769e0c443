// What the TLS room must know: where the material lies and what may be spoken. Mirrors the `socket.ssl_*`
// options; the values are as written by the person, checked when a context is made of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace hauberk::tls {

enum class profile { standard, strict };

/// How long the keys of one direction of a link are used, whichever comes first. The bound of AES-GCM and
/// ChaCha20 is 2^24.5 full records (RFC 8446 section 5.5).
struct rekey_limits {
  std::uint64_t records = std::uint64_t{1} << 22U;
  std::uint64_t bytes = 0;  ///< 0 = no limit of its own
  base::duration age = std::chrono::hours(1);

  bool operator==(const rekey_limits&) const = default;
};

struct settings {
  std::string cert_file;      ///< PEM: own certificate, then the intermediates
  std::string key_file;       ///< PEM private key
  std::string ca_file;        ///< PEM bundle of trust anchors; empty = the certificate itself (shared pair)
  std::string password_file;  ///< passphrase of the key, first line; empty = none
  std::string crl_file;       ///< PEM revocation lists; empty = none here
  std::string ciphers;        ///< socket.ssl_cipher as written; empty = default
  std::string
      min_version;  ///< "1.2", "1.3" or empty = default (see OPTIONS: a list of 1.2 names only means 1.2)
  std::string max_version;
  std::string groups;  ///< key exchange groups, colon or comma separated; empty = default
  profile rules = profile::standard;
  rekey_limits rekey;
  std::string identity;  ///< socket.ssl_identity as written; empty = by the kind of trust anchor
  /// Asked for the passphrase of an encrypted key (by its file) where there is no password file; an empty
  /// answer = not known. May throw: then it is not known either.
  std::function<std::string(const std::string&)> passphrase{};
  /// SHA-256 fingerprints: of the bundle these alone are in force, and all of them must be there; empty = all
  /// that is there.
  std::vector<std::string> anchors{};
  std::string anchors_kept{};              ///< PEM: anchors to choose from beside those of the bundle
  std::vector<base::buffer> lists_told{};  ///< revocation lists, DER: they count beside those in `crl_file`
};

}  // namespace hauberk::tls
