#include "simulator/faults.hpp"

#include <algorithm>

#include "simulator/guard.hpp"

namespace hauberk::simulator {
namespace {

/// Between two looks for a moment when it hurts.
constexpr duration aim_time = 500us;

}  // namespace

faults::faults(simulation& group, const profile& drawn, operator_in_charge& staff, action_list& actions)
    : group_(group),
      drawn_(drawn),
      staff_(staff),
      actions_(actions),
      schedule_(group.time().stream(part::schedule, 0)),
      chance_(0) {}

void faults::start() {
  is_on_ = true;
  if (drawn_.has(fault::late_joiner)) {
    for (machine_index i = drawn_.founders; i < group_.count(); ++i) {
      const duration wait = group_.time().stream(part::late_join, i).below(duration(20s));
      if (actions_.begin(late_first + i)) unless_healed(wait, [this, i] { staff_.start(i); });
    }
  }
  next();
  if (drawn_.has(fault::aimed)) aim();
}

// Looks at the group at fixed times, which number the actions. One that was asked for strikes whatever the
// group does: in a smaller run it changes at other moments.
void faults::aim() {
  const auto look = static_cast<action_number>(group_.time().now().time_since_epoch() / aim_time);
  bool is_changing = false, is_catching_up = false;
  for (machine_index i = 0; i < group_.count(); ++i) {
    const auto* core = group_.at(i).core();
    if (core == nullptr) continue;
    const auto now = core->current_view(), next = core->newest_view();
    is_changing = is_changing || (next && (!now || now->number < next->number)) ||
                  group_.at(i).who()->status.as == replica::role::candidate;
    const auto* me = next ? next->find_process(group_.at(i).process_id()) : nullptr;
    is_catching_up = is_catching_up || (me != nullptr && me->catching_up);
  }
  const action_number which = aimed_first + look;
  const std::uint64_t chances = is_changing ? 100 : is_catching_up ? 5 : 0;  // of 1000
  const bool is_due = chances != 0 && group_.time().stream(part::aim, look).below(1000) < chances;
  if (actions_.is_choosy() ? actions_.is_wanted(which) : is_due) strike(which);
  const bool is_close = is_changing || is_catching_up || actions_.is_choosy();
  unless_healed(aim_time * (is_close ? 1 : 4), [this] { aim(); });
}

void faults::stop() {
  is_on_ = false;
  group_.heal();
  group_.wires().set_weather(drawn_.calm);
  for (machine_index i = 0; i < group_.count(); ++i) {
    group_.at(i).resume();
    group_.at(i).set_appetite(0, 0us);
  }
  group_.end_ailments();
}

void faults::unless_healed(duration wait, std::function<void()> what) {
  group_.time().after(wait, [this, what = std::move(what)] {
    if (is_on_) what();
  });
}

void faults::later(duration wait, std::function<void()> what) {
  unless_healed(wait, [this, what = std::move(what), chance = base::random(chance_.next())] {
    chance_ = chance;
    what();
  });
}

void faults::next() {
  unless_healed(schedule_.below(drawn_.fault_gap * 2), [this, which = next_++] {
    strike(which);
    next();
  });
}

machine_index faults::any() { return chance_.below(group_.count()); }

std::vector<machine_index> faults::shuffled() {
  std::vector<machine_index> all(group_.count());
  for (machine_index i = 0; i < all.size(); ++i) {
    all[i] = i;
    std::swap(all[i], all[chance_.below(i + 1)]);
  }
  return all;
}

// Some deaths are survived only when the successor can prove them: then its state file is kept.
bool faults::may_die(machine_index which) {
  machine& home = group_.at(which);
  if (!home.is_running()) return false;
  if (!drawn_.is_guarded) return true;
  std::set<seat_id> proven = staff_.proven();
  const seat_id& seat = home.who()->status.self;
  const bool has_proof = home.file().seat() == seat && (staff_.keeps_file(which) || chance_.percent(60));
  if (has_proof) proven.insert(seat);
  if (!can_lose(group_, {which}, proven)) return false;
  if (has_proof) staff_.promise_proof(which, seat);
  return true;
}

void faults::strike(action_number which) {
  if (!actions_.begin(which)) return;
  chance_ = group_.time().stream(part::action, which);
  std::vector<fault> active;
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (drawn_.faults[i]) active.push_back(static_cast<fault>(i));
  }
  if (active.empty()) return;
  const fault what = active[chance_.below(active.size())];
  if (group_.time().is_traced()) {
    group_.time().say("", "-- action " + std::to_string(which) + ": " + name_of(what) + " --");
  }
  strike(what);
}

