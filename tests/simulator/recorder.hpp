// Keeps the chronicle: turns what applications see into the record, and shows each fact to every oracle.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "simulator/chronicle.hpp"
#include "simulator/oracles/oracle.hpp"
#include "simulator/sometimes.hpp"

namespace hauberk::simulator {

class recorder {
 public:
  recorder(world& time, sometimes& seen, const replica::settings& limits);

  [[nodiscard]] const chronicle& seen() const { return chronicle_; }
  void set_history(const uuid& history) {
    chronicle_.history = history;
    chronicle_.histories.insert(history);
  }
  /// Somebody lies: what is delivered may be anything.
  void judge_bounds_only(const replica::settings& limits);

  witness& start(const uuid& id, const std::string& name, std::size_t machine, recovered_position recovered,
                 const std::vector<seat_id>& succeeds, bool is_arbitrator);
  /// `last` is what it was when it died, perhaps in the middle of a step.
  void handle_crash(witness& who, const replica::status& last);
  void handle_accepted(witness& who, std::uint64_t first_ticket, const std::vector<base::buffer>& payloads);
  void handle_asked(witness& who, std::uint64_t id, const replica::change& what);
  void handle_fence_asked(witness& who, std::uint64_t id);
  void handle_event(witness& who, const replica::event& what);
  /// It has a working link made with this policy to every other member, and says so.
  void handle_proved(const witness& who, const std::string& policy) {
    chronicle_.proofs.insert({who.status.self, policy});
  }
  void handle_link(witness& who, const uuid& other, bool is_up);
  void handle_step(witness& who, const replica::status& now, const replica::view_ptr& newest);
  void handle_calm(duration patience);
  /// An operator forced `by` into a new history, which begins with `first`: from now on that is the one that
  /// counts, and nothing is promised any more to who goes on without it.
  void handle_forced(const witness& by, const replica::view& first);
  void handle_end();

 private:
  /// True for a history that goes on from one beside which another was forced: it is void, too.
  bool is_of_void(const replica::view& first);
  /// Keeps up with what a process sees, without a word about it.
  void note(witness& who, const replica::event& what);
  [[nodiscard]] bool is_void(const witness& who, const replica::event& what) const;
  void deliver(witness& who, position_t where, entry what);
  /// `first` begins a new history.
  void handle_founded(const witness& by, const replica::view& first);
  [[nodiscard]] bool is_being_lifted(const std::string& name) const;
  /// The same, when it is delivered: the history shares everything up to `shared` with the one before.
  void fork(const witness& by, position_t shared, const replica::view& first);
  void begin(position_t shared, const replica::view& first);
  /// Finds which broadcast of its sender a message is, or says that it is none.
  void identify(entry& message, position_t where);
  void handle(witness& who, const replica::view_event& what);
  void handle(witness& who, const replica::policy_event& what);
  void handle(witness& who, const replica::message_event& what);
  void handle(witness& who, const replica::filler_event& what);
  void handle(witness& who, const replica::outcome_event& what);
  void handle(witness& who, const replica::fence_event& what);
  void handle(witness& who, const replica::change_event& what);
  void handle(witness& who, const replica::farewell_event& what);
  void count_view(const replica::view& now);
  void count_step(const witness& by, const replica::view& now);

  world& time_;
  sometimes& sometimes_;
  chronicle chronicle_;
  std::vector<std::unique_ptr<oracle>> oracles_;
  bool is_lenient_ = false;
  replica::view_ptr proposed_;             ///< the newest that any leader made
  uuid prepared_by_;                       ///< the leader that made the newest step that prepares
  std::map<uuid, replica::view> founded_;  ///< first views, by history, delivered or not
};

}  // namespace hauberk::simulator
