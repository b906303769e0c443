// What one engine is made of: the settings of every room below it, and who this node is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "engine/policy.hpp"
#include "mesh/mesh.hpp"
#include "net/transport.hpp"
#include "replica/replica.hpp"

namespace hauberk::engine {

/// How somebody comes to have a link with this node.
struct entry_rules {
  net::door_rules door;
  base::duration handshake_timeout = std::chrono::seconds(5);
};

struct settings {
  std::string group;
  std::string name;
  std::string address;  ///< host:port that others dial; empty host = "as you see me"; port 0 = the bound one
  std::uint8_t weight = 1;
  bool arbitrator = false;
  bool bootstrap = false;         ///< start a new history, unless a configured peer is in one already
  bool bootstrap_forced = false;  ///< even where the state file says that others may be ahead
  std::optional<recovered_position> recovered;
  std::string state_dir;  ///< empty = memory only

  common_settings common;      ///< as configured
  bool watches_files = false;  ///< reload when one of its files changes, once there is encryption
  entry_rules entry;

  replica::settings replication;  ///< `policy` is filled by the engine
  mesh::settings meshing;         ///< `self` is drawn by the engine
  net::settings sockets;          ///< `door` is that of `entry`

  /// Events taken from the log and not yet by the application. Beyond either bound the log waits; the
  /// engine itself never does.
  std::size_t delivery_entries_max = 8192;
  std::size_t delivery_bytes_max = 16U << 20U;

  base::logger log;
  /// Sets an option of `common` by its name; may be empty. Errors: bad_option.
  std::function<result<void>(common_settings&, const std::string& key, const std::string& value)>
      set_common{};
  /// See `link::settings::admit`; may be empty.
  std::function<std::string(const mesh::hello&, const std::string&, const tls::certificate*)> admit{};
};

}  // namespace hauberk::engine
