// The link matrix as text, for `hauberk links`: a line for each member and each link, and one that sums up;
// or JSON. The JSON is a stable interface: keys may be added, never changed.
#pragma once

#include <string>
#include <vector>

#include "mesh/messages.hpp"

namespace hauberk::tool {

/// What the members told, and what to think of it.
struct link_table {
  std::string text;       ///< lines for people, or JSON objects; the last one sums up
  bool is_whole = false;  ///< every two members have a link that both tell alike, all encrypted or none
};
[[nodiscard]] link_table table_of(std::vector<mesh::member_report> members, bool as_json);

}  // namespace hauberk::tool
