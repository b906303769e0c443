// What replicas say to each other. `wire` turns these structs into frames and back; nothing here knows
// bytes. Every message travels with the seat of its sender (`envelope`).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "replica/view.hpp"

namespace hauberk::replica {

/// Payloads of the sender's own broadcasts `first`, `first`+1, …; or, when `total` is not 0, one chunk of
/// broadcast `first`: payloads holds exactly one piece, which lies at `offset` of `total` bytes.
struct data {
  sequence_t first = 0;
  std::uint64_t total = 0;
  std::uint64_t offset = 0;
  std::vector<base::buffer> payloads;

  bool operator==(const data&) const = default;
};

/// Broadcasts `first` … `first`+`count`-1 of `sender`, ordered one after the other.
struct order_run {
  seat_id sender;
  sequence_t first = 0;
  std::uint32_t count = 0;

  bool operator==(const order_run&) const = default;
};
/// A view entry.
struct order_view {
  view_ptr what;

  bool operator==(const order_view& other) const { return *what == *other.what; }
};
/// The first entry of an epoch; names the seats by whose proven death its leader was elected.
struct order_noop {
  std::vector<seat_id> dead;

  bool operator==(const order_noop&) const = default;
};
using order_item = std::variant<order_run, order_view, order_noop>;

/// The leader of `epoch` says which entries stand at `first` … of its log, all made in `entry_epoch`; the
/// entry before them was made in `previous_epoch`. Implies that the leader holds them.
struct order {
  epoch_t epoch = 0;
  position_t first = 0;
  epoch_t previous_epoch = 0;
  epoch_t entry_epoch = 0;
  std::vector<order_item> items;

  bool operator==(const order&) const = default;
};

/// I have every entry and payload of the log of `epoch`'s leader up to `upto`, and know that everything up
/// to `committed` is committed, and held by all weighted members up to `stable`.
struct held {
  epoch_t epoch = 0;
  position_t upto = 0;
  position_t committed = 0;
  position_t stable = 0;

  bool operator==(const held&) const = default;
};

/// Heartbeat, numbered and echoed: a link is up while my beats come back.
struct beat {
  std::uint64_t number = 0;  ///< of this beat, per sender and receiver
  std::uint64_t echo = 0;    ///< the newest beat number received from the receiver; 0 = do not count me
  epoch_t epoch = 0;
  uuid history;                   ///< nil while the sender is in no group
  std::uint64_t view_number = 0;  ///< of the newest view in the sender's log
  std::vector<uuid> links;        ///< processes to which, and back, the sender's beats go over their own link
  std::uint64_t direct = 0;       ///< the newest beat number received over our own link, not by relay
  std::uint64_t backlog = 0;      ///< bytes committed and not yet taken by the sender's application
  bool is_behind = false;         ///< and that is more than it may be

  bool operator==(const beat&) const = default;
};

/// First message on every new link, and again after every change of epoch: what I have of the receiver's
/// broadcasts, so that it goes on from there. By relay also the receipt for what came by relay.
struct resume {
  uuid history;
  epoch_t epoch = 0;
  seat_id of;                 ///< the receiver's seat that `have` speaks of; nil = none known
  sequence_t have = 0;        ///< every broadcast of `of` up to this one is here
  std::uint64_t partial = 0;  ///< and this many bytes of the next one
  position_t next = 0;  ///< to the leader of `epoch`: announce from here on again; 0 = nothing is missed
  bool asks_payloads = false;  ///< bring them from there on, over this link, whatever is on its way on it

  bool operator==(const resume&) const = default;
};

struct vote_request {
  epoch_t epoch = 0;       ///< the epoch to be led
  bool pre = false;        ///< only asking: changes nothing at the voter
  bool handover = false;   ///< the leader asked for it: stickiness is lifted
  epoch_t last_epoch = 0;  ///< of the candidate's last held entry
  position_t last_position = 0;

