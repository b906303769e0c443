// Makes a certificate authority and node certificates: what `hauberk certs` and the tests use. EC P-256,
// names as SAN, both extended key usages, so that they satisfy the strict profile too. Never overwrites.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hauberk/result.hpp"

namespace hauberk::tls {

/// Where a certificate and its private key lie (PEM). The key is created with mode 0600.
struct pair_files {
  std::string cert;
  std::string key;
};

struct ca_request {
  std::string name;  ///< the common name, 1 to 64 characters
  int days = 3650;
};

struct node_request {
  std::string name;                         ///< the member's name: common name and first DNS name
  std::vector<std::string> alternatives{};  ///< further DNS names and IP addresses
  int days = 825;
};

/// A self-signed authority, valid from `now` (seconds since 1970, UTC). Errors: bad_option, bad_file.
result<void> make_ca(const ca_request& what, const pair_files& into, std::int64_t now);

/// A node's key and certificate, signed by the authority in `ca`. Errors: bad_option, bad_file.
result<void> make_node(const node_request& what, const pair_files& ca, const pair_files& into,
                       std::int64_t now);

}  // namespace hauberk::tls
