// What PEM files say, for people: certificates and revocation lists as plain data. Nothing is verified here
// but signatures of lists, and no private key is ever read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hauberk/result.hpp"
#include "tls/context.hpp"

namespace hauberk::tls {

struct certificate_card {
  certificate is;
  std::vector<std::string> addresses;  ///< IP addresses in the SAN
  std::string key;                     ///< "EC P-256", "RSA 2048"
  int security_bits = 0;               ///< of the key, NIST's measure: 112 is RSA 2048
  std::string signature;               ///< "ecdsa-with-SHA256"
  int version = 3;
  bool is_ca = false;
  bool is_self_signed = false;
  bool has_san = false;
  bool has_usages = false;  ///< an extended key usage extension
  bool serves = true;       ///< may be used as a TLS server, as far as its extended key usage says
  bool dials = true;        ///< may be used as a TLS client
};

struct revoked_card {
  std::string serial;  ///< hex, as in `certificate`
  std::int64_t when = 0;
};

struct crl_card {
  std::string issuer;
  std::string number;  ///< decimal; empty = none
  std::int64_t this_update = 0;
  std::int64_t next_update = 0;  ///< 0 = not said
  std::vector<revoked_card> revoked;
};

struct file_cards {
  std::vector<certificate_card> certificates;
  std::vector<crl_card> crls;
  bool has_key = false;  ///< a private key is in it, too
};

/// Everything in a PEM file; a file without any is empty, not wrong. Errors: bad_file.
[[nodiscard]] result<file_cards> inspect_file(const std::string& path);

/// True when the first certificate of `ca_file` signed the certificate in `cert_file` (its first). Errors:
/// bad_file.
[[nodiscard]] result<bool> is_issued_by(const std::string& cert_file, const std::string& ca_file);

/// Where in `all` certificates share issuer and serial without being the same one: such a group cannot be
/// revoked one by one. Each group by index, in order.
[[nodiscard]] std::vector<std::vector<std::size_t>> shared_serials(const std::vector<certificate>& all);

/// The certificate's place on a list of its issuer; nullptr when it is not there.
[[nodiscard]] const revoked_card* find_revoked(const crl_card& list, const certificate_card& of);

/// "2027-01-31 12:00:00 UTC".
[[nodiscard]] std::string date_words(std::int64_t seconds);

}  // namespace hauberk::tls
