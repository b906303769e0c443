// Starts the nodes, lets them send, breaks what is to be broken, and compares what they delivered.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "group/parameters.hpp"
#include "group/process.hpp"
#include "support/scratch.hpp"

namespace hauberk::bench {

struct node_result {
  std::string name;
  bool was_leader = false;  ///< when the load began
  bool is_sender = false;
  bool is_victim = false;
  bool is_joiner = false;
  double joined_ms = -1, weighted_ms = -1;  ///< of a joiner: from its start to its view; to its weight
  std::optional<nlohmann::json> done;       ///< the phase under load; nothing for a victim that is gone
  std::optional<nlohmann::json> latency;    ///< the phase with one in flight
};

struct group_result {
  std::vector<node_result> nodes;
  std::uint64_t messages = 0, digest = 0;  ///< of the whole stream, equal at all nodes that are left
  std::uint64_t middle = 0;                ///< CLOCK_MONOTONIC nanoseconds: the moment of the fault
  std::string victim_end;                  ///< how the victim of a fault ended, for people
};

class coordinator {
 public:
  explicit coordinator(const parameters& what) : what_(what), authority_(folder_) {}
  /// Everything; throws std::runtime_error with a sentence.
  group_result run();

 private:
  struct member {
    node_result result;
    std::unique_ptr<process> program;
    std::uint64_t members_seen = 0;
    bool has_weight = false;
    std::uint64_t view_at = 0;  ///< when it delivered its newest view (CLOCK_MONOTONIC)
    std::string farewell;       ///< why it has ended by itself
  };

  void start();
  void start_joiners();
  member& spawn(const std::string& mode, const std::string& peers);
  [[nodiscard]] std::string options_of(const std::string& name, const std::string& peers);
  void wait_formed();
  void cast();
  void load();
  void measure_latency();
  void compare();
  void leave();
  void begin_phase(const phase& how, bool all_send);
  void strike(const phase& how, member& victim);
  void let_join(const phase& how);
  void await_weight(member& joiner, std::uint64_t since);
  /// The next `event` of a node; nothing when it has ended by itself instead. Throws at the deadline.
  std::optional<nlohmann::json> await(member& from, const std::string& event, std::uint64_t deadline);
  [[nodiscard]] std::string log_tail(const member& of) const;

  const parameters what_;
  scratch folder_;
  authority authority_;
  std::string peers_;  ///< addresses of all nodes that were started as members
  std::deque<member> members_;
  group_result result_;
};

/// The phase of a load that begins a moment from now.
[[nodiscard]] phase phase_of(const parameters& what, double warm_up, double seconds);

}  // namespace hauberk::bench
