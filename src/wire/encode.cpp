// Structs to frames. Protobuf writes the head; the tag and length of the payload are appended by hand, and
// the payload follows by reference: together byte for byte what protobuf itself would have written.
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "proto/hauberk.pb.h"
#include "wire/bounds.hpp"
#include "wire/codec.hpp"
#include "wire/compress.hpp"
#include "wire/mesh_frames.hpp"
#include "wire/putter.hpp"
#include "wire/varint.hpp"

namespace hauberk::wire {
namespace {

using wire::put;  // of putter.hpp and mesh_frames.hpp: the overloads here would hide them

// ---- spread, order, held ----

void put_sizes(Frame& frame, const std::vector<base::buffer>& payloads) {
  HAUBERK_ASSERT(payloads.size() <= limits::run_payloads_max, "a run of payloads is bounded");
  auto& sizes = *frame.mutable_sizes();
  sizes.Reserve(static_cast<int>(payloads.size()));
  for (const auto& payload : payloads) sizes.AddAlreadyReserved(static_cast<std::uint32_t>(payload.size()));
}

void put(Frame& frame, const replica::data& what) {
  auto& into = *frame.mutable_data();
  into.set_first(what.first);
  into.set_total(what.total);
  into.set_offset(what.offset);
  put_sizes(frame, what.payloads);
}

void put(Frame& frame, const replica::fetched& what) {
  auto& into = *frame.mutable_fetched();
  into.set_epoch(what.epoch);
  into.set_first(what.first);
  into.set_total(what.total);
  into.set_offset(what.offset);
  put_sizes(frame, what.payloads);
}

void put(Member* into, const replica::member& what) {
  put(into->mutable_seat(), what.seat);
  put_name(into->mutable_name(), what.name);
  put_address(into->mutable_address(), what.address);
  into->set_weight(what.weight);
  into->set_weight_wanted(what.weight_wanted);
  into->set_catching_up(what.catching_up);
  into->set_last(what.last);
  into->set_arbitrator(what.arbitrator);
  into->set_protocol_min(what.speaks.min);
  into->set_protocol_max(what.speaks.max);
}

void put(Removal* into, const replica::removal& what) {
  put(into->mutable_seat(), what.seat);
  into->set_last(what.last);
  into->set_view_number(what.view_number);
}

void put(Policy* into, const replica::group_policy& what) {
  into->set_number(what.number);
  put_policy(into->mutable_text(), what.text);
  into->set_step(static_cast<std::uint32_t>(what.step));
  put_policy(into->mutable_prepared(), what.prepared);
  into->set_prepared_in(what.prepared_in);
  into->set_is_trial(what.is_trial);
  put_name(into->mutable_by(), what.by);
  put_name(into->mutable_culprit(), what.culprit);
  put_text(into->mutable_words(), what.words);
}

void put(View* into, const replica::view& what) {
  HAUBERK_ASSERT(what.members.size() <= limits::members_max && what.joined.size() <= limits::members_max &&
                     what.left.size() <= limits::members_max && what.lost.size() <= limits::members_max &&
                     what.dead.size() <= limits::members_max && what.removed.size() <= limits::removed_max &&
                     what.forks.size() <= limits::forks_max,
                 "a view is bounded");
  put(into->mutable_history(), what.history);
  into->set_number(what.number);
  for (const auto& member : what.members) put(into->add_members(), member);
  for (const auto& seat : what.joined) put(into->add_joined(), seat);
  for (const auto& member : what.left) put(into->add_left(), member);
  for (const auto& member : what.lost) put(into->add_lost(), member);
  for (const auto& removal : what.removed) put(into->add_removed(), removal);
  HAUBERK_ASSERT(what.evicted.size() <= limits::members_max && what.bans.size() <= limits::bans_max,
                 "a view is bounded");
  for (const auto& member : what.evicted) put(into->add_evicted(), member);
  for (const auto& ban : what.bans) {
    auto& made = *into->add_bans();
    put_name(made.mutable_name(), ban.name);
    put_name(made.mutable_by(), ban.by);
    put_ban_text(made.mutable_text(), ban.text);
  }
  for (const auto& seat : what.dead) put(into->add_dead(), seat);
  into->set_protocol(what.protocol);
  if (what.policy != replica::group_policy()) put(into->mutable_policy(), what.policy);
  put(into->mutable_root(), what.root);
  for (const auto& fork : what.forks) {
    auto& made = *into->add_forks();
    put(made.mutable_history(), fork.history);
    made.set_position(fork.position);
  }
}

/// The place of `seat` in the table of senders; a linear search, as there are few of them.
std::uint32_t sender_index(Order& into, const std::vector<const base::seat_id*>& known,
                           const base::seat_id& seat) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (*known[i] == seat) return static_cast<std::uint32_t>(i);
  }
  put(into.add_senders(), seat);
  return static_cast<std::uint32_t>(known.size());
}

