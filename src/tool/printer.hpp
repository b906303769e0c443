// Events as text: one line each, for people or as one JSON object. The JSON is a stable interface: keys
// may be added, never changed.
#pragma once

#include <string>
#include <string_view>

#include "hauberk/group.hpp"

namespace hauberk::tool {

/// The line for an event, its newline included; empty for events that are not shown.
using line = std::string;

class printer {
 public:
  explicit printer(bool as_json) : json_(as_json) {}

  [[nodiscard]] line operator()(const view& what);
  [[nodiscard]] line operator()(const policy& what) const;
  [[nodiscard]] line operator()(const message& what);
  [[nodiscard]] line operator()(const filler& what);
  [[nodiscard]] line operator()(const outcome& what);
  [[nodiscard]] line operator()(const expiry& what) const;
  [[nodiscard]] line operator()(const farewell& what);
  /// The digest of all messages up to `position`.
  [[nodiscard]] line digest(position_t position, std::string_view sha256) const;

 private:
  bool json_;
  std::string sender_, quoted_sender_;  // of the message before: most often the same
};

}  // namespace hauberk::tool
