// One request to a running member, over a visitor's link (see proto/README.md): greeted with the node's own
// certificate, one request, one answer.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "hauberk/config.hpp"
#include "tool/visit.hpp"

namespace hauberk::tool {

/// Who asks, and whom.
struct asking {
  visitor who;
  std::string address;
};

/// As the node of these options; `peer` empty: that node itself. Errors: bad_file, bad_certificate.
[[nodiscard]] result<asking> asking_with(const config& options, const std::string& peer);

struct answer {
  mesh::visitor_answer last;
  std::vector<mesh::member_report> members;  ///< where the link matrix was asked for
};

/// Errors: whatever kept it from asking, or from being answered within `patience` of asking.
[[nodiscard]] result<answer> ask(const asking& with, const mesh::visitor_request& wish,
                                 std::chrono::milliseconds patience);

/// The errc that an answer has, also from a version with more of them.
[[nodiscard]] errc reason_of(const mesh::visitor_answer& said);

}  // namespace hauberk::tool
