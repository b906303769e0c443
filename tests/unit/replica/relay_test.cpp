// What a member does with frames that travel over a third one, the wrong ones above all.
#include <optional>

#include "unit/replica/trio.hpp"

namespace hauberk::replica {
namespace {

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

// What the leader dropped it asks for again. Over a middle that does not move the sender's own link; and what
// is relayed comes only after a while, and no more when the own link works again before that.
TEST_F(trio, what_was_asked_for_over_a_middle_is_asked_for_over_the_own_link) {
  bool is_dropped = false;
  is_lost_ = [&](std::size_t to, const envelope& what) {
    const bool is_own_link = what.by.origin.is_nil();
    if (is_own_link && speaker_ == a && to == c) return true;  // nothing comes through
    return is_dropped && is_own_link && speaker_ == c && to == a && std::holds_alternative<data>(what.what);
  };
  run(5s);
  const auto before = members_[a].current();
  is_dropped = true;  // as if there were no room for it
  ASSERT_TRUE(members_[c].broadcast(now_, {base::buffer::copy("first")}));
  settle();
  is_dropped = false;
  ASSERT_TRUE(members_[c].broadcast(now_, {base::buffer::copy("second")}));
  settle();
  ASSERT_EQ(members_[a].current().log_end, before.log_end);
  is_lost_ = nullptr;
  run(10s);
  EXPECT_EQ(members_[a].current().view_number, before.view_number);
  for (auto& each : members_) EXPECT_EQ(each.current().delivered, before.delivered + 2);
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
