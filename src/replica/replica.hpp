// One member's copy of the group's log: ordering, commit, views and elections, without I/O, clock or
// thread. Inputs are `handle_*` and the commands; outputs are effects, drained with `next_effect`, events
// for the application, pulled with `next_event`, and one deadline. The same inputs give the same outputs,
// bit for bit: that is what the simulator relies on.
//
// The protocol is one log replicated in the manner of Viewstamped Replication Revisited (Liskov and
// Cowling 2012) and Raft (Ongaro and Ousterhout 2014), with payloads spread by their senders and with
// membership views as entries of the log. README.md in this folder tells it in prose.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "hauberk/result.hpp"
#include "replica/messages.hpp"
#include "replica/view.hpp"

namespace hauberk::replica {

using base::time_point;

/// What happens when a member's application is further behind than it may be.
enum class flow_policy : std::uint8_t {
  throttle,  ///< all wait with new broadcasts until it is not
  demote,    ///< it loses its weight until it is not; all wait only where two others could not do without it
  evict,     ///< all wait, and after `inactive_timeout` it is removed and its name banned
};

inline constexpr std::array<std::string_view, 3> flow_policy_names{"throttle", "demote", "evict"};

struct settings {
  base::duration keepalive_period = std::chrono::milliseconds(100);
  base::duration suspect_timeout = std::chrono::seconds(1);
  base::duration inactive_timeout = std::chrono::seconds(5);
  base::duration peer_timeout =
      std::chrono::seconds(3);                   ///< a joiner without a full mesh is named after this
  std::uint64_t window_bytes = 128U << 20U;      ///< history kept for laggards and joiners
  std::uint64_t send_window_bytes = 16U << 20U;  ///< own uncommitted bytes
  std::uint64_t payload_bytes_max = 2147483647;
  std::uint32_t chunk_bytes = 1U << 20U;   ///< larger payloads travel in pieces of this size
  std::uint32_t run_bytes = 256U << 10U;   ///< small payloads share a frame up to this size
  std::uint64_t credit_bytes = 8U << 20U;  ///< bulk given to one link and not yet written
  flow_policy policy = flow_policy::throttle;
  std::uint64_t backlog_bytes_max = 64U << 20U;  ///< committed and not yet taken by the application
  std::uint64_t backlog_entries_max = 0;         ///< the same in entries; 0 = any
  bool recovers = true;                          ///< takes part in re-forming a group that died (pc.recovery)
  base::duration policy_timeout = std::chrono::seconds(10);  ///< for all to prove one that is prepared
};

/// Who this process is. `past` is what the state file kept of its predecessor, whose seats it proves dead.
struct identity {
  uuid process;
  std::string name;
  std::string address;
  std::uint8_t weight = 1;
  record past;
  protocols speaks{};
  bool arbitrator = false;  ///< orders and votes, but keeps and delivers no payloads, and broadcasts none
  group_policy policy;      ///< number and text of what is in force here as it starts: what a founder brings
};

// ---- effects: what the owner must do ----

/// Send one message to each of `to` (processes with an up link). Control overtakes bulk (`data`, `fetched`).
struct send {
  std::vector<uuid> to;
  std::shared_ptr<const envelope> message;
  std::uint64_t credit_bytes = 0;  ///< to be given back per receiver by `handle_written`; 0 for control
};
/// This peer broke the protocol: close the link (a re-dial is welcome) and count it.
struct drop_link {
  uuid process;
  std::string reason;
};
/// Forget how to reach this process: it is no longer a member.
struct forget_peer {
  uuid process;
};
/// Keep this across a restart, before anything later leaves this process.
struct persist {
  record what;
};
/// The policy of this committed view is another one than that of the last such effect (`record::policy`
/// before the first): make links with what is prepared beside those with what is in force, and tell by
/// `handle_policy_proof` how that goes; put in force what was activated, and close the other links; or drop
/// what is not prepared any more.
struct apply_policy {
  view_ptr what;
};
using effect = std::variant<send, drop_link, forget_peer, persist, apply_policy>;

// ---- events: what the application sees, in this order ----

/// A committed view at `position`; or, with `primary` false, the news that the quorum is out of reach; or,
/// with `resumed` true, that it is back without a change of view.
struct view_event {
  view_ptr what;
  epoch_t epoch = 0;
  position_t position = 0;
  bool primary = false;
  bool resumed = false;
};
/// A committed step of the group's policy, `what->policy`: the members, and the number of the view as the
/// application knows it, stay what they were.
struct policy_event {
  view_ptr what;
  epoch_t epoch = 0;
  position_t position = 0;
};
/// A committed message. `ticket` is not 0 when it is a broadcast of this process.
struct message_event {
  position_t position = 0;
  seat_id sender;
  std::uint64_t ticket = 0;
  base::buffer payload;
};
/// A position without content for the application: a no-op, a message at an arbitrator, or a view from before
/// this member's own, `what`, which says how the senders of what follows were called.
struct filler_event {
  position_t position = 0;
  view_ptr what{};
};
enum class outcome { committed, never, unknown };
/// How a broadcast ended that will not come back as a message event.
struct outcome_event {
  std::uint64_t ticket = 0;
  outcome result = outcome::unknown;
  position_t position = 0;  ///< at most here, when committed; else 0
};
struct fence_event {
  std::uint64_t id = 0;
  position_t position = 0;
};
/// What became of a `change`: `reason` ok once a committed view has it, or a trial of a policy went well.
struct change_event {
  std::uint64_t id = 0;
  errc reason = errc::ok;
  std::string text;
};
/// The last event: this replica is out of the group for good.
struct farewell_event {
  errc reason = errc::ok;  ///< ok after `leave`
  std::string text;
};
using event = std::variant<view_event, policy_event, message_event, filler_event, outcome_event, fence_event,
                           change_event, farewell_event>;

enum class role { idle, joiner, follower, candidate, leader, gone };

/// What an observer (metrics, simulator, tests) may know.
struct status {
  role as = role::idle;
  seat_id self;
  uuid history;
  bool primary = false;
  epoch_t epoch = 0;
  uuid leader;                    ///< nil when unknown
  std::uint64_t view_number = 0;  ///< of the last committed view of members
  position_t log_start = 0, log_end = 0, held = 0, committed = 0, delivered = 0, stable = 0;
  std::uint64_t window_bytes = 0;     ///< payload bytes in the log and in the pools
  std::uint64_t in_flight_bytes = 0;  ///< own broadcasts not yet committed
  bool is_throttled = false;  ///< broadcast nothing more for now: unstable entries nearly fill the window …
  uuid waits_for;             ///< … or, when not nil, this member's application is too far behind
  std::uint64_t backlog_bytes = 0;  ///< committed and not yet taken by the own application
  std::uint64_t elections = 0, refused_messages = 0, fetches = 0;
  std::uint64_t pool_bytes = 0;     ///< of `window_bytes`, what is not in the log
  std::size_t mesh_incomplete = 0;  ///< at the leader: joiners that a missing link keeps out
  std::size_t peers = 0, senders = 0, holdings = 0, joiners = 0, events = 0;  ///< how many are remembered
};

class core;

class replica {
 public:
  /// `seed` feeds the only randomness (election jitter). `words` receives lines for people.
  replica(settings how, identity who, std::uint64_t seed, base::logger words);
  replica(replica&&) noexcept;
  replica& operator=(replica&&) noexcept;
  ~replica();

