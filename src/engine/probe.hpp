// Told to start a new history, a node first asks around: when a configured peer is in a history already
// (this node's own group, most likely, that it fell out of), it joins that instead.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "hauberk/types.hpp"

namespace hauberk::engine {

/// Decides as soon as it can: at the first peer found in a history; when every configured address has
/// refused, or has answered that it is in none; or when the time is up, so that a machine that is switched
/// off does not hold the start up for long.
class probe {
 public:
  enum class verdict { wait, bootstrap, join };

  probe(base::time_point until, const std::vector<std::string>& addresses) : until_(until) {
    for (const std::string& address : addresses) unknown_.emplace(address, uuid{});
  }

  void handle_dial(std::uint64_t token, const std::string& address) { dials_[token] = address; }
  void handle_dial_failed(std::uint64_t token) { unknown_.erase(take_dial(token)); }
  /// The dial led to `process`, or to this node itself.
  void handle_dial_up(std::uint64_t token, const uuid& process, bool is_self) {
    const auto at = unknown_.find(take_dial(token));
    if (at == unknown_.end()) return;
    if (is_self || answered_.contains(process))
      unknown_.erase(at);
    else
      at->second = process;
  }
  /// A heartbeat said whether `process` is in a history.
  void handle_answer(const uuid& process, bool in_history) {
    found_ = found_ || in_history;
    answered_.insert(process);
    std::erase_if(unknown_, [&](const auto& one) { return one.second == process; });
  }

  [[nodiscard]] verdict decide(base::time_point now) const {
    if (found_) return verdict::join;
    return unknown_.empty() || now >= until_ ? verdict::bootstrap : verdict::wait;
  }
  [[nodiscard]] base::time_point deadline() const { return until_; }

 private:
  std::string take_dial(std::uint64_t token) {
    const auto at = dials_.extract(token);
    return at ? at.mapped() : std::string();
  }

  base::time_point until_;
  std::map<std::string, uuid> unknown_;  // by address; the process, once linked
  std::map<std::uint64_t, std::string> dials_;
  std::set<uuid> answered_;
  bool found_ = false;
};

}  // namespace hauberk::engine
