// The options of a node, as every command of the tool takes them: a file, then texts that count after it.
#pragma once

#include <string>
#include <vector>

#include "hauberk/config.hpp"

namespace hauberk::tool {

/// `last` counts after all the others. Errors: bad_file, bad_option.
[[nodiscard]] result<config> read_options(const std::string& config_file,
                                          const std::vector<std::string>& options,
                                          const std::string& last = {});

}  // namespace hauberk::tool
