// What is done to a group in a run, numbered: each fault that strikes, each machine that joins late or breaks
// for ever, and each turn of the workload. A number belongs to its place in the seed's schedule, not to what
// happened before, and every action draws from a stream of its own; so any of them can be left out without
// changing the others. That is how a failing run is made small (`minimise`).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hauberk::simulator {

using action_number = std::uint64_t;

/// Where each kind of action starts to count.
inline constexpr action_number scheduled_first = 1, late_first = 10000, broken_first = 20000,
                               aimed_first = 100000;

/// A set of numbers, as text: "4,17,33-40"; nothing is "none".
class number_set {
 public:
  number_set() = default;
  explicit number_set(const std::vector<action_number>& all);
  static std::optional<number_set> parse(std::string_view text);

  [[nodiscard]] bool has(action_number one) const;
  [[nodiscard]] std::string text() const;

 private:
  void add(action_number first, action_number last);

  std::map<action_number, action_number> ranges_;  // first → last, apart from each other
};

/// Which part of what a seed says takes place; as drawn, all of it.
struct selection {
  std::uint64_t machines = 0;          ///< 0 = as drawn
  std::optional<number_set> only;      ///< of the actions
  std::optional<number_set> messages;  ///< of the turns of the workload

  /// The options that say the same on the command line, each after a blank.
  [[nodiscard]] std::string options() const;
};

/// Asked before each action; writes down what took place.
class action_list {
 public:
  action_list(const selection& chosen, std::vector<action_number>& taken, std::vector<action_number>& turns)
      : chosen_(chosen), taken_(taken), turns_(turns) {}

  /// True when this action takes place.
  bool begin(action_number which);
  bool begin_turn(action_number which);
  /// True when this very action was asked for, whatever else would have to be true for it.
  [[nodiscard]] bool is_wanted(action_number which) const { return chosen_.only && chosen_.only->has(which); }
  [[nodiscard]] bool is_choosy() const { return chosen_.only.has_value(); }

 private:
  const selection& chosen_;
  std::vector<action_number>&taken_, &turns_;
};

}  // namespace hauberk::simulator
