// A log-linear histogram of nanoseconds, after HdrHistogram (Tene): 64 buckets for every power of two, so
// any value is known to better than 1.6 % and recording one costs a shift and an increment.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hauberk::bench {

class histogram {
 public:
  static constexpr std::size_t buckets = 64 * 58 + 64;

  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) {
    const auto shift = static_cast<std::size_t>(std::max(static_cast<int>(std::bit_width(value)), 7) - 7);
    return shift * 64 + static_cast<std::size_t>(value >> shift);
  }
  /// The largest value that falls into `bucket`.
  [[nodiscard]] static constexpr std::uint64_t highest_in(std::size_t bucket) {
    const std::size_t shift = bucket < 128 ? 0 : bucket / 64 - 1;
    return ((bucket - shift * 64 + 1) << shift) - 1;
  }

  void add(std::uint64_t value) { add(bucket_of(value), 1, value); }
  /// `count` values of `bucket`, the largest of which is `most`.
  void add(std::size_t bucket, std::uint64_t count, std::uint64_t most) {
    counts_[bucket] += count;
    total_ += count;
    most_ = std::max(most_, most);
  }
  /// The value that `fraction` of all values do not exceed; 0 without any.
  [[nodiscard]] std::uint64_t quantile(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      seen += counts_[i];
      if (seen > wanted) return std::min(highest_in(i), most_);
    }
    return most_;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t most() const { return most_; }
  [[nodiscard]] std::uint64_t count_in(std::size_t bucket) const { return counts_[bucket]; }

 private:
  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t total_ = 0, most_ = 0;
};

static_assert(histogram::bucket_of(0) == 0 && histogram::bucket_of(127) == 127 &&
              histogram::bucket_of(128) == 128 && histogram::bucket_of(255) == 191 &&
              histogram::bucket_of(256) == 192 && histogram::bucket_of(~0ULL) == histogram::buckets - 1);
static_assert(histogram::highest_in(127) == 127 && histogram::highest_in(128) == 129 &&
              histogram::highest_in(191) == 255 && histogram::highest_in(192) == 259 &&
              histogram::highest_in(histogram::buckets - 1) == ~0ULL);

}  // namespace hauberk::bench
