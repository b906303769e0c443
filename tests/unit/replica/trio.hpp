// Three replicas that are a group, whose links carry everything at once.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "replica/replica.hpp"

namespace hauberk::replica {

using namespace std::chrono_literals;

inline constexpr std::size_t a = 0, b = 1, c = 2;

class trio : public testing::Test {
 protected:
  trio() {
    base::random chance(1);
    for (std::size_t i = 0; i < 3; ++i) {
      identity who;
      who.process = ids_[i] = chance.id();
      who.name = std::string(1, static_cast<char>('a' + i));
      who.address = who.name + ":4567";
      members_.emplace_back(settings(), who, chance.next(), base::logger());
    }
    members_[a].bootstrap(now_, chance.id(), {});
    members_[b].join_group(now_, {});
    members_[c].join_group(now_, {});
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        if (i != j) members_[i].handle_link_up(now_, ids_[j], std::string(1, static_cast<char>('a' + j)));
      }
    }
    run(2s);
  }

  /// Everything that is said among `those` is heard at once.
  void settle(const std::vector<std::size_t>& those = {a, b, c}) {
    bool is_any = true;
    while (is_any) {
      is_any = false;
      for (const std::size_t i : those) {
        speaker_ = i;
        members_[i].flush(now_);
        while (members_[i].next_event(now_)) continue;
        while (auto what = members_[i].next_effect()) {
          is_any = true;
          if (const auto* out = std::get_if<send>(&*what)) {
            for (const uuid& to : out->to) {
              if (is_lost_ && is_lost_(index(to), *out->message)) continue;
              if (std::find(those.begin(), those.end(), index(to)) != those.end())
                members_[index(to)].handle_message(now_, ids_[i], *out->message);
            }
          }
        }
      }
    }
  }
  void run(base::duration span) {
    for (const auto end = now_ + span; now_ < end; now_ += 10ms) {
      for (auto& each : members_) each.handle_time(now_);
      settle();
    }
  }
  [[nodiscard]] std::size_t index(const uuid& process) const {
    return static_cast<std::size_t>(std::find(ids_.begin(), ids_.end(), process) - ids_.begin());
  }
  /// What `to` does when it gets `what` from `from`, and nothing else.
  std::vector<effect> effects_of(std::size_t to, std::size_t from, body what, relay by) {
    members_[to].handle_message(now_, ids_[from], envelope{1, std::move(what), by});
    std::vector<effect> all;
    while (auto one = members_[to].next_effect()) all.push_back(*one);
    return all;
  }
  static bool is_drop(const std::vector<effect>& all) {
    return all.size() == 1 && std::holds_alternative<drop_link>(all[0]);
  }
  [[nodiscard]] held some_held() const { return held{members_[a].current().epoch, 1, 1, 1}; }

  base::time_point now_{1h};
  std::array<uuid, 3> ids_;
  std::function<bool(std::size_t to, const envelope&)> is_lost_;  ///< on its way; may be empty
  std::size_t speaker_ = a;                                       ///< whose frame that is
  std::vector<replica> members_;
};

}  // namespace hauberk::replica
