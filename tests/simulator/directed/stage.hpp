// Where a directed scenario takes place: a group of the simulator, and hands that cut, hold back, kill and
// look at the right moment. The seed varies the timing; a scenario says what has to happen, not when. All
// oracles watch, as in any run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "simulator/simulation.hpp"

namespace hauberk::simulator::directed {

/// The situation that the scenario is about did not come up with this timing: nothing was shown.
class missed : public std::exception {};

struct cast {
  std::size_t machines = 3;
  replica::settings settings;
  weather air;
};
/// Fast networks, room for everything, and kernels that never give up a connection by themselves.
[[nodiscard]] cast ordinary(std::size_t machines);

class stage {
 public:
  stage(std::uint64_t seed, const cast& who, const world::listener& trace);

  [[nodiscard]] simulation& group() { return group_; }
  [[nodiscard]] machine& at(machine_index which) { return group_.at(which); }
  [[nodiscard]] base::random& chance() { return chance_; }
  [[nodiscard]] std::size_t count() const { return group_.count(); }
  [[nodiscard]] duration suspect() const { return group_.settings().suspect_timeout; }
  void note(const std::string& words) { group_.time().say("", "-- " + words); }

  // What is done.
  void bootstrap(machine_index which);
  void start(machine_index which, std::uint8_t weight = 1, bool with_file = true);
  /// Machine 0 bootstraps, the next `count` - 1 join; all have their weight when it returns.
  void form(std::size_t count);
  void crash(machine_index which, bool is_silent = false) { at(which).crash(is_silent); }
  /// Stalls, or frees, what goes from any of `from` to any of `to`.
  void hold(const std::vector<machine_index>& from, const std::vector<machine_index>& to, bool is_on = true);
  void release(const std::vector<machine_index>& from, const std::vector<machine_index>& to) {
    hold(from, to, false);
  }
  void split(const std::vector<machine_index>& side, const std::vector<machine_index>& other);
  /// One broadcast; false when it was refused.
  bool broadcast(machine_index which, std::size_t bytes = 16);
  void broadcast_some(machine_index which, std::size_t count, std::size_t bytes = 16);

  // What is waited for.
  void wait(duration span);
  /// Between nothing and `most`.
  void wait_below(duration most) { wait(chance_.below(most)); }
  /// True as soon as `is_so`; false when it was not within `most`.
  bool until(const std::function<bool()>& is_so, duration most = 20s);
  /// The same; without it the scenario has missed its situation.
  void expect(const std::function<bool()>& is_so, duration most = 20s);
  /// The same; without it a promise is broken.
  void demand(const std::function<bool()>& is_so, const std::string& promise, duration most = 20s);

  // What is looked at.
  [[nodiscard]] replica::status status(machine_index which);
  [[nodiscard]] bool leads(machine_index which);
  /// The running machine that leads the newest epoch; `count()` when there is none.
  [[nodiscard]] machine_index leader();
  /// The weight of a machine's process in the newest view of another's log, and in the one that it knows to
  /// be committed; -1 when it is not in it.
  [[nodiscard]] int weight_in_log(machine_index of, machine_index by);
  [[nodiscard]] int weight(machine_index of, machine_index by);
  [[nodiscard]] position_t delivered(machine_index which);

  /// The situation has come up: what follows is what the scenario is for.
  void arrive() { has_arrived_ = true; }
  [[nodiscard]] bool has_arrived() const { return has_arrived_; }

  /// Everything heals. Everybody who runs gets primary, delivers the same, has no open ticket, and can
  /// broadcast.
  void settle();
  /// The run is over: the oracles have their last word.
  void end() { group_.record().handle_end(); }

 private:
  [[nodiscard]] std::string unsettled();

  base::random chance_;
  simulation group_;
  bool has_arrived_ = false;
};

struct scenario {
  const char* name;
  void (*play)(stage&);
  cast (*who)(base::random&);
};
/// All of them.
[[nodiscard]] const std::vector<scenario>& scenarios();

}  // namespace hauberk::simulator::directed
