// Counts what this thread asks the heap for: the steady state should ask for little.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace hauberk::bench {

/// Calls of any `operator new` on this thread so far.
[[nodiscard]] std::uint64_t allocations();

/// Says how many there were for each of `items`.
inline void report(benchmark::State& state, std::uint64_t allocations_before, std::uint64_t items,
                   std::uint64_t bytes) {
  state.counters["allocations"] =
      static_cast<double>(allocations() - allocations_before) / static_cast<double>(items);
  state.SetItemsProcessed(static_cast<std::int64_t>(items));
  if (bytes != 0) state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

}  // namespace hauberk::bench
