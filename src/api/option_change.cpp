#include "api/option_change.hpp"

#include <string>

#include "api/option_table.hpp"
#include "base/options.hpp"

namespace hauberk::options {

result<change> read_change(std::string_view key, std::string_view value) {
  const std::string shown = "option " + std::string(key) + "=" + std::string(value);
  const row* found = find(key);
  if (found == nullptr)
    return error(errc::bad_option, "unknown option '" + std::string(key) + "': did you mean '" +
                                       std::string(nearest(key)) + "'?");
  if (found->key != "socket.ssl_reload" && found->key != "socket.ssl_watch")
    return error(errc::bad_option,
                 shown + ": cannot be changed while the node runs: set it at the next start");
  const auto wanted = base::options::parse_boolean(value);
  if (!wanted)
    return error(errc::bad_option, shown + " is not allowed: expected " + std::string(found->allowed));
  if (found->key == "socket.ssl_watch") return change{change::kind::watch, *wanted};
  return change{*wanted ? change::kind::reload : change::kind::nothing};
}

}  // namespace hauberk::options
