// `hauberk doctor`: before joining, says of each check whether it is good, what was expected and got, and
// what to change.
#pragma once

#include <string>
#include <vector>

namespace hauberk::tool {

struct doctor_request {
  std::vector<std::string> options;
  std::string config_file;
  std::vector<std::string> peers;  ///< host or host:port of running nodes
  bool json = false;
};

/// Returns the exit code.
int run_doctor(const doctor_request& what);

}  // namespace hauberk::tool
