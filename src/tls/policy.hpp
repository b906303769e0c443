// The TLS part of the group's policy as text, and the way back from the text to settings.
#pragma once

#include <map>
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

/// Values by key, of any policy.
using policy_fields = std::map<std::string, std::string, std::less<>>;
/// Errors: bad_option for a line that is no `key=value`, or a key that stands there twice.
[[nodiscard]] result<policy_fields> read_policy(std::string_view text);
[[nodiscard]] std::string policy_text_of(const policy_fields& from);

/// `local` with what `text`, lines as `context::policy_text` makes them, says; what it does not say is as by
/// default. What is the default for the rest is left unsaid, so that it follows when another value changes
/// (the strict profile has its own groups). Files stay those of `local`: whether they have the anchors that
/// the text wants shows when a context is made of the result. Errors: bad_option, naming a key that is
/// unknown or a value that is none.
[[nodiscard]] result<settings> with_policy(settings local, std::string_view text);

}  // namespace hauberk::tls
