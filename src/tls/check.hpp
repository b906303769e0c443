// The checks that a link has to pass, by which those that did not are counted.
#pragma once

#include <cstddef>
#include <string>

namespace hauberk::tls {

enum class check : std::size_t {
  other,           ///< a broken connection, most often
  foreign,         ///< TLS where none is expected, none where it is, or another protocol
  parameters,      ///< TLS version, cipher, group
  no_certificate,  ///< presented none
  chain,           ///< no way to a trust anchor, or not fit for a node
  date,            ///< expired or not yet valid
  revoked,
  identity,  ///< name, list or pin
  version,   ///< of the protocol
  group,     ///< its name
  policy,
  not_allowed,  ///< by gmcast.allowed
  host,         ///< the host program said no
  time,         ///< no greeting within the limit
  frames,       ///< bytes that no node sends, or not then
  crowded,      ///< too many that had not greeted, at once or lately
  by_peer,      ///< the other side refused us
};
/// What a check made of a peer.
struct verdict {
  std::string words = {};  ///< why it did not pass; empty = it did
  check failed = check::other;

  [[nodiscard]] bool passed() const { return words.empty(); }
};

inline constexpr std::size_t checks_count = static_cast<std::size_t>(check::by_peer) + 1;

}  // namespace hauberk::tls
