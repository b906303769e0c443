#include "simulator/dialer.hpp"

#include <algorithm>

namespace hauberk::simulator {
namespace {

/// A machine without a process is dialled this often after the last change, then left alone.
constexpr int idle_max = 12;
/// Evidence of one death is repeated, as repeated dials do.
constexpr int told_max = 3;

}  // namespace

dialer::dialer(world& time, network& wires, machines& ends, sometimes& seen, std::size_t count)
    : time_(time),
      wires_(wires),
      ends_(ends),
      seen_(seen),
      count_(count),
      known_(count * count),
      power_(count, 1) {
  for (machine_index a = 0; a < count; ++a) {
    for (machine_index b = 0; b < count; ++b) {
      pairs_.push_back({time.stream(part::dialer, a * machines_max + b)});
    }
  }
}

void dialer::poke_all(machine_index a) {
  for (machine_index b = 0; b < count_; ++b) {
    if (b != a) poke(a, b);
  }
}

void dialer::poke(machine_index a, machine_index b) {
  pairs_[key(a, b)].idle = 0;
  schedule(a, b);
}

void dialer::schedule(machine_index a, machine_index b) {
  pair_state& pair = pairs_[key(a, b)];
  if (pair.is_scheduled) return;
  pair.is_scheduled = true;
  const duration wait = retry_min_ + pair.chance.below(retry_max_ - retry_min_ + 1us);
  time_.after(wait, [this, from = static_cast<std::uint32_t>(a), to = static_cast<std::uint32_t>(b)] {
    pairs_[key(from, to)].is_scheduled = false;
    attempt(from, to);
  });
}

void dialer::attempt(machine_index a, machine_index b) {
  const bool lives_a = !ends_.process_on(a).is_nil(), lives_b = !ends_.process_on(b).is_nil();
  if (!lives_a && !lives_b) return;
  if (wires_.is_blocked(a, b) || wires_.is_blocked(b, a)) return;  // the unblocking pokes
  refuse(a, b);
  refuse(b, a);
  if (!lives_a || !lives_b) {
    if (++pairs_[key(a, b)].idle < idle_max) schedule(a, b);
    return;
  }
  const std::string policy = common_policy(a, b);
  if (wires_.is_connected(a, b) && wires_.policy_of(a, b) == policy) return;
  if (ends_.is_paused(a) || ends_.is_paused(b)) {  // the kernel answers, the greeting does not
    schedule(a, b);
    return;
  }
  if (policy.empty()) {
    if (!wires_.is_connected(a, b)) seen_.reach(state::policy_misses);
    if (++pairs_[key(a, b)].idle < idle_max) schedule(a, b);
    return;
  }
  if (wires_.is_connected(a, b)) {
    wires_.connect_beside(a, b, policy);
    return;
  }
  wires_.connect(a, b, policy);
}

std::string dialer::common_policy(machine_index a, machine_index b) const {
  const auto mine = ends_.policies_of(a), its = ends_.policies_of(b);
  for (const auto* first : {&mine, &its}) {
    const auto& other = first == &mine ? its : mine;
    if (first->size() > 1 && std::ranges::find(other, first->front()) != other.end()) return first->front();
  }
  return std::ranges::find(its, mine.back()) != its.end() ? mine.back() : std::string();
}

void dialer::handle_policy(machine_index which) {
  for (machine_index other = 0; other < count_; ++other) {
    if (other != which && ends_.has_retired(which, wires_.policy_of(which, other)))
      wires_.reset(which, other);
  }
  poke_all(which);
}

void dialer::handle_linked(machine_index on, machine_index there, const uuid& other) {
  auto& known = known_[on * count_ + there];
  for (auto& each : known) {
    if (each.process != other) continue;
    each.told = 0;
    return;
  }
  known.push_back({other, 0});
}

void dialer::handle_gone(machine_index which) {
  for (machine_index there = 0; there < count_; ++there) known_[which * count_ + there].clear();
}

void dialer::refuse(machine_index on, machine_index there) {
  if (ends_.process_on(on).is_nil() || power_[there] == 0) return;
  for (auto& each : known_[on * count_ + there]) {
    if (each.process == ends_.process_on(there) || each.told == told_max) continue;
    ++each.told;
    input no;
    no.kind = input::what::refused;
    no.process = each.process;
    no.from = there;
    seen_.reach(state::evidence_of_death);
    ends_.arrive(on, std::move(no));
  }
}

}  // namespace hauberk::simulator