  bool operator==(const vote_request&) const = default;
};
struct vote {
  epoch_t epoch = 0;
  bool pre = false;
  bool granted = false;

  bool operator==(const vote&) const = default;
};

/// Entries from `first` on, up to the next boundary, were made in `epoch`.
struct boundary {
  epoch_t epoch = 0;
  position_t first = 0;

  bool operator==(const boundary&) const = default;
};

/// The new leader of `epoch` describes its log, so that followers can cut theirs to the common prefix.
struct epoch_start {
  uuid history;
  epoch_t epoch = 0;
  std::uint32_t seat_number = 0;     ///< of the receiver, as the leader knows it
  position_t window_start = 0;       ///< first position that the leader can still send
  position_t log_end = 0;            ///< last position of the leader's log
  std::vector<boundary> boundaries;  ///< rising; the first covers window_start - 1 (if > 0) or window_start

  bool operator==(const epoch_start&) const = default;
};

/// Send me the payloads of the messages at `first` … `last`; I am in `epoch`.
struct fetch {
  epoch_t epoch = 0;
  position_t first = 0;
  position_t last = 0;
  std::uint64_t offset = 0;  ///< so many bytes of the one at `first` are here

  bool operator==(const fetch&) const = default;
};
/// Payloads of the consecutive *messages* found from position `first` on (views and no-ops in between are
/// passed over: they travel in `order`); or a chunk of the one at `first`, as in `data`. Valid in `epoch`.
/// Without payloads: my window begins at `first`, what you asked for has left it.
struct fetched {
  epoch_t epoch = 0;
  position_t first = 0;
  std::uint64_t total = 0;
  std::uint64_t offset = 0;
  std::vector<base::buffer> payloads;

  bool operator==(const fetched&) const = default;
};

/// I want to be a member.
struct join {
  seat_id seat;
  std::string name;
  std::string address;
  std::uint8_t weight = 1;
  recovered_position recovered;   ///< nil history: I have nothing
  std::vector<seat_id> succeeds;  ///< seats that this process's state file proves dead
  bool arbitrator = false;        ///< see `member`
  protocols speaks{};
  bool operator==(const join&) const = default;
};
/// Why a `join` cannot be granted now, for a person. `final` ends the attempt.
struct join_refused {
  seat_id seat;
  std::uint32_t reason = 0;  ///< an `errc`
  bool final = false;
  std::string text;

  bool operator==(const join_refused&) const = default;
};
/// I wish to leave once my broadcasts up to `last` are ordered.
struct leave {
  sequence_t last = 0;

  bool operator==(const leave&) const = default;
};
/// A committed view removed your seat: broadcasts above `last` never happened.
struct removed {
  uuid history;
  removal what;
  bool known = true;  ///< false: too long ago, `what.last` means nothing
  position_t at =
      0;  ///< the view that says so stands here: what was ordered of it stands before; 0 = not told

  bool operator==(const removed&) const = default;
};
/// The leader of `epoch` asks the receiver, which holds the whole log up to `log_end`, to stand at once.
struct handover {
  epoch_t epoch = 0;
  std::uint64_t view_number = 0;
  position_t log_end = 0;

  bool operator==(const handover&) const = default;
};

/// What a process that is in no live group knows, for the re-formation of its last one (PROTOCOL 7b, 8).
struct claim {
  std::uint64_t version = 0;  ///< grows with every change; the process and its name are the link's
  bool is_open = false;       ///< false: in a live group, or not taking part; the rest says nothing
  std::uint8_t weight = 0;
  record known;
  std::uint64_t number_max = 0;  ///< the highest number of any view it ever saw
  epoch_t epoch_max = 0;         ///< the highest epoch it ever saw
  recovered_position recovered;  ///< of its application; nil history: not known
  bool is_alive = false;         ///< it still has the memory of its seat: the next three count
  epoch_t held_epoch = 0;        ///< of its last held entry
  position_t held = 0;
  position_t committed = 0;

