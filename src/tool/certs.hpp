// `hauberk certs`: a certificate authority in a folder, and what it does for the nodes of a group.
#pragma once

#include <string>
#include <vector>

#include "tls/issuer.hpp"

namespace hauberk::tool {

struct certs_request {
  bool ca = false;  ///< make the authority
  std::string ca_name;
  std::vector<std::string> nodes;  ///< NAME or NAME,ALTERNATIVE,...
  std::string folder = ".";
  int days = 0;               ///< 0 = what is usual: ten years for an authority, 825 days for a node
  std::string password_file;  ///< has the passphrase of the authority's key; empty = it is not locked
  std::string key;            ///< p256, p384 or rsa; empty = what is usual
};

struct renew_request {
  std::vector<std::string> nodes;
  bool all = false;
  bool keeps_key = false;
};

struct revoke_request {
  std::vector<std::string> what;  ///< NAME, FILE or serial:HEX; none = a fresh list of what is revoked
  std::string reason;
  int crl_days = 365;
};

struct show_request {
  std::vector<std::string> files;  ///< none = the folder's
  bool json = false;
};

// Each returns the exit code. `where` has folder, days and key.
int run_certs(const certs_request& what);
int run_renew(const certs_request& where, const renew_request& what);
int run_revoke(const certs_request& where, const revoke_request& what);
/// `step` is begin, switch or end.
int run_rotate_ca(const certs_request& where, const std::string& step);
int run_show(const certs_request& where, const show_request& what);

}  // namespace hauberk::tool
