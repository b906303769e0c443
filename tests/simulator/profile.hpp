// What a seed draws before it starts: how large, how far apart, how small the windows, and which faults take
// part at all. Leaving faults out at random finds more than having all of them always (swarm testing, Groce
// et al. 2012).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/network.hpp"

namespace hauberk::simulator {

enum class fault : std::size_t {
  reset,
  crash,
  crash_between_effects,
  power_off,
  pause,
  stall,
  partition,
  one_way,
  isolate,
  bridge,
  ring,
  pair,  ///< only two do not see each other, or one does not see the other
  flap,
  slow_consumer,
  leave,
  blackout,  ///< a quorum or all crash at once, and come back with their state files
  late_joiner,
  storm,
  change_weight,
  evict,
  propose,  ///< somebody asks for another policy, or tries one
  aimed,    ///< others strike while a view is pending or somebody stands
  count_
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(fault::count_);

struct profile {
  std::size_t machines = 3;
  std::size_t founders = 3;  ///< started at once; the rest joins later
  replica::settings settings;
  weather storm, calm;  ///< before and after the healing
  std::int64_t drift_ppm_max = 0;
  std::vector<std::uint8_t> weights;  ///< of the machines
  bool is_upgrading = false;          ///< members speak different versions of the protocol
  std::optional<std::size_t> arbitrator;
  bool with_codec = true;
  bool is_hostile = false;  ///< one machine lies: then only crashes and bounds are judged
  bool is_guarded = true;   ///< a quorum of what counts always survives; else only safety is judged
  std::array<bool, fault_count> faults{};
  duration fault_gap = 2s;  ///< mean time between two faults

  std::uint64_t broadcast_gap_us = 20000;  ///< mean time between two broadcasts of one process
  std::size_t batch_max = 1, burst_max = 0;
  std::size_t size_small = 64, size_large = 1024;
  std::uint64_t percent_large = 10;
  std::uint64_t bytes_max = 8U << 20U;  ///< of the whole run's workload

  [[nodiscard]] bool has(fault what) const { return faults[static_cast<std::size_t>(what)]; }
};

/// Mixes that chance alone seldom makes.
enum class theme { none, chunks, slow_joiner };

[[nodiscard]] profile draw_profile(base::random& chance);
[[nodiscard]] const char* name_of(fault what);
[[nodiscard]] std::string describe(const profile& drawn);

}  // namespace hauberk::simulator
