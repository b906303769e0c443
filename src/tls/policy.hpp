// The TLS part of the group's policy as text, and the way back from the text to settings.
#pragma once

#include <string>
#include <string_view>

#include "hauberk/result.hpp"
#include "tls/settings.hpp"

namespace hauberk::tls {

struct algorithms;
struct material;

/// `key=value` lines, sorted: what must be the same at all members. `identity` is the rule as text.
[[nodiscard]] std::string policy_text_of(const settings& from, const material& read, const algorithms& spoken,
                                         const std::string& identity);

/// `local` with what `text`, lines as `context::policy_text` makes them, says of versions, ciphers, groups,
/// profile, identity and rekeying; what it does not say is as by default. Files stay those of `local`:
/// whether they have the anchors that the text wants shows when the policy text of the context made of the
/// result is compared with it. Errors: bad_option, naming a key that is unknown or a value that is none.
[[nodiscard]] result<settings> with_policy(settings local, std::string_view text);

}  // namespace hauberk::tls
