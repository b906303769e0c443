// Revocation lists as plain data, for who stores them and passes them on: each as its CA signed it. That the
// signature is good is for `context` to say; nothing here verifies anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/list_id.hpp"
#include "base/log.hpp"
#include "hauberk/result.hpp"

namespace hauberk::tls {

struct revocation_list {
  base::list_id id;
  std::string issuer;            ///< one line, RFC 2253, at most 255 bytes of it
  std::int64_t next_update = 0;  ///< 0 = not said
  std::size_t revoked = 0;       ///< certificates on it
  bool is_on_file = false;       ///< in socket.ssl_crl of this node
  base::buffer der;              ///< empty: other nodes cannot be told of it, and it counts here alone

  [[nodiscard]] bool may_be_told() const { return !der.empty(); }
};

/// "number 7", "of 2026-11-22 10:00:00 UTC" for one without a number.
[[nodiscard]] std::string list_words(const base::list_id& of);
/// The same, with the issuer and how many it revokes.
[[nodiscard]] std::string list_words(const revocation_list& of);

/// PEM, one after the other, of those that may be told.
[[nodiscard]] std::string pem_of(const std::vector<revocation_list>& all);
/// The lists in a PEM file that `save_lists` wrote; a file that is not there has none. A block that cannot be
/// read is left out, with a line. Errors: bad_file.
[[nodiscard]] result<std::vector<base::buffer>> load_lists(const std::string& path,
                                                           const base::logger& words = {});
/// Those that may be told; a crash leaves the old file or the new one. Errors: bad_file.
result<void> save_lists(const std::string& path, const std::vector<revocation_list>& all);

}  // namespace hauberk::tls
