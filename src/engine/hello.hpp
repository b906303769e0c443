// What a node says of itself before it is a member: which protocol versions it speaks, and the policy that
// must be the same at all members.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "replica/replica.hpp"
#include "tls/context.hpp"
#include "wire/codec.hpp"

namespace hauberk::engine {

// What this build speaks; see proto/README.md.
inline constexpr std::uint32_t protocol_min = 1, protocol_max = 1;

/// One `key=value` a line, sorted. `security` is nothing in a plaintext group.
[[nodiscard]] std::string policy_of(replica::flow_policy flow, const wire::compression& compression,
                                    const std::optional<tls::context>& security);

}  // namespace hauberk::engine
