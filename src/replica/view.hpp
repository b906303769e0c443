// A view: who is in the group, with what weight, from one position of the log on. Views are entries of
// the log, so every member agrees on them like on any message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace hauberk::replica {

using base::epoch_t;
using base::seat_id;
using base::sequence_t;

/// The protocol versions that a process speaks. A view is in one of them: the newest that all its members
/// speak.
struct protocols {
  std::uint32_t min = 1, max = 1;

  bool operator==(const protocols&) const = default;
};

struct member {
  seat_id seat;
  std::string name;
  std::string address;             ///< host:port that others dial
  std::uint8_t weight = 0;         ///< counts in every quorum; 0 for observers and while catching up
  std::uint8_t weight_wanted = 1;  ///< what it gets once caught up
  bool catching_up = false;        ///< admitted, but not yet trusted with its weight
  sequence_t last = 0;             ///< its last broadcast ordered before this view
  bool arbitrator = false;         ///< orders and votes, but keeps and delivers no payloads
  protocols speaks{};

  /// It may count, and has the payloads that others may lack.
  [[nodiscard]] bool is_weighted_data() const { return weight > 0 && !arbitrator; }
  bool operator==(const member&) const = default;
};

/// A seat that a view removed: what its owner must know to resolve its tickets when it comes back.
struct removal {
  seat_id seat;
  sequence_t last = 0;            ///< its last broadcast ordered; later ones never will be
  std::uint64_t view_number = 0;  ///< of the view that removed it

  bool operator==(const removal&) const = default;
};

/// What force adds to the view number: whoever compares view numbers as fencing tokens never takes the other
/// side of a forced split for newer.
inline constexpr std::uint64_t forced_step = std::uint64_t{1} << 32U;

/// Nobody of this name may join until the ban is lifted.
struct ban {
  std::string name;
  std::string by;    ///< the member that asked for it
  std::string text;  ///< and why

  bool operator==(const ban&) const = default;
};

/// What an entry does to the group's policy.
enum class policy_step : std::uint8_t { none, prepare, activate, abort };

/// The settings that must be the same at all members, as a view knows them (PROTOCOL 11). The text is not
/// looked into here. A view that takes a step changes nothing else: its members are those of the one before.
struct group_policy {
  std::uint64_t number = 0;              ///< of the one in force; rises with each activation
  std::string text;                      ///< the one in force, at most limits::policy_bytes_max
  policy_step step = policy_step::none;  ///< what this very view does; none in views of members
  std::string prepared;                  ///< proposed and not decided yet; empty = nothing is
  std::uint64_t prepared_in = 0;         ///< number of the view that prepared it: what proofs are about
  bool is_trial = false;                 ///< it will be aborted, whatever the proofs say
  std::string by;                        ///< name of the member that asked for it
  std::string culprit;                   ///< of an abort: the member at fault; may be empty
  std::string words;                     ///< of an abort: why, for people

  bool operator==(const group_policy&) const = default;
};

struct view {
  uuid history;
  uuid root;                              ///< the first history of the chain: the group's identity for life
  std::vector<recovered_position> forks;  ///< histories that this one goes on from, newest last, each with
                                          ///< the last position that it shares; at most limits::forks_max
  std::uint64_t number = 0;
  std::uint32_t protocol = 1;    ///< the version in use from this view on
  std::vector<member> members;   ///< sorted by seat
  std::vector<seat_id> joined;   ///< members that the view before lacked
  std::vector<member> left;      ///< gone by their own wish, as they were in the view before
  std::vector<member> lost;      ///< gone without it
  std::vector<seat_id> dead;     ///< of `lost`, those whose death is proven: nobody need wait for their lease
  std::vector<member> evicted;   ///< gone because a member asked for it, after they had consented
  std::vector<ban> bans;         ///< oldest first, at most limits::bans_max
  std::vector<removal> removed;  ///< newest last, at most limits::removed_max
  group_policy policy;

  bool operator==(const view&) const = default;

  [[nodiscard]] const member* find(const seat_id& seat) const;
  [[nodiscard]] const member* find_process(const uuid& process) const;
  [[nodiscard]] const member* find_name(const std::string& name) const;
  [[nodiscard]] const removal* find_removal(const seat_id& seat) const;
  [[nodiscard]] const ban* find_ban(const std::string& name) const;
  /// The newest version that all these members speak; 0 when there is none.
  [[nodiscard]] std::uint32_t common_protocol() const;
  [[nodiscard]] std::uint32_t total_weight() const;
  /// True when what was at that point of that history is what this history has there, too: no fork lies
  /// between. A nil history says "nothing", which is a prefix of everything.
  [[nodiscard]] bool continues(const recovered_position& point) const;
  /// True when that history is this one, or one that it is known to go on from; and for a nil one.
  [[nodiscard]] bool goes_on_from(const uuid& older) const;
  /// Makes this the first view of `fresh`, which shares everything up to `position` with the history so far.
  void fork(const uuid& fresh, position_t position);
  /// Somebody who counts has the payloads; arbitrators alone would have nothing to go on with.
  [[nodiscard]] bool has_weighted_data() const;
};

using view_ptr = std::shared_ptr<const view>;

/// `of` without what only its own log and links need: who joins, who is gone, addresses.
[[nodiscard]] view_ptr outline_of(const view& of);

/// What a member keeps across its death, in the state file (PROTOCOL 8). Both views are outlines.
struct record {
  std::vector<seat_id> seats;  ///< its own, newest first; older ones as long as a view below names them
  epoch_t epoch = 0;           ///< the newest in which it held anything
  view_ptr decided;            ///< the newest view that it knew to be committed
  view_ptr pending;            ///< held beyond that one: it may have committed
  epoch_t pending_epoch = 0;   ///< with the position, what tells one pending view from another
  position_t pending_at = 0;

  /// Proven dead by whoever succeeds to it.
  [[nodiscard]] bool has(const seat_id& seat) const;
  [[nodiscard]] seat_id seat() const { return seats.empty() ? seat_id{} : seats.front(); }
  [[nodiscard]] bool is_empty() const { return !decided && !pending; }
  /// What a process goes on with that starts with this record: the policy in force, and the one that may have
  /// been activated meanwhile (`prepared`), so that it can be linked with whoever has either.
  [[nodiscard]] group_policy policy() const;
  /// Its newest view, committed or not.
  [[nodiscard]] const view_ptr& newest() const { return pending ? pending : decided; }
  bool operator==(const record& other) const;
};

/// Counts the weight of members of a view one by one, each at most once, until they are a quorum of it.
class tally {
 public:
  tally(const view& of, const std::vector<seat_id>& dead);

  void count(const member& m);  ///< of that view
  [[nodiscard]] bool is_quorum() const;

 private:
  [[nodiscard]] static std::uint32_t weight_of(const member& m);

  const std::vector<seat_id>& dead_;
  std::uint32_t total_ = 0, present_ = 0;
  std::uint32_t proven_ = 0;  ///< of those in `dead` who were not counted
};

/// True when `who` (sorted or not) weighs more than half of `of`; or exactly half, when every other
/// weighted member is in `dead` (proven: PROTOCOL 7).
[[nodiscard]] bool is_quorum(const view& of, const std::vector<seat_id>& who,
                             const std::vector<seat_id>& dead);

}  // namespace hauberk::replica