void put(Frame& frame, const replica::order& what) {
  HAUBERK_ASSERT(what.items.size() <= limits::order_items_max, "an order frame is bounded");
  auto& into = *frame.mutable_order();
  into.set_epoch(what.epoch);
  into.set_first(what.first);
  into.set_previous_epoch(what.previous_epoch);
  into.set_entry_epoch(what.entry_epoch);
  thread_local std::vector<const base::seat_id*> senders;
  senders.clear();
  std::uint32_t at = 0;
  for (const auto& item : what.items) {
    if (const auto* run = std::get_if<replica::order_run>(&item)) {
      const std::uint32_t sender = sender_index(into, senders, run->sender);
      if (sender == senders.size()) senders.push_back(&run->sender);
      into.add_run_sender(sender);
      into.add_run_first(run->first);
      into.add_run_count(run->count);
    } else {
      auto& entry = *into.add_entries();
      entry.set_at(at);
      if (const auto* view = std::get_if<replica::order_view>(&item)) {
        HAUBERK_ASSERT(view->what != nullptr, "a view entry has a view");
        put(entry.mutable_view(), *view->what);
      } else {
        const auto& dead = std::get<replica::order_noop>(item).dead;
        HAUBERK_ASSERT(dead.size() <= limits::members_max, "the dead were members");
        for (const auto& seat : dead) put(entry.add_dead(), seat);
      }
    }
    ++at;
  }
}

void put(Frame& frame, const replica::held& what) {
  auto& into = *frame.mutable_held();
  into.set_epoch(what.epoch);
  into.set_upto(what.upto);
  into.set_committed(what.committed);
  into.set_stable(what.stable);
}

void put(Frame& frame, const replica::beat& what) {
  auto& into = *frame.mutable_beat();
  into.set_number(what.number);
  into.set_echo(what.echo);
  into.set_epoch(what.epoch);
  put(into.mutable_history(), what.history);
  into.set_view_number(what.view_number);
  for (const auto& link : what.links) {
    if (static_cast<std::size_t>(into.links_size()) == peers_max) break;
    put(into.add_links(), link);
  }
  into.set_direct(what.direct);
  into.set_backlog(what.backlog);
  into.set_is_behind(what.is_behind);
}

void put(Frame& frame, const replica::fetch& what) {
  auto& into = *frame.mutable_fetch();
  into.set_epoch(what.epoch);
  into.set_first(what.first);
  into.set_last(what.last);
  into.set_offset(what.offset);
}

void put(Frame& frame, const replica::resume& what) {
  auto& into = *frame.mutable_resume();
  put(into.mutable_history(), what.history);
  into.set_epoch(what.epoch);
  put(into.mutable_of(), what.of);
  into.set_have(what.have);
  into.set_partial(what.partial);
  into.set_next(what.next);
  into.set_asks_payloads(what.asks_payloads);
}

// ---- epochs ----

void put(Frame& frame, const replica::vote_request& what) {
  auto& into = *frame.mutable_vote_request();
  into.set_epoch(what.epoch);
  into.set_pre(what.pre);
  into.set_handover(what.handover);
  into.set_last_epoch(what.last_epoch);
  into.set_last_position(what.last_position);
}

void put(Frame& frame, const replica::vote& what) {
  auto& into = *frame.mutable_vote();
  into.set_epoch(what.epoch);
  into.set_pre(what.pre);
  into.set_granted(what.granted);
}

void put(Frame& frame, const replica::epoch_start& what) {
  HAUBERK_ASSERT(what.boundaries.size() <= limits::boundaries_max, "a history window has bounded epochs");
  auto& into = *frame.mutable_epoch_start();
  put(into.mutable_history(), what.history);
  into.set_epoch(what.epoch);
  into.set_seat_number(what.seat_number);
  into.set_window_start(what.window_start);
  into.set_log_end(what.log_end);
  for (const auto& boundary : what.boundaries) {
    auto& made = *into.add_boundaries();
    made.set_epoch(boundary.epoch);
    made.set_first(boundary.first);
  }
}

void put(Frame& frame, const replica::handover& what) {
  auto& into = *frame.mutable_handover();
  into.set_epoch(what.epoch);
  into.set_view_number(what.view_number);
  into.set_log_end(what.log_end);
}