void faults::strike(fault what) {
  switch (what) {
    case fault::reset: {
      const auto all = shuffled();
      if (all.size() > 1) group_.wires().reset(all[0], all[1]);
      break;
    }
    case fault::crash:
    case fault::crash_between_effects:
    case fault::power_off:
      kill(what);
      break;
    case fault::pause:
      freeze();
      break;
    case fault::stall:
      stall();
      break;
    case fault::partition:
    case fault::one_way:
    case fault::isolate:
    case fault::bridge:
    case fault::pair:
    case fault::ring:
      split(what);
      break;
    case fault::flap: {
      const auto all = shuffled();
      if (all.size() > 1) flap(all[0], all[1], 6);
      break;
    }
    case fault::slow_consumer:
      starve();
      break;
    case fault::leave:
      leave();
      break;
    case fault::storm:
      storm();
      break;
    case fault::blackout:
      black_out();
      break;
    case fault::change_weight:
      change_weight();
      break;
    case fault::evict:
      evict();
      break;
    case fault::propose:
      propose();
      break;
    case fault::late_joiner:
    case fault::aimed:
    case fault::count_:
      break;
  }
}

void faults::kill(fault how) {
  const machine_index victim = any();
  if (!may_die(victim)) return;
  machine& home = group_.at(victim);
  if (how == fault::crash_between_effects) {
    // The guard has to hold when it happens, not only now.
    const std::size_t effects = 1 + chance_.below(8);
    home.crash_after_effects(effects, [this, victim, chance = base::random(chance_.next())] {
      chance_ = chance;
      if (!is_on_ || !may_die(victim)) return false;
      staff_.bring_back(victim, 50ms + chance_.below(duration(8s)));
      return true;
    });
    return;
  }
  home.crash(how == fault::power_off);
  staff_.bring_back(victim, 50ms + chance_.below(duration(8s)));
}

void faults::freeze() {
  const machine_index victim = any();
  if (!group_.at(victim).is_running() || group_.at(victim).is_paused()) return;
  const duration most = drawn_.settings.suspect_timeout * 4;
  const duration span = 20ms + chance_.below(most);
  if (span > drawn_.settings.suspect_timeout) group_.reached().reach(state::frozen_past_suspicion);
  group_.at(victim).pause();
  group_.set_ailing(victim, true);
  later(span, [this, victim] {
    group_.at(victim).resume();
    group_.set_ailing(victim, false);
  });
}

void faults::stall() {
  const machine_index from = any(), to = any();
  if (from == to) return;
  group_.block(from, to, true);
  later(chance_.below(duration(5s)), [this, from, to] { group_.block(from, to, false); });
}

void faults::split(fault how) {
  const auto all = shuffled();
  if (all.size() < 2) return;
  const std::size_t half = how == fault::isolate ? 1 : 1 + chance_.below(all.size() - 1);
  const std::vector<machine_index> side(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(half));
  std::vector<machine_index> rest(all.begin() + static_cast<std::ptrdiff_t>(half), all.end());
  if (how == fault::bridge && rest.size() > 1) rest.pop_back();  // one machine sees both sides
  if (how == fault::one_way) {
    for (const machine_index a : side) {
      for (const machine_index b : rest) group_.block(a, b, true);
    }
  } else if (how == fault::pair) {
    const std::uint64_t ways = chance_.below(4);
    if (ways != 1) group_.block(all[0], all[1], true);
    if (ways != 2) group_.block(all[1], all[0], true);
  } else if (how == fault::ring) {  // each sees its two neighbours only
    const std::size_t n = all.size();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (i != j && (i + 1) % n != j && (j + 1) % n != i) group_.block(all[i], all[j], true);
      }
    }
  } else {
    group_.partition(side, rest);
  }
  const bool is_cut = how == fault::partition || how == fault::isolate;
  // Who is told to be the group beside a living one makes two: only safety can be judged then.
  if (is_cut && !drawn_.is_guarded && !drawn_.is_hostile && chance_.percent(50)) {
    const bool is_first = side.size() < rest.size() || chance_.percent(25);
    const duration wait = drawn_.settings.suspect_timeout + chance_.below(drawn_.settings.inactive_timeout);
    later(wait, [this, which = is_first ? side.front() : rest.front()] { staff_.force(which); });
  }
  later(100ms + chance_.below(duration(10s)), [this] { group_.heal(); });
}

void faults::flap(machine_index a, machine_index b, int times) {
  const bool is_on = !group_.wires().is_blocked(a, b);
  group_.block(a, b, is_on);
  group_.block(b, a, is_on);
  const duration wait = 50ms + chance_.below(drawn_.settings.suspect_timeout * 2);
  if (times > 0 || is_on) later(wait, [this, a, b, times] { flap(a, b, times - 1); });
}

