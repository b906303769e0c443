// From the engine's events, views and links to those of the public face.
#pragma once

#include <vector>

#include "engine/engine.hpp"
#include "hauberk/group.hpp"

namespace hauberk {

[[nodiscard]] view view_of(const replica::view_event& from);
/// To the members of `to`, which was made of `from`.
void add_certificates(view& to, const replica::view& from, const engine::link_knowledge& known);
/// `as_told` was made of `in`, and has the policy in force.
[[nodiscard]] std::vector<link_row> rows_of(const engine::link_knowledge& known, const replica::view& in,
                                            const view& as_told);

[[nodiscard]] event event_of(const engine::message_item& from);
[[nodiscard]] event event_of(const replica::view_event& from);
[[nodiscard]] event event_of(const replica::policy_event& from);
[[nodiscard]] event event_of(const engine::filler_item& from);
[[nodiscard]] event event_of(const engine::outcome_item& from);
[[nodiscard]] event event_of(const engine::expiry_item& from);
[[nodiscard]] event event_of(const replica::farewell_event& from);

}  // namespace hauberk
