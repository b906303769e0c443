// What `group::set_option` can change while the node runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/option_table.hpp"
#include "engine/settings.hpp"
#include "hauberk/result.hpp"

namespace hauberk::options {

struct change {
  change_kind what = change_kind::refused;
  bool wanted = false;                                   ///< reload, watch: or not
  std::string tls::settings::*file = nullptr;            ///< the one that is to be another
  std::function<void(engine::entry_rules&)> entry = {};  ///< what changes in them
};

/// Errors: bad_option, in the words of `config::parse`; `refused` never comes.
[[nodiscard]] result<change> read_change(std::string_view key, std::string_view value);

/// Sets an option of the whole group: `engine::settings::set_common`. Errors: bad_option.
[[nodiscard]] result<void> set_common(engine::common_settings& to, const std::string& key,
                                      const std::string& value);

}  // namespace hauberk::options
