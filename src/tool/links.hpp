// `hauberk links`: who is linked with whom in a running group, and how, as every member tells it.
#pragma once

#include <string>
#include <vector>

namespace hauberk::tool {

struct links_request {
  std::vector<std::string> options;
  std::string config_file;
  std::string peer;  ///< the member to ask; empty = the one of these options
  bool json = false;
};

/// Returns the exit code.
int run_links(const links_request& what);

}  // namespace hauberk::tool
