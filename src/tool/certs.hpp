// `hauberk certs`: a certificate authority and node certificates for a group.
#pragma once

#include <string>
#include <vector>

namespace hauberk::tool {

struct certs_request {
  bool ca = false;  ///< make the authority
  std::string ca_name = "hauberk-ca";
  std::vector<std::string> nodes;  ///< NAME or NAME,ALTERNATIVE,...
  std::string folder = ".";
  int days = 0;  ///< 0 = what is usual: ten years for an authority, 825 days for a node
};

/// Returns the exit code.
int run_certs(const certs_request& what);

}  // namespace hauberk::tool