  bool operator==(const claim&) const = default;
};
/// One claim that a promise was made upon.
struct claim_id {
  uuid process;
  std::uint64_t version = 0;

  auto operator<=>(const claim_id&) const = default;
};
/// I hold still, and follow you into the history that you found upon exactly these claims.
struct promise {
  std::vector<claim_id> upon;  ///< sorted, at most limits::claims_max

  bool operator==(const promise&) const = default;
};

struct fence_request {
  std::uint64_t id = 0;

  bool operator==(const fence_request&) const = default;
};
/// Everything committed before the request was made lies at or below `position`.
struct fence_answer {
  std::uint64_t id = 0;
  epoch_t epoch = 0;
  position_t position = 0;

  bool operator==(const fence_answer&) const = default;
};

/// Give the member `seat` another weight; 0 makes it an observer.
struct weight_change {
  seat_id seat;
  std::uint8_t weight = 0;

  bool operator==(const weight_change&) const = default;
};
/// Remove `seat`, the member called `name`, now, and let nobody of that name in again until it is allowed.
struct eviction {
  seat_id seat;
  std::string name;
  std::string text;  ///< why, for people

  bool operator==(const eviction&) const = default;
};
/// Lift the ban on a name.
struct permission {
  std::string name;

  bool operator==(const permission&) const = default;
};
/// Put this policy in force when every member has proved that it can; a trial stops there. It was made from
/// number `base`: where that is not in force any more, what came between would be undone unseen.
struct policy_change {
  std::string text;
  std::uint64_t base = 0;
  bool is_trial = false;

  bool operator==(const policy_change&) const = default;
};
/// What any member may ask the leader to do by a view.
using change = std::variant<weight_change, eviction, permission, policy_change>;
/// Asked again until it is answered: to be asked twice makes no difference.
struct change_request {
  std::uint64_t id = 0;  ///< of the asking process
  change what;

  bool operator==(const change_request&) const = default;
};
/// A committed view says so (`reason` ok); or, in words, why no view ever will.
struct change_answer {
  std::uint64_t id = 0;
  std::uint32_t reason = 0;  ///< an `errc`
  std::string text;

  bool operator==(const change_answer&) const = default;
};

/// The leader of `epoch` is about to remove the receiver, which shall claim to be primary no more.
struct evict_notice {
  epoch_t epoch = 0;

  bool operator==(const evict_notice&) const = default;
};
/// It does not any more, as long as `epoch` lasts.
struct evict_consent {
  epoch_t epoch = 0;

  bool operator==(const evict_consent&) const = default;
};

/// How far a member is with a policy that is prepared.
enum class proof : std::uint8_t {
  pending,  ///< its links are not all made with it yet
  proved,   ///< it has a working link made with it to every other member
  cannot,   ///< it never will
};
/// Said to the leader, again and again, until the outcome is committed.
struct policy_proof {
  std::uint64_t prepared_in = 0;  ///< number of the view that prepared it
  proof state = proof::pending;
  std::string text;  ///< what is in the way, for people

  bool operator==(const policy_proof&) const = default;
};

using body = std::variant<data, order, held, beat, resume, vote_request, vote, epoch_start, fetch, fetched,
                          join, join_refused, leave, removed, handover, fence_request, fence_answer, claim,
                          promise, change_request, change_answer, evict_notice, evict_consent, policy_proof>;

/// Where a message comes from and goes to that travels over a third member, because the direct link between
/// the two is broken (PROTOCOL 13). One hop only: the middle passes on what it got from the origin itself.
struct relay {
  uuid origin, target;

  [[nodiscard]] bool is_set() const { return !origin.is_nil(); }
  bool operator==(const relay&) const = default;
};

/// A message as it travels: `seat` is the seat number of its sender (the origin, if it is relayed) at the
/// time; 0 while it has none.
struct envelope {
  std::uint32_t seat = 0;
  body what{};
  relay by{};

  bool operator==(const envelope&) const = default;
};

}  // namespace hauberk::replica
