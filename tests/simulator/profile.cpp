#include "simulator/profile.hpp"

#include <algorithm>

namespace hauberk::simulator {
namespace {

constexpr std::array<const char*, fault_count> fault_names = {
    "reset",         "crash",         "crash-between-effects",
    "power-off",     "pause",         "stall",
    "partition",     "one-way",       "isolate",
    "bridge",        "ring",          "pair",
    "flap",          "slow-consumer", "leave",
    "blackout",      "late-joiner",   "storm",
    "change-weight", "evict",         "propose",
    "aimed"};

template <typename Value>
Value one_of(base::random& chance, std::initializer_list<Value> values) {
  return values.begin()[chance.below(values.size())];
}

void draw_times(profile& p, base::random& chance) {
  auto& how = p.settings;
  how.suspect_timeout = one_of<duration>(chance, {300ms, 500ms, 1s, 1s, 1s, 2s, 5s});
  how.keepalive_period = how.suspect_timeout / one_of(chance, {5, 10, 10});
  how.inactive_timeout = how.suspect_timeout * one_of(chance, {2, 5});
  how.peer_timeout = how.suspect_timeout * 3;
  const duration far = one_of<duration>(chance, {200us, 1ms, 5ms, 20ms, 40ms, 500ms});
  p.calm.delay_min = std::min(far, duration(100us));
  p.calm.delay_max = std::min(far, how.suspect_timeout / 12);
  p.calm.jitter = chance.percent(50) ? p.calm.delay_max / 4 : 0us;
  p.calm.kernel_bytes = one_of<std::uint64_t>(chance, {32 * 1024, 256 * 1024, 4 << 20});
  p.calm.bytes_per_second = one_of<std::uint64_t>(chance, {10 << 20, 100 << 20, 1 << 30});
  p.storm = p.calm;
  p.storm.jitter = one_of<duration>(chance, {0us, 5ms, 50ms, 500ms});
  p.storm.give_up_min = one_of<duration>(chance, {500ms, 3s});
  p.drift_ppm_max = one_of<std::int64_t>(chance, {0, 100, 10000});
}

void draw_windows(profile& p, base::random& chance) {
  auto& how = p.settings;
  how.window_bytes = one_of<std::uint64_t>(chance, {64 << 10, 256 << 10, 2 << 20, 32 << 20, 32 << 20});
  how.send_window_bytes = one_of<std::uint64_t>(chance, {8 << 10, 32 << 10, 512 << 10, 4 << 20});
  how.send_window_bytes = std::min(how.send_window_bytes, how.window_bytes / 2);
  how.chunk_bytes = one_of<std::uint32_t>(chance, {1 << 10, 4 << 10, 64 << 10, 1 << 20});
  how.run_bytes = one_of<std::uint32_t>(chance, {512, 2 << 10, 64 << 10, 256 << 10});
  how.credit_bytes = one_of<std::uint64_t>(chance, {4 << 10, 16 << 10, 512 << 10, 8 << 20});
  how.backlog_bytes_max = one_of<std::uint64_t>(chance, {1 << 10, 16 << 10, 64 << 20});
  how.backlog_entries_max = one_of<std::uint64_t>(chance, {0, 0, 5, 100});
  how.policy = one_of(
      chance, {replica::flow_policy::throttle, replica::flow_policy::throttle, replica::flow_policy::demote});
}

void draw_workload(profile& p, base::random& chance) {
  p.broadcast_gap_us = one_of<std::uint64_t>(chance, {10000, 50000, 200000, 1000000});
  p.batch_max = one_of<std::size_t>(chance, {1, 4, 30});
  p.burst_max = chance.percent(30) ? 200 : 0;
  p.size_small = one_of<std::size_t>(chance, {1, 16, 200});
  p.size_large = one_of<std::size_t>(chance, {500, 5000, 50000, 200000});
  p.percent_large = one_of<std::uint64_t>(chance, {0, 5, 30});
}

// Large payloads in very many chunks, over links that break and under leaders that change before one is
// whole.
void draw_chunks(profile& p, base::random& chance) {
  auto& how = p.settings;
  how.chunk_bytes = one_of<std::uint32_t>(chance, {512, 4 << 10});
  how.credit_bytes = one_of<std::uint64_t>(chance, {4 << 10, 64 << 10});
  how.window_bytes = one_of<std::uint64_t>(chance, {64 << 10, 256 << 10, 2 << 20});
  how.send_window_bytes = std::min<std::uint64_t>(how.send_window_bytes, how.window_bytes / 2);
  p.calm.bytes_per_second = p.storm.bytes_per_second = one_of<std::uint64_t>(chance, {1 << 20, 4 << 20});
  p.calm.kernel_bytes = p.storm.kernel_bytes = 32 * 1024;
  p.size_large = 200000;
  p.percent_large = one_of<std::uint64_t>(chance, {30, 100});
  for (const fault each : {fault::reset, fault::pause, fault::isolate, fault::aimed})
    p.faults[static_cast<std::size_t>(each)] = true;
  p.fault_gap = one_of<duration>(chance, {300ms, 1s});
}

// Members that come back to a window which is hardly larger than what they miss, while they and their donors
// die, and applications that take their time.
void draw_slow_joiner(profile& p, base::random& chance) {
  auto& how = p.settings;
  how.window_bytes = one_of<std::uint64_t>(chance, {64 << 10, 256 << 10, 1 << 20});
  how.send_window_bytes = std::min<std::uint64_t>(32 << 10, how.window_bytes / 2);
  how.credit_bytes = 16 << 10;
  how.run_bytes = 2 << 10;
  p.calm.bytes_per_second = p.storm.bytes_per_second = one_of<std::uint64_t>(chance, {1 << 20, 10 << 20});
  p.broadcast_gap_us = one_of<std::uint64_t>(chance, {2000, 10000});
  p.size_small = 200;
  p.size_large = 2000;
  p.percent_large = 30;
  for (const fault each : {fault::crash, fault::pause, fault::slow_consumer, fault::aimed})
    p.faults[static_cast<std::size_t>(each)] = true;
}

}  // namespace

/// Mostly everybody counts as one; the first machine, which begins the history, always counts.
void draw_characters(profile& p, base::random& chance) {
  p.weights.assign(machines_max, 1);
  if (p.has(fault::blackout)) {  // what re-forming a group makes of weights is not judged here
    p.faults[static_cast<std::size_t>(fault::change_weight)] = false;
    return;
  }
  if (chance.percent(20)) {
    for (auto& each : p.weights) each = static_cast<std::uint8_t>(chance.below(4));
    p.weights[0] = 1;
  }
  if (p.machines >= 3 && chance.percent(20)) p.arbitrator = 1 + chance.below(p.machines - 1);
}

// By chance of its own, so that what a seed drew otherwise stays as it was.
void draw_policies(profile& p, base::random chance) {
  p.faults[static_cast<std::size_t>(fault::propose)] = chance.percent(35);
  p.settings.policy_timeout = one_of<duration>(chance, {1s, 3s, 10s});
}

profile draw_profile(base::random& chance) {
  profile p;
  p.machines = one_of<std::size_t>(chance, {1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9});
  p.founders = chance.percent(70) ? p.machines : 1 + chance.below(p.machines);
  draw_times(p, chance);
  draw_windows(p, chance);
  draw_workload(p, chance);
  for (std::size_t i = 0; i < fault_count; ++i)
    p.faults[i] = static_cast<fault>(i) != fault::propose && chance.percent(35);
  p.faults[static_cast<std::size_t>(fault::late_joiner)] = p.founders < p.machines;
  p.fault_gap = one_of<duration>(chance, {300ms, 1s, 3s, 8s});
  p.is_guarded = !chance.percent(6);
  p.with_codec = chance.percent(50);
  p.is_upgrading = chance.percent(25);
  if (!p.is_guarded && chance.percent(30)) p.settings.policy = replica::flow_policy::evict;
  p.is_hostile = p.machines > 1 && chance.percent(4);
  p.is_guarded = p.is_guarded && !p.is_hostile;
  switch (one_of(chance, {theme::none, theme::none, theme::none, theme::none, theme::none, theme::none,
                          theme::none, theme::none, theme::chunks, theme::slow_joiner})) {
    case theme::chunks:
      draw_chunks(p, chance);
      break;
    case theme::slow_joiner:
      draw_slow_joiner(p, chance);
      break;
    case theme::none:
      break;
  }
  draw_characters(p, chance);
  draw_policies(p, chance);
  return p;
}

const char* name_of(fault what) { return fault_names[static_cast<std::size_t>(what)]; }

std::string describe(const profile& drawn) {
  std::string text =
      std::to_string(drawn.machines) + " machines (" + std::to_string(drawn.founders) +
      " founders), suspect " + std::to_string(drawn.settings.suspect_timeout / 1ms) + " ms, window " +
      std::to_string(drawn.settings.window_bytes >> 10U) + " KiB, send window " +
      std::to_string(drawn.settings.send_window_bytes >> 10U) + " KiB, backlog " +
      std::to_string(drawn.settings.backlog_bytes_max >> 10U) + " KiB " +
      std::string(replica::flow_policy_names[static_cast<std::size_t>(drawn.settings.policy)]) + ", " +
      (drawn.is_guarded   ? "guarded"
       : drawn.is_hostile ? "one hostile"
                          : "unguarded") +
      ", weights";
  for (std::size_t i = 0; i < drawn.machines; ++i) text += " " + std::to_string(drawn.weights[i]);
  if (drawn.is_upgrading) text += ", upgrading";
  if (drawn.arbitrator) text += ", arbitrator n" + std::to_string(*drawn.arbitrator + 1);
  text += ", faults:";
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (drawn.faults[i]) text += std::string(" ") + fault_names[i];
  }
  return text;
}

}  // namespace hauberk::simulator
