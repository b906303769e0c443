// What `group::set_option` can change while the node runs.
#pragma once

#include <string_view>

#include "hauberk/result.hpp"

namespace hauberk::options {

struct change {
  enum class kind { nothing, reload, watch };
  kind what = kind::nothing;
  bool wanted = false;  ///< watch: on or off
};

/// Errors: bad_option, in the words of `config::parse`.
[[nodiscard]] result<change> read_change(std::string_view key, std::string_view value);

}  // namespace hauberk::options
