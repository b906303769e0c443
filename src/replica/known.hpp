// What a member knows of everybody else: of each process with which it has dealings, of those who broadcast,
// hold, ask to join or ask for changes; and of its own former stays. Plain state; the rules are in the .cpp
// files of `core`.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replica/pool.hpp"
#include "replica/replica.hpp"

namespace hauberk::replica {

using base::duration;

/// A process that we have, or had, a link with.
struct peer {
  uuid process;
  std::string name;
  std::uint32_t seat = 0;  ///< its newest seat number; 0 = not known
  bool is_up = false;
  bool is_condemned = false;  ///< as leader: I want it removed and count its beats no more
  bool is_refused = false;    ///< its address refuses dials, and nothing newer shows that it lives
  time_point refused_at{};

  // Beats: what I sent and what came back.
  std::uint64_t beat_received = 0;
  std::uint64_t echo = 0;                                      ///< newest of my beats that it echoed
  epoch_t echo_epoch = 0;                                      ///< its epoch when it did
  std::deque<std::pair<std::uint64_t, time_point>> beats_out;  ///< sent and not yet echoed
  time_point echoed_at{};                                      ///< when I sent the newest echoed beat
  time_point heard_at{};                                       ///< when its newest beat came
  time_point counted_at{};                                     ///< when I took a beat from it that I may echo
  time_point seen_at{};    ///< newest sign that it lives: echoed_at, or the link coming up
  time_point served_at{};  ///< when it last brought what I had fetched
  uuid history;
  std::uint64_t view_number = 0;
  std::vector<uuid> links;
  std::optional<position_t> brought;  ///< by its application, before this stay: said when it asked to join
  std::uint64_t backlog = 0;          ///< bytes that its application has not taken yet, by its newest beat
  bool is_behind = false;             ///< and that is too much
  time_point behind_changed_at{};

  // The way to it: our own link while beats come back over it, else a third member (relay.cpp).
  std::uint64_t direct_received = 0;                            ///< newest beat that came over our own link
  std::deque<std::pair<std::uint64_t, time_point>> direct_out;  ///< of `beats_out`, sent over our own link
  time_point direct_at{};   ///< when I sent the newest beat that went and came back over our own link
  time_point relayed_at{};  ///< when I sent the newest beat whose echo came by relay
  uuid via;                 ///< the middle through which it is reached; nil = our own link, if it is up
  time_point via_since{};
  uuid way;  ///< over which it was last reached: itself, a middle, or nil for none that works
  std::uint64_t relayed_frames = 0;  ///< passed on for it since my last beats

  // Bulk on the way to it.
  std::uint64_t credit_used = 0;
  std::uint64_t lent_used = 0;    ///< of it, what serves others: answers to fetches, and what I relay
  sequence_t next_data = 0;       ///< my broadcast to send next; 0 = it has not said where to go on
  std::uint64_t next_offset = 0;  ///< within it, when it travels in chunks
  bool is_started = false;        ///< as leader: told about this epoch over this link
  time_point start_told_at{};     ///< last
  position_t next_order = 0;      ///< as leader: the entry to announce next; 0 = not matched yet
  position_t serve_next = 0, serve_last = 0;  ///< what it fetches from me; serve_next 0 = nothing
  std::uint64_t serve_offset = 0;
  position_t serve_from = 0;       ///< from here to serve_next it was sent all, or had it
  std::uint64_t serve_queued = 0;  ///< of credit_used, up to the last frame of that: what is not written yet

