// Bounds: what a replica keeps stays within its settings, whatever happens to the group.
#include <algorithm>

#include "base/limits.hpp"
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

/// The largest payload of our workload: one may stand beyond a full window.
constexpr std::uint64_t oversize = 256 * 1024;

class bounds final : public oracle {
 public:
  bounds(const chronicle& seen, const replica::settings& limits) : oracle(seen), limits_(limits) {}
  [[nodiscard]] const char* name() const override { return "bounds"; }

  void handle_step(const witness& who, const replica::status& now) override {
    // A send window is one for what is on the way and one for what waits; a lone oversized one may pass.
    const std::uint64_t window = 2 * limits_.send_window_bytes;
    if (now.in_flight_bytes > std::max(window, oversize)) {
      fail(who.name + " has " + std::to_string(now.in_flight_bytes) + " bytes in flight, at most " +
           std::to_string(window) + " or one payload are allowed");
    }
    // Pools hold what senders have in flight; each keeps within its own send window.
    const std::uint64_t pools = senders_max * std::max(window, oversize);
    // One window for what is not stable, and one and a quarter for who catches up or lacks some of that.
    const std::uint64_t log = limits_.window_bytes * 9 / 4;
    if (now.window_bytes > log + pools) {
      fail(who.name + " keeps " + std::to_string(now.window_bytes) + " bytes, at most " +
           std::to_string(log) + " and the senders' windows are allowed");
    }
    // The leader announces a little more than a follower holds; what it announced and lost comes on top.
    const std::uint64_t announced =
        std::clamp<std::uint64_t>(limits_.window_bytes / 8 / entry_bytes, 1024, 256 * 1024);
    if (now.as != replica::role::leader && now.log_end - now.held > 4 * announced + order_entries) {
      fail(who.name + " has an order of " + std::to_string(now.log_end - now.held) +
           " entries that it does not hold, at most " + std::to_string(4 * announced + order_entries) +
           " are allowed");
    }
    check_counts(who, now);
    const bool is_settled = now.as == replica::role::follower && who.status.as == now.as;
    if (who.is_arbitrator && is_settled &&
        now.log_start <= std::min(who.status.stable, who.status.delivered)) {
      fail(who.name + " is an arbitrator and keeps position " + std::to_string(now.log_start) +
           ", which is stable and delivered");
    }
    if (now.delivered > now.committed || now.committed > now.log_end || now.held > now.log_end) {
      fail(who.name + " has delivered " + std::to_string(now.delivered) + ", committed " +
           std::to_string(now.committed) + ", held " + std::to_string(now.held) + " of a log up to " +
           std::to_string(now.log_end));
    }
  }

 private:
  /// Processes and seats that ever were; of each a replica remembers one of everything at most. Events that
  /// are not entries of the log are about tickets, fences and being primary.
  void check_counts(const witness& who, const replica::status& now) const {
    const std::size_t processes = seen_.processes.size();
    const std::size_t seats = 2 * base::limits::removed_max + processes;
    const auto check = [&](const char* what, std::size_t count, std::size_t most) {
      if (count > most) {
        fail(who.name + " remembers " + std::to_string(count) + " " + what + ", at most " +
             std::to_string(most) + " are allowed");
      }
    };
    check("peers", now.peers, processes);
    check("senders", now.senders, seats);
    check("holdings", now.holdings, seats);
    check("joiners", now.joiners, processes);
    check("events", now.events, who.open + who.fences.size() + events_spare);
  }

  static constexpr std::uint64_t senders_max = 9, entry_bytes = 64, order_entries = 65536;
  static constexpr std::size_t events_spare = 4096;
  replica::settings limits_;
};

}  // namespace

std::unique_ptr<oracle> make_bounds(const chronicle& seen, const replica::settings& limits) {
  return std::make_unique<bounds>(seen, limits);
}

}  // namespace hauberk::simulator
