// A tiny network for meshes, in one thread and from one seed: every delay is drawn, so dials cross, links
// come up at their two ends in any order, and closings overtake hellos.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "mesh/mesh.hpp"

namespace hauberk::mesh::testing_ {

using namespace std::chrono_literals;
using base::time_point;

class network {
 public:
  explicit network(std::uint64_t seed) : chance_(seed) {}

  struct node {
    std::unique_ptr<mesh> machine;
    hello greeting;
    std::string host;
    bool is_alive = true;
    std::map<uuid, connection_id> up;         ///< what its replica believes
    std::set<uuid> resumed;                   ///< whose resume came since the link was announced
    std::map<uuid, unsigned> refused, downs;  ///< evidence seen, links lost
    std::map<std::string, unsigned> dials;
    time_point dialled_last{};
    std::uint64_t material = 1;                        ///< its certificates
    std::map<connection_id, std::uint64_t> made_with;  ///< the links that came up, and their certificates
    unsigned gaps = 0;  ///< times that a linked process was left without a link
    policies faces{"p1"};
  };

  /// Starts a process at `address`; `listens` is what its hello says.
  std::size_t add(const std::string& address, std::vector<std::string> seeds, const std::string& listens) {
    settings how;
    how.self = chance_.id();
    how.seeds = std::move(seeds);
    node made;
    made.machine = std::make_unique<mesh>(how, chance_.next(), base::logger());
    made.greeting.name = "db@" + address;
    made.greeting.process = how.self;
    made.greeting.address = listens;
    made.host = address.substr(0, address.rfind(':'));
    nodes_.push_back(std::move(made));
    const std::size_t index = nodes_.size() - 1;
    where_[address] = index;
    at(chance_.below(base::duration(200ms)), [this, index] {
      if (!nodes_[index].is_alive) return;
      nodes_[index].machine->start(now_);
      drain(index);
    });
    return index;
  }
  /// Another name for what listens at `address`, now and after a restart.
  void alias(const std::string& name, const std::string& address) { aliases_[name] = address; }

  void kill(std::size_t index) {
    nodes_[index].is_alive = false;
    std::erase_if(where_, [&](const auto& at) { return at.second == index; });
    for (auto& [id, wire] : wires_) {
      if (wire.ends[0].node == index || wire.ends[1].node == index) cut(id);
    }
  }
  /// Ends a link without either side wanting it.
  void cut(std::uint64_t id) {
    for (std::size_t side : {0U, 1U}) ended(id, side, "connection reset");
  }
  void cut_some() {
    for (auto& [id, wire] : wires_) {
      if (!(wire.ends[0].is_over && wire.ends[1].is_over) && chance_.percent(30)) cut(id);
    }
  }

