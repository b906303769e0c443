// Lines on standard error: from the group with time and level, and the one line that says why we end.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "hauberk/group.hpp"

namespace hauberk::tool {

class logger {
 public:
  /// `most` is the least important level that is shown: error, warning, info or debug.
  explicit logger(std::string_view most);

  void operator()(log_level level, std::string_view line) const;
  /// What the group calls; it holds no reference to this logger.
  [[nodiscard]] std::function<void(log_level, std::string_view)> hook() const;
  /// `hauberk: line`, and the code, for `return`.
  int said(int code, std::string_view line) const;

 private:
  log_level most_ = log_level::info;
};

}  // namespace hauberk::tool
