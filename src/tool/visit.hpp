// A visit to a running node, for `hauberk doctor --peer`: TLS and greeting as a member would make them, up to
// the moment at which the link would be up. It never is: the visitor says goodbye instead of welcome, so the
// peer counts no link and the group hears nothing of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hauberk/config.hpp"
#include "mesh/messages.hpp"
#include "tls/examine.hpp"

namespace hauberk::tool {

struct visitor {
  mesh::hello mine;
  std::optional<tls::context> security;  ///< nothing = plaintext group
  std::chrono::milliseconds dial_patience{3000}, patience{5000};
  std::int64_t now = 0;  ///< seconds since 1970
};

/// Who greets with these options; `security` as loaded by them.
[[nodiscard]] visitor visitor_of(const config& options, std::optional<tls::context> security,
                                 std::int64_t now);

/// What was found at host:port.
[[nodiscard]] std::vector<tls::finding> visit(const visitor& who, const std::string& address);

}  // namespace hauberk::tool