  // Re-forming.
  std::shared_ptr<const claim> said;   ///< null: it is in a live group, or says nothing
  std::uint64_t claim_heard = 0;       ///< the newest version that it said, ever
  std::vector<claim_id> promised;      ///< the claims upon which it follows me
  std::uint64_t claim_told = 0;        ///< the version of mine that it was sent over this link
  std::vector<claim_id> promise_told;  ///< the same for the claims upon which I follow it
};

/// One who broadcasts: a seat, as the log and the pools know it.
struct sender {
  seat_id seat;
  sequence_t ordered = 0;           ///< its last broadcast in my log; 0 = none
  std::uint64_t ordered_bytes = 0;  ///< as leader: lately
  pool received;
  bool is_gapped = false;       ///< something was passed over: ask it to go back
  bool is_receipt_due = false;  ///< something came by relay: say how far
  time_point asked_at{};        ///< when we last did
  time_point heard_at{};        ///< when it last brought some of them
};

/// What a seat says that it holds.
struct holding {
  epoch_t epoch = 0;
  position_t upto = 0;
  position_t committed = 0;
};

/// A process that asks for admission.
struct candidate_member {
  join asked;
  time_point since{}, asked_at{};
  bool is_refused = false;  ///< for good: it was told
  bool is_named = false;    ///< people were told what keeps it out
  bool is_put_off = false;  ///< it was told that a change of policy comes first
  uuid missing{};           ///< the member that it has no link with
};

/// A change that somebody asked this leader for.
struct wanted_change {
  uuid requester;
  std::uint64_t id = 0;
  change what;
  std::string by;       ///< the requester's name
  errc end = errc::ok;  ///< once answered, with
  std::string text;
};

/// A change that this member asked for, unanswered.
struct asked_change {
  change what;
  time_point asked_at{};  ///< last
};

/// What the proofs of a policy come to.
struct policy_outcome {
  policy_step step = policy_step::abort;
  errc answer = errc::refused;  ///< to who asked
  std::string culprit, words;
};

/// An outcome on its way into the log.
struct tried_policy {
  std::uint64_t in = 0;  ///< number of its view; 0 = none
  policy_change what;
  errc answer = errc::ok;
  std::string words;
};

/// A change of the group's policy.
struct policy_work {
  std::deque<wanted_change> proposals{};     ///< as leader: the oldest first
  std::map<seat_id, policy_proof> proofs{};  ///< as leader
  std::uint64_t collected_for = 0;           ///< what that view prepared was found to be committed …
  time_point collected_since{};              ///< … then
  tried_policy tried{};                      ///< as leader
  policy_proof mine{};
  time_point told_at{};                   ///< my proof, last
  std::optional<group_policy> applied{};  ///< that the last effect told
};

/// The plan that everybody computes alike from the same claims.
struct reform_plan {
  uuid leader;
  view_ptr base;
  std::vector<view_ptr> policies;  ///< views that may have the newest policy
  std::vector<claim_id> upon;
  std::uint64_t number = 0;
  epoch_t epoch = 0;
  position_t fork = 0;  ///< the founder's alone: the last position that both histories share
  uuid donor;           ///< has more than the founder, but is not of the view: nil mostly
  position_t donor_has = 0;
};

/// A stay of this process: how its sequence numbers map to tickets.
struct stay {
  seat_id seat;
  std::uint64_t ticket_base = 0;  ///< ticket = base + sequence
  sequence_t sent = 0;            ///< last sequence taken
  sequence_t resolved = 0;        ///< everything up to here is resolved
  bool is_over = false;           ///< a committed view removed it: the rest of `sent` stands before that view
};

/// My payloads on their way to the leader through a middle.
struct relayed_data {
  struct piece {
    sequence_t next;       ///< the leader has it once it has everything before this broadcast …
    std::uint64_t offset;  ///< … and so much of this one
    std::uint64_t bytes;
  };
  epoch_t epoch = 0;  ///< 0 = the leader is not sent to by relay
  sequence_t next = 0, have = 0;
  std::uint64_t offset = 0, partial = 0;
  std::deque<piece> under_way;
  std::uint64_t bytes = 0;
  sequence_t ordered = 0;  ///< of mine, and when that last changed
  time_point moved_at{};
};

/// As leader: somebody's fence, answered when a quorum has echoed a later beat.
struct fence_round {
  uuid requester;
  std::uint64_t id = 0;
  position_t at = 0;
  std::uint64_t beat = 0;  ///< echo this or a later one
};

/// Who should lead in the leader's place.
struct placement {
  const member* heir;  ///< null = nobody would do better
  const char* why;
  bool is_owed;  ///< not only better: this leader should not lead at all
};

}  // namespace hauberk::replica
