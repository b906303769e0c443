// host:port as text: enough to fill in the host of a peer that listens on a wildcard. Names are not
// resolved here, that is the dialler's job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hauberk::mesh {

struct host_port {
  std::string host;  ///< without brackets; may be empty
  std::uint16_t port = 0;
};

/// Splits "db1:4567", "10.0.0.1:4567", "[::1]:4567" or ":4567". Nothing when the port is missing or no number
/// up to 65535, or when the whole is longer than `base::limits::address_bytes_max`.
[[nodiscard]] std::optional<host_port> split_address(std::string_view text);

/// Puts both together, with brackets around an IPv6 host.
[[nodiscard]] std::string join_address(std::string_view host, std::uint16_t port);

/// True for hosts that only mean "as you see me": empty, 0.0.0.0, ::, *.
[[nodiscard]] bool is_wildcard(std::string_view host);

/// Where a peer can be dialled that says it listens at `told` and is seen at host `remote`; empty = nowhere.
[[nodiscard]] std::string reachable_address(std::string_view told, std::string_view remote);

}  // namespace hauberk::mesh
