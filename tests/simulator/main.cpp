// hauberk_sim: runs seeds and says what they broke.
//   hauberk_sim --seed N [--time SECONDS] [--trace] [--machines M] [--only ACTIONS] [--messages TURNS]
//   hauberk_sim --seed N [--time SECONDS] --minimise
//   hauberk_sim --from N --seeds K [--time SECONDS] [--jobs J] [--no-minimise]
//   hauberk_sim --mutants; hauberk_sim --mutant NAME and any of the above (the first violation ends the run)
// Exit code 0: all promises held; 1: a violation, or a sometimes-state that 2,000 seeds never reached; 2: the
// command line is wrong.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "simulator/minimise.hpp"
#include "simulator/mutants.hpp"
#include "simulator/network.hpp"
#include "simulator/run.hpp"

namespace {

using namespace hauberk::simulator;

struct command {
  std::uint64_t from = 1, seeds = 1, seconds = 60, jobs = 1;
  bool is_single = false, is_traced = false, is_minimised = false, is_left_large = false, is_list = false;
  selection chosen;
};

/// How long a run is made smaller: when asked for, and after a violation among many seeds.
constexpr std::chrono::seconds minimise_asked = 300s, minimise_unasked = 30s;

/// So many seeds reach every sometimes-state, or the simulator has stopped testing something.
constexpr std::uint64_t seeds_for_all = 2000;

bool read_number(const char* word, std::uint64_t& to) {
  const char* end = word + std::strlen(word);
  const auto [stop, problem] = std::from_chars(word, end, to);
  return problem == std::errc{} && stop == end;
}

/// True when `word` is one of the options that stand alone.
bool set_flag(const std::string& word, command& made) {
  bool* flag = word == "--trace"         ? &made.is_traced
               : word == "--minimise"    ? &made.is_minimised
               : word == "--no-minimise" ? &made.is_left_large
               : word == "--mutants"     ? &made.is_list
                                         : nullptr;
  if (flag != nullptr) *flag = true;
  return flag != nullptr;
}

std::optional<command> parse(int count, char** words) {
  command made;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (set_flag(word, made)) continue;
    if (++i == count) return std::nullopt;
    if (word == "--only" || word == "--messages") {
      auto set = number_set::parse(words[i]);
      if (!set) return std::nullopt;
      (word == "--only" ? made.chosen.only : made.chosen.messages) = std::move(set);
      continue;
    }
    if (word == "--mutant") {
      if (!choose_mutant(words[i])) return std::nullopt;
      made.is_left_large = true;
      continue;
    }
    std::uint64_t* target = word == "--seed" || word == "--from" ? &made.from
                            : word == "--seeds"                  ? &made.seeds
                            : word == "--time"                   ? &made.seconds
                            : word == "--jobs"                   ? &made.jobs
                            : word == "--machines"               ? &made.chosen.machines
                                                                 : nullptr;
    if (target == nullptr || !read_number(words[i], *target)) return std::nullopt;
    made.is_single = made.is_single || word == "--seed";
  }
  if (made.seconds == 0 || made.jobs == 0 || made.jobs > 256) return std::nullopt;
  if (made.chosen.machines > machines_max || (made.is_minimised && !made.is_single)) return std::nullopt;
  return made;
}

/// An assertion of the library ends the process: say with which seed, so that it can be replayed.
thread_local std::uint64_t current_seed = 0;
std::uint64_t current_seconds = 60;

void handle_abort(int signal) {
  char line[160];
  const int size = std::snprintf(
      line, sizeof line,
      "seed %llu: the process ends with signal %d\n  replay: hauberk_sim --seed %llu "
      "--time %llu --trace\n",
      static_cast<unsigned long long>(current_seed), signal, static_cast<unsigned long long>(current_seed),
      static_cast<unsigned long long>(current_seconds));
  if (size > 0) (void)!write(STDOUT_FILENO, line, static_cast<std::size_t>(size));
  _exit(1);
}