void faults::leave() {
  const machine_index which = any();
  machine& home = group_.at(which);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving || !home.who()->view) return;
  // Somebody with weight has to stay, and those who wish to go must not be most of those who count.
  std::vector<machine_index> going{which};
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (i != which && group_.at(i).is_running() && group_.at(i).who()->is_leaving) going.push_back(i);
  }
  if (drawn_.is_guarded && !can_lose(group_, going, {})) return;
  home.leave();
}

// All die, or all but a few. They come back by themselves only when everybody's state file does, so that each
// seat of each view that may count is accounted for.
void faults::black_out() {
  std::vector<replica::view_ptr> views;
  for (machine_index i = 0; i < group_.count(); ++i) {
    const auto* core = group_.at(i).core();
    if (core == nullptr) continue;
    for (auto& each : {core->current_view(), core->newest_view()}) {
      if (each) views.push_back(each);
    }
  }
  const auto has_file = [&](const replica::member& each) {
    for (machine_index i = 0; i < group_.count(); ++i) {
      if (group_.at(i).name() == each.name) return group_.at(i).file().has(each.seat);
    }
    return false;
  };
  for (const auto& view : views) {
    for (const auto& each : view->members) {
      if (drawn_.is_guarded && !has_file(each)) return;
    }
  }
  if (views.empty()) return;
  const std::uint64_t spared = chance_.percent(50) ? 0 : 40;
  group_.reached().reach(state::blackout);
  for (machine_index i = 0; i < group_.count(); ++i) {
    machine& home = group_.at(i);
    if (!home.file().is_empty()) staff_.promise_proof(i, home.file().seat());
    if (!home.is_running()) continue;
    const auto view = home.core()->current_view();
    const bool is_member = view && view->find(home.who()->status.self) != nullptr;
    if (is_member && chance_.percent(spared)) continue;
    home.crash(chance_.percent(20));
    staff_.bring_back(i, 50ms + chance_.below(duration(8s)));
  }
}

void faults::starve() {
  const machine_index which = any();
  group_.at(which).set_appetite(1 + chance_.below(5), 5ms);
  group_.set_ailing(which, true);  // the leader may take its weight
  later(chance_.below(duration(6s)), [this, which] {
    group_.at(which).set_appetite(0, 0us);
    group_.set_ailing(which, false);
  });
}

// Somebody gives somebody another weight. As long as it is not known what came of it, nobody is lost.
void faults::change_weight() {
  const machine_index asker = any();
  const auto weight = static_cast<std::uint8_t>(chance_.below(4));
  machine& home = group_.at(asker);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving || !home.who()->status.primary) return;
  const auto view = home.core()->current_view();
  if (drawn_.is_guarded && !is_calm(group_, *view)) return;
  home.ask(replica::weight_change{view->members[chance_.below(view->members.size())].seat, weight});
}

void faults::evict() {
  const machine_index asker = any(), victim = any();
  machine& home = group_.at(asker);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving || !home.who()->status.primary) return;
  const auto view = home.core()->current_view();
  const auto* whom = view->find_name(group_.at(victim).name());
  if (whom == nullptr) return;
  replica::view others = *view;
  std::erase_if(others.members, [&](const auto& m) { return m.seat == whom->seat; });
  if (drawn_.is_guarded && (!is_calm(group_, others) || !can_lose(group_, {victim}, {}))) return;
  home.ask(replica::eviction{whom->seat, whom->name, "it was in the way"});
}

// Somebody wants another policy, or to see whether all could do with it; now and then, the one in force.
void faults::propose() {
  const machine_index asker = any();
  machine& home = group_.at(asker);
  if (!home.is_running() || home.is_paused() || home.who()->is_leaving || !home.who()->status.primary) return;
  std::size_t open = 0;  // one takes its time: more than a few would wait for ever
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (group_.at(i).is_running()) open += group_.at(i).who()->changes.size();
  }
  if (open >= 3) return;
  const auto view = home.core()->current_view();
  const bool is_known = chance_.percent(10), is_trial = chance_.percent(20);
  const std::string fresh = drawn_policy + std::to_string(++proposed_);
  home.ask(replica::policy_change{is_known ? view->policy.text : fresh, view->policy.number, is_trial});
}

void faults::storm() {
  group_.wires().set_weather(drawn_.storm);
  for (machine_index i = 0; i < group_.count(); ++i) group_.set_ailing(i, true);
  later(chance_.below(duration(5s)), [this] {
    group_.wires().set_weather(drawn_.calm);
    for (machine_index i = 0; i < group_.count(); ++i) group_.set_ailing(i, false);
  });
}

}  // namespace hauberk::simulator
