// Turns the fields of a parsed frame into structs, each checked against its bound, and keeps the first thing
// that is wrong with them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "proto/hauberk.pb.h"
#include "replica/view.hpp"

namespace hauberk::wire {

namespace limits = base::limits;

class taker {
 public:
  std::string problem;

  bool fail(std::string words) {
    if (problem.empty()) problem = std::move(words);
    return false;
  }
  /// True when `got` is at most `most`.
  bool check(const char* what, std::uint64_t got, std::uint64_t most) {
    if (got <= most) return true;
    return fail(std::string(what) + " is at most " + std::to_string(most) + ", got " + std::to_string(got));
  }
  bool check_list(const char* what, int got, std::size_t most) {
    return check(what, static_cast<std::uint64_t>(got), most);
  }
  /// True when `count` numbers from `first` on fit in 64 bits.
  bool check_range(const char* what, std::uint64_t first, std::uint64_t count) {
    if (count <= UINT64_MAX - first) return true;
    return fail(std::string(what) + " from " + std::to_string(first) + " on do not fit in 64 bits, got " +
                std::to_string(count) + " of them");
  }

  uuid id(const std::string& from) {
    uuid made;
    if (from.size() == made.bytes.size()) {
      std::copy(from.begin(), from.end(), made.bytes.begin());
    } else if (!from.empty()) {
      fail("an id has 16 bytes or none, got " + std::to_string(from.size()));
    }
    return made;
  }
  base::seat_id seat(const Seat& from) { return {id(from.process()), from.number()}; }
  std::string text(const char* what, const std::string& from, std::size_t most) {
    return check(what, from.size(), most) ? from : std::string();
  }
  std::string sha256(const char* what, const std::string& from) {
    if (from.size() == limits::sha256_bytes) return from;
    fail(std::string(what) + " has 32 bytes, got " + std::to_string(from.size()));
    return {};
  }
  std::string name(const std::string& from) {
    return text("the length of a name", from, limits::name_bytes_max);
  }
  std::string address(const std::string& from) {
    return text("the length of an address", from, limits::address_bytes_max);
  }
  std::string reason(const std::string& from) {
    return text("the length of a reason", from, limits::reason_bytes_max);
  }
  replica::protocols protocols(std::uint32_t min, std::uint32_t max) {
    if (min == 0 || min > max)
      fail("protocol versions are from 1 on and in order, got " + std::to_string(min) + " to " +
           std::to_string(max));
    return {min, max};
  }
  std::string ban_text(const std::string& from) {
    return text("the length of a ban's reason", from, limits::ban_text_bytes_max);
  }
  std::string policy(const std::string& from) {
    return text("the length of a policy", from, limits::policy_bytes_max);
  }
  /// An enum whose values are 0 to `last`.
  template <typename Enum>
  Enum one_of(const char* what, std::uint32_t from, Enum last) {
    return check(what, from, static_cast<std::uint64_t>(last)) ? static_cast<Enum>(from) : Enum{};
  }
  std::uint8_t weight(std::uint32_t from) {
    return check("a weight", from, 255) ? static_cast<std::uint8_t>(from) : std::uint8_t{0};
  }

  template <typename List, typename Take>
  auto list(const char* what, const List& from, std::size_t most, const Take& take) {
    std::vector<decltype(take(from.Get(0)))> made;
    if (!check_list(what, from.size(), most)) return made;
    made.reserve(static_cast<std::size_t>(from.size()));
    for (const auto& item : from) made.push_back(take(item));
    return made;
  }
  template <typename List>
  std::vector<base::seat_id> seats(const char* what, const List& from, std::size_t most) {
    return list(what, from, most, [this](const Seat& one) { return seat(one); });
  }
};

}  // namespace hauberk::wire
