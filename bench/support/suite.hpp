// How a program of Google Benchmark's starts here: as any other, but that `--json` is short for
// `--benchmark_format=json`, and that a filter which fits nothing is an error.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace hauberk::bench {

/// Runs what is registered. `seconds_min`, each benchmark's shortest time, is a default: `words` may say
/// otherwise. Returns the exit code: 0, 1 if nothing fits the filter, or 2 for a word that is not known.
inline int run_suite(int count, char** words, const std::string& seconds_min) {
  std::vector<std::string> given(words, words + count);
  given.insert(given.begin() + 1, "--benchmark_min_time=" + seconds_min);
  std::vector<char*> pointers;
  for (auto& word : given) {
    if (word == "--json") word = "--benchmark_format=json";
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  int left = count + 1;
  benchmark::Initialize(&left, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(left, pointers.data())) return 2;
  const bool is_any = benchmark::RunSpecifiedBenchmarks() != 0;
  benchmark::Shutdown();
  return is_any ? 0 : 1;
}

}  // namespace hauberk::bench
