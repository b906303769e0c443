// Who dials whom: what the mesh of the real library does, without its own protocol. Every pair of live
// processes that can reach each other gets a link again and again; a dial that a living machine refuses, or
// that another process answers, is evidence of death.
#pragma once

#include <map>
#include <vector>

#include "simulator/network.hpp"

namespace hauberk::simulator {

class dialer {
 public:
  dialer(world& time, network& wires, machines& ends, sometimes& seen, std::size_t count);

  /// Something changed between two machines: see to it that their processes get a link.
  void poke(machine_index a, machine_index b);
  void poke_all(machine_index a);
  /// The machine accepts other policies than before: links made with one that was in force break, and the
  /// others are made anew beside the old.
  void handle_policy(machine_index which);
  /// `on` was linked with `other`, which runs on `there`: it will notice when the address refuses.
  void handle_linked(machine_index on, machine_index there, const uuid& other);
  /// A new process starts without memory of whom the old one knew.
  void handle_gone(machine_index which);
  /// From then on a machine answers dials to dead processes with a refusal; switched off it answers nothing.
  void set_power(machine_index which, bool is_on) { power_[which] = is_on; }
  void set_retry(duration least, duration most) { retry_min_ = least, retry_max_ = most; }

 private:
  struct acquaintance {
    uuid process;
    int told = 0;  ///< how often its death was reported
  };
  struct pair_state {
    base::random chance;
    bool is_scheduled = false;
    int idle = 0;
  };

  [[nodiscard]] std::size_t key(machine_index a, machine_index b) const {
    return std::min(a, b) * count_ + std::max(a, b);
  }
  void schedule(machine_index a, machine_index b);
  void attempt(machine_index a, machine_index b);
  /// What a link of the two would be made with; empty when there is nothing that both accept.
  [[nodiscard]] std::string common_policy(machine_index a, machine_index b) const;
  /// Tells the process on `on` that the ones it knew on `there` do not live there any more.
  void refuse(machine_index on, machine_index there);

  world& time_;
  network& wires_;
  machines& ends_;
  sometimes& seen_;
  std::size_t count_;
  duration retry_min_ = 50ms, retry_max_ = 1s;
  std::vector<pair_state> pairs_;
  std::vector<std::vector<acquaintance>> known_;  // by (on, there)
  std::vector<char> power_;
};

}  // namespace hauberk::simulator
