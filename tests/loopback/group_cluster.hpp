// A group in one process: nodes with real certificates on ports of their own, each with a thread that
// receives and writes down what it gets, so that transcripts can be compared.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "hauberk/hauberk.hpp"
#include "support/certificates.hpp"
#include "support/poll.hpp"

namespace hauberk::test {

using namespace std::chrono_literals;

/// Sanitizers slow everything down by about ten: silence must last longer there before it means anything.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr const char* timing = "evs.suspect_timeout=PT5S; evs.inactive_timeout=PT15S";
inline constexpr bool is_slow = true;
#else
inline constexpr const char* timing = "evs.suspect_timeout=PT1S; evs.inactive_timeout=PT5S";
inline constexpr bool is_slow = false;
#endif

inline std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

struct seen_message {
  position_t position = 0;
  std::string sender;
  std::string text;
  ticket_t ticket = 0;  ///< not compared: only the sender has it

  friend bool operator==(const seen_message& a, const seen_message& b) {
    return a.position == b.position && a.sender == b.sender && a.text == b.text;
  }
};

/// What one node was given, in order; written by its receiving thread, read by the test's.
class transcript {
 public:
  void add(const event& one) {
    const std::lock_guard hold(mutex_);
    if (const auto* text = std::get_if<message>(&one)) {
      EXPECT_GT(text->position, newest_);
      newest_ = text->position;
      own_ += text->mine() ? 1U : 0U;
      const auto* data = reinterpret_cast<const char*>(text->payload.data());
      const auto now = std::chrono::steady_clock::now();
      if (!messages_.empty()) gap_ = std::max(gap_, now - message_at_);
      message_at_ = now;
      messages_.push_back(
          {text->position, std::string(text->sender), std::string(data, text->payload.size()), text->ticket});
    } else if (const auto* seen = std::get_if<view>(&one)) {
      views_.push_back(*seen);
    } else if (const auto* step = std::get_if<policy>(&one)) {
      EXPECT_GT(step->position, newest_);
      newest_ = step->position;
      policies_.push_back(*step);
    } else if (const auto* empty = std::get_if<filler>(&one)) {
      EXPECT_GT(empty->position, newest_);
      newest_ = empty->position;
    } else if (const auto* how = std::get_if<outcome>(&one)) {
      outcomes_.push_back(*how);
    } else if (const auto* near = std::get_if<expiry>(&one)) {
      EXPECT_FALSE(end_) << "a farewell is the last event";
      expiries_.push_back(*near);
    } else {
      end_ = std::get<farewell>(one);
    }
    changed_.notify_all();
  }

  /// For so many messages: adding one never stops to find room.
  void make_room(std::size_t count) {
    const std::lock_guard hold(mutex_);
    messages_.reserve(count);
  }

  bool wait_messages(std::size_t count) {
    return wait([&] { return messages_.size() >= count; });
  }
  /// So many of this node's own.
  bool wait_own(std::size_t count) {
    return wait([&] { return own_ >= count; });
  }
  /// The newest view is primary and has exactly these members, in any order.
  bool wait_members(std::vector<std::string> names) {
    std::ranges::sort(names);
    return wait([&] {
      if (views_.empty() || !views_.back().primary) return false;
      std::vector<std::string> now;
      for (const member& one : views_.back().members) now.push_back(one.name);
      std::ranges::sort(now);
      return now == names;
    });
  }
  bool wait_policies(std::size_t count) {
    return wait([&] { return policies_.size() >= count; });
  }
  bool wait_not_primary() {
    return wait([&] { return !views_.empty() && !views_.back().primary; });
  }
  bool wait_farewell() {
    return wait([&] { return end_.has_value(); });
  }

  std::vector<seen_message> messages() { return locked(messages_); }
  std::vector<view> views() { return locked(views_); }
  std::vector<policy> policies() { return locked(policies_); }
  std::vector<outcome> outcomes() { return locked(outcomes_); }
  std::vector<expiry> expiries() { return locked(expiries_); }
  /// The longest time between two messages since the last call.
  std::chrono::steady_clock::duration take_gap() {
    const std::lock_guard hold(mutex_);
    return std::exchange(gap_, std::chrono::steady_clock::duration::zero());
  }
  std::optional<farewell> end() { return locked(end_); }

