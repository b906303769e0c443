// gmcast.allowed: networks and names that may have a link with this node. A list without entries allows
// everybody who passes the other checks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"

namespace hauberk::net {

class allow_list {
 public:
  /// Each entry is an address, a network such as 10.0.0.0/8 or fd00::/8, or a name: of a member, or one that
  /// its certificate has. Errors: bad_option.
  static result<allow_list> read(const std::vector<std::string>& entries);

  [[nodiscard]] bool empty() const { return networks_.empty() && names_.empty(); }
  /// False when nobody at this address can be allowed, whatever the name. `host` is an address without port.
  [[nodiscard]] bool may_allow(std::string_view host) const;
  /// Whether a peer at this address with these names may have a link.
  [[nodiscard]] bool allows(std::string_view host, const std::vector<std::string>& names) const;

 private:
  struct network {
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4 as mapped into IPv6
    unsigned bits = 0;
  };
  [[nodiscard]] bool has(std::string_view host) const;

  std::vector<network> networks_;
  std::vector<std::string> names_;
};

}  // namespace hauberk::net
