// Messages of every kind with random content within base::limits, from a seed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "wire/codec.hpp"

namespace hauberk::wire::testing {

class message_maker {
 public:
  explicit message_maker(std::uint64_t seed) : random_(seed) {}

  /// Small numbers, large ones, and the extremes.
  std::uint64_t number() {
    switch (random_.below(6)) {
      case 0:
        return 0;
      case 1:
        return UINT64_MAX;
      case 2:
        return random_.next();
      default:
        return random_.below(std::uint64_t{1} << random_.below(40));
    }
  }
  std::uint32_t small() { return static_cast<std::uint32_t>(number()); }
  bool flag() { return random_.percent(50); }
  std::uint8_t weight() { return static_cast<std::uint8_t>(number()); }
  uuid id() { return random_.percent(20) ? uuid{} : random_.id(); }
  base::seat_id seat() { return {id(), small()}; }
  /// Any bytes, not only UTF-8; at most `most` of them.
  std::string text(std::size_t most) {
    std::size_t size = random_.percent(3) ? most : random_.below(std::min<std::size_t>(most, 40) + 1);
    std::string made(size, '\0');
    for (auto& c : made) c = static_cast<char>(random_.below(256));
    return made;
  }
  std::string name() { return text(base::limits::name_bytes_max); }
  std::string address() { return text(base::limits::address_bytes_max); }
  /// Compressible now and then.
  base::buffer payload(std::size_t size) {
    const bool is_dull = flag();
    std::string made(size, '\0');
    for (auto& c : made) c = static_cast<char>(is_dull ? random_.below(3) : random_.below(256));
    return base::buffer::copy(made);
  }
  template <typename Make>
  auto list(std::size_t most, const Make& make) {
    std::vector<decltype(make())> made;
    const std::size_t count = random_.percent(3) ? most : random_.below(std::min<std::size_t>(most, 6) + 1);
    made.reserve(count);
    for (std::size_t i = 0; i < count; ++i) made.push_back(make());
    return made;
  }
  std::vector<base::seat_id> seats() {
    return list(base::limits::members_max, [&] { return seat(); });
  }

  std::string sha256() {
    std::string made(base::limits::sha256_bytes, '\0');
    for (auto& c : made) c = static_cast<char>(random_.below(256));
    return made;
  }
  std::vector<base::list_id> list_ids() {
    return list(base::limits::lists_max, [&] {
      return base::list_id{sha256(), text(base::limits::list_number_bytes_max), small(), sha256()};
    });
  }

  replica::protocols versions() {
    const auto low = static_cast<std::uint32_t>(1 + random_.below(9));
    return {low, low + static_cast<std::uint32_t>(random_.below(9))};
  }
  replica::member member() {
    return {seat(), name(), address(), weight(), weight(), flag(), number(), flag(), versions()};
  }
  std::string policy_text() { return text(random_.percent(5) ? base::limits::policy_bytes_max : 300); }
  replica::group_policy policy() {
    if (flag()) return {};
    return {number(),      policy_text(), static_cast<replica::policy_step>(random_.below(4)),
            policy_text(), number(),      flag(),
            name(),        name(),        text(base::limits::reason_bytes_max)};
  }
  replica::view_ptr view() {
    replica::view made;
    made.history = id();
    made.number = number();
    made.protocol = small();
    made.members = list(base::limits::members_max, [&] { return member(); });
    made.joined = seats();
    made.left = list(3, [&] { return member(); });
    made.lost = list(3, [&] { return member(); });
    made.dead = seats();
    made.evicted = list(3, [&] { return member(); });
    made.bans = list(10, [&] { return replica::ban{name(), name(), text(200)}; });
    made.removed = list(100, [&] { return replica::removal{seat(), number(), number()}; });
    made.root = id();
    made.forks = list(base::limits::forks_max, [&] { return recovered_position{id(), number()}; });
    made.policy = policy();
    return std::make_shared<const replica::view>(std::move(made));
  }

  std::vector<base::seat_id> record_seats() {
    return list(base::limits::record_seats_max, [&] { return seat(); });
  }
  replica::view_ptr maybe_view() {
    if (flag()) return nullptr;
    replica::view made =
        *view();  // two of the largest would not fit in one frame, and never come: no addresses
    for (auto* members : {&made.members, &made.left, &made.lost}) {
      for (auto& one : *members) one.address.clear();
    }
    made.removed.clear();
    return std::make_shared<const replica::view>(std::move(made));
  }
  replica::record record() {
    return {record_seats(), number(), maybe_view(), maybe_view(), number(), number()};
  }