  void run(base::duration span) {
    const time_point end = now_ + span;
    for (;;) {
      time_point next = queue_.empty() ? base::never : queue_.begin()->first.first;
      for (auto& each : nodes_) {
        if (each.is_alive) next = std::min(next, std::max(now_, each.machine->next_deadline()));
      }
      if (next > end) break;
      now_ = next;
      while (!queue_.empty() && queue_.begin()->first.first <= now_) {
        auto task = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        task();
      }
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i].is_alive || nodes_[i].machine->next_deadline() > now_) continue;
        nodes_[i].machine->handle_time(now_);
        drain(i);
        ASSERT_GT(nodes_[i].machine->next_deadline(), now_) << "the mesh spins";
      }
    }
    now_ = end;
  }

  /// New certificates.
  void reload(std::size_t index) {
    nodes_[index].machine->renew(now_, ++nodes_[index].material);
    drain(index);
  }

  /// What it makes and takes links by, from now on.
  void use_policies(std::size_t index, const policies& which) {
    nodes_[index].faces = which;
    nodes_[index].machine->use_policies(now_, which);
    drain(index);
  }
  /// Every link in use of a living process was made by `policy`.
  [[nodiscard]] bool all_linked_by(const std::string& policy) const {
    for (const node& each : nodes_) {
      for (const auto& [process, connection] : each.up)
        if (each.is_alive && !each.machine->is_linked_by(process, policy)) return false;
    }
    return true;
  }
  /// No link at all is left that was made by `policy`.
  [[nodiscard]] bool none_made_by(const std::string& policy) const {
    return std::ranges::none_of(wires_, [&](const auto& at) {
      return at.second.policy == policy && (holds(at.second.ends[0]) || holds(at.second.ends[1]));
    });
  }

  /// Each pair of living processes uses the two ends of one link, and (`and_no_other`) no other link is left.
  void expect_full_mesh(bool and_no_other = true) {
    for (std::size_t a = 0; a < nodes_.size(); ++a) {
      if (!nodes_[a].is_alive) continue;
      std::size_t living = 0;
      for (std::size_t b = 0; b < nodes_.size(); ++b) {
        if (a == b || !nodes_[b].is_alive) continue;
        ++living;
        const auto there = nodes_[a].machine->connection_of(nodes_[b].greeting.process);
        ASSERT_TRUE(there) << a << " has no link to " << b;
        ASSERT_TRUE(nodes_[a].up.contains(nodes_[b].greeting.process));
        EXPECT_EQ(nodes_[a].up[nodes_[b].greeting.process], *there);
        const auto [wire, side] = find(a, *there);
        ASSERT_NE(wire, 0U);
        const auto& other = wires_.at(wire).ends[1 - side];
        EXPECT_EQ(other.node, b);
        EXPECT_EQ(nodes_[b].machine->connection_of(nodes_[a].greeting.process), other.id);
        EXPECT_TRUE(nodes_[a].resumed.contains(nodes_[b].greeting.process)) << "a resume was lost";
      }
      EXPECT_EQ(nodes_[a].up.size(), living);
    }
    std::size_t open = 0, living = 0;
    for (const auto& [id, wire] : wires_) open += holds(wire.ends[0]) || holds(wire.ends[1]) ? 1U : 0U;
    for (const auto& each : nodes_) living += each.is_alive ? 1 : 0;
    if (and_no_other) {
      EXPECT_EQ(open, living * (living - 1) / 2);
    }
  }

  [[nodiscard]] node& at(std::size_t index) { return nodes_[index]; }
  [[nodiscard]] time_point now() const { return now_; }
  [[nodiscard]] std::size_t dials() const { return dials_; }
  [[nodiscard]] base::random& chance() { return chance_; }
  void at(base::duration delay, std::function<void()> task) {
    queue_[{now_ + delay, ++sequence_}] = std::move(task);
  }
  void drain(std::size_t index) {
    node& self = nodes_[index];
    const auto before = self.up;
    while (auto next = self.machine->next_effect()) {
      std::visit([&](auto& what) { act(index, what); }, *next);
    }
    for (const auto& [process, connection] : before) self.gaps += self.up.contains(process) ? 0U : 1U;
  }

 private:
  struct tip {
    std::size_t node = 0;
    connection_id id = 0;
    std::uint64_t material = 1;
    bool is_up = false, is_over = false;
    time_point last{};  ///< deliveries to one end keep their order
  };
  struct cable {
    tip ends[2];  ///< 0 dialled
    std::uint64_t token = 0;
    std::string policy;  ///< it was made by
  };

  [[nodiscard]] bool holds(const tip& one) const { return one.is_up && nodes_[one.node].is_alive; }
  base::duration delay() { return chance_.below(base::duration(20ms)); }

  std::pair<std::uint64_t, std::size_t> find(std::size_t index, connection_id id) {
    for (const auto& [number, wire] : wires_) {
      for (std::size_t side : {0U, 1U}) {
        if (wire.ends[side].node == index && wire.ends[side].id == id) return {number, side};
      }
    }
    return {0, 0};
  }
  void deliver(std::uint64_t number, std::size_t side, base::duration pause, std::function<void(tip&)> task) {
    tip& to = wires_.at(number).ends[side];
    to.last = std::max(to.last, now_ + pause);
    at(to.last - now_, [this, number, side, task = std::move(task)] {
      tip& there = wires_.at(number).ends[side];
      if (!there.is_over && nodes_[there.node].is_alive) task(there);
    });
  }
  void ended(std::uint64_t number, std::size_t side, const std::string& why) {
    deliver(number, side, delay(), [this, number, side, why](tip& there) {
      there.is_over = true;
      if (std::exchange(there.is_up, false)) {
        nodes_[there.node].machine->handle_down(now_, there.id, hauberk::error(errc::closed, why));
      } else if (side == 0) {
        nodes_[there.node].machine->handle_dial_failed(now_, wires_.at(number).token, failure::rejected, why);
      }
      drain(there.node);
    });
  }

  void act(std::size_t index, const dial& what) {
    ++dials_;
    ++nodes_[index].dials[what.address];
    nodes_[index].dialled_last = now_;
    at(delay(), [this, index, what] {
      if (!nodes_[index].is_alive) return;
      const auto named = aliases_.find(what.address);
      const auto there = where_.find(named == aliases_.end() ? what.address : named->second);
      if (there == where_.end() || there->second == index) {
        const bool self = there != where_.end();
        nodes_[index].machine->handle_dial_failed(now_, what.token,
                                                  self ? failure::rejected : failure::refused,
                                                  self ? "the peer is this node itself" : "refused");
        return drain(index);
      }
      const policies &mine = nodes_[index].faces, &theirs = nodes_[there->second].faces;
      const std::string policy = what.prepared && mine.prepared ? *mine.prepared : mine.active;
      if (policy != theirs.active && policy != theirs.prepared) {
        return at(delay() + delay(), [this, index, what] {
          if (!nodes_[index].is_alive) return;
          nodes_[index].machine->handle_dial_failed(now_, what.token, failure::rejected, "policy differs");
          drain(index);
        });
      }
      const std::uint64_t number = ++wire_last_;
      cable& made = wires_[number];
      made.policy = policy;
      made.token = what.token;
      made.ends[0] = {index, id_of_dial(what.token), nodes_[index].material};
      made.ends[1] = {there->second, ++inbound_last_, nodes_[there->second].material};
      for (std::size_t side : {0U, 1U}) greet(number, side);
    });
  }
  void greet(std::uint64_t number, std::size_t side) {
    deliver(number, side, delay() + delay(), [this, number, side](tip& there) {
      const cable& both = wires_.at(number);
      const node& peer = nodes_[both.ends[1 - side].node];
      hello greeting = peer.greeting;
      greeting.policy_digest = both.policy;
      there.is_up = true;
      nodes_[there.node].made_with[there.id] = there.material;
      nodes_[there.node].machine->handle_up(now_, there.id, side == 0, peer.host, greeting, there.material);
      drain(there.node);
    });
  }
  void act(std::size_t index, const close_link& what) {
    const auto [number, side] = find(index, what.id);
    ASSERT_NE(number, 0U);
    ended(number, side, what.why.text);
    ended(number, 1 - side, "the peer said: " + what.why.text);
  }
  // The replica's first message on a link is what it has ("resume"). It counts only for a peer that has
  // announced this very link to its own replica.
  void act(std::size_t index, const peer_up& what) {
    ASSERT_TRUE(nodes_[index].up.emplace(what.process, what.id).second) << "up twice";
    const auto [number, side] = find(index, what.id);
    ASSERT_NE(number, 0U);
    const uuid self = nodes_[index].greeting.process;
    deliver(number, 1 - side, delay(), [this, self](tip& there) {
      node& to = nodes_[there.node];
      const auto current = to.up.find(self);
      if (current != to.up.end() && current->second == there.id) to.resumed.insert(self);
    });
  }
  void act(std::size_t index, const peer_down& what) {
    ASSERT_EQ(nodes_[index].up.erase(what.process), 1U) << "down, but was not up";
    nodes_[index].resumed.erase(what.process);
    ++nodes_[index].downs[what.process];
  }
  void act(std::size_t index, const peer_refused& what) {
    ASSERT_FALSE(nodes_[index].up.contains(what.process)) << "evidence against a linked process";
    ++nodes_[index].refused[what.process];
  }
  void act(std::size_t index, const tell& what) {
    const auto [number, side] = find(index, what.id);
    ASSERT_NE(number, 0U);
    deliver(number, 1 - side, delay(), [this, told = what.what](tip& there) {
      if (!there.is_up) return;
      nodes_[there.node].machine->handle_peers(now_, there.id, told);
      drain(there.node);
    });
  }

  base::random chance_;
  time_point now_{1s};
  std::vector<node> nodes_;
  std::map<std::string, std::size_t> where_;
  std::map<std::string, std::string> aliases_;
  std::map<std::uint64_t, cable> wires_;
  std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> queue_;
  std::uint64_t sequence_ = 0, wire_last_ = 0, inbound_last_ = 0;
  std::size_t dials_ = 0;
};

}  // namespace hauberk::mesh::testing_
