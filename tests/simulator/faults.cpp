#include "simulator/faults.hpp"

#include <algorithm>

#include "simulator/guard.hpp"

namespace hauberk::simulator {

faults::faults(simulation& group, const profile& drawn, operator_in_charge& staff)
    : group_(group), drawn_(drawn), staff_(staff) {}

void faults::start() {
  is_on_ = true;
  if (drawn_.has(fault::late_joiner)) {
    for (machine_index i = drawn_.founders; i < group_.count(); ++i) {
      later(group_.time().chance().below(duration(20s)), [this, i] { staff_.start(i); });
    }
  }
  next();
  if (drawn_.has(fault::aimed)) aim();
}

void faults::aim() {
  bool is_changing = false;
  for (machine_index i = 0; i < group_.count(); ++i) {
    const auto* core = group_.at(i).core();
    if (core == nullptr) continue;
    const auto now = core->current_view(), next = core->newest_view();
    is_changing = is_changing || (next && (!now || now->number < next->number)) ||
                  group_.at(i).who()->status.as == replica::role::candidate;
  }
  if (is_changing && group_.time().chance().percent(10)) strike();
  later(is_changing ? 500us : 2ms, [this] { aim(); });
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

void faults::later(duration wait, std::function<void()> what) {
  group_.time().after(wait, [this, what = std::move(what)] {
    if (is_on_) what();
  });
}

void faults::next() {
  later(group_.time().chance().below(drawn_.fault_gap * 2), [this] {
    strike();
    next();
  });
}

machine_index faults::any() { return group_.time().chance().below(group_.count()); }

std::vector<machine_index> faults::shuffled() {
  std::vector<machine_index> all(group_.count());
  for (machine_index i = 0; i < all.size(); ++i) {
    all[i] = i;
    std::swap(all[i], all[group_.time().chance().below(i + 1)]);
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
  const bool has_proof =
      home.file() == seat && (staff_.keeps_file(which) || group_.time().chance().percent(60));
  if (has_proof) proven.insert(seat);
  if (!can_lose(group_, {which}, proven)) return false;
  if (has_proof) staff_.promise_proof(which, seat);
  return true;
}

void faults::strike() {
  std::vector<fault> active;
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (drawn_.faults[i]) active.push_back(static_cast<fault>(i));
  }
  if (!active.empty()) strike(active[group_.time().chance().below(active.size())]);
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
    home.crash_after_effects(1 + group_.time().chance().below(8), [this, victim] {
      if (!is_on_ || !may_die(victim)) return false;
      staff_.bring_back(victim, 50ms + group_.time().chance().below(duration(8s)));
      return true;
    });
    return;
  }
  home.crash(how == fault::power_off);
  staff_.bring_back(victim, 50ms + group_.time().chance().below(duration(8s)));
}

void faults::freeze() {
  const machine_index victim = any();
  if (!group_.at(victim).is_running() || group_.at(victim).is_paused()) return;
  const duration most = drawn_.settings.suspect_timeout * 4;
  const duration span = 20ms + group_.time().chance().below(most);
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
  later(group_.time().chance().below(duration(5s)), [this, from, to] { group_.block(from, to, false); });
}

void faults::split(fault how) {
  const auto all = shuffled();
  if (all.size() < 2) return;
  const std::size_t half = how == fault::isolate ? 1 : 1 + group_.time().chance().below(all.size() - 1);
  const std::vector<machine_index> side(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(half));
  std::vector<machine_index> rest(all.begin() + static_cast<std::ptrdiff_t>(half), all.end());
  if (how == fault::bridge && rest.size() > 1) rest.pop_back();  // one machine sees both sides
  if (how == fault::one_way) {
    for (const machine_index a : side) {
      for (const machine_index b : rest) group_.block(a, b, true);
    }
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
  later(100ms + group_.time().chance().below(duration(10s)), [this] { group_.heal(); });
}

void faults::flap(machine_index a, machine_index b, int times) {
  const bool is_on = !group_.wires().is_blocked(a, b);
  group_.block(a, b, is_on);
  group_.block(b, a, is_on);
  const duration wait = 50ms + group_.time().chance().below(drawn_.settings.suspect_timeout * 2);
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

void faults::starve() {
  const machine_index which = any();
  group_.at(which).set_appetite(1 + group_.time().chance().below(5), 5ms);
  group_.set_ailing(which, true);  // the leader may take its weight
  later(group_.time().chance().below(duration(6s)), [this, which] {
    group_.at(which).set_appetite(0, 0us);
    group_.set_ailing(which, false);
  });
}

void faults::storm() {
  group_.wires().set_weather(drawn_.storm);
  for (machine_index i = 0; i < group_.count(); ++i) group_.set_ailing(i, true);
  later(group_.time().chance().below(duration(5s)), [this] {
    group_.wires().set_weather(drawn_.calm);
    for (machine_index i = 0; i < group_.count(); ++i) group_.set_ailing(i, false);
  });
}

}  // namespace hauberk::simulator
