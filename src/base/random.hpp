// Seeded pseudo-random numbers (xoshiro256**, Blackman and Vigna 2018). Below the waterline all chance
// comes from a seed, so that a run can be replayed bit for bit. Not for keys or secrets.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.hpp"
#include "hauberk/types.hpp"

namespace hauberk::base {

class random {
 public:
  explicit random(std::uint64_t seed) {
    for (auto& word : state_) {  // splitmix64 spreads the seed over the state
      seed += 0x9e3779b97f4a7c15U;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, bound); 0 when bound is 0. The bias is below 2^-32 for bounds below 2^32.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  /// Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  /// True with probability `percent` / 100.
  bool percent(std::uint64_t percent) { return below(100) < percent; }
  /// Uniform in [0, span).
  duration below(duration span) {
    return duration(static_cast<duration::rep>(below(static_cast<std::uint64_t>(span.count()))));
  }
  uuid id() {
    uuid id;
    for (std::size_t i = 0; i < id.bytes.size(); i += 8) {
      const std::uint64_t word = next();
      for (std::size_t j = 0; j < 8; ++j) id.bytes[i + j] = static_cast<std::uint8_t>(word >> (8 * j));
    }
    return id;
  }

 private:
  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> state_;
};

}  // namespace hauberk::base