// ---- coming and going ----

void put(Frame& frame, const replica::join& what) {
  auto& into = *frame.mutable_join();
  put(into.mutable_seat(), what.seat);
  put_name(into.mutable_name(), what.name);
  put_address(into.mutable_address(), what.address);
  into.set_weight(what.weight);
  put(into.mutable_recovered_history(), what.recovered.history);
  into.set_recovered_position(what.recovered.position);
  HAUBERK_ASSERT(what.succeeds.size() <= limits::record_seats_max, "a state file proves few deaths");
  for (const auto& seat : what.succeeds) put(into.add_succeeds(), seat);
  into.set_arbitrator(what.arbitrator);
  into.set_protocol_min(what.speaks.min);
  into.set_protocol_max(what.speaks.max);
}

void put(Frame& frame, const replica::join_refused& what) {
  auto& into = *frame.mutable_join_refused();
  put(into.mutable_seat(), what.seat);
  into.set_reason(what.reason);
  into.set_final(what.final);
  put_text(into.mutable_text(), what.text);
}

void put(Frame& frame, const replica::leave& what) { frame.mutable_leave()->set_last(what.last); }

void put(Frame& frame, const replica::removed& what) {
  auto& into = *frame.mutable_removed();
  put(into.mutable_history(), what.history);
  put(into.mutable_what(), what.what);
  into.set_known(what.known);
  into.set_at(what.at);
}

// ---- re-forming a group that died ----

void put(Record* into, const replica::record& what) {
  HAUBERK_ASSERT(what.seats.size() <= limits::record_seats_max, "a state file proves few deaths");
  for (const auto& seat : what.seats) put(into->add_seats(), seat);
  into->set_epoch(what.epoch);
  if (what.decided) put(into->mutable_decided(), *what.decided);
  if (what.pending) put(into->mutable_pending(), *what.pending);
  into->set_pending_epoch(what.pending_epoch);
  into->set_pending_at(what.pending_at);
}

void put(Frame& frame, const replica::claim& what) {
  auto& into = *frame.mutable_claim();
  into.set_version(what.version);
  into.set_is_open(what.is_open);
  into.set_weight(what.weight);
  put(into.mutable_known(), what.known);
  into.set_number_max(what.number_max);
  into.set_epoch_max(what.epoch_max);
  put(into.mutable_recovered_history(), what.recovered.history);
  into.set_recovered_position(what.recovered.position);
  into.set_is_alive(what.is_alive);
  into.set_held_epoch(what.held_epoch);
  into.set_held(what.held);
  into.set_committed(what.committed);
}

void put(Frame& frame, const replica::promise& what) {
  HAUBERK_ASSERT(what.upon.size() <= limits::claims_max, "a promise names members");
  auto& into = *frame.mutable_promise();
  for (const auto& one : what.upon) {
    auto& made = *into.add_upon();
    put(made.mutable_process(), one.process);
    made.set_version(one.version);
  }
}

void put(Frame& frame, const replica::fence_request& what) { frame.mutable_fence_request()->set_id(what.id); }

void put(Frame& frame, const replica::fence_answer& what) {
  auto& into = *frame.mutable_fence_answer();
  into.set_id(what.id);
  into.set_epoch(what.epoch);
  into.set_position(what.position);
}

// ---- changes that members ask for ----

void put(ChangeRequest& into, const replica::weight_change& what) {
  put(into.mutable_weight()->mutable_seat(), what.seat);
  into.mutable_weight()->set_weight(what.weight);
}

void put(ChangeRequest& into, const replica::eviction& what) {
  auto& made = *into.mutable_evict();
  put(made.mutable_seat(), what.seat);
  put_name(made.mutable_name(), what.name);
  put_ban_text(made.mutable_text(), what.text);
}

void put(ChangeRequest& into, const replica::permission& what) {
  put_name(into.mutable_allow()->mutable_name(), what.name);
}

void put(ChangeRequest& into, const replica::policy_change& what) {
  put_policy(into.mutable_policy()->mutable_text(), what.text);
  into.mutable_policy()->set_is_trial(what.is_trial);
  into.mutable_policy()->set_base(what.base);
}

void put(Frame& frame, const replica::evict_notice& what) {
  frame.mutable_evict_notice()->set_epoch(what.epoch);
}

void put(Frame& frame, const replica::evict_consent& what) {
  frame.mutable_evict_consent()->set_epoch(what.epoch);
}

