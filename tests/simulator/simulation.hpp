// A whole group in one thread: machines, the network between them, and the judges. Runs and scenarios add
// what happens to it.
#pragma once

#include <deque>
#include <unordered_map>

#include "simulator/dialer.hpp"
#include "simulator/machine.hpp"
#include "simulator/network.hpp"
#include "simulator/recorder.hpp"

namespace hauberk::simulator {

class simulation final : public machines {
 public:
  simulation(std::uint64_t seed, std::size_t count, const replica::settings& settings, const weather& now,
             std::int64_t drift_ppm_max, bool with_codec);

  [[nodiscard]] world& time() { return time_; }
  [[nodiscard]] network& wires() { return wires_; }
  [[nodiscard]] dialer& mesh() { return mesh_; }
  [[nodiscard]] recorder& record() { return record_; }
  [[nodiscard]] const chronicle& seen() const { return record_.seen(); }
  [[nodiscard]] sometimes& reached() { return reached_; }
  [[nodiscard]] const replica::settings& settings() const { return settings_; }
  [[nodiscard]] std::size_t count() const { return machines_.size(); }
  [[nodiscard]] machine& at(machine_index which) { return machines_[which]; }

  /// Blocks or frees one direction, and dials again when it is free.
  void block(machine_index from, machine_index to, bool is_blocked);
  /// Cuts every direction between two sides; machines in neither keep all.
  void partition(const std::vector<machine_index>& side, const std::vector<machine_index>& other);
  void heal();
  /// From now on this machine lies, and only crashes and bounds are judged.
  void make_hostile(machine_index which);
  /// From now until a while after `is_ailing` ends, others may find this machine silent and remove it.
  void set_ailing(machine_index which, bool is_on);
  void end_ailments();
  [[nodiscard]] bool is_ailing(machine_index which) const;

  // What the network asks of machines.
  [[nodiscard]] uuid process_on(machine_index which) const override { return machines_[which].process_id(); }
  [[nodiscard]] bool is_paused(machine_index which) const override { return machines_[which].is_paused(); }
  void arrive(machine_index which, input what) override { machines_[which].arrive(std::move(what)); }
  [[nodiscard]] std::vector<std::string> policies_of(machine_index which) const override {
    return machines_[which].protected_by().texts();
  }
  [[nodiscard]] bool has_retired(machine_index which, const std::string& policy) const override {
    return machines_[which].protected_by().has_retired(policy);
  }
  void lost_touch(machine_index a, machine_index b) override { mesh_.poke(a, b); }

 private:
  world time_;
  sometimes reached_;
  replica::settings settings_;
  network wires_;
  dialer mesh_;
  recorder record_;
  std::unordered_map<uuid, machine_index> homes_;
  surroundings around_;
  std::deque<machine> machines_;
  struct ailment {
    std::size_t count = 0;
    time_point until{};
  };
  std::vector<ailment> ailments_;
};

}  // namespace hauberk::simulator
