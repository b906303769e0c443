#include "api/events.hpp"

namespace hauberk {

void add_certificates(view& to, const replica::view& from, const engine::link_knowledge& known) {
  for (std::size_t i = 0; i < to.members.size(); ++i) {
    const auto at = known.certified.find(from.members[i].seat.process);
    if (at == known.certified.end()) continue;
    const tls::certificate& one = *at->second;
    to.members[i].certificate = {one.subject, one.names, one.fingerprint, one.not_after};
  }
}

std::vector<link_row> rows_of(const engine::link_knowledge& known, const replica::view& in,
                              const view& as_told) {
  std::vector<uuid> processes;
  for (const replica::member& one : in.members) processes.push_back(one.seat.process);
  const std::string digest = tls::sha256_hex(as_told.policy);
  std::vector<link_row> made;
  for (const engine::link_cell& cell : engine::cells_of(known, processes)) {
    link_row& row = made.emplace_back();
    row.from = in.members[cell.from].name;
    row.to = in.members[cell.to].name;
    row.word = static_cast<link_row::check>(cell.how);
    if (cell.is == nullptr) continue;
    row.encrypted = !cell.is->version.empty();
    row.version = cell.is->version;
    row.cipher = cell.is->cipher;
    row.key_exchange = cell.is->group;
    row.fingerprint = cell.is->fingerprint;
    row.policy_digest = cell.is->policy;
    row.policy_number = cell.is->policy == digest ? as_told.policy_number : 0;
    row.since = cell.is->since;
  }
  return made;
}

view view_of(const replica::view_event& from) {
  view made;
  made.history = from.what->history;
  made.number = from.what->number;
  made.epoch = from.epoch;
  made.primary = from.primary;
  made.start = from.position;
  made.protocol = from.what->protocol;
  made.policy_number = from.what->policy.number;
  made.policy = from.what->policy.text;
  for (const replica::member& one : from.what->members)
    made.members.push_back({one.name, to_string(one.seat.process), one.address, one.weight, one.arbitrator});
  for (const replica::ban& one : from.what->bans) made.banned.push_back(one.name);
  if (!from.primary || from.resumed) return made;  // no change of members: who came and went was told before
  for (const replica::seat_id& seat : from.what->joined)
    if (const replica::member* one = from.what->find(seat)) made.joined.push_back(one->name);
  for (const replica::member& one : from.what->left) made.left.push_back(one.name);
  for (const replica::member& one : from.what->lost) made.lost.push_back(one.name);
  for (const replica::member& one : from.what->evicted) made.evicted.push_back(one.name);
  return made;
}

event event_of(const engine::message_item& from) {
  return message{from.position, *from.sender, from.ticket, from.payload.bytes()};
}
event event_of(const replica::view_event& from) { return view_of(from); }
event event_of(const replica::policy_event& from) {
  const replica::group_policy& what = from.what->policy;
  policy made;
  made.position = from.position;
  made.step = what.step == replica::policy_step::prepare    ? policy_step::prepared
              : what.step == replica::policy_step::activate ? policy_step::activated
                                                            : policy_step::aborted;
  made.number = what.number;
  made.text = what.step == replica::policy_step::prepare ? what.prepared : what.text;
  made.is_trial = what.is_trial;
  made.by = what.by;
  made.culprit = what.culprit;
  made.words = what.words;
  return made;
}
event event_of(const engine::filler_item& from) { return filler{from.position}; }
event event_of(const engine::outcome_item& from) {
  return outcome{from.ticket, static_cast<outcome_kind>(from.result), from.position};
}
event event_of(const engine::expiry_item& from) {
  return expiry{static_cast<expiry_of>(from.what.of),
                from.what.member,
                from.what.shown,
                from.what.at,
                from.what.days,
                from.text};
}
event event_of(const replica::farewell_event& from) {
  return farewell{from.reason == errc::ok ? std::error_code() : make_error_code(from.reason), from.text};
}

static_assert(static_cast<int>(outcome_kind::committed) == static_cast<int>(replica::outcome::committed) &&
              static_cast<int>(outcome_kind::never) == static_cast<int>(replica::outcome::never) &&
              static_cast<int>(outcome_kind::unknown) == static_cast<int>(replica::outcome::unknown));
static_assert(static_cast<int>(link_row::check::missing) == static_cast<int>(engine::agreement::missing) &&
              static_cast<int>(link_row::check::disputed) == static_cast<int>(engine::agreement::disputed));
static_assert(static_cast<int>(expiry_of::own) == static_cast<int>(engine::expiry::subject::own) &&
              static_cast<int>(expiry_of::quorum) == static_cast<int>(engine::expiry::subject::quorum));

}  // namespace hauberk
