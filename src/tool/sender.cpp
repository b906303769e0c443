#include "tool/sender.hpp"

#include <chrono>
#include <numeric>

namespace hauberk::tool {
namespace {

using namespace std::chrono_literals;

enum class offer { accepted, given_up };

/// Offers one batch until it is accepted.
result<offer> offer_until_accepted(group& to, const batch& payloads, const stop& until,
                                   const std::function<void(log_level, std::string_view)>& say) {
  const std::size_t bytes =
      std::accumulate(payloads.begin(), payloads.end(), std::size_t{0},
                      [](std::size_t sum, const auto& payload) { return sum + payload.size(); });
  bool told = false;
  while (!until.requested()) {
    const auto ticket = to.broadcast(payloads);
    if (ticket) {
      if (told) say(log_level::info, "primary again: sending goes on");
      return offer::accepted;
    }
    if (ticket.error().code == errc::window_full) {
      if (const auto waited = to.wait_writable(bytes, 100ms); !waited && waited.error().code == errc::closed)
        return offer::given_up;
    } else if (ticket.error().code == errc::not_primary) {
      if (!told) say(log_level::warning, "not primary: sending waits until there is a quorum again");
      told = true;
      if (!until.wait(50ms)) return offer::given_up;
    } else if (ticket.error().code == errc::closed) {
      return offer::given_up;
    } else {
      return ticket.error();
    }
  }
  return offer::given_up;
}

}  // namespace

result<sent> send_all(group& to, source& from, const stop& until,
                      const std::function<void(log_level, std::string_view)>& say) {
  sent total;
  while (true) {
    auto payloads = from.next(until);
    if (!payloads) return payloads.error();
    if (payloads->empty()) return total;
    const auto outcome = offer_until_accepted(to, *payloads, until, say);
    if (!outcome) return outcome.error();
    if (*outcome == offer::given_up) {
      total.given_up = payloads->size();
      return total;
    }
    total.accepted += payloads->size();
  }
}

}  // namespace hauberk::tool
