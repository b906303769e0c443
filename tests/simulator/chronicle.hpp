// Everything that the outside saw: what each process broadcast, and what was delivered at each position.
// Oracles judge by this record alone; they never ask a replica what it meant.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "replica/replica.hpp"
#include "simulator/world.hpp"

namespace hauberk::simulator {

using base::seat_id;

/// How a broadcast ended for the application that made it.
enum class fate { open, delivered, committed, never, unknown };

struct broadcast {
  base::buffer payload;
  seat_id by;  ///< its sender's stay at that time
  fate end = fate::open;
  position_t after = 0;  ///< what its sender had delivered when it made it
  time_point made{};
  position_t position = 0;  ///< where it stands in the history; 0 = nowhere so far
  position_t promised = 0;  ///< told committed, at most here
  bool is_lost = false;     ///< stood where a re-formed group went on from an earlier point
};

/// One process, alive or dead, as seen from outside.
struct witness {
  uuid id;
  std::string name;
  std::size_t machine = 0;
  recovered_position recovered;
  bool is_arbitrator = false;
  bool is_alive = true, is_paused = false, is_leaving = false, has_parted = false;
  position_t next = 1;  ///< the position that it has to deliver next
  std::uint64_t first_ticket = 0;
  std::vector<broadcast> broadcasts;                 ///< in the order of their tickets
  std::size_t open = 0;                              ///< broadcasts whose end is not known yet
  std::map<std::uint64_t, position_t> fences;        ///< asked, with what had been delivered anywhere by then
  std::map<std::uint64_t, replica::change> changes;  ///< asked for, without an answer
  replica::status status;
  uuid history;                     ///< that it is in now
  replica::view_ptr view;           ///< the last one delivered to its application
  std::uint64_t proposed = 0;       ///< number of the newest view in its log, when it last led
  std::map<uuid, bool> links = {};  ///< processes that it ever had a link with, and whether it has one now

  [[nodiscard]] position_t delivered() const { return next - 1; }
};

/// `unseen`: only arbitrators were there so far, which do not look at messages.
enum class kind { message, view, filler, unseen };

/// What stands at one position. A view is a filler to who is not in it.
struct entry {
  kind what = kind::filler;
  seat_id sender;
  base::buffer payload;
  std::size_t index = 0;  ///< among its sender's broadcasts
  replica::view_ptr view;
};

struct chronicle {
  time_point now;
  uuid history;                          ///< the newest of the chain
  std::set<uuid> histories;              ///< all of them
  std::vector<entry> log;                ///< of the newest history: position p is at p - 1
  std::vector<replica::change> changes;  ///< that members were told to be made
  std::deque<witness> processes;         ///< addresses stay valid
  std::unordered_map<uuid, witness*> by_id;
  /// Seats that never act again, for certain: named by the state file of who runs on their machine now, or
  /// given up by their process for a new one.
  std::set<seat_id> succeeded;
  std::map<std::pair<uuid, uuid>, time_point> parted;  ///< when the last link of two processes went down

  std::set<std::pair<std::string, std::uint64_t>> proposals;  ///< policies that were asked for: text and base
  std::set<std::pair<seat_id, std::string>> proofs;           ///< who told its leader that it can, and what

  /// Histories that others went on from behind what was delivered in them: beyond these positions they are
  /// void, and who still lives there says what it likes.
  std::map<uuid, position_t> over;
  std::set<uuid>
      forced;  ///< those of them that live on, because an operator forced the newer one beside them

  [[nodiscard]] bool is_void(const uuid& in, position_t where) const {
    const auto at = over.find(in);
    return at != over.end() && where > at->second;
  }
  [[nodiscard]] bool has_proved(const seat_id& seat, const std::string& policy) const {
    return proofs.contains({seat, policy});
  }
  [[nodiscard]] position_t newest() const { return log.size(); }
  [[nodiscard]] const entry* at(position_t where) const {
    return where == 0 || where > log.size() ? nullptr : &log[where - 1];
  }
  [[nodiscard]] witness* find(const uuid& id) const {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : found->second;
  }
  /// When two processes were last linked, seen from both ends: now, if they are.
  [[nodiscard]] std::optional<time_point> linked_until(const uuid& a, const uuid& b) const {
    const witness *one = find(a), *other = find(b);
    if (one == nullptr || other == nullptr) return std::nullopt;
    const auto there = one->links.find(b);
    const auto back = other->links.find(a);
    if (there != one->links.end() && back != other->links.end() && there->second && back->second) return now;
    const auto last = parted.find(std::minmax(a, b));
    return last == parted.end() ? std::nullopt : std::optional(last->second);
  }
};

}  // namespace hauberk::simulator
