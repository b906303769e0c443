// A member that is authenticated and hostile, or mad: it takes part like everybody, but some of what it sends
// is wrong for the state: numbers changed, bytes flipped on the wire, messages repeated from an earlier link
// or an earlier seat. Members do not lie in the protocol's fault model, so only this is judged then: nobody
// aborts, nothing throws, and memory stays within its bounds.
#pragma once

#include <deque>

#include "base/random.hpp"
#include "simulator/network.hpp"

namespace hauberk::simulator {

class hostile_voice {
 public:
  explicit hostile_voice(const base::random& chance) : chance_(chance) {}

  /// What leaves instead of `honest`: it, something else, or twice something. A nil entry stands for bytes
  /// that the receiver's codec refuses, which closes the link.
  [[nodiscard]] std::vector<message_ptr> speak(const message_ptr& honest);

 private:
  [[nodiscard]] message_ptr flip_bytes(const replica::envelope& what);
  [[nodiscard]] message_ptr change_numbers(const replica::envelope& what);
  [[nodiscard]] std::uint64_t other(std::uint64_t number);

  base::random chance_;
  std::deque<message_ptr> said_;
};

}  // namespace hauberk::simulator
