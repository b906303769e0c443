// hauberk_directed: plays the directed scenarios, each with many timings, and says what they broke.
//   hauberk_directed [NAME…] [--from N] [--seeds K] [--trace] [--mutant NAME]
//   hauberk_directed --list
// Exit code 0: all promises held and every situation came up; 1: not so; 2: the command line is wrong.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>

#include "simulator/directed/stage.hpp"
#include "simulator/mutants.hpp"

namespace {

using namespace hauberk::simulator;
using namespace hauberk::simulator::directed;

struct command {
  std::vector<std::string> names;
  std::uint64_t from = 1, seeds = 5;
  bool is_traced = false;
};

std::optional<command> parse(int count, char** words) {
  command made;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--trace") {
      made.is_traced = true;
    } else if (word == "--mutant") {
      if (++i == count || !choose_mutant(words[i])) return std::nullopt;
    } else if (word == "--from" || word == "--seeds") {
      if (++i == count) return std::nullopt;
      std::uint64_t& target = word == "--from" ? made.from : made.seeds;
      const char* end = words[i] + std::strlen(words[i]);
      const auto [stop, problem] = std::from_chars(words[i], end, target);
      if (problem != std::errc{} || stop != end) return std::nullopt;
    } else if (word.starts_with("--")) {
      return std::nullopt;
    } else {
      const auto is_it = [&](const scenario& each) { return each.name == word; };
      if (std::ranges::none_of(scenarios(), is_it)) {
        std::fprintf(stderr, "no scenario is called %s: --list says which there are\n", word.c_str());
        return std::nullopt;
      }
      made.names.push_back(word);
    }
  }
  return made;
}

const char* current_name = "";
std::uint64_t current_seed = 0;

void handle_abort(int signal) {
  char line[160];
  const int size = std::snprintf(line, sizeof line,
                                 "%s %llu: the process ends with signal %d\n  replay: hauberk_directed %s "
                                 "--from %llu --seeds 1 --trace\n",
                                 current_name, static_cast<unsigned long long>(current_seed), signal,
                                 current_name, static_cast<unsigned long long>(current_seed));
  if (size > 0) (void)!write(STDOUT_FILENO, line, static_cast<std::size_t>(size));
  _exit(1);
}

/// True when the situation came up.
bool play(const scenario& which, std::uint64_t seed, bool is_traced, std::string& broken) {
  world::listener trace;
  if (is_traced) trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  hauberk::base::random chance(seed);
  stage here(chance.next(), which.who(chance), trace);
  try {
    which.play(here);
    here.end();
  } catch (const missed&) {
    return false;
  } catch (const violation& what) {
    broken = what.what();
  }
  return here.has_arrived();
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "--list") {
    for (const scenario& each : scenarios()) std::printf("%s\n", each.name);
    return 0;
  }
  const auto how = parse(count, words);
  if (!how) {
    std::fprintf(stderr,
                 "usage: hauberk_directed [NAME…] [--from N] [--seeds K] [--trace] [--mutant NAME]\n"
                 "       hauberk_directed --list\n");
    return 2;
  }
  std::signal(SIGABRT, handle_abort);
  std::signal(SIGSEGV, handle_abort);
  bool is_clean = true;
  for (const scenario& each : scenarios()) {
    if (!how->names.empty() && std::ranges::find(how->names, each.name) == how->names.end()) continue;
    std::uint64_t arrived = 0, violations = 0;
    for (std::uint64_t seed = how->from; seed < how->from + how->seeds; ++seed) {
      current_name = each.name;
      current_seed = seed;
      std::string broken;
      if (play(each, seed, how->is_traced, broken)) ++arrived;
      if (broken.empty()) continue;
      ++violations;
      std::printf("%s %llu: %s\n  replay: hauberk_directed %s --from %llu --seeds 1 --trace\n", each.name,
                  static_cast<unsigned long long>(seed), broken.c_str(), each.name,
                  static_cast<unsigned long long>(seed));
      std::fflush(stdout);
      if (has_mutant()) return 1;  // caught
    }
    std::printf("  %-34s %6llu timings, %llu came up, %llu violations\n", each.name,
                static_cast<unsigned long long>(how->seeds), static_cast<unsigned long long>(arrived),
                static_cast<unsigned long long>(violations));
    if (violations != 0 || (arrived == 0 && !has_mutant())) is_clean = false;
  }
  return is_clean ? 0 : 1;
}
