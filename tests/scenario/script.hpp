// A directed scenario: the simulator's machines and network with nothing left to chance, driven step by step,
// and told as a transcript for people. The transcript is compared with golden/NAME.txt, so that a change of
// behaviour shows as a diff; HAUBERK_GOLDEN=write writes it anew.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulator/simulation.hpp"

namespace hauberk::scenario {

using namespace std::chrono_literals;
using simulator::duration;
using simulator::machine_index;
using simulator::start_mode;

/// Machines count from 1 here, as their names do.
class script {
 public:
  script(std::string name, std::size_t machines);

  /// A line of the story, between the lines that the machines say.
  void note(const std::string& words);
  void bootstrap(machine_index first);
  /// A group of machines 1 … `count`, all with weight.
  void found(machine_index count);
  /// Starts machines that remember nothing, `with_proof` = their state file tells the seat of the last life.
  void start(const std::vector<machine_index>& which, bool with_proof = false);
  /// Starts machines with their state files and all that their applications had delivered.
  void restart(const std::vector<machine_index>& which);
  void crash(machine_index which);
  void freeze(machine_index which);
  void thaw(machine_index which);
  void leave(machine_index which);
  /// The operator makes it primary; false when that is refused.
  bool force(machine_index which);
  /// Why the last life of this machine ended; nothing while it goes on.
  [[nodiscard]] std::optional<errc> end_of(machine_index which);
  /// This machine starts as one.
  void make_arbitrator(machine_index which) { arbitrator_ = which; }
  /// Asks for another weight of machine `whose`.
  void set_weight(machine_index asker, machine_index whose, std::uint8_t weight);
  void evict(machine_index asker, machine_index whom, const std::string& why);
  void allow(machine_index asker, machine_index whom);
  /// Asks for another policy of the group, or tries it.
  void propose(machine_index asker, const std::string& policy, bool is_trial = false);
  void cut(const std::vector<machine_index>& side, const std::vector<machine_index>& other);
  void cut_one_way(machine_index from, machine_index to);
  void heal();
  /// Broadcasts `text`; false when it was not accepted.
  bool broadcast(machine_index from, const std::string& text);
  /// Broadcasts "`text` 1", "`text` 2", … one every 10 ms, for `span`.
  void broadcast_for(machine_index from, const std::string& text, duration span);
  void run(duration span);
  /// Runs in steps of 50 µs until `is_so`, at most `most`; false when it never was.
  bool run_until(const std::function<bool()>& is_so, duration most = 20s);

  [[nodiscard]] const replica::replica& core(machine_index which);
  [[nodiscard]] replica::status status(machine_index which) { return core(which).current(); }
  /// The texts that the application on this machine saw, in order, in this life.
  [[nodiscard]] std::vector<std::string> texts(machine_index which);
  /// The longest pause between two deliveries of messages on this machine, since the last call.
  [[nodiscard]] duration longest_gap(machine_index which);

  /// Compares with the golden file; a gtest failure shows the first line that differs.
  void check();

 private:
  [[nodiscard]] simulator::machine& at(machine_index which) { return group_.at(which - 1); }
  [[nodiscard]] std::string named(std::string line) const;
  [[nodiscard]] std::vector<std::string> folded() const;
  void hear(const std::string& line);

  std::string name_;
  machine_index arbitrator_ = 0;  // none
  simulator::simulation group_;
  std::vector<std::string> lines_;
  struct arrival {
    std::string who;
    simulator::time_point when;
  };
  std::vector<arrival> arrivals_;
};

}  // namespace hauberk::scenario
