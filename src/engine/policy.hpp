// The settings that must be the same at all members, and the text that they are in the group's policy; and
// which protocol versions a node speaks before it is a member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replica/replica.hpp"
#include "tls/context.hpp"
#include "wire/codec.hpp"

namespace hauberk::engine {

// What this build speaks; see proto/README.md.
inline constexpr std::uint32_t protocol_min = 1, protocol_max = 1;

/// One policy, with this node's own files and threshold beside it.
struct common_settings {
  bool is_encrypted = false;
  tls::settings security;  ///< its files also where nothing is encrypted: for the day on which all is
  wire::compression compression;
  replica::flow_policy flow = replica::flow_policy::throttle;
};

/// Options by name, as somebody wants them to be.
using wish = std::vector<std::pair<std::string, std::string>>;
/// From `key=value; key=value`. Errors: bad_option.
[[nodiscard]] result<wish> read_wish(std::string_view text);

/// One `key=value` a line, sorted. `security` is nothing in a plaintext group.
[[nodiscard]] std::string policy_of(replica::flow_policy flow, const wire::compression& compression,
                                    const std::optional<tls::context>& security);

/// `local` with the values of `text`; what concerns TLS stays where the text says that there is none. Errors:
/// bad_option, naming what is not understood.
[[nodiscard]] result<common_settings> with_policy(common_settings local, std::string_view text);

/// What of a policy the options say; the rest, the trust anchors, is in a file.
[[nodiscard]] std::string without_anchors(std::string_view text);
[[nodiscard]] bool is_encrypted(std::string_view text);

}  // namespace hauberk::engine
