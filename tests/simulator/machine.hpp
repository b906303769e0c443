// A machine of the group: a clock that drifts, a state file, and at most one process, which is a replica and
// the application on top of it. Does for the replica what the engine does in the real library.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "simulator/dialer.hpp"
#include "simulator/hostile.hpp"
#include "simulator/network.hpp"
#include "simulator/protection.hpp"
#include "simulator/recorder.hpp"

namespace hauberk::simulator {

/// What all machines of a run share.
struct surroundings {
  world& time;
  network& wires;
  dialer& mesh;
  recorder& record;
  sometimes& seen;
  const replica::settings& settings;
  std::unordered_map<uuid, machine_index>& homes;  ///< where each process ever lived
  bool with_codec = false;
  std::optional<machine_index> hostile = {};  ///< this one says what it likes
};

/// How a process starts.
struct start_mode {
  bool is_bootstrap = false;
  bool has_state_file = true;    ///< the predecessor's seat is known: proof that it is dead
  recovered_position recovered;  ///< what the application had made durable
  std::uint8_t weight = 1;
  bool is_arbitrator = false;
  std::uint32_t protocol_max = 1;
  std::optional<replica::group_policy> policy = {};  ///< the operator has configured it
};

class machine {
 public:
  machine(surroundings& around, machine_index index, std::int64_t drift_ppm);

  [[nodiscard]] machine_index index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_running() const { return process_ != nullptr; }
  [[nodiscard]] bool is_paused() const { return process_ && process_->is_paused; }
  [[nodiscard]] uuid process_id() const { return process_ ? process_->id : uuid{}; }
  [[nodiscard]] witness* who() { return process_ ? process_->who : nullptr; }
  [[nodiscard]] const replica::replica* core() const { return process_ ? &process_->core : nullptr; }
  /// What the last process of this machine had delivered.
  [[nodiscard]] recovered_position durable() const { return durable_; }
  /// What its application has: while it runs what it has come to, else what it kept.
  [[nodiscard]] recovered_position state() const;
  [[nodiscard]] const std::optional<replica::farewell_event>& farewell() const { return farewell_; }
  /// The state file; empty when nothing was ever kept.
  [[nodiscard]] const replica::record& file() const { return file_; }

  [[nodiscard]] const protection& protected_by() const { return protection_; }

  void start(const start_mode& how);
  /// Memory gone. `is_silent`: the whole machine is off, nobody is told.
  void crash(bool is_silent);
  /// Crashes after the next `count` effects, possibly between two that belong together, if `may_die` then.
  void crash_after_effects(std::size_t count, std::function<bool()> may_die) {
    effects_to_live_ = count;
    may_die_ = std::move(may_die);
  }
  void pause();
  void resume();
  /// How many events the application takes at most every `period`; 0 = as many as there are.
  void set_appetite(std::size_t events, duration period);

  [[nodiscard]] std::optional<errc> broadcast(std::vector<base::buffer> payloads);
  void leave();
  void fence();
  /// Null when this member is primary from now on; else why it was refused.
  [[nodiscard]] std::optional<errc> force();
  void ask(const replica::change& what);
  /// The operator gives this machine a policy that it has missed.
  void configure(const replica::group_policy& policy);

  void arrive(input what);

 private:
  struct process {
    uuid id;
    replica::replica core;
    witness* who;
    std::deque<input> inbox = {};
    bool is_paused = false, is_step_due = false;
    time_point wake = base::never;  // of the earliest wake-up that is scheduled, in world time
    std::uint64_t fence_id = 0, change_id = 0;
  };

  [[nodiscard]] time_point local() const;
  [[nodiscard]] time_point from_local(time_point when) const;
  void soon();
  void step();
  void hand_in(const input& what, time_point now);
  void finish_step(time_point now);
  /// False when the process died on the way.
  bool drain_effects();
  void carry_out(const replica::effect& what);
  void send_out(const replica::send& out);
  void close(const replica::drop_link& what);
  void apply(const replica::group_policy& policy);
  void prove(time_point now);
  void count_message(const replica::send& out);
  void take_events(time_point now);
  void set_timer(time_point now);
  void end_process(bool is_silent);

  surroundings& around_;
  machine_index index_;
  std::string name_;
  std::int64_t drift_ppm_;
  base::random chance_;  // of the process that runs
  hostile_voice voice_;
  protection protection_;
  std::unique_ptr<process> process_;
  std::uint64_t generation_ = 0;
  replica::record file_, file_before_;  // the newest, and what a torn write falls back to
  recovered_position durable_;
  std::optional<replica::farewell_event> farewell_;
  std::size_t effects_to_live_ = 0;  // 0 = no such end
  std::function<bool()> may_die_;
  replica::fetch asked_;  // what this machine asked for last, and whom
  uuid donor_;
  std::size_t appetite_ = 0, eaten_ = 0;
  duration meal_{};
  bool is_meal_due_ = false;
};

}  // namespace hauberk::simulator
