// What a checked set of options means, in the types of the rooms that use it. `config::parse` fills it;
// `group::join` hands each part down. Process ids and the port really bound are not known here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "hauberk/config.hpp"
#include "mesh/mesh.hpp"
#include "net/transport.hpp"
#include "replica/replica.hpp"
#include "tls/settings.hpp"
#include "wire/codec.hpp"

namespace hauberk {

struct config::values {
  std::string group;                ///< group.name
  std::string name;                 ///< node.name
  std::string address;              ///< host:port that others dial; empty host = "as you see me"
  std::vector<std::string> listen;  ///< host:port, IPv6 in brackets; also in `sockets.listen`
  std::vector<std::string> peers;   ///< host:port; also in `meshing.seeds`

  bool encrypted = true;       ///< socket.ssl
  tls::settings security;      ///< meaningful when `encrypted`
  bool watches_files = false;  ///< socket.ssl_watch
  wire::compression compression;

  replica::settings replication;
  mesh::settings meshing;  ///< `self` is the process id: filled by whoever draws it
  net::settings sockets;
  base::duration handshake_timeout = std::chrono::seconds(5);  ///< TLS and hellos together

  std::uint8_t weight = 1;  ///< 0 = observer
  bool arbitrator = false;
  bool bootstrap = false, bootstrap_forced = false;
  bool wait_prim = true;
  base::duration wait_prim_timeout = std::chrono::seconds(30);
  std::string state_dir;  ///< empty = memory only

  std::map<std::string, std::string, std::less<>> in_force;  ///< every key, as text: what `get` answers
  std::vector<std::string> notes;                            ///< accepted, but without effect: for the log
};

}  // namespace hauberk
