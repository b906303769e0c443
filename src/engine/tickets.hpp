// Two numberings of the same broadcasts. The application's tickets are given out on its own threads, at
// once; the replica numbers what reaches it. A broadcast that the replica refuses (the quorum was lost in
// between) has a ticket but no number there, so the two drift apart by ranges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/assert.hpp"

namespace hauberk::engine {

class ticket_ranges {
 public:
  /// From the replica's `theirs` on, tickets are `ours` on. Both rise from call to call.
  void note(std::uint64_t theirs, std::uint64_t ours) {
    if (!ranges_.empty() && ours - ranges_.back().ours == theirs - ranges_.back().theirs) return;
    ranges_.push_back({theirs, ours});
    if (ranges_.size() > ranges_max) ranges_.pop_front();  // that long ago, all of it is resolved
  }

  [[nodiscard]] std::uint64_t translate(std::uint64_t theirs) const {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), theirs,
                                        [](std::uint64_t value, const range& r) { return value < r.theirs; });
    HAUBERK_ASSERT(after != ranges_.begin(), "the replica only knows tickets that were handed to it");
    const range& in = *std::prev(after);
    return in.ours + (theirs - in.theirs);
  }

 private:
  static constexpr std::size_t ranges_max = 4096;
  struct range {
    std::uint64_t theirs = 0, ours = 0;
  };
  std::deque<range> ranges_;
};

}  // namespace hauberk::engine
