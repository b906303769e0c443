// Changes of the group's policy that are cut short: while it is proved, while it is decided, and by the death
// of all who know what was decided.
#include <algorithm>

#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

const std::string fresh = "new";

void propose(stage& s, machine_index asker, const std::string& text, bool is_trial = false) {
  const std::uint64_t base = s.at(asker).core()->current_view()->policy.number;
  s.at(asker).ask(replica::policy_change{text, base, is_trial});
}

const replica::group_policy& in_log(stage& s, machine_index of) {
  return s.at(of).core()->newest_view()->policy;
}
const replica::group_policy& in_force(stage& s, machine_index of) {
  return s.at(of).core()->current_view()->policy;
}

bool has_proved(stage& s, machine_index which, const std::string& text) {
  return s.group().seen().has_proved(s.status(which).self, text);
}

/// Who was told that it is too far behind takes the state of one who is primary, and asks again.
void take_states(stage& s) {
  for (machine_index i = 0; i < s.count(); ++i) {
    if (s.at(i).is_running()) continue;
    start_mode how;
    for (machine_index donor = 0; donor < s.count(); ++donor) {
      if (s.status(donor).primary) how.recovered = {s.status(donor).history, s.delivered(donor)};
    }
    if (how.recovered.position != 0) s.at(i).start(how);
  }
}

/// Everybody is in one view and has the same policy, with nothing prepared, in the log and on its links.
void demand_one_policy(stage& s) {
  const auto is_one = [&] {
    take_states(s);
    for (machine_index i = 0; i < s.count(); ++i) {
      if (!s.at(i).is_running() || !s.status(i).primary || in_force(s, i).text != in_force(s, 0).text)
        return false;
      const auto& known = s.at(i).protected_by().known();
      if (!known.prepared.empty() || known.text != in_force(s, 0).text) return false;
      if (s.at(i).core()->current_view()->members.size() != s.count()) return false;
    }
    return true;
  };
  s.demand(is_one, "all have one policy in the end", 40s);
}

/// Whoever does not run starts again, with its state file.
void restart_all(stage& s) {
  for (machine_index i = 0; i < s.count(); ++i) {
    if (!s.at(i).is_running()) s.start(i);
    s.wait_below(1s);
  }
}

}  // namespace

// C is cut off right after it has proved, and the leader goes before it has decided: the new one collects
// afresh, without the one or the other. C may come back with the new policy or the old one.
void cut_over_loses_its_leader(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  propose(s, s.chance().below(3), fresh);
  s.expect([&] { return has_proved(s, 2, fresh); });
  if (in_log(s, 0).step == replica::policy_step::activate) throw missed();
  s.arrive();
  s.split({2}, {0, 1});
  s.wait_below(2ms);
  if (s.chance().percent(70)) {
    s.crash(0, s.chance().percent(50));
  } else {
    s.split({0}, {1});
  }
  s.wait_below(s.suspect() * 2);
  s.release({2}, {1});
  s.release({1}, {2});
  s.wait_below(s.suspect() * 8);
  s.group().heal();
  restart_all(s);
  demand_one_policy(s);
  s.settle();
}

// All die between writing the activation and knowing that it is committed, some with it on file and some
// without, and come back in any order.
void all_die_around_the_activation(stage& s) {
  s.form(3);
  propose(s, 0, fresh);
  s.expect([&] {
    for (machine_index i = 0; i < 3; ++i) {
      if (in_log(s, i).step == replica::policy_step::activate) return true;
    }
    return false;
  });
  s.arrive();
  s.wait_below(3ms);
  for (machine_index i = 0; i < 3; ++i) {
    const machine_index victim = (i + s.chance().below(3)) % 3;
    if (s.at(victim).is_running() && s.chance().percent(30))
      s.at(victim).crash_after_effects(1 + s.chance().below(3), [] { return true; });
    s.wait_below(500us);
    if (s.at(victim).is_running()) s.crash(victim);
  }
  for (machine_index i = 0; i < 3; ++i) {
    if (s.at(i).is_running()) s.crash(i);
  }
  restart_all(s);
  demand_one_policy(s);
  s.settle();
}

// The one that lives started with the old policy, those who come back know the new one from their files.
void living_founder_keeps_the_policy(stage& s) {
  s.form(3);
  propose(s, 1, fresh);
  s.expect([&] {
    return in_force(s, 0).text == fresh && in_force(s, 1).text == fresh && in_force(s, 2).text == fresh;
  });
  s.arrive();
  s.wait_below(s.suspect());
  const machine_index survivor = s.chance().below(3);
  for (machine_index i = 0; i < 3; ++i) {
    if (i != survivor) s.crash(i);
  }
  s.wait_below(s.suspect() * 3);
  restart_all(s);
  demand_one_policy(s);
  if (in_force(s, 0).text != fresh) throw violation("policy", "the group fell back to its old policy");
  s.settle();
}

// A member is lost before it has proved: then all keep the old policy, by which it comes back.
void lost_before_it_proved(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.split({2}, {0, 1});
  propose(s, s.chance().below(2), fresh);
  s.expect([&] { return !in_log(s, 0).prepared.empty(); });
  s.arrive();
  s.demand([&] { return in_log(s, 0).step == replica::policy_step::abort; }, "the loss ends the proposal",
           s.group().settings().inactive_timeout * 2 + s.suspect() * 4);
  s.expect([&] { return s.weight_in_log(2, 0) < 0; });
  s.wait_below(s.suspect());
  s.group().heal();
  demand_one_policy(s);
  if (in_force(s, 0).text == fresh) throw violation("policy", "activated without a proof of all");
  s.settle();
}

// Two members cannot make the new link, so it is not decided for a while: a joiner waits, and comes in then.
void joiner_waits_for_the_policy(stage& s) {
  s.form(3);
  s.split({1}, {2});
  propose(s, 0, fresh);
  s.expect([&] { return !in_log(s, 0).prepared.empty(); });
  s.start(3);
  s.arrive();
  s.demand([&] { return s.weight(3, 0) == 1; }, "the joiner comes in after that",
           s.group().settings().policy_timeout + s.suspect() * 20);
  s.group().heal();
  demand_one_policy(s);
  s.settle();
}

// All have proved one policy, in a trial; another one then is not proved by that.
void proofs_of_a_trial_do_not_count(stage& s) {
  s.form(3);
  propose(s, 0, "tried", true);
  s.expect([&] { return in_log(s, 0).step == replica::policy_step::abort; });
  s.expect(
      [&] { return in_force(s, 1).step == replica::policy_step::abort && in_force(s, 2).prepared.empty(); });
  s.wait_below(s.suspect());
  s.split({1}, {2});
  propose(s, 0, fresh);
  s.expect([&] { return !in_log(s, 0).prepared.empty(); });
  s.arrive();
  s.wait(s.suspect());
  s.group().heal();
  demand_one_policy(s);
  s.settle();
}

}  // namespace hauberk::simulator::directed
