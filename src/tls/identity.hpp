// Whom a certificate lets speak: the rule of `socket.ssl_identity`, read from its text and applied to a
// certificate that has already passed the chain. Every rule can only narrow what the chain allows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"

namespace hauberk::tls {

struct certificate;

/// `list:` and `pin:` come on top of the rule that is the default for the kind of trust anchor.
struct identity_rule {
  std::optional<bool> names;        ///< must the certificate name its member? nothing = with a CA
  std::vector<std::string> listed;  ///< names and URIs, one of which it must have; empty = any; sorted
  std::vector<std::string> pins;  ///< SHA-256 in lower-case hex, one of which it must be; empty = any; sorted

  /// As it stands in the policy: the same for all spellings of one rule.
  [[nodiscard]] std::string text(bool checks_names) const;
};

/// Reads `name`, `ca`, `list:NAME,…`, `pin:SHA256,…` (hex, colons allowed) or nothing. Errors: bad_option.
[[nodiscard]] result<identity_rule> read_identity(std::string_view written);

/// Nothing when the owner of `peer` may call itself `name`, else the sentence that says why not.
[[nodiscard]] std::string mismatch(const identity_rule& rule, bool checks_names, const certificate& peer,
                                   const std::string& name);

}  // namespace hauberk::tls
