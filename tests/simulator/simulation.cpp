#include "simulator/simulation.hpp"

namespace hauberk::simulator {

simulation::simulation(std::uint64_t seed, std::size_t count, const replica::settings& settings,
                       const weather& now, std::int64_t drift_ppm_max, bool with_codec)
    : time_(seed),
      settings_(settings),
      wires_(time_, *this, reached_, count),
      mesh_(time_, wires_, *this, reached_, count),
      record_(time_, reached_, settings_),
      around_{time_, wires_, mesh_, record_, reached_, settings_, homes_, with_codec},
      ailments_(count) {
  wires_.set_weather(now);
  wires_.draw_delays();
  const auto most = static_cast<std::uint64_t>(drift_ppm_max);
  for (machine_index i = 0; i < count; ++i) {
    const auto drift =
        static_cast<std::int64_t>(time_.stream(part::machine, i).between(0, 2 * most)) - drift_ppm_max;
    machines_.emplace_back(around_, i, drift);
  }
}

void simulation::block(machine_index from, machine_index to, bool is_blocked) {
  if (from == to || wires_.is_blocked(from, to) == is_blocked) return;
  wires_.block(from, to, is_blocked);
  set_ailing(from, is_blocked);
  set_ailing(to, is_blocked);
  if (!is_blocked) mesh_.poke(from, to);
}

void simulation::partition(const std::vector<machine_index>& side, const std::vector<machine_index>& other) {
  for (const machine_index a : side) {
    for (const machine_index b : other) {
      block(a, b, true);
      block(b, a, true);
    }
  }
}

void simulation::set_ailing(machine_index which, bool is_on) {
  ailment& it = ailments_[which];
  it.count = is_on ? it.count + 1 : it.count - 1;
  // Links come back late, and what the leader decided before that is on its way.
  it.until = time_.now() + settings_.inactive_timeout + settings_.suspect_timeout * 2 + 2500ms;
}

void simulation::end_ailments() {
  for (machine_index i = 0; i < count(); ++i) {
    while (ailments_[i].count != 0) set_ailing(i, false);
  }
}

bool simulation::is_ailing(machine_index which) const {
  return ailments_[which].count != 0 || time_.now() < ailments_[which].until;
}

void simulation::make_hostile(machine_index which) {
  around_.hostile = which;
  record_.judge_bounds_only(settings_);
}

void simulation::heal() {
  for (machine_index a = 0; a < count(); ++a) {
    for (machine_index b = 0; b < count(); ++b) block(a, b, false);
  }
}

}  // namespace hauberk::simulator