 private:
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, patience, condition);
  }
  template <typename Part>
  Part locked(const Part& part) {
    const std::lock_guard hold(mutex_);
    return part;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<seen_message> messages_;
  std::vector<view> views_;
  std::vector<policy> policies_;
  std::vector<outcome> outcomes_;
  std::vector<expiry> expiries_;
  std::chrono::steady_clock::time_point message_at_;
  std::chrono::steady_clock::duration gap_{};
  std::optional<farewell> end_;
  std::size_t own_ = 0;
  position_t newest_ = 0;  // of messages and fillers
};

class node {
 public:
  explicit node(group made) : group_(std::move(made)) { resume(); }
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  /// Without `leave` before it, this is a crash to the others.
  ~node() { pause(); }

  group& operator*() { return group_; }
  group* operator->() { return &group_; }
  transcript& log() { return log_; }

  void pause() {
    stopping_ = true;
    if (receiver_.joinable()) receiver_.join();
  }
  void resume() {
    stopping_ = false;
    receiver_ = std::thread([this] {
      while (!stopping_ && !group_.closed())
        if (const auto one = group_.receive(20ms)) log_.add(*one);
    });
  }
  /// Broadcasts, waiting for room as long as it takes.
  ticket_t send(const std::string& text) {
    for (;;) {
      auto ticket = group_.broadcast(bytes_of(text));
      if (ticket) return *ticket;
      if (ticket.error().code != errc::window_full || !group_.wait_writable(text.size(), patience)) {
        ADD_FAILURE() << "broadcast: " << ticket.error().text;
        return 0;
      }
    }
  }

 private:
  group group_;
  transcript log_;
  std::atomic<bool> stopping_{false};
  std::thread receiver_;
};

/// Everything that the nodes of one test say, shown when it fails.
class words {
 public:
  host hooks(const std::string& name) {
    return {.log = [this, name](log_level level, std::string_view line) {
      const std::lock_guard hold(mutex_);
      said_ += std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::steady_clock::now() - start_)
                                  .count()) +
               " " + name + " " + std::to_string(static_cast<int>(level)) + " " + std::string(line) + "\n";
    }};
  }
  [[nodiscard]] std::string said() const {
    const std::lock_guard hold(mutex_);
    return said_;
  }
  /// When lines with this were said, in their order.
  [[nodiscard]] std::vector<std::chrono::steady_clock::time_point> times_of(const std::string& part) const {
    std::vector<std::chrono::steady_clock::time_point> times;
    std::istringstream lines(said());
    for (std::string line; std::getline(lines, line);)
      if (line.find(part) != std::string::npos)
        times.push_back(start_ + std::chrono::milliseconds(std::stoll(line)));
    return times;
  }

 private:
  mutable std::mutex mutex_;
  std::string said_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class GroupTest : public testing::Test {
 protected:
  ~GroupTest() override {
    if (HasFailure()) std::fputs(words_.said().c_str(), stderr);
  }

  /// Options of `name`, whose peers are all nodes started so far.
  std::string options(const std::string& name, const std::string& more = {}) {
    std::string text =
        "group.name=test; node.name=" + name + "; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=" + peers_;
    if (is_plain_) {
      text += "; socket.ssl=no";
    } else {
      const node_files files = ca_.node(name);
      text +=
          "; socket.ssl_cert=" + files.cert + "; socket.ssl_key=" + files.key + "; socket.ssl_ca=" + files.ca;
    }
    return text + "; pc.wait_prim_timeout=PT30S; " + timing + "; " + more;
  }
  result<group> join(const std::string& text, std::optional<recovered_position> recovered = std::nullopt) {
    auto parsed = config::parse(text);
    if (!parsed) return parsed.error();
    const auto name = parsed->get("node.name");
    return group::join(*parsed, recovered, words_.hooks(name ? *name : "?"));
  }
  std::unique_ptr<node> start(const std::string& name, const std::string& more = {}) {
    auto made = join(options(name, more + (peers_.empty() ? "; pc.bootstrap=yes" : "")));
    if (!made) {
      ADD_FAILURE() << name << " did not join: " << made.error().text << "\n" << words_.said();
      std::abort();
    }
    peers_ += (peers_.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(made->port()));
    return std::make_unique<node>(std::move(*made));
  }
  std::vector<std::unique_ptr<node>> start_three(const std::string& more = {}) {
    std::vector<std::unique_ptr<node>> all;
    for (const char* name : {"db1", "db2", "db3"}) all.push_back(start(name, more));
    for (auto& one : all) EXPECT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
    return all;
  }

  test_ca ca_;
  words words_;
  std::string peers_;
  bool is_plain_ = false;
};

}  // namespace hauberk::test