  template <typename Made>
  void fill_run(Made& made) {
    made.first = random_.next() >> 1U;
    if (random_.percent(30)) {
      const auto piece = random_.below(100'000);
      made.total = random_.between(piece, base::limits::payload_bytes_max);
      if (made.total == 0) made.total = 1;
      made.offset = random_.below(made.total - piece + 1);
      made.payloads = {payload(piece)};
    } else {
      const auto size = random_.percent(10) ? 20'000U : 200U;
      made.payloads = list(200, [&] { return payload(random_.below(size)); });
    }
  }

  replica::order order() {
    replica::order made{random_.next(), random_.next() >> 1U, number(), number(), {}};
    const auto known = seats();
    made.items = list(500, [&]() -> replica::order_item {
      switch (random_.below(40)) {
        case 0:
          return replica::order_view{view()};
        case 1:
          return replica::order_noop{list(5, [&] { return seat(); })};
        default:
          return replica::order_run{known.empty() ? seat() : known[random_.below(known.size())],
                                    random_.next() >> 1U, small()};
      }
    });
    return made;
  }

  replica::change change() {
    switch (random_.below(4)) {
      case 0:
        return replica::weight_change{seat(), weight()};
      case 1:
        return replica::permission{name()};
      case 2:
        return replica::policy_change{policy_text(), number(), flag()};
      default:
        return replica::eviction{seat(), name(), text(200)};
    }
  }

  replica::body body(std::size_t kind) {
    switch (kind) {
      case 0: {
        replica::data made;
        fill_run(made);
        return made;
      }
      case 1:
        return order();
      case 2:
        return replica::held{number(), number(), number(), number()};
      case 3:
        return replica::beat{number(), number(), number(),
                             id(),     number(), list(base::limits::members_max, [&] { return id(); }),
                             number()};
      case 4:
        return replica::resume{id(), number(), seat(), number(), number(), number(), flag()};
      case 5:
        return replica::vote_request{number(), flag(), flag(), number(), number()};
      case 6:
        return replica::vote{number(), flag(), flag()};
      case 7:
        return replica::epoch_start{id(),
                                    number(),
                                    small(),
                                    number(),
                                    number(),
                                    list(base::limits::boundaries_max, [&] { return replica::boundary{number(), number()}; })};
      case 8:
        return replica::fetch{number(), number(), number(), number()};
      case 9: {
        replica::fetched made;
        made.epoch = number();
        fill_run(made);
        return made;
      }
      case 10:
        return replica::join{seat(),           name(),         address(), weight(),
                             {id(), number()}, record_seats(), flag(),    versions()};
      case 11:
        return replica::join_refused{seat(), small(), flag(), text(base::limits::reason_bytes_max)};
      case 12:
        return replica::leave{number()};
      case 13:
        return replica::removed{id(), {seat(), number(), number()}, flag(), number()};
      case 14:
        return replica::handover{number(), number(), number()};
      case 15:
        return replica::fence_request{number()};
      case 16:
        return replica::fence_answer{number(), number(), number()};
      case 17:
        return replica::claim{number(),         flag(), weight(), record(), number(), number(),
                              {id(), number()}, flag(), number(), number(), number()};
      case 18:
        return replica::promise{list(base::limits::claims_max, [&] {
          return replica::claim_id{id(), number()};
        })};
      case 19:
        return replica::change_request{number(), change()};
      case 20:
        return replica::evict_notice{number()};
      case 21:
        return replica::evict_consent{number()};
      case 22:
        return replica::policy_proof{number(), static_cast<replica::proof>(random_.below(3)),
                                     text(base::limits::reason_bytes_max)};
      default:
        return replica::change_answer{number(), small(), text(base::limits::reason_bytes_max)};
    }
  }

  mesh::link_report links() {
    return {list(base::limits::members_max,
                 [&] { return mesh::told_link{id(), word(), word(), word(), digest(), digest(), small()}; })};
  }
  /// Without the characters that only names may have.
  std::string word() {
    std::string made(random_.below(65), 'x');
    for (char& c : made) c = static_cast<char>('!' + random_.below('~' - '!' + 1));
    return made;
  }
  std::string digest() {
    std::string made(flag() ? 64 : 0, '0');
    for (char& c : made) c = "0123456789abcdef"[random_.below(16)];
    return made;
  }

  static constexpr std::size_t bodies = std::variant_size_v<replica::body>;
  static constexpr std::size_t kinds = bodies + 11;

  /// One of each kind as `kind` runs from 0 to `kinds` - 1.
  message make(std::size_t kind) {
    switch (kind - bodies) {
      case 0:
        return mesh::hello{small(), small(),      name(), name(), id(),    address(),
                           name(),  text(20'000), flag(), flag(), small(), list_ids()};
      case 1:
        return mesh::welcome{};
      case 2:
        return mesh::goodbye{small(), text(base::limits::reason_bytes_max)};
      case 3:
        return mesh::peers{list(100, [&] { return mesh::peer_address{id(), name(), address()}; })};
      case 4:
        return mesh::visitor_request{text(20'000), flag(), flag()};
      case 5:
        return mesh::visitor_answer{small(), text(base::limits::reason_bytes_max)};
      case 6:
        return links();
      case 7:
        return mesh::member_report{id(),     name(),  text(1024), list(32, [&] { return text(1024); }),
                                   digest(), small(), links()};
      case 8:
        return mesh::lists{list_ids()};
      case 9:
        return mesh::list_request{sha256()};
      case 10:
        return mesh::list_answer{payload(random_.below(20'000))};
      default:
        if (random_.percent(20)) return replica::envelope{small(), body(kind), {random_.id(), random_.id()}};
        return replica::envelope{small(), body(kind)};
    }
  }
  message make() { return make(random_.below(kinds)); }

  compression how() {
    switch (random_.below(4)) {
      case 0:
        return {algorithm::lz4, 0, random_.below(1000)};
      case 1:
        return {algorithm::zstd, static_cast<int>(random_.below(4)), random_.below(1000)};
      default:
        return {};
    }
  }

  base::random& dice() { return random_; }

 private:
  base::random random_;
};

/// All bytes of a frame, as they go on a link.
inline std::string bytes_of(const encoded& frame) {
  std::string made(frame.head.text());
  for (const auto& piece : frame.payload) made += piece.text();
  return made;
}

/// A frame without its 0x0A and length.
inline base::buffer inner(const std::string& bytes) {
  std::size_t at = 1;
  while ((static_cast<unsigned char>(bytes[at]) & 0x80U) != 0) ++at;
  return base::buffer::copy(std::string_view(bytes).substr(at + 1));
}

}  // namespace hauberk::wire::testing
