// Who may come in before a word was said. Three questions, each cheap: is the address allowed, how many wait
// at the door already, and how many from that address came to nothing lately. An attempt costs its address a
// token, and one that greets gets it back; so who belongs to the group is never slowed down, and a flood is
// turned away before it costs a handshake. Addresses that have greeted before do not suffer from strangers at
// other addresses, and may come to nothing more often: while a group changes its policy, dials do. Told the
// time, it knows no clock; thread safe.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/time.hpp"
#include "net/door_rules.hpp"

namespace hauberk::net {

class door {
 public:
  enum class verdict { come_in, not_allowed, crowded, too_often };

  explicit door(door_rules how) : how_(std::move(how)) { strangers_.tokens = burst_of(how_.pending_max); }

  void set(door_rules how);
  /// Takes a place for a connection from `from`, unless it is turned away.
  [[nodiscard]] verdict admit(const boost::asio::ip::address& from, base::time_point now);
  /// Gives the place back. `greeted` = it is up now, and was no stranger.
  void release(const boost::asio::ip::address& from, bool greeted);
  [[nodiscard]] turned_away counted() const;

 private:
  /// Attempts that may still be made: so many a second come back.
  struct bucket {
    double tokens = 0;
    base::time_point filled_at{};
    void fill(base::time_point now, unsigned each_second);
  };
  struct visitor : bucket {
    unsigned pending = 0;
    std::uint64_t greeted = 0;  ///< not 0: it did, the greater the later
  };
  using key = std::array<std::uint8_t, 16>;

  static key key_of(const boost::asio::ip::address& from);
  [[nodiscard]] unsigned each_second(const visitor& of) const {
    return of.greeted != 0 ? how_.pending_max : how_.pending_per_address_max;
  }
  static double burst_of(unsigned each_second) { return 4.0 * each_second; }
  visitor* visitor_at(const key& from, base::time_point now);
  void forget_some(base::time_point now);

  mutable std::mutex mutex_;
  door_rules how_;
  std::map<key, visitor> visitors_;
  bucket strangers_;  ///< all of them together
  unsigned pending_ = 0;
  std::uint64_t greetings_ = 0;
  turned_away counted_;
};

}  // namespace hauberk::net
