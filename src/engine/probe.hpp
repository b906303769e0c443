// Told to start a new history, a node first asks around: when a configured peer is in a history already
// (this node's own group, most likely, that it fell out of), it joins that instead; when one that waits to
// join has a newer state file, it refuses, and names that one; and of several that are told so at once, the
// one with the lowest process id starts, and the others find its history.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "hauberk/types.hpp"
#include "replica/messages.hpp"

namespace hauberk::engine {

/// Decides as soon as it can: at the first peer found in a history; when every configured address has
/// refused, or has answered that it is in none; or when the time is up, so that a machine that is switched
/// off does not hold the start up for long.
class probe {
 public:
  enum class verdict { wait, bootstrap, join, refuse };

  /// `known` is what this node's state file says, `recovered` what its application has.
  probe(base::time_point until, const std::vector<std::string>& addresses, const uuid& self = {},
        const replica::record& known = {}, recovered_position recovered = {})
      : until_(until),
        self_(self),
        number_(known.is_empty() ? 0 : known.newest()->number),
        recovered_(recovered) {
    for (const std::string& address : addresses) unknown_.insert(address);
  }

  void handle_dial(std::uint64_t token, const std::string& address) { dials_[token] = address; }
  void handle_dial_failed(std::uint64_t token) { unknown_.erase(take_dial(token)); }
  /// The dial led to a process, or to this node itself: what that is in, it says over the link.
  void handle_dial_up(std::uint64_t token) { unknown_.erase(take_dial(token)); }
  /// A link is up, whoever dialled.
  void handle_link(const uuid& process, const std::string& name, base::time_point now) {
    if (process != self_) linked_.try_emplace(process, found{name, now});
  }
  /// A heartbeat said in which history `process` is, nil for none. One that is told to bootstrap sends none
  /// before.
  void handle_answer(const uuid& process, const uuid& history) {
    if (found_.is_nil()) found_ = history;
    linked_[process].is_joiner = true;
  }
  void handle_claim(const uuid& process, const replica::claim& what) {
    if (!what.is_open || what.known.is_empty()) return;
    linked_[process].is_known = true;
    const replica::view& last = *what.known.newest();
    const bool has_more = last.number == number_ && last.continues(recovered_) &&
                          what.recovered.history == recovered_.history &&
                          what.recovered.position > recovered_.position;
    if (last.number > number_ || has_more)
      better_ = linked_[process].name + ", which is up and knows view " + std::to_string(last.number) +
                " of history " + to_string(last.history) +
                (has_more ? " and has position " + std::to_string(what.recovered.position) : "");
  }
  /// The history to join; nil: none was found.
  [[nodiscard]] const uuid& history() const { return found_; }
  /// The node that should start instead, for a person.
  [[nodiscard]] const std::string& better() const { return better_; }

  [[nodiscard]] verdict decide(base::time_point now) const {
    if (!found_.is_nil()) return verdict::join;
    if (!better_.empty()) return verdict::refuse;
    const bool is_clear = unknown_.empty() && !is_second() && !is_early(now);
    if (now < until_) return is_clear ? verdict::bootstrap : verdict::wait;
    return is_second() && now < until_ + grace ? verdict::wait : verdict::bootstrap;
  }
  /// When to decide again at the latest.
  [[nodiscard]] base::time_point deadline(base::time_point now) const {
    base::time_point next = now < until_ ? until_ : until_ + grace;
    for (const auto& [process, one] : linked_) {
      if (now < one.since + politeness) next = std::min(next, one.since + politeness);
    }
    return next;
  }

 private:
  /// For one that starts when its own time is up.
  static constexpr base::duration grace = std::chrono::seconds(2);
  /// Who is linked and sends heartbeats does so within this.
  static constexpr base::duration politeness = std::chrono::milliseconds(300);

  struct found {
    std::string name;
    base::time_point since{};
    bool is_joiner = false;  ///< else it is told to bootstrap, too
    bool is_known = false;   ///< what its file says
  };

  /// Another one is about to start, too, and comes first.
  [[nodiscard]] bool is_second() const {
    return std::any_of(linked_.begin(), linked_.end(),
                       [&](const auto& one) { return one.first < self_ && !one.second.is_joiner; });
  }
  /// Somebody may have more to say.
  [[nodiscard]] bool is_early(base::time_point now) const {
    return std::any_of(linked_.begin(), linked_.end(), [&](const auto& each) {
      const found& one = each.second;
      return one.is_joiner ? !one.is_known : now < one.since + politeness;
    });
  }
  std::string take_dial(std::uint64_t token) {
    const auto at = dials_.extract(token);
    return at ? at.mapped() : std::string();
  }

  base::time_point until_;
  uuid self_;
  std::uint64_t number_;
  recovered_position recovered_;
  std::string better_;
  std::set<std::string> unknown_;  // addresses
  std::map<std::uint64_t, std::string> dials_;
  std::map<uuid, found> linked_;
  uuid found_;  // a history that a peer is in
};

}  // namespace hauberk::engine
