#include "group/node.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "group/pump.hpp"
#include "support/histogram.hpp"
#include "support/payload.hpp"
#include "support/usage.hpp"

namespace hauberk::bench {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// A line of the log: all nodes' clocks are one.
void note(std::uint64_t at, std::string_view line) {
  std::cerr << std::to_string(at / 1000000) + " ms  " + std::string(line) + "\n";
}

void say(const json& what) { std::cout << what.dump() << std::endl; }

/// Commands as they come; the end of the input ends the process, so that no node outlives its coordinator.
class orders {
 public:
  orders() {
    std::thread([this] {
      for (std::string line; std::getline(std::cin, line);) {
        const std::lock_guard hold(mutex_);
        waiting_.push_back(json::parse(line));
        any_.store(true);
      }
      std::_Exit(3);
    }).detach();
  }
  std::optional<json> next() {
    if (!any_.load(std::memory_order_relaxed)) return std::nullopt;
    const std::lock_guard hold(mutex_);
    auto one = std::move(waiting_.front());
    waiting_.pop_front();
    any_.store(!waiting_.empty());
    return one;
  }

 private:
  std::mutex mutex_;
  std::deque<json> waiting_;
  std::atomic<bool> any_{false};
};

/// Tells two streams of messages apart: position, sender, size and eight words spread over each payload.
/// (That no bit of the rest changed is what TLS vouches for; hashing it all would be half of the measured
/// CPU.)
class fingerprint {
 public:
  void add(const message& one) {
    mix(one.position);
    mix(one.payload.size() << 8 | static_cast<unsigned char>(one.sender.empty() ? 0 : one.sender.back()));
    const std::size_t size = one.payload.size();
    if (size < sizeof(std::uint64_t)) return;
    for (std::size_t i = 0; i < 8; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, one.payload.data() + (size - sizeof word) * i / 7, sizeof word);
      mix(word);
    }
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }
  void restore(std::uint64_t value) { state_ = value; }

 private:
  void mix(std::uint64_t word) { state_ = std::rotl((state_ ^ word) * 0x9e3779b97f4a7c15U, 29); }
  std::uint64_t state_ = 0x243f6a8885a308d3U;
};

/// The longest pauses between two commits, longest first.
class gaps {
 public:
  void add(std::uint64_t end, std::uint64_t length) {
    if (kept_.size() == kept_max && length <= kept_.back().length) return;
    kept_.insert(std::upper_bound(kept_.begin(), kept_.end(), length,
                                  [](std::uint64_t one, const gap& other) { return one > other.length; }),
                 {end, length});
    if (kept_.size() > kept_max) kept_.pop_back();
  }
  [[nodiscard]] std::uint64_t longest() const { return kept_.empty() ? 0 : kept_.front().length; }
  /// [end, length], nanoseconds.
  [[nodiscard]] json told() const {
    json all = json::array();
    for (const gap& one : kept_) all.push_back({one.end, one.length});
    return all;
  }

 private:
  struct gap {
    std::uint64_t end, length;
  };
  static constexpr std::size_t kept_max = 5;
  std::vector<gap> kept_;
};

struct sample {
  std::uint64_t at = 0, messages = 0;
  double cpu = 0;
};

class node {
 public:
  explicit node(group seat) : group_(std::move(seat)) { say({{"event", "ready"}, {"port", group_.port()}}); }
  /// One whose state up to a position came from elsewhere.
  node(group seat, const json& state) : node(std::move(seat)) {
    position_ = state.at("position").get<std::uint64_t>();
    count_ = state.at("count").get<std::uint64_t>();
    stream_.restore(state.at("digest").get<std::uint64_t>());
  }

  int run() {
    while (!is_over_) {
      while (auto one = orders_.next()) obey(*one);
      auto next = group_.receive(phase_ && phase_->sends ? 1ms : 20ms);
      const std::uint64_t now = now_ns();
      if (next) std::visit([&](const auto& what) { handle(what, now); }, *next);
      if (phase_) advance(now);
      if (until_ && position_ >= *until_) {
        until_.reset();
        say({{"event", "agreed"}, {"count", count_}, {"digest", stream_.value()}});
      }
    }
    return 0;
  }

 private:
  void obey(const json& what) {
    const std::string& wish = what.at("do").get_ref<const std::string&>();
    if (wish == "phase") {
      begin(what);
    } else if (wish == "leader?") {
      say({{"event", "leader"}, {"leader", group_.metrics().leader}});
    } else if (wish == "where?") {
      say({{"event", "here"},
           {"history", to_string(history_)},
           {"position", position_},
           {"count", count_},
           {"digest", stream_.value()}});
    } else if (wish == "until") {
      until_ = what.at("position").get<std::uint64_t>();
    } else if (wish == "leave") {
      (void)group_.leave(5s);
      is_over_ = true;
    }
  }

  void begin(const json& what) {
    const auto number = [&](const char* key) { return what.at(key).get<std::uint64_t>(); };
    phase_ = phase{number("begin"),
                   number("from"),
                   number("to"),
                   number("middle"),
                   what.at("sends").get<bool>(),
                   number("size"),
                   number("batch"),
                   number("in_flight"),
                   what.at("rate").get<double>(),
                   what.at("text").get<bool>()};
    latency_ = std::make_unique<histogram>();
    first_ = last_ = {};
    sent_ = resolved_ = latest_ = 0;
    before_ = after_ = {};
    note(phase_->middle, "-- the middle of the measured time --");
    if (!phase_->sends) return;
    if (phase_->in_flight == 0) {
      pump_ = std::make_unique<pump>(group_, *phase_);
    } else {
      looped_ = make_payload(phase_->size, phase_->text);
    }
  }

