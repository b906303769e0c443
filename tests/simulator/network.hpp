// The network between machines, as TCP shows it: connections that deliver a prefix of what was sent, in
// order, late, or break at either end at different times. A blocked direction stalls what is under way; what
// stays blocked for too long breaks. Control overtakes bulk only until the kernel has it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "replica/replica.hpp"
#include "simulator/sometimes.hpp"
#include "simulator/world.hpp"

namespace hauberk::simulator {

using machine_index = std::size_t;
using connection_index = std::uint32_t;
/// More machines than any run has: it numbers pairs, whatever the count is.
inline constexpr machine_index machines_max = 64;
using message_ptr = std::shared_ptr<const replica::envelope>;

/// What a process finds in its inbox.
struct input {
  enum class what { link_up, link_down, refused, message, written };
  what kind = what::message;
  uuid process;
  machine_index from = 0;
  message_ptr message;
  std::uint64_t bytes = 0;  ///< of the message in the receiver's kernel, or written
  connection_index connection = 0;
};

/// How the network behaves in one run.
struct weather {
  duration delay_min = 100us, delay_max = 1ms;  ///< base of a direction, drawn once each
  duration jitter = 0us;                        ///< added to each message
  std::uint64_t bytes_per_second = 1U << 30U;
  std::uint64_t kernel_bytes = 256 * 1024;       ///< buffered by both kernels of one direction
  duration give_up_min = 3s, give_up_max = 15s;  ///< until a kernel breaks a connection that is stuck
};

/// Where the network reports to: the machines.
class machines {
 public:
  machines() = default;
  machines(const machines&) = delete;
  machines& operator=(const machines&) = delete;
  virtual ~machines() = default;
  /// The live process on a machine; nil when there is none.
  [[nodiscard]] virtual uuid process_on(machine_index which) const = 0;
  [[nodiscard]] virtual bool is_paused(machine_index which) const = 0;
  virtual void arrive(machine_index which, input what) = 0;
  /// Policies that links of this machine may be made with; the one that it would rather have first.
  [[nodiscard]] virtual std::vector<std::string> policies_of(machine_index which) const = 0;
  /// This one was in force there, and another is now: nothing comes over such links any more.
  [[nodiscard]] virtual bool has_retired(machine_index which, const std::string& policy) const = 0;
  /// A process learned that its connection is gone: somebody should dial again.
  virtual void lost_touch(machine_index a, machine_index b) = 0;
};

class network {
 public:
  network(world& time, machines& ends, sometimes& seen, std::size_t count);

  void set_weather(const weather& now) { weather_ = now; }
  [[nodiscard]] const weather& current_weather() const { return weather_; }
  /// Draws the base delay of every direction anew.
  void draw_delays();
  /// From now on that is what the way from one machine to another takes.
  void set_delay(machine_index from, machine_index to, duration delay) {
    blocked_[pair(from, to)].delay = delay;
  }

  /// Lets both live processes of two machines greet each other, over a link made with `policy`.
  void connect(machine_index a, machine_index b, const std::string& policy) { connect(a, b, policy, false); }
  /// The same beside the connection that they have, which is closed when the new one is up.
  void connect_beside(machine_index a, machine_index b, const std::string& policy);
  /// What the newest connection of the two is made with; empty when there never was one.
  [[nodiscard]] const std::string& policy_of(machine_index a, machine_index b) const;
  [[nodiscard]] const std::string& policy_of(connection_index which) const {
    return connections_[which].policy;
  }
  /// True when a connection between the live processes exists that neither end knows to be broken.
  [[nodiscard]] bool is_connected(machine_index a, machine_index b) const;
  void send(machine_index from, const uuid& to, machine_index to_machine, const message_ptr& message,
            std::uint64_t credit);
  /// The receiver has read a message: room for the next.
  void consumed(const input& what, machine_index by);

  /// Breaks the connection under two live processes: a reset in between.
  void reset(machine_index a, machine_index b);
  /// The process on this machine is gone; `is_silent`: the machine with it, so that nobody is told.
  void handle_gone(machine_index which, bool is_silent);
  void block(machine_index from, machine_index to, bool is_blocked);
  [[nodiscard]] bool is_blocked(machine_index from, machine_index to) const {
    return blocked_[from * count_ + to].is_on;
  }

 private:
  struct parcel {
    message_ptr message;
    std::uint64_t credit = 0, bytes = 0;
  };
  struct flying {
    time_point due{};
    parcel what{};
  };
  struct channel {                     // one direction of a connection
    std::deque<parcel> control, bulk;  // with the sender, not yet in its kernel
    std::deque<flying> wire;
    std::uint64_t buffered = 0, credit = 0;
    time_point line_free{}, last_due{};
    bool is_ticking = false, is_crediting = false;
  };
  enum class end_state { waiting, up, down };
  struct connection {
    std::array<machine_index, 2> machine{};
    std::array<uuid, 2> process{};
    std::array<end_state, 2> state{end_state::waiting, end_state::waiting};
    std::array<time_point, 2> up_at{}, give_up{};
    std::array<channel, 2> out{};  // out[e] leads from end e to the other
    bool is_broken = false;
    std::string policy{};
  };
  struct direction {
    duration delay{};
    bool is_on = false;         // blocked
    std::uint64_t changes = 0;  // tells one stay from the next
  };

  [[nodiscard]] std::size_t pair(machine_index a, machine_index b) const { return a * count_ + b; }
  [[nodiscard]] base::random& chance(machine_index a, machine_index b) { return chances_[pair(a, b)]; }
  [[nodiscard]] bool is_live(const connection& c, std::size_t end) const;
  [[nodiscard]] bool is_accepted(const connection& c) const;
  void connect(machine_index a, machine_index b, const std::string& policy, bool is_greeted);
  void come_up(connection_index which, std::size_t end);
  void pump(connection_index which, std::size_t end);
  void give_credit(connection_index which, std::size_t end);
  void tick(connection_index which, std::size_t end, time_point when);
  void deliver(connection_index which, std::size_t end);
  void sever(connection_index which, std::array<duration, 2> notice_after);
  void cut_off(const channel& out, std::size_t whole, base::random& dice);
  void notice(connection_index which, std::size_t end);
  void mark_down(connection& c, std::size_t end);
  void give_up(machine_index from, machine_index to, std::uint64_t changes);

  world& time_;
  machines& ends_;
  sometimes& seen_;
  std::size_t count_;
  weather weather_;
  std::deque<connection> connections_;
  static constexpr connection_index none = ~connection_index{0};
  std::vector<connection_index> current_;  // by pair, both ways
  std::vector<direction> blocked_;         // by pair, one way
  std::vector<base::random> chances_;      // by pair, one way
};

}  // namespace hauberk::simulator
