// Makes and renews certificates: authorities and nodes, for `hauberk certs` and the tests. EC P-256 unless
// asked otherwise, names as SAN, both extended key usages, random serials of 128 bits, so that they satisfy
// the strict profile too. Overwrites nothing but what is renewed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hauberk/result.hpp"
#include "tls/context.hpp"

namespace hauberk::tls {

/// Where a certificate and its private key lie (PEM). The key is created with mode 0600.
struct pair_files {
  std::string cert;
  std::string key;
  std::string password_file = {};  ///< its first line locks the key; empty = the key is not locked
};

enum class key_kind { p256, p384, rsa3072 };

struct ca_request {
  std::string name;  ///< the common name, 1 to 64 characters
  int days = 3650;
  key_kind key = key_kind::p256;
};

struct node_request {
  std::string name;                         ///< the member's name: common name and first DNS name
  std::vector<std::string> alternatives{};  ///< further DNS names, IP addresses and URIs (with "://")
  int days = 825;
  key_kind key = key_kind::p256;
  bool may_outlive_ca = false;  ///< as careless tools let it: for tests
};

struct renewal {
  int days = 825;
  bool keeps_key = false;            ///< only the certificate is made anew
  std::optional<key_kind> key = {};  ///< of a new key; nothing = the kind that the old one is
};

/// A self-signed authority, valid from `now` (seconds since 1970, UTC). Errors: bad_option, bad_file.
result<certificate> make_ca(const ca_request& what, const pair_files& into, std::int64_t now);

/// A node's key and certificate, signed by the authority in `ca`, valid no longer than that one. Errors:
/// bad_option, bad_file, bad_certificate (the authority has expired).
result<certificate> make_node(const node_request& what, const pair_files& ca, const pair_files& into,
                              std::int64_t now);

/// A new certificate with the subject and the names of the one in `files`, in its place. A crash between key
/// and certificate is made good by the next call. Errors: as make_node.
result<certificate> renew_node(const renewal& how, const pair_files& ca, const pair_files& files,
                               std::int64_t now);

}  // namespace hauberk::tls
