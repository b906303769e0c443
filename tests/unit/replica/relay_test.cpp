// What a member does with frames that travel over a third one, the wrong ones above all: three replicas whose
// links carry everything at once.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "replica/replica.hpp"

namespace hauberk::replica {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t a = 0, b = 1, c = 2;

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

  /// Everything that is said is heard at once; what `which` says is kept, if asked for.
  void settle() {
    bool is_any = true;
    while (is_any) {
      is_any = false;
      for (std::size_t i = 0; i < 3; ++i) {
        members_[i].flush(now_);
        while (members_[i].next_event(now_)) continue;
        while (auto what = members_[i].next_effect()) {
          is_any = true;
          if (const auto* out = std::get_if<send>(&*what)) {
            for (const uuid& to : out->to) members_[index(to)].handle_message(now_, ids_[i], *out->message);
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
  std::vector<replica> members_;
};

TEST_F(trio, is_a_group) {
  for (auto& each : members_) {
    EXPECT_TRUE(each.current().primary);
    EXPECT_EQ(each.current_view()->total_weight(), 3U);
  }
}

TEST_F(trio, a_frame_for_a_third_goes_on_as_it_is) {
  const auto all = effects_of(b, a, some_held(), {ids_[a], ids_[c]});
  ASSERT_EQ(all.size(), 1U);
  const auto* out = std::get_if<send>(&all[0]);
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(out->to, std::vector<uuid>{ids_[c]});
  EXPECT_EQ(*out->message, (envelope{1, some_held(), {ids_[a], ids_[c]}}));
  EXPECT_EQ(out->credit_bytes, 0U);
}

TEST_F(trio, payloads_go_on_until_the_credit_is_half_used) {
  const data piece{1, 0, 0, {base::buffer::copy(std::string(1U << 20U, 'x'))}};
  int passed = 0;
  for (int i = 0; i < 20; ++i) passed += effects_of(b, a, piece, {ids_[a], ids_[c]}).empty() ? 0 : 1;
  EXPECT_EQ(passed, 4) << "of 8 MiB";
  members_[b].handle_written(now_, ids_[c], 2U << 20U);
  EXPECT_EQ(effects_of(b, a, piece, {ids_[a], ids_[c]}).size(), 1U);
}

TEST_F(trio, no_origin_gets_more_than_its_share_of_a_middle) {
  std::size_t passed = 0;
  for (int i = 0; i < 10000; ++i) passed += effects_of(b, a, some_held(), {ids_[a], ids_[c]}).size();
  EXPECT_EQ(passed, 4096U);
  run(200ms);
  EXPECT_EQ(effects_of(b, a, some_held(), {ids_[a], ids_[c]}).size(), 1U) << "with the next beats";
}

TEST_F(trio, a_middle_relays_for_nobody_but_the_origin_itself) {
  EXPECT_TRUE(is_drop(effects_of(b, a, some_held(), {base::random(9).id(), ids_[c]})));
}

TEST_F(trio, joining_and_fetching_are_not_for_relay) {
  EXPECT_TRUE(is_drop(effects_of(b, a, join{}, {ids_[a], ids_[c]})));
  EXPECT_TRUE(is_drop(effects_of(b, a, join_refused{}, {ids_[a], ids_[b]})));
  EXPECT_TRUE(is_drop(effects_of(b, a, fetch{1, 1, 1}, {ids_[a], ids_[c]})));
  EXPECT_TRUE(is_drop(effects_of(b, a, some_held(), {ids_[b], ids_[b]}))) << "from myself";
}

TEST_F(trio, strangers_are_neither_served_nor_believed) {
  const uuid stranger = base::random(9).id();
  EXPECT_TRUE(effects_of(b, a, some_held(), {ids_[a], stranger}).empty());
  EXPECT_TRUE(effects_of(b, a, vote_request{99, false, true, 99, 99}, {stranger, ids_[b]}).empty());
  EXPECT_LT(members_[b].current().epoch, 99U);
}

TEST_F(trio, a_gap_in_the_order_is_asked_for_again) {
  const auto now = members_[b].current();
  order late{now.epoch, now.log_end + 3, now.epoch, now.epoch, {order_noop{}}};
  const auto all = effects_of(b, a, late, {});
  ASSERT_EQ(all.size(), 1U);
  const auto* out = std::get_if<send>(&all[0]);
  ASSERT_NE(out, nullptr);
  const auto* asked = std::get_if<resume>(&out->message->what);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(asked->next, now.log_end + 1);
  EXPECT_TRUE(effects_of(b, a, late, {}).empty()) << "once for all that follow it";
}

TEST_F(trio, an_epoch_said_again_cuts_nothing) {
  const auto before = members_[b].current();
  ASSERT_GT(before.held, 1U);
  epoch_start again;
  again.history = before.history;
  again.epoch = before.epoch;
  again.seat_number = 1;
  again.window_start = 1;
  again.log_end = 1;  // as it was long ago
  again.boundaries = {{before.epoch, 1}};
  members_[b].handle_message(now_, ids_[a], envelope{1, again, {}});
  EXPECT_EQ(members_[b].current().held, before.held);
  settle();
  EXPECT_TRUE(members_[a].broadcast(now_, {base::buffer::copy("x")}));
  settle();
  EXPECT_EQ(members_[b].current().delivered, before.delivered + 1);
}

TEST_F(trio, around_a_broken_pair) {
  members_[a].handle_link_down(now_, ids_[c]);
  members_[c].handle_link_down(now_, ids_[a]);
  settle();
  const auto before = members_[a].current();
  ASSERT_TRUE(members_[c].broadcast(now_, {base::buffer::copy("over b")}));
  run(1s);
  for (auto& each : members_) {
    EXPECT_TRUE(each.current().primary);
    EXPECT_EQ(each.current().delivered, before.delivered + 1);
    EXPECT_EQ(each.current().view_number, before.view_number);
  }
}

// A refused dial is evidence of death, unless the member has answered since over another.
TEST_F(trio, who_answers_by_relay_is_not_dead) {
  members_[a].handle_link_down(now_, ids_[c]);
  members_[c].handle_link_down(now_, ids_[a]);
  run(500ms);
  const auto before = members_[c].current();
  for (int i = 0; i < 40; ++i) {
    members_[c].handle_refused(now_, ids_[a]);
    members_[a].handle_refused(now_, ids_[c]);
    run(200ms);
  }
  EXPECT_EQ(members_[c].current().epoch, before.epoch);
  EXPECT_EQ(members_[c].current().view_number, before.view_number);
  EXPECT_TRUE(members_[c].current().primary);
}

}  // namespace
}  // namespace hauberk::replica
