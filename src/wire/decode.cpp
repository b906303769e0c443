// Frames to structs. Nothing of a frame is believed: each field is checked against its bound before it is
// used, and protobuf only ever sees the head, so that it never copies a payload.
#include <algorithm>
#include <string_view>
#include <utility>

#include "proto/hauberk.pb.h"
#include "wire/bounds.hpp"
#include "wire/codec.hpp"
#include "wire/compress.hpp"
#include "wire/mesh_frames.hpp"
#include "wire/outline.hpp"
#include "wire/taker.hpp"

namespace hauberk::wire {
namespace {

error refused(std::string text) { return {errc::refused, std::move(text)}; }

// ---- spread, order, held ----

/// The payloads of a frame: slices of it, or of one block of their own.
std::vector<base::buffer> take_payloads(taker& with, const Frame& head, const base::buffer& frame,
                                        const outline& found) {
  std::vector<base::buffer> made;
  if (!with.check_list("the number of payloads in a frame", head.sizes_size(), limits::run_payloads_max)) {
    return made;
  }
  std::uint64_t bytes = 0;
  for (const std::uint32_t size : head.sizes()) bytes += size;
  if (!with.check("the payload of a frame", bytes, limits::frame_payload_bytes_max)) return made;
  auto whole = frame.slice(found.payload_offset, found.payload_bytes);
  if (head.compression() == NONE) {
    if (bytes != whole.size()) {
      with.fail("the sizes of a frame's payloads add up to " + std::to_string(bytes) + ", got " +
                std::to_string(whole.size()) + " bytes of payload");
      return made;
    }
    if (bytes < copied_bytes_most) whole = base::buffer::copy(whole.bytes());
  } else {
    if (head.compression() != LZ4 && head.compression() != ZSTD) {
      with.fail("compression " + std::to_string(head.compression()) + " is not known here");
      return made;
    }
    const auto how = head.compression() == LZ4 ? algorithm::lz4 : algorithm::zstd;
    auto unpacked = decompress(how, whole.bytes(), static_cast<std::size_t>(bytes));
    if (!unpacked) {
      with.fail("a compressed payload does not unpack to the " + std::to_string(bytes) + " bytes expected");
      return made;
    }
    whole = std::move(*unpacked);
  }
  made.reserve(static_cast<std::size_t>(head.sizes_size()));
  std::size_t at = 0;
  for (const std::uint32_t size : head.sizes()) {
    made.push_back(whole.slice(at, size));
    at += size;
  }
  return made;
}

/// What `data` and `fetched` have in common: a run of whole payloads, or one chunk of one.
template <typename Made, typename From>
void take_run(taker& with, Made& made, const From& from, std::vector<base::buffer> payloads) {
  made.first = from.first();
  made.total = from.total();
  made.offset = from.offset();
  made.payloads = std::move(payloads);
  if (!with.problem.empty()) return;
  with.check_range("payloads", made.first, made.payloads.size());
  if (made.total == 0) {
    with.check("the offset of a run of whole payloads", made.offset, 0);
    return;
  }
  with.check("the size of a broadcast", made.total, limits::payload_bytes_max);
  if (made.payloads.size() != 1) {
    with.fail("a chunk is one piece, got " + std::to_string(made.payloads.size()));
  } else if (with.check("the offset of a chunk", made.offset, made.total)) {
    with.check("the size of a chunk", made.payloads.front().size(), made.total - made.offset);
  }
}

replica::member take(taker& with, const Member& from) {
  return {with.seat(from.seat()),
          with.name(from.name()),
          with.address(from.address()),
          with.weight(from.weight()),
          with.weight(from.weight_wanted()),
          from.catching_up(),
          from.last(),
          from.arbitrator(),
          with.protocols(from.protocol_min(), from.protocol_max())};
}

replica::removal take(taker& with, const Removal& from) {
  return {with.seat(from.seat()), from.last(), from.view_number()};
}

replica::group_policy take(taker& with, const Policy& from) {
  return {from.number(),
          with.policy(from.text()),
          with.one_of("a step of a policy", from.step(), replica::policy_step::abort),
          with.policy(from.prepared()),
          from.prepared_in(),
          from.is_trial(),
          with.name(from.by()),
          with.name(from.culprit()),
          with.reason(from.words())};
}

replica::view_ptr take(taker& with, const View& from) {
  const auto member = [&](const Member& one) { return take(with, one); };
  replica::view made;
  made.history = with.id(from.history());
  made.number = from.number();
  made.members = with.list("the number of members", from.members(), limits::members_max, member);
  made.joined = with.seats("the number of joined members", from.joined(), limits::members_max);
  made.left = with.list("the number of members that left", from.left(), limits::members_max, member);
  made.lost = with.list("the number of lost members", from.lost(), limits::members_max, member);
  made.removed = with.list("the number of removed seats", from.removed(), limits::removed_max,
                           [&](const Removal& one) { return take(with, one); });
  made.dead = with.seats("the number of proven deaths in a view", from.dead(), limits::members_max);
  made.root = with.id(from.root());
  made.forks = with.list("the number of forks", from.forks(), limits::forks_max, [&](const Fork& one) {
    return recovered_position{with.id(one.history()), one.position()};
  });
  made.protocol = from.protocol();
  made.evicted = with.list("the number of evicted members", from.evicted(), limits::members_max, member);
  made.bans = with.list("the number of bans", from.bans(), limits::bans_max, [&](const Ban& one) {
    return replica::ban{with.name(one.name()), with.name(one.by()), with.ban_text(one.text())};
  });
  if (from.has_policy()) made.policy = take(with, from.policy());
  return std::make_shared<const replica::view>(std::move(made));
}

replica::order_item take(taker& with, const Entry& from) {
  if (!from.has_view()) {
    return replica::order_noop{with.seats("the number of dead seats", from.dead(), limits::members_max)};
  }
  with.check_list("the number of dead seats beside a view", from.dead_size(), 0);
  return replica::order_view{take(with, from.view())};
}

replica::order take(taker& with, const Order& from) {
  replica::order made;
  made.epoch = from.epoch();
  made.first = from.first();
  made.previous_epoch = from.previous_epoch();
  made.entry_epoch = from.entry_epoch();
  const int runs = from.run_sender_size();
  if (from.run_first_size() != runs || from.run_count_size() != runs) {
    with.fail("the columns of an order have one length, got " + std::to_string(runs) + ", " +
              std::to_string(from.run_first_size()) + " and " + std::to_string(from.run_count_size()));
    return made;
  }
  if (!with.check("the number of items in an order",
                  static_cast<std::uint64_t>(runs) + static_cast<std::uint64_t>(from.entries_size()),
                  limits::order_items_max)) {
    return made;
  }
  const auto senders =
      with.seats("the number of senders in an order", from.senders(), limits::order_items_max);
  made.items.reserve(static_cast<std::size_t>(runs + from.entries_size()));
  int run = 0, entry = 0;
  std::uint64_t positions = 0;
  while (with.problem.empty() && (run < runs || entry < from.entries_size())) {
    if (entry < from.entries_size() && from.entries(entry).at() == made.items.size()) {
      made.items.push_back(take(with, from.entries(entry++)));
      ++positions;
    } else if (run == runs) {
      with.fail("the next entry of an order is item " + std::to_string(made.items.size()) + ", got " +
                std::to_string(from.entries(entry).at()));
    } else {
      const std::uint32_t sender = from.run_sender(run), count = from.run_count(run);
      if (sender >= senders.size()) {
        with.fail("an order names one of its " + std::to_string(senders.size()) + " senders, got number " +
                  std::to_string(sender));
      } else if (with.check_range("broadcasts", from.run_first(run), count)) {
        made.items.emplace_back(replica::order_run{senders[sender], from.run_first(run), count});
        positions += count;
      }
      ++run;
    }
  }
  with.check_range("positions", made.first, positions);
  return made;
}

replica::held take(taker&, const Held& from) {
  return {from.epoch(), from.upto(), from.committed(), from.stable()};
}

replica::beat take(taker& with, const Beat& from) {
  return {from.number(),
          from.echo(),
          from.epoch(),
          with.id(from.history()),
          from.view_number(),
          with.list("the number of links", from.links(), peers_max,
                    [&](const std::string& one) { return with.id(one); }),
          from.direct(),
          from.backlog(),
          from.is_behind()};
}

replica::fetch take(taker&, const Fetch& from) {
  return {from.epoch(), from.first(), from.last(), from.offset()};
}

replica::resume take(taker& with, const Resume& from) {
  return {with.id(from.history()), from.epoch(), with.seat(from.of()), from.have(),
          from.partial(),          from.next(),  from.asks_payloads()};
}

// ---- epochs ----

replica::vote_request take(taker&, const VoteRequest& from) {
  return {from.epoch(), from.pre(), from.handover(), from.last_epoch(), from.last_position()};
}

replica::vote take(taker&, const Vote& from) { return {from.epoch(), from.pre(), from.granted()}; }

replica::epoch_start take(taker& with, const EpochStart& from) {
  return {with.id(from.history()),
          from.epoch(),
          from.seat_number(),
          from.window_start(),
          from.log_end(),
          with.list("the number of boundaries", from.boundaries(), limits::boundaries_max,
                    [](const Boundary& one) {
                      return replica::boundary{one.epoch(), one.first()};
                    })};
}

replica::handover take(taker&, const Handover& from) {
  return {from.epoch(), from.view_number(), from.log_end()};
}

// ---- coming and going ----

replica::join take(taker& with, const Join& from) {
  return {with.seat(from.seat()),
          with.name(from.name()),
          with.address(from.address()),
          with.weight(from.weight()),
          {with.id(from.recovered_history()), from.recovered_position()},
          with.seats("the number of seats proven dead", from.succeeds(), limits::record_seats_max),
          from.arbitrator(),
          with.protocols(from.protocol_min(), from.protocol_max())};
}

replica::join_refused take(taker& with, const JoinRefused& from) {
  return {with.seat(from.seat()), from.reason(), from.final(), with.reason(from.text())};
}

replica::removed take(taker& with, const Removed& from) {
  return {with.id(from.history()), take(with, from.what()), from.known(), from.at()};
}

// ---- re-forming a group that died ----

replica::record take(taker& with, const Record& from) {
  return {with.seats("the number of seats proven dead", from.seats(), limits::record_seats_max),
          from.epoch(),
          from.has_decided() ? take(with, from.decided()) : nullptr,
          from.has_pending() ? take(with, from.pending()) : nullptr,
          from.pending_epoch(),
          from.pending_at()};
}

replica::claim take(taker& with, const Claim& from) {
  replica::claim made;
  made.version = from.version();
  made.is_open = from.is_open();
  made.weight = with.weight(from.weight());
  made.known = take(with, from.known());
  made.number_max = from.number_max();
  made.epoch_max = from.epoch_max();
  made.recovered = {with.id(from.recovered_history()), from.recovered_position()};
  made.is_alive = from.is_alive();
  made.held_epoch = from.held_epoch();
  made.held = from.held();
  made.committed = from.committed();
  return made;
}

replica::promise take(taker& with, const Promise& from) {
  return {with.list("the number of claims", from.upon(), limits::claims_max, [&](const ClaimId& one) {
    return replica::claim_id{with.id(one.process()), one.version()};
  })};
}

// ---- changes that members ask for ----

replica::change take_change(taker& with, const ChangeRequest& from) {
  const int kinds = (from.has_weight() ? 1 : 0) + (from.has_evict() ? 1 : 0) + (from.has_allow() ? 1 : 0) +
                    (from.has_policy() ? 1 : 0);
  if (kinds != 1) with.fail("a change is of one kind, got " + std::to_string(kinds) + " that are known here");
  if (from.has_evict()) {
    return replica::eviction{with.seat(from.evict().seat()), with.name(from.evict().name()),
                             with.ban_text(from.evict().text())};
  }
  if (from.has_allow()) return replica::permission{with.name(from.allow().name())};
  if (from.has_policy())
    return replica::policy_change{with.policy(from.policy().text()), from.policy().base(),
                                  from.policy().is_trial()};
  return replica::weight_change{with.seat(from.weight().seat()), with.weight(from.weight().weight())};
}

replica::change_request take(taker& with, const ChangeRequest& from) {
  return {from.id(), take_change(with, from)};
}

replica::change_answer take(taker& with, const ChangeAnswer& from) {
  return {from.id(), from.reason(), with.reason(from.text())};
}

replica::policy_proof take(taker& with, const PolicyProof& from) {
  return {from.prepared_in(), with.one_of("the state of a proof", from.state(), replica::proof::cannot),
          with.reason(from.text())};
}

// ---- the frame around them ----

replica::relay take(taker& with, const Relay& from) {
  const replica::relay made{with.id(from.origin()), with.id(from.target())};
  if (made.origin.is_nil() || made.target.is_nil()) with.fail("a relayed frame has an origin and a target");
  return made;
}

/// A revocation list is the one payload of its frame.
mesh::list_answer take_list(taker& with, const Frame& head, const base::buffer& frame, const outline& found) {
  auto all = take_payloads(with, head, frame, found);
  if (!with.problem.empty()) return {};
  if (all.size() != 1) {
    with.fail("an answer has one revocation list, got " + std::to_string(all.size()));
    return {};
  }
  with.check("the size of a revocation list", all.front().size(), limits::list_bytes_max);
  return {std::move(all.front())};
}

/// One of what replicas say; nothing, with a problem told to `with`, when `found.kind` is not known.
std::optional<replica::body> take_body(taker& with, const Frame& head, const base::buffer& frame,
                                       const outline& found) {
  switch (found.kind) {
    case Frame::kDataFieldNumber: {
      replica::data made;
      take_run(with, made, head.data(), take_payloads(with, head, frame, found));
      return made;
    }
    case Frame::kFetchedFieldNumber: {
      replica::fetched made;
      made.epoch = head.fetched().epoch();
      take_run(with, made, head.fetched(), take_payloads(with, head, frame, found));
      return made;
    }
    case Frame::kOrderFieldNumber:
      return take(with, head.order());
    case Frame::kHeldFieldNumber:
      return take(with, head.held());
    case Frame::kBeatFieldNumber:
      return take(with, head.beat());
    case Frame::kFetchFieldNumber:
      return take(with, head.fetch());
    case Frame::kResumeFieldNumber:
      return take(with, head.resume());
    case Frame::kVoteRequestFieldNumber:
      return take(with, head.vote_request());
    case Frame::kVoteFieldNumber:
      return take(with, head.vote());
    case Frame::kEpochStartFieldNumber:
      return take(with, head.epoch_start());
    case Frame::kHandoverFieldNumber:
      return take(with, head.handover());
    case Frame::kJoinFieldNumber:
      return take(with, head.join());
    case Frame::kJoinRefusedFieldNumber:
      return take(with, head.join_refused());
    case Frame::kLeaveFieldNumber:
      return replica::leave{head.leave().last()};
    case Frame::kRemovedFieldNumber:
      return take(with, head.removed());
    case Frame::kClaimFieldNumber:
      return take(with, head.claim());
    case Frame::kPromiseFieldNumber:
      return take(with, head.promise());
    case Frame::kFenceRequestFieldNumber:
      return replica::fence_request{head.fence_request().id()};
    case Frame::kFenceAnswerFieldNumber:
      return replica::fence_answer{head.fence_answer().id(), head.fence_answer().epoch(),
                                   head.fence_answer().position()};
    case Frame::kChangeRequestFieldNumber:
      return take(with, head.change_request());
    case Frame::kChangeAnswerFieldNumber:
      return take(with, head.change_answer());
    case Frame::kEvictNoticeFieldNumber:
      return replica::evict_notice{head.evict_notice().epoch()};
    case Frame::kEvictConsentFieldNumber:
      return replica::evict_consent{head.evict_consent().epoch()};
    case Frame::kPolicyProofFieldNumber:
      return take(with, head.policy_proof());
    case 0:
      with.fail("a frame has one kind, got none");
      return std::nullopt;
    default:
      with.fail("a frame of kind " + std::to_string(found.kind) + " is not known here (a newer version?)");
      return std::nullopt;
  }
}

std::optional<message> take_message(taker& with, const Frame& head, const base::buffer& frame,
                                    const outline& found) {
  switch (found.kind) {
    case Frame::kHelloFieldNumber:
      return take(with, head.hello());
    case Frame::kWelcomeFieldNumber:
      return mesh::welcome{};
    case Frame::kGoodbyeFieldNumber:
      return take(with, head.goodbye());
    case Frame::kPeersFieldNumber:
      return take(with, head.peers());
    case Frame::kVisitorRequestFieldNumber:
      return take(with, head.visitor_request());
    case Frame::kVisitorAnswerFieldNumber:
      return take(with, head.visitor_answer());
    case Frame::kLinkReportFieldNumber:
      return take(with, head.link_report());
    case Frame::kMemberReportFieldNumber:
      return take(with, head.member_report());
    case Frame::kListsFieldNumber:
      return take(with, head.lists());
    case Frame::kListRequestFieldNumber:
      return take(with, head.list_request());
    case Frame::kListAnswerFieldNumber:
      return take_list(with, head, frame, found);
    default: {
      auto body = take_body(with, head, frame, found);
      if (!body) return std::nullopt;
      replica::relay by;
      if (head.has_relay()) by = take(with, head.relay());
      return replica::envelope{head.seat(), std::move(*body), by};
    }
  }
}

}  // namespace

result<message> decode(const base::buffer& frame) {
  const auto found = scan(frame.bytes());
  if (!found) return found.error();
  if (found->head_bytes > limits::frame_head_bytes_max) {
    return refused("the head of a frame has at most " + std::to_string(limits::frame_head_bytes_max) +
                   " bytes, got " + std::to_string(found->head_bytes));
  }
  thread_local Frame head;
  taker with;
  std::optional<message> made;
  if (!head.ParseFromArray(frame.data(), static_cast<int>(found->head_bytes))) {
    with.fail("the head of a frame of kind " + std::to_string(found->kind) + " cannot be parsed");
  } else {
    made = take_message(with, head, frame, *found);
    const bool has_payload = found->kind == Frame::kDataFieldNumber ||
                             found->kind == Frame::kFetchedFieldNumber ||
                             found->kind == Frame::kListAnswerFieldNumber;
    if (made && head.has_relay() && !std::holds_alternative<replica::envelope>(*made))
      with.fail("a frame of kind " + std::to_string(found->kind) + " is never relayed");
    if (!has_payload && (head.sizes_size() != 0 || found->payload_bytes != 0)) {
      with.fail("a frame of kind " + std::to_string(found->kind) + " has no payload, got " +
                std::to_string(found->payload_bytes) + " bytes");
    }
  }
  if (found->head_bytes > kept_head_bytes_max) Frame().Swap(&head);
  if (!with.problem.empty()) return refused(std::move(with.problem));
  return std::move(*made);
}

}  // namespace hauberk::wire
