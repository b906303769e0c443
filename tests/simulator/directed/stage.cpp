#include "simulator/directed/stage.hpp"

#include <cstring>

namespace hauberk::simulator::directed {
namespace {

/// Between two looks while something is waited for: less than any message takes.
constexpr duration glance = 20us;
constexpr duration settle_time = 40s;

}  // namespace

cast ordinary(std::size_t machines) {
  cast who;
  who.machines = machines;
  who.settings.window_bytes = 4U << 20U;
  who.settings.send_window_bytes = 512U << 10U;
  who.air.delay_min = 200us;
  who.air.delay_max = 2ms;
  who.air.give_up_min = who.air.give_up_max = 600s;
  return who;
}

stage::stage(std::uint64_t seed, const cast& who, const world::listener& trace)
    : chance_(seed), group_(chance_.next(), who.machines, who.settings, who.air, 0, true) {
  if (trace) group_.time().listen(trace);
  group_.mesh().set_retry(20ms, 100ms);
}

void stage::bootstrap(machine_index which) {
  start_mode how;
  how.is_bootstrap = true;
  at(which).start(how);
}

void stage::start(machine_index which, std::uint8_t weight, bool with_file) {
  start_mode how;
  how.has_state_file = with_file;
  how.weight = weight;
  how.recovered = at(which).durable();
  at(which).start(how);
}

void stage::form(std::size_t count) {
  bootstrap(0);
  for (machine_index i = 1; i < count; ++i) start(i);
  expect([&] {
    for (machine_index i = 0; i < count; ++i) {
      if (weight(i, 0) != 1 || !status(i).primary) return false;
    }
    return true;
  });
  wait(suspect() / 2);
}

void stage::hold(const std::vector<machine_index>& from, const std::vector<machine_index>& to, bool is_on) {
  for (const machine_index a : from) {
    for (const machine_index b : to) group_.block(a, b, is_on);
  }
}

void stage::split(const std::vector<machine_index>& side, const std::vector<machine_index>& other) {
  hold(side, other);
  hold(other, side);
}

bool stage::broadcast(machine_index which, std::size_t bytes) {
  machine& home = at(which);
  if (!home.is_running() || home.is_paused()) return false;
  // What the integrity oracle knows a broadcast by stands first.
  const std::uint64_t mark = home.who()->broadcasts.size() | static_cast<std::uint64_t>(which + 1) << 56U;
  std::string payload(std::max(bytes, sizeof mark), '.');
  std::memcpy(payload.data(), &mark, sizeof mark);
  return !home.broadcast({base::buffer::copy(payload)}).has_value();
}

void stage::broadcast_some(machine_index which, std::size_t count, std::size_t bytes) {
  while (count-- > 0) (void)broadcast(which, bytes);
}

void stage::wait(duration span) { group_.time().run_until(group_.time().now() + span); }

bool stage::until(const std::function<bool()>& is_so, duration most) {
  for (const time_point end = group_.time().now() + most; group_.time().now() < end; wait(glance)) {
    if (is_so()) return true;
  }
  return is_so();
}

void stage::expect(const std::function<bool()>& is_so, duration most) {
  if (!until(is_so, most)) throw missed();
}

void stage::demand(const std::function<bool()>& is_so, const std::string& promise, duration most) {
  if (!until(is_so, most)) throw violation("liveness", promise + "; " + unsettled());
}

replica::status stage::status(machine_index which) {
  return at(which).is_running() ? at(which).core()->current() : replica::status{};
}

bool stage::leads(machine_index which) { return status(which).as == replica::role::leader; }

machine_index stage::leader() {
  machine_index best = count();
  for (machine_index i = 0; i < count(); ++i) {
    if (leads(i) && (best == count() || status(i).epoch > status(best).epoch)) best = i;
  }
  return best;
}

int stage::weight_in_log(machine_index of, machine_index by) {
  if (!at(by).is_running() || !at(of).is_running()) return -1;
  const auto view = at(by).core()->newest_view();
  const auto* member = view ? view->find_process(at(of).process_id()) : nullptr;
  return member == nullptr ? -1 : member->weight;
}

int stage::weight(machine_index of, machine_index by) {
  if (!at(by).is_running() || !at(of).is_running()) return -1;
  const auto view = at(by).core()->current_view();
  const auto* member = view ? view->find_process(at(of).process_id()) : nullptr;
  return member == nullptr ? -1 : member->weight;
}

position_t stage::delivered(machine_index which) {
  return at(which).is_running() ? at(which).who()->delivered() : 0;
}

std::string stage::unsettled() {
  for (machine_index i = 0; i < count(); ++i) {
    machine& each = at(i);
    if (!each.is_running()) continue;
    const witness& who = *each.who();
    if (!who.status.primary) return each.name() + " is not primary";
    if (who.is_leaving) return each.name() + " is still leaving";
    if (who.open != 0) return each.name() + " waits for " + std::to_string(who.open) + " broadcasts";
    if (!who.fences.empty()) return each.name() + " waits for a fence";
    if (who.delivered() != group_.seen().newest()) {
      return each.name() + " has delivered " + std::to_string(who.delivered()) + " of " +
             std::to_string(group_.seen().newest());
    }
    if (who.status.log_end != who.delivered()) return each.name() + " has more in its log than was delivered";
  }
  return {};
}

void stage::settle() {
  note("all heals");
  group_.heal();
  for (machine_index i = 0; i < count(); ++i) {
    at(i).resume();
    at(i).set_appetite(0, 0us);
  }
  wait(suspect());
  demand([&] { return unsettled().empty(); }, "the group does not settle", settle_time);
  for (machine_index i = 0; i < count(); ++i) {
    if (!at(i).is_running() || at(i).who()->is_arbitrator) continue;
    demand([&] { return broadcast(i); }, at(i).name() + " cannot broadcast");
  }
  wait(suspect());
  demand([&] { return unsettled().empty(); }, "the group does not settle again", settle_time);
}

}  // namespace hauberk::simulator::directed