void put(Frame& frame, const replica::policy_proof& what) {
  auto& into = *frame.mutable_policy_proof();
  into.set_prepared_in(what.prepared_in);
  into.set_state(static_cast<std::uint32_t>(what.state));
  put_text(into.mutable_text(), what.text);
}

void put(Frame& frame, const replica::change_request& what) {
  auto& into = *frame.mutable_change_request();
  into.set_id(what.id);
  std::visit([&](const auto& change) { put(into, change); }, what.what);
}

void put(Frame& frame, const replica::change_answer& what) {
  auto& into = *frame.mutable_change_answer();
  into.set_id(what.id);
  into.set_reason(what.reason);
  put_text(into.mutable_text(), what.text);
}

// ---- the frame around them ----

void put_payload(Frame& frame, encoded& made, const std::vector<base::buffer>& payloads,
                 std::size_t payload_bytes, const compression& how) {
  HAUBERK_ASSERT(payload_bytes <= limits::frame_payload_bytes_max, "a frame's payload is bounded");
  if (how.how != algorithm::none && payload_bytes > 0 && payload_bytes >= how.threshold) {
    if (auto packed = compress(payloads, payload_bytes, how)) {
      frame.set_compression(how.how == algorithm::lz4 ? LZ4 : ZSTD);
      made.bytes = packed->size();
      made.payload.push_back(std::move(*packed));
      return;
    }
  }
  made.bytes = payload_bytes;
  made.payload = payloads;
}

/// The head in front of a payload of `made.bytes`, which becomes the size of it all.
void finish(const Frame& frame, encoded& made) {
  constexpr std::uint32_t payload_tag = payload_field << 3 | 2;
  const std::size_t fields = frame.ByteSizeLong();
  HAUBERK_ASSERT(fields <= limits::frame_head_bytes_max, "a frame's head is bounded");
  // Protobuf leaves an empty payload out, and so do we.
  const std::size_t after = made.bytes == 0 ? 0 : varint_bytes(payload_tag) + varint_bytes(made.bytes);
  const std::size_t length = fields + after + made.bytes;
  const std::size_t size = 1 + varint_bytes(length) + fields + after;
  base::block* owner = base::block::allocate(size);
  std::byte* at = owner->data();
  *at++ = std::byte{0x0A};
  at = write_varint(at, length);
  at = reinterpret_cast<std::byte*>(
      frame.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(at)));
  if (made.bytes > 0) at = write_varint(write_varint(at, payload_tag), made.bytes);
  HAUBERK_ASSERT(at == owner->data() + size, "the head has the size announced for it");
  made.head = base::buffer::adopt(owner, {owner->data(), size});
  made.bytes += size;
}

/// Encodes with `fill`, in a Frame whose memory is kept from call to call.
template <typename Fill>
std::shared_ptr<const encoded> encode_with(const Fill& fill) {
  thread_local Frame frame;
  frame.Clear();
  auto made = std::make_shared<encoded>();
  fill(frame, *made);
  finish(frame, *made);
  if (made->head.size() > kept_head_bytes_max) Frame().Swap(&frame);
  return made;
}

}  // namespace

std::shared_ptr<const encoded> encode(const replica::envelope& what, const compression& how) {
  return encode_with([&](Frame& frame, encoded& made) {
    frame.set_seat(what.seat);
    if (what.by.is_set()) {
      put(frame.mutable_relay()->mutable_origin(), what.by.origin);
      put(frame.mutable_relay()->mutable_target(), what.by.target);
    }
    std::visit(
        [&]<typename Body>(const Body& body) {
          put(frame, body);
          if constexpr (requires { body.payloads; }) {
            std::size_t bytes = 0;
            for (const auto& payload : body.payloads) bytes += payload.size();
            put_payload(frame, made, body.payloads, bytes, how);
            made.is_bulk = true;
          }
        },
        what.what);
  });
}

std::shared_ptr<const encoded> encode(const message& what, const compression& how) {
  return std::visit(
      [&]<typename Kind>(const Kind& kind) {
        if constexpr (std::is_same_v<Kind, replica::envelope>) {
          return encode(kind, how);
        } else {
          return encode_with([&](Frame& frame, encoded& made) {
            put(frame, kind);
            if constexpr (std::is_same_v<Kind, mesh::list_answer>) {
              HAUBERK_ASSERT(kind.list.size() <= limits::list_bytes_max, "a list that is told is bounded");
              put_sizes(frame, {kind.list});
              put_payload(frame, made, {kind.list}, kind.list.size(), how);
            }
          });
        }
      },
      what);
}

}  // namespace hauberk::wire
