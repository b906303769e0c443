#include "simulator/minimise.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <sstream>

namespace hauberk::simulator {
namespace {

/// A try that takes longer than this has gone astray.
constexpr unsigned try_seconds_max = 60;
constexpr std::string_view result_mark = "\nresult of the try\n";

using clock = std::chrono::steady_clock;
using numbers = std::vector<action_number>;

/// What is compared: the oracle that spoke, or the place of the assertion.
std::string kind_of(const std::string& violation) { return violation.substr(0, violation.find(": ")); }

std::string text_of(const numbers& all) {
  std::string text = std::to_string(all.size());
  for (const action_number each : all) text += ' ' + std::to_string(each);
  return text;
}

numbers read_numbers(std::istream& from) {
  std::size_t count = 0;
  from >> count;
  numbers all(count);
  for (auto& each : all) from >> each;
  return all;
}

void write_all(int to, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(to, text.data() + done, text.size() - done);
    if (written <= 0) return;
    done += static_cast<std::size_t>(written);
  }
}

/// Of the child: what its run came to so far.
run_result child_result;

void tell_result() {
  std::ostringstream text;
  text << result_mark << child_result.machines << ' ' << child_result.simulated.count() << ' '
       << text_of(child_result.actions) << ' ' << text_of(child_result.turns) << '\n'
       << child_result.violation;
  write_all(STDERR_FILENO, text.str());
}

// An assertion comes out of the middle of our own code, so there is something to tell; whatever else ends in
// here and gets stuck is ended by the alarm.
void handle_death(int /*signal*/) {
  tell_result();
  _exit(1);
}

[[noreturn]] void run_as_child(std::uint64_t seed, const run_options& how, int to) {
  std::signal(SIGABRT, handle_death);
  std::signal(SIGSEGV, handle_death);
  dup2(to, STDERR_FILENO);
  alarm(try_seconds_max);
  run(seed, how, child_result);
  tell_result();
  _exit(0);
}

run_result understand(const std::string& said, int status) {
  run_result result;
  const auto mark = said.find(result_mark);
  if (mark == std::string::npos) {
    result.violation = "ended by signal " + std::to_string(WTERMSIG(status)) + ": " + said;
    return result;
  }
  std::istringstream from(said.substr(mark + result_mark.size()));
  duration::rep simulated = 0;
  from >> result.machines >> simulated;
  result.simulated = duration(simulated);
  result.actions = read_numbers(from);
  result.turns = read_numbers(from);
  from.ignore(1);
  std::getline(from, result.violation, '\0');
  if (status != 0 && result.violation.empty()) {
    // The library says "hauberk: broken invariant at FILE:LINE: words": the place is what counts.
    const std::string line = said.substr(0, said.find('\n'));
    const auto at = line.find(" at ");
    result.violation = at == std::string::npos ? "crash: " + line : "assertion" + line.substr(at);
  }
  return result;
}

run_result run_apart(std::uint64_t seed, const run_options& how) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const pid_t child = fork();
  if (child == 0) run_as_child(seed, how, ends[1]);
  close(ends[1]);
  std::string said;
  std::array<char, 65536> piece;
  for (ssize_t got = 0; child > 0 && (got = read(ends[0], piece.data(), piece.size())) > 0;) {
    said.append(piece.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  return understand(said, status);
}

class search {
 public:
  search(std::uint64_t seed, const run_options& how, std::chrono::seconds budget,
         const std::function<void(const std::string&)>& words)
      : seed_(seed), best_(how), words_(words), end_(clock::now() + budget) {}

  minimal_run go() {
    best_.trace = nullptr;
    result_ = run_apart(seed_, best_);
    ++tries_;
    if (!result_.violation.empty()) {
      kind_ = kind_of(result_.violation);
      know_all();
      say("fails in \"" + kind_ + "\" with");
      for (std::size_t before = 0; before != size() && has_time();) {
        before = size();
        fewer_machines();
        less_time();
        fewer(&selection::only, &run_result::actions);
        fewer(&selection::messages, &run_result::turns);
      }
    }
    return {best_, result_.violation, result_.machines, actions(), turns(), tries_};
  }

 private:
  [[nodiscard]] bool has_time() const { return clock::now() < end_; }
  [[nodiscard]] std::size_t actions() const { return result_.actions.size(); }
  [[nodiscard]] std::size_t turns() const { return result_.turns.size(); }
  [[nodiscard]] std::size_t size() const {
    return result_.machines * 1000000 + actions() * 10000 + turns() * 10 +
           static_cast<std::size_t>(best_.length / 1s);
  }

  void say(const std::string& how) const {
    words_(how + " " + std::to_string(result_.machines) + " machines, " + std::to_string(actions()) +
           " actions, " + std::to_string(turns()) + " turns of the workload, " +
           std::to_string(result_.simulated / 1s) + " s (" + std::to_string(tries_) + " tries)");
  }

  /// From here on only what took place may take place.
  void know_all() {
    run_options same = best_;
    same.chosen.only = number_set(result_.actions);
    same.chosen.messages = number_set(result_.turns);
    (void)is_accepted(same);
  }

  /// Takes over a smaller run if it fails in the same way.
  bool is_accepted(const run_options& smaller) {
    ++tries_;
    run_result got = run_apart(seed_, smaller);
    if (got.violation.empty() || kind_of(got.violation) != kind_) return false;
    best_ = smaller;
    result_ = std::move(got);
    return true;
  }

  void fewer_machines() {
    for (std::size_t count = 1; count < result_.machines && has_time(); ++count) {
      run_options smaller = best_;
      smaller.chosen.machines = count;
      // The turns of another count of machines have other numbers.
      if (count != best_.chosen.machines) smaller.chosen.messages.reset();
      if (is_accepted(smaller)) return say("still fails with");
    }
  }

  void less_time() {
    for (const duration length : {5s, 10s, 20s, 30s, 40s}) {
      if (length >= best_.length || !has_time()) return;
      run_options smaller = best_;
      smaller.length = length;
      if (is_accepted(smaller)) return say("still fails with");
    }
  }

  /// Leaves out one piece after the other, in ever smaller pieces.
  void fewer(std::optional<number_set> selection::*which, numbers run_result::*taken) {
    for (std::size_t pieces = 1; has_time() && !(result_.*taken).empty();) {
      const std::size_t before = (result_.*taken).size();
      const std::size_t length = (before + pieces - 1) / pieces;
      for (std::size_t first = 0; first < (result_.*taken).size() && has_time();) {
        numbers rest = result_.*taken;
        const auto from = rest.begin() + static_cast<std::ptrdiff_t>(first);
        rest.erase(from, from + static_cast<std::ptrdiff_t>(std::min(length, rest.size() - first)));
        run_options smaller = best_;
        smaller.chosen.*which = number_set(rest);
        if (!is_accepted(smaller)) first += length;
      }
      if ((result_.*taken).size() < before) say("still fails with");
      if (length == 1 && (result_.*taken).size() == before) return;
      if (length > 1) pieces *= 2;
    }
  }

  std::uint64_t seed_;
  run_options best_;
  run_result result_;
  std::string kind_;
  std::size_t tries_ = 0;
  const std::function<void(const std::string&)>& words_;
  clock::time_point end_;
};

}  // namespace

minimal_run minimise(std::uint64_t seed, const run_options& how, std::chrono::seconds budget,
                     const std::function<void(const std::string&)>& words) {
  return search(seed, how, budget, words).go();
}

}  // namespace hauberk::simulator
