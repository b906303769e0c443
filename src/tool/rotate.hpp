// `hauberk rotate`: a running member is asked to have the group change its policy, all members at once.
#pragma once

#include <string>
#include <vector>

namespace hauberk::tool {

struct rotate_request {
  std::vector<std::string> options;
  std::string config_file;
  std::string peer;                  ///< host:port; empty = the node that these options are of
  std::vector<std::string> changes;  ///< KEY=VALUE
  bool anchors = false;              ///< those that the asked member has on file
  bool is_trial = false;
  bool json = false;
};

/// The exit code.
int run_rotate(const rotate_request& what);

}  // namespace hauberk::tool