  // Commands. Each may produce effects and events; drain both afterwards.

  /// Start `history` with this process as its only member, at `from.position` + 1. It is fresh and random,
  /// and then goes on from `from.history`; or, after a clean stop of all, the one in `identity::past`.
  /// `is_forced`: others may be ahead, or alive; the view number rises by 2^32 (PROTOCOL 8, 17).
  void bootstrap(time_point now, uuid history, recovered_position from, bool is_forced = false);
  /// Ask linked members for admission until admitted or refused for good.
  void join_group(time_point now, recovered_position from);
  /// Take `payloads` for broadcast, all or none. Returns the ticket of the first; the others follow by one.
  result<std::uint64_t> broadcast(time_point now, std::vector<base::buffer> payloads);
  /// Leave after all own broadcasts are ordered. Ends with a farewell event.
  void leave_group(time_point now);
  /// An operator's word against the protocol (PROTOCOL 8, 17): this member, which has no quorum, starts a new
  /// history from all that it holds, and takes along the members that it reaches. Who lives in the old one
  /// elsewhere does not merge with it: it has to take its state from here. Errors: closed, refused.
  result<void> force_primary(time_point now);
  /// Ask for the position that covers everything committed anywhere before this call: a fence event.
  void fence(time_point now, std::uint64_t id);
  /// Ask for a view that makes this change: a change event with this id, which must be a new one, once it is
  /// committed or refused.
  void ask(time_point now, std::uint64_t id, change what);
  /// `settings::policy` from now on: it is a part of the group's policy.
  void set_flow_policy(flow_policy policy);

  // Inputs.

  /// A greeted, authorised link to `process` is up (exactly one at a time per process).
  void handle_link_up(time_point now, uuid process, std::string name);
  void handle_link_down(time_point now, uuid process);
  /// The kernel at the member's address refused a dial, or the address answers as another process
  /// (PROTOCOL 16). Counts as silence until a link is up again.
  void handle_refused(time_point now, uuid process);
  void handle_message(time_point now, uuid from, const envelope& message);
  /// `bytes` of credit given with `send` to this peer have left the process.
  void handle_written(time_point now, uuid process, std::uint64_t bytes);
  /// How this process gets on with the policy that the view `prepared_in` prepared. Proved, and cannot, are
  /// for good; said again for as long as that is undecided.
  void handle_policy_proof(time_point now, std::uint64_t prepared_in, proof state, std::string words);
  /// Time has passed: call at `next_deadline` at the latest.
  void handle_time(time_point now);

  // Outputs.

  /// Call `flush` once after a batch of inputs: it gathers what the batch made sendable (runs of payloads,
  /// order and held for all of it at once).
  void flush(time_point now);
  [[nodiscard]] std::optional<effect> next_effect();
  /// The next event, if any is deliverable. Nothing is taken from the log before it is asked for here.
  [[nodiscard]] std::optional<event> next_event(time_point now);
  [[nodiscard]] time_point next_deadline() const;

  [[nodiscard]] status current() const;
  /// The last committed view; nothing before the first.
  [[nodiscard]] view_ptr current_view() const;
  /// The newest view in the log, committed or not; nothing before the first.
  [[nodiscard]] view_ptr newest_view() const;
  /// Aborts, with words, when an internal invariant does not hold (tests and the simulator call it often).
  void check() const;

 private:
  std::unique_ptr<core> core_;
};

}  // namespace hauberk::replica
