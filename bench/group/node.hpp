// One member of the benchmarked group, as a process of its own: it does what it is told on standard input
// (see parameters.hpp) and uses nothing but the public face.
#pragma once

#include <string>

namespace hauberk::bench {

/// Returns the process's exit code.
int run_node(const std::string& options);
/// The same for one that is told on standard input when to join, and with which state.
int run_joiner(const std::string& options);

}  // namespace hauberk::bench
