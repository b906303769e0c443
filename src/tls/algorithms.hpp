// What may be spoken: protocol versions, cipher lists and key exchange groups, checked by us name by name.
// OpenSSL cannot be left to it: it drops an unknown TLS 1.2 name beside a valid one without a word, and its
// answer differs from release to release, while the group's policy must mean the same everywhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"
#include "tls/settings.hpp"

namespace hauberk::tls {

struct algorithms {
  int version_min = 13;              ///< 12 or 13
  int version_max = 13;              ///< 12 or 13
  std::vector<std::string> suites;   ///< TLS 1.3 suites, in the order written
  std::vector<std::string> ciphers;  ///< TLS 1.2 names, in the order written
  std::vector<std::string> groups;   ///< as OpenSSL 3 names them; what this OpenSSL lacks is still in
  bool groups_written = false;       ///< by the person, not our default
  std::vector<std::string> written;  ///< suites and names together, normalised: for the policy
  std::vector<std::string> remarks;  ///< what a person should know of how the options were understood

  [[nodiscard]] std::string versions_text() const;  ///< "1.2-1.3"
};

/// Reads `socket.ssl_cipher`, `ssl_min_version`, `ssl_max_version` and `ssl_groups`. Errors: bad_option.
[[nodiscard]] result<algorithms> read_algorithms(const settings& from);

/// OpenSSL's name of a group as the options have it: "P-256" for "secp256r1".
[[nodiscard]] std::string group_name(std::string_view openssl);

/// `parts` with `separator` between them.
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace hauberk::tls
