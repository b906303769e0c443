#include "simulator/run.hpp"

#include <algorithm>

#include "simulator/faults.hpp"
#include "simulator/guard.hpp"
#include "simulator/liveness.hpp"
#include "simulator/operator.hpp"
#include "simulator/profile.hpp"
#include "simulator/workload.hpp"

namespace hauberk::simulator {
namespace {

constexpr duration round_time = 200ms;  ///< between two looks at who has ended by itself
constexpr duration look_time = 50ms;    ///< between two looks at what liveness still waits for

class seed_run {
 public:
  seed_run(std::uint64_t seed, const run_options& how, const profile& drawn, run_result& result)
      : how_(how),
        drawn_(drawn),
        group_(seed, drawn.machines, drawn.settings, drawn.calm, drawn.drift_ppm_max, drawn.with_codec),
        actions_(how.chosen, result.actions, result.turns),
        staff_(group_, drawn_),
        load_(group_, drawn_, actions_),
        faults_(group_, drawn_, staff_, actions_) {
    if (how.trace) group_.time().listen(how.trace);
  }

  void play() {
    if (drawn_.is_hostile) {
      group_.make_hostile(group_.time().stream(part::hostile, machines_max).below(group_.count()));
    }
    staff_.found();
    load_.start();
    make_rounds();
    group_.time().after(1s, [this] { faults_.start(); });
    group_.time().run_until(time_point(how_.length * 6 / 10));
    heal();
    if (drawn_.is_guarded) {
      liveness judge(group_, drawn_, staff_, load_);
      while (!judge.check()) group_.time().run_until(group_.time().now() + look_time);
    } else {
      group_.time().run_until(time_point(how_.length));
    }
    group_.record().handle_end();
  }

  void report(run_result& result) {
    result.simulated = group_.time().now().time_since_epoch();
    result.hash = group_.time().hash();
    result.events = group_.time().events();
    result.positions = group_.seen().newest();
    result.reached = group_.reached();
  }

 private:
  void make_rounds() {
    staff_.make_rounds();
    group_.time().after(round_time, [this] { make_rounds(); });
  }

  /// All faults end; but then some machines that the group can do without break and never come back.
  void heal() {
    faults_.stop();
    group_.time().say("", "-- the faults are over --");
    base::random chance = group_.time().stream(part::aftermath, machines_max);
    if (!drawn_.is_guarded || chance.percent(50)) return;
    if (chance.percent(75)) {  // what the last faults have set off is over by then, and more may be lost
      const auto& how = drawn_.settings;
      group_.time().run_until(group_.time().now() + how.inactive_timeout + how.suspect_timeout * 2 + 3s);
      if (chance.percent(40) && cut_pairs_for_ever()) return;
    }
    std::vector<machine_index> broken;
    for (machine_index i = 0; i < group_.count(); ++i) {
      if (!group_.time().stream(part::aftermath, i).percent(40)) continue;
      broken.push_back(i);
      if (!can_lose(group_, broken, {}) || !actions_.begin(broken_first + i)) broken.pop_back();
    }
    for (const machine_index each : broken) {
      staff_.abandon(each);
      break_for_ever(each, group_.time().stream(part::aftermath, each).next() / 100 % 4);
    }
  }

  /// Pairs that cannot reach each other, and have a neighbour in common, cost nobody more than time: nobody
  /// is given up (PROTOCOL 13). But who is not a member yet could not become one, nor again who falls out of
  /// a small window while its payloads take the longer way. Nobody waits for an observer, or for who lost its
  /// weight because it lags, nor keeps anything for it beyond the window: what is sent until the break is
  /// noticed has to fit.
  bool cut_pairs_for_ever() {
    constexpr std::uint64_t sent_unnoticed = 4U << 20U;  // the greedy one of the calm sends 3 MiB in 1.5 s
    if (drawn_.settings.window_bytes < sent_unnoticed) return false;
    const std::size_t n = group_.count();
    for (machine_index i = 0; i < n; ++i) {
      const machine& each = group_.at(i);
      if (!each.is_running() || group_.at(i).who()->is_leaving || !group_.at(i).who()->status.primary)
        return false;
      const auto view = each.core()->current_view();
      if (each.core()->newest_view() != view || view->members.size() != n) return false;
      for (const auto& member : view->members) {
        const witness* who = group_.seen().find(member.seat.process);
        if (member.catching_up || who == nullptr || !who->is_alive) return false;
      }
    }
    std::vector<bool> is_cut(n * n);
    const auto is_near = [&](machine_index a, machine_index b) {
      if (a == b || !is_cut[a * n + b]) return true;
      for (machine_index c = 0; c < n; ++c) {
        if (c != a && c != b && !is_cut[a * n + c] && !is_cut[c * n + b]) return true;
      }
      return false;
    };
    const auto set = [&](machine_index a, machine_index b, bool is_on) {
      is_cut[a * n + b] = is_cut[b * n + a] = is_on;
    };
    bool is_any = false;
    for (machine_index a = 0; a < n; ++a) {
      for (machine_index b = a + 1; b < n; ++b) {
        base::random chance = group_.time().stream(part::aftermath, machines_max + 1 + a * n + b);
        // Who sees nobody but an arbitrator, which keeps no history, may never get what it lacks.
        if (drawn_.arbitrator || !chance.percent(50)) continue;
        set(a, b, true);
        bool is_whole = true;
        for (machine_index c = 0; c < n * n; ++c) is_whole = is_whole && is_near(c / n, c % n);
        if (!is_whole || !actions_.begin(broken_first + machines_max + a * n + b)) {
          set(a, b, false);
          continue;
        }
        is_any = true;
        group_.time().say(group_.at(a).name(), "cannot reach " + group_.at(b).name() + " for ever");
        const std::uint64_t ways = chance.below(4);  // both, or one
        if (ways != 1) group_.block(a, b, true);
        if (ways != 2) group_.block(b, a, true);
      }
    }
    if (is_any) group_.reached().reach(state::pair_cut_for_ever);
    return is_any;
  }

  void break_for_ever(machine_index which, std::uint64_t how) {
    if (how <= 1) {
      group_.at(which).crash(how == 1);
    } else if (how == 2) {
      group_.at(which).pause();
    } else {
      group_.time().say(group_.at(which).name(), "is cut off for ever");
      for (machine_index i = 0; i < group_.count(); ++i) {
        group_.block(which, i, true);
        group_.block(i, which, true);
      }
    }
  }

  const run_options& how_;
  const profile& drawn_;
  simulation group_;
  action_list actions_;
  operator_in_charge staff_;
  workload load_;
  faults faults_;
};

}  // namespace

void run(std::uint64_t seed, const run_options& how, run_result& result) {
  base::random chance(seed);
  profile drawn = draw_profile(chance);
  if (how.chosen.machines != 0) {
    drawn.machines = how.chosen.machines;
    drawn.founders = std::min(drawn.founders, drawn.machines);
  }
  result.machines = drawn.machines;
  result.drawn = describe(drawn);
  seed_run each(chance.next(), how, drawn, result);
  try {
    each.play();
  } catch (const violation& broken) {
    result.violation = broken.what();
  }
  each.report(result);
}

run_result run(std::uint64_t seed, const run_options& how) {
  run_result result;
  run(seed, how, result);
  return result;
}

}  // namespace hauberk::simulator
