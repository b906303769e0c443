// `hauberk node`: one member of a group as a process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hauberk::tool {

struct node_request {
  std::vector<std::string> options;  ///< option texts; later ones win
  std::string config_file;           ///< read before them; empty = none
  std::string send_file;             ///< its lines instead of standard input; empty = none
  std::uint64_t count = 0;           ///< generated payloads instead, when not 0
  std::uint64_t size = 100;
  std::uint64_t rate = 0;
  std::string log_level = "info";
  bool json = false, stay = false, digest = false, bootstrap = false;
};

/// Returns the exit code; everything else is said on standard output and standard error.
int run_node(const node_request& what);

}  // namespace hauberk::tool