class summary {
 public:
  void add(std::uint64_t seed, const run_result& result, std::uint64_t seconds) {
    const std::lock_guard lock(mutex_);
    ++seeds_;
    simulated_ += result.simulated;
    reached_.add(result.reached);
    if (result.violation.empty()) return;
    if (violations_++ == 0) first_broken_ = seed;
    std::printf("seed %llu: %s\n  drawn: %s\n  replay: hauberk_sim --seed %llu --time %llu --trace\n",
                static_cast<unsigned long long>(seed), result.violation.c_str(), result.drawn.c_str(),
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seconds));
    std::fflush(stdout);
  }

  /// Enough seeds that every state should have been reached, and yet one was not.
  [[nodiscard]] bool is_thin() const {
    const auto& counts = reached_.counts();
    return seeds_ >= seeds_for_all && std::count(counts.begin(), counts.end(), std::uint64_t{0}) != 0;
  }
  [[nodiscard]] bool is_clean() const { return violations_ == 0; }
  [[nodiscard]] std::uint64_t first_broken() const { return first_broken_; }

  void print(double real_seconds) const {
    std::string missing;
    std::size_t count = 0;
    for (std::size_t i = 0; i < state_names.size(); ++i) {
      const std::uint64_t times = reached_.counts()[i];
      std::printf("  %-34s %12llu\n", std::string(state_names[i]).c_str(),
                  static_cast<unsigned long long>(times));
      if (times != 0) {
        ++count;
      } else {
        missing += (missing.empty() ? "; never: " : ", ") + std::string(state_names[i]);
      }
    }
    const double simulated = hauberk::base::seconds(simulated_);
    std::printf(
        "%llu seeds, %llu violations, %.2f simulated hours, %.0f simulated seconds per real second, "
        "%zu of %zu sometimes-states reached%s\n",
        static_cast<unsigned long long>(seeds_), static_cast<unsigned long long>(violations_),
        simulated / 3600, simulated / real_seconds, count, state_names.size(), missing.c_str());
  }

 private:
  std::mutex mutex_;
  std::uint64_t seeds_ = 0, violations_ = 0, first_broken_ = 0;
  duration simulated_{};
  sometimes reached_;
};

void run_seeds(const command& how, std::atomic<std::uint64_t>& next, summary& all) {
  run_options options;
  options.length = std::chrono::seconds(how.seconds);
  options.chosen = how.chosen;
  if (how.is_traced) {
    options.trace = [](const std::string& line) {
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fputc('\n', stdout);
    };
  }
  for (std::uint64_t seed = next++; seed < how.from + how.seeds; seed = next++) {
    if (has_mutant() && !all.is_clean()) return;  // caught
    current_seed = seed;
    const run_result result = run(seed, options);
    all.add(seed, result, how.seconds);
    if (how.is_single) {
      std::printf(
          "seed %llu: %s; %llu events, %llu positions, hash %016llx\n", static_cast<unsigned long long>(seed),
          result.drawn.c_str(), static_cast<unsigned long long>(result.events),
          static_cast<unsigned long long>(result.positions), static_cast<unsigned long long>(result.hash));
    }
  }
}

/// Prints a run as small as can be found that fails like this seed does. True when it fails at all.
bool make_small(const command& how, std::uint64_t seed, std::chrono::seconds budget) {
  run_options options;
  options.length = std::chrono::seconds(how.seconds);
  options.chosen = how.chosen;
  const minimal_run small = minimise(seed, options, budget, [](const std::string& line) {
    std::printf("  minimise: %s\n", line.c_str());
    std::fflush(stdout);
  });
  if (small.violation.empty()) return false;
  std::printf("seed %llu, made small: %s\n  replay: hauberk_sim --seed %llu --time %llu%s --trace\n",
              static_cast<unsigned long long>(seed), small.violation.c_str(),
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(small.how.length / 1s),
              small.how.chosen.options().c_str());
  return true;
}

}  // namespace

int main(int count, char** words) {
  auto how = parse(count, words);
  if (!how) {
    std::fprintf(stderr,
                 "usage: hauberk_sim --seed N [--time SECONDS] [--trace] [--machines M] [--only ACTIONS]\n"
                 "                   [--messages TURNS]\n"
                 "       hauberk_sim --seed N [--time SECONDS] --minimise\n"
                 "       hauberk_sim --from N --seeds K [--time SECONDS] [--jobs J] [--no-minimise]\n"
                 "       hauberk_sim --mutants | --mutant NAME …\n");
    return 2;
  }
  if (how->is_list) {
    list_mutants();
    return 0;
  }
  if (how->is_single) how->seeds = how->jobs = 1;
  current_seconds = how->seconds;
  if (how->is_minimised) {
    if (make_small(*how, how->from, minimise_asked)) return 1;
    std::printf("seed %llu keeps all promises\n", static_cast<unsigned long long>(how->from));
    return 0;
  }
  std::signal(SIGABRT, handle_abort);
  std::signal(SIGSEGV, handle_abort);
  const auto start = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next{how->from};
  summary all;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < how->jobs; ++i) threads.emplace_back([&] { run_seeds(*how, next, all); });
  for (auto& each : threads) each.join();
  all.print(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (all.is_thin())
    std::printf("a sometimes-state was never reached in all these seeds: that is a failure\n");
  if (all.is_clean()) return all.is_thin() ? 1 : 0;
  if (!how->is_single && !how->is_left_large) make_small(*how, all.first_broken(), minimise_unasked);
  return 1;
}