  void handle(const message& one, std::uint64_t now) {
    position_ = one.position;
    ++count_;
    stream_.add(one);
    if (!phase_) return;
    note_gap(now);
    latest_ = now;
    if (!one.mine()) return;
    ++resolved_;
    const std::uint64_t meant = stamped_time(one.payload);
    if (meant >= phase_->from && meant < phase_->to) latency_->add(now - meant);
  }
  void handle(const filler& one, std::uint64_t /*now*/) { position_ = one.position; }
  void handle(const outcome& /*one*/, std::uint64_t /*now*/) { ++resolved_; }
  void handle(const expiry& /*one*/, std::uint64_t /*now*/) {}
  void handle(const policy& one, std::uint64_t /*now*/) { position_ = one.position; }
  void handle(const view& one, std::uint64_t now) {
    if (one.primary) position_ = std::max(position_, one.start - 1);
    history_ = one.history;
    json weightless = json::array();
    for (const auto& who : one.members)
      if (who.weight == 0) weightless.push_back(who.name);
    say({{"event", "view"},
         {"members", one.members.size()},
         {"primary", one.primary},
         {"weightless", weightless},
         {"at", now}});
  }
  void handle(const farewell& one, std::uint64_t /*now*/) {
    if (!is_over_) say({{"event", "error"}, {"text", "out of the group: " + one.text}});
    is_over_ = true;
  }

  // A pause that the moment of the fault divides counts as one of after it.
  void note_gap(std::uint64_t now) {
    if (latest_ == 0 || now < phase_->from || latest_ >= phase_->to) return;
    const std::uint64_t length = std::min(now, phase_->to) - std::max(latest_, phase_->from);
    (now < phase_->middle ? before_ : after_).add(now, length);
  }

  void advance(std::uint64_t now) {
    if (first_.at == 0 && now >= phase_->from) first_ = {now, count_, cpu_seconds()};
    if (now < phase_->to) {
      if (phase_->sends && phase_->in_flight != 0 && now >= phase_->begin) keep_in_flight();
      return;
    }
    if (last_.at == 0) {
      last_ = {now, count_, cpu_seconds()};
      note_gap(now);
    }
    if (pump_ && pump_->has_ended()) {
      sent_ = pump_->sent();
      pump_.reset();
    }
    if (!pump_ && resolved_ >= sent_) end();
  }

  // A closed loop sends from here: the answer to a commit is the next broadcast.
  void keep_in_flight() {
    while (sent_ - resolved_ < phase_->in_flight) {
      stamp(looped_, now_ns(), sent_);
      if (!group_.broadcast(std::span<const std::byte>(looped_))) return;
      ++sent_;
    }
  }

  void end() {
    json latency = json::array();
    for (std::size_t i = 0; i < histogram::buckets; ++i)
      if (const auto count = latency_->count_in(i)) latency.push_back({i, count});
    say({{"event", "done"},
         {"seconds", static_cast<double>(last_.at - first_.at) * 1e-9},
         {"messages", last_.messages - first_.messages},
         {"cpu_seconds", last_.cpu - first_.cpu},
         {"sent", sent_},
         {"position", position_},
         {"latency", latency},
         {"latency_most", latency_->most()},
         {"longest_gap_before", before_.longest()},
         {"longest_gap", after_.longest()},
         {"gaps", after_.told()},
         {"peak_memory", peak_memory_bytes()},
         {"leader", group_.metrics().leader}});
    phase_.reset();
  }

  group group_;
  orders orders_;
  bool is_over_ = false;

  // The stream so far.
  uuid history_;
  position_t position_ = 0;
  std::uint64_t count_ = 0;
  fingerprint stream_;
  std::optional<position_t> until_;

  // The phase under way.
  std::optional<phase> phase_;
  std::unique_ptr<pump> pump_;
  std::vector<std::byte> looped_;
  std::unique_ptr<histogram> latency_;
  sample first_, last_;
  std::uint64_t sent_ = 0, resolved_ = 0, latest_ = 0;
  gaps before_, after_;  // the moment of the fault
};

int fail(const std::string& text) {
  say({{"event", "error"}, {"text", text}});
  return 1;
}

result<group> enter(const config& options, std::optional<recovered_position> recovered) {
  host hooks;
  hooks.log = [](log_level, std::string_view line) { note(now_ns(), line); };
  return group::join(options, recovered, hooks);
}

}  // namespace

int run_node(const std::string& options) {
  auto parsed = config::parse(options);
  if (!parsed) return fail(parsed.error().text);
  auto joined = enter(*parsed, std::nullopt);
  if (!joined) return fail(joined.error().text);
  return node(std::move(*joined)).run();
}

int run_joiner(const std::string& options) {
  auto parsed = config::parse(options + "; pc.wait_prim=no");
  if (!parsed) return fail(parsed.error().text);
  std::string line;
  if (!std::getline(std::cin, line)) return 3;
  const json state = json::parse(line);
  const auto history = parse_uuid(state.at("history").get<std::string>());
  if (!history) return fail("no history in " + line);
  auto joined = enter(*parsed, recovered_position{*history, state.at("position").get<std::uint64_t>()});
  if (!joined) return fail(joined.error().text);
  return node(std::move(*joined), state).run();
}

}  // namespace hauberk::bench
