// The figures of a run, as one JSON object or as a table for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "group/coordinator.hpp"

namespace hauberk::bench {

/// `load` is the machine's load average before the run: how much else was going on.
[[nodiscard]] nlohmann::ordered_json report(const parameters& what, const group_result& from, double load);
[[nodiscard]] std::string table(const nlohmann::ordered_json& report);

}  // namespace hauberk::bench
