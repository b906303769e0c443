// Drawn groups in a drawn network, and one mesh by hand: what the mesh's tests begin with.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "unit/mesh/network.hpp"

namespace hauberk::mesh::testing_ {

inline std::string address_of(std::size_t i) { return "10.0.0." + std::to_string(i + 1) + ":4567"; }

// Seeds of several shapes: everybody, the first one, the next one, or names that hide who is behind them.
inline std::vector<std::string> draw_seeds(network& net, std::size_t self, std::size_t size,
                                           std::uint64_t shape) {
  std::vector<std::string> seeds;
  for (std::size_t i = 0; i < size; ++i) {
    const std::string name = "db" + std::to_string(i) + ".example:4567";
    net.alias(name, address_of(i));
    if (shape == 1 && i != 0) continue;
    if (shape == 2 && i != (self + 1) % size) continue;
    if (shape == 0 || shape == 3) seeds.push_back(address_of(i));
    if (shape >= 1) seeds.push_back(name);
  }
  return seeds;
}

inline void build(network& net, std::size_t size) {
  const std::uint64_t shape = net.chance().below(4);
  for (std::size_t i = 0; i < size; ++i) {
    const bool wildcard = net.chance().percent(50);
    net.add(address_of(i), draw_seeds(net, i, size, shape), wildcard ? "0.0.0.0:4567" : address_of(i));
  }
}

/// Drawn groups, one a seed, each of 2 to 7 nodes (or of so many) that have found each other.
inline void with_linked_groups(std::uint64_t seeds,
                               const std::function<void(network&, std::size_t size)>& test,
                               std::size_t nodes = 0) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    network net(seed);
    const std::size_t size = nodes != 0 ? nodes : 2 + seed % 6;
    build(net, size);
    net.run(8s);
    net.expect_full_mesh();
    for (std::size_t i = 0; i < size; ++i) net.at(i).gaps = 0;
    test(net, size);
    if (testing::Test::HasFailure()) return;
  }
}

// One mesh by hand, for the rules that a drawn network meets only by luck.
class MeshByHand : public testing::Test {
 protected:
  mesh make(const uuid& self, std::vector<std::string> seeds = {}) {
    settings how;
    how.self = self;
    how.seeds = std::move(seeds);
    mesh made(how, 1, base::logger());
    made.start(now);
    return made;
  }
  static uuid id(std::uint8_t low) {
    uuid made;
    made.bytes[15] = low;
    return made;
  }
  static hello greeting(std::uint8_t low) {
    hello peer;
    peer.process = id(low);
    peer.name = "db" + std::to_string(low);
    peer.address = "10.0.0." + std::to_string(low) + ":4567";
    return peer;
  }
  template <typename Effect>
  static std::vector<Effect> take(mesh& from) {
    std::vector<Effect> found;
    while (auto next = from.next_effect()) {
      if (auto* wanted = std::get_if<Effect>(&*next)) found.push_back(std::move(*wanted));
    }
    return found;
  }
  /// The letters of what the replica and the transport see: Up, Down, Close, Refused, Tell.
  static std::string letters(mesh& from) {
    std::string seen;
    while (auto next = from.next_effect()) {
      if (std::holds_alternative<peer_up>(*next)) seen += 'U';
      if (std::holds_alternative<peer_down>(*next)) seen += 'D';
      if (std::holds_alternative<close_link>(*next)) seen += 'C';
      if (std::holds_alternative<peer_refused>(*next)) seen += 'R';
      if (std::holds_alternative<tell>(*next)) seen += 'T';
    }
    return seen;
  }
  time_point now{1s};
};

}  // namespace hauberk::mesh::testing_
