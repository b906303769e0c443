// States that a good set of seeds must reach now and then. A simulator that never loses a primary proves
// nothing about coming back: the summary prints how often each of these was seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hauberk::simulator {

enum class state : std::size_t {
  election_won,
  view_by_join,
  view_by_leave,
  view_by_death,
  weight_given,
  weight_taken,
  joiner_lost,
  primary_lost,
  primary_resumed,
  same_process_rejoined,
  ticket_committed,
  ticket_never,
  ticket_unknown,
  own_delivery,
  fetched_payload,
  donor_replaced,
  window_left_behind,
  chunked_payload,
  chunks_resumed,
  handover_sent,
  half_quorum_by_death,
  tail_cut,
  vote_denied,
  proof_of_death,
  join_refused,
  state_transfer_needed,
  window_full,
  not_primary,
  fence_answered,
  left_alone,
  evidence_of_death,
  frozen_past_suspicion,
  link_replaced,
  crash_between_effects,
  group_of_one,
  codec_round_trip,
  frame_relayed,
  payload_relayed,
  pair_cut_for_ever,
  torn_file,
  blackout,
  reformed,
  reformed_by_the_living,
  reformed_behind,
  cut_in_frame,
  hostile_message,
  hostile_refused,
  forced,
  forced_beside_a_primary,
  force_refused,
  change_made,
  change_refused,
  observer,
  heavy_member,
  arbitrator_leads,
  application_awaited,
  handed_over_for_speed,
  evicted,
  evicted_unheard,
  banned_refused,
  ban_lifted,
  protocol_raised,
  protocol_lowered,
  count_
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(state::count_)> state_names = {
    "election won",
    "view by join",
    "view by leave",
    "view by death",
    "weight given after catch-up",
    "weight taken of a laggard",
    "lost while catching up",
    "primary lost",
    "primary resumed",
    "removed process rejoined",
    "ticket told committed",
    "ticket told never",
    "ticket told unknown",
    "own broadcast delivered",
    "payload fetched",
    "donor replaced by another",
    "donor's window has moved on",
    "payload in chunks",
    "chunks resumed in the middle",
    "handover",
    "half a quorum with proven death",
    "divergent tail cut",
    "vote denied",
    "join with proof of death",
    "join refused",
    "state transfer needed",
    "send window full",
    "broadcast refused, not primary",
    "fence answered",
    "farewell after leave",
    "evidence of death",
    "frozen longer than suspicion",
    "link replaced",
    "crash between two effects",
    "group of one",
    "message through the codec",
    "frame relayed",
    "payload relayed to the leader",
    "pair cut for ever",
    "state file torn",
    "a quorum or all crash at once",
    "group re-formed",
    "re-formed by a living member",
    "re-formed behind what was delivered",
    "connection cut in a frame",
    "hostile message sent",
    "hostile message refused",
    "forced primary",
    "forced beside a living primary",
    "force refused",
    "change of the membership made",
    "change of the membership refused",
    "observer in a view",
    "weight above one",
    "arbitrator leads",
    "broadcasts wait for an application",
    "handed over to do better",
    "evicted with consent",
    "evicted by a lease that ran out",
    "banned name refused",
    "ban lifted",
    "protocol version raised",
    "protocol version lowered",
};

/// How often each state was reached, in one run or in many.
class sometimes {
 public:
  void reach(state what, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(what)] += times; }
  [[nodiscard]] std::uint64_t of(state what) const { return counts_[static_cast<std::size_t>(what)]; }
  void add(const sometimes& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  }
  [[nodiscard]] const auto& counts() const { return counts_; }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(state::count_)> counts_{};
};

}  // namespace hauberk::simulator
