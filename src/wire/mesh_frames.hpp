// The frames of mesh/messages.hpp: the greeting, lists of peers, visitors' requests, who is linked how, and
// which revocation lists are in force.
#pragma once

#include "mesh/messages.hpp"
#include "wire/taker.hpp"

namespace hauberk::wire {

void put(Frame& frame, const mesh::hello& what);
void put(Frame& frame, const mesh::welcome& what);
void put(Frame& frame, const mesh::goodbye& what);
void put(Frame& frame, const mesh::peers& what);
void put(Frame& frame, const mesh::visitor_request& what);
void put(Frame& frame, const mesh::visitor_answer& what);
void put(Frame& frame, const mesh::link_report& what);
void put(Frame& frame, const mesh::member_report& what);
void put(Frame& frame, const mesh::lists& what);
void put(Frame& frame, const mesh::list_request& what);
/// Without the list, which is the frame's payload.
void put(Frame& frame, const mesh::list_answer& what);

[[nodiscard]] mesh::hello take(taker& with, const Hello& from);
[[nodiscard]] mesh::goodbye take(taker& with, const Goodbye& from);
[[nodiscard]] mesh::peers take(taker& with, const Peers& from);
[[nodiscard]] mesh::visitor_request take(taker& with, const VisitorRequest& from);
[[nodiscard]] mesh::visitor_answer take(taker& with, const VisitorAnswer& from);
[[nodiscard]] mesh::link_report take(taker& with, const LinkReport& from);
[[nodiscard]] mesh::member_report take(taker& with, const MemberReport& from);
[[nodiscard]] mesh::lists take(taker& with, const Lists& from);
[[nodiscard]] mesh::list_request take(taker& with, const ListRequest& from);

}  // namespace hauberk::wire
