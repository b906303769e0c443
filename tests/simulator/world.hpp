// Virtual time: one queue of things to happen, one source of chance, one trace. A run is a function of its
// seed: the same seed gives the same events in the same order, and the hash over them proves it.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"

namespace hauberk::simulator {

using base::duration;
using base::time_point;
using namespace std::chrono_literals;

/// An oracle's verdict: a promise was broken. Ends the run.
class violation : public std::runtime_error {
 public:
  violation(const std::string& oracle, const std::string& text) : std::runtime_error(oracle + ": " + text) {}
};

/// Who draws: each of these, and each number of it, has a stream of its own (`world::stream`).
enum class part : std::uint64_t {
  machine,
  process,
  network,
  dialer,
  action,
  schedule,
  late_join,
  aim,
  rate,
  turn,
  recovery,
  aftermath,
  hostile,
  calm,
  policy
};

class world {
 public:
  using listener = std::function<void(const std::string&)>;

  explicit world(std::uint64_t seed) : seed_(seed) {}

  [[nodiscard]] time_point now() const { return now_; }
  /// Chance for one part of the run: of its own, so that the draws of one do not shift those of another.
  [[nodiscard]] base::random stream(part whose, std::uint64_t number) const;

  void at(time_point when, std::function<void()> what);
  void after(duration wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }
  /// Lets everything happen that is due up to `end`, or until `stop`.
  void run_until(time_point end);
  void stop() { stopped_ = true; }
  [[nodiscard]] std::uint64_t events() const { return number_; }

  /// What happened goes into the hash always, and into the trace when somebody listens.
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3U + (hash_ >> 29); }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  void listen(listener words) { words_ = std::move(words); }
  [[nodiscard]] bool is_traced() const { return static_cast<bool>(words_); }
  void say(std::string_view who, std::string_view what);

 private:
  struct entry {
    time_point when;
    std::uint64_t number;
    std::size_t slot;
    bool operator<(const entry& other) const {  // std heaps keep the largest first; we want the earliest
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  std::uint64_t seed_;
  time_point now_{};
  std::uint64_t number_ = 0, at_once_ = 0, hash_ = 0xcbf29ce484222325U;
  bool stopped_ = false;
  std::vector<entry> heap_;
  std::vector<std::function<void()>> slots_;
  std::vector<std::size_t> free_;
  listener words_;
};

}  // namespace hauberk::simulator
