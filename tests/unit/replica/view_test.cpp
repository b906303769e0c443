// Quorums by weight, a half, and the half that proven deaths make enough (PROTOCOL 7).
#include "replica/view.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace hauberk::replica {
namespace {

seat_id seat(std::uint8_t n) {
  seat_id id;
  id.process.bytes[15] = n;
  id.number = 1;
  return id;
}

view of_weights(const std::vector<std::uint8_t>& weights) {
  view v;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    member m;
    m.seat = seat(static_cast<std::uint8_t>(i + 1));
    m.name = "n" + std::to_string(i + 1);
    m.weight = weights[i];
    v.members.push_back(m);
  }
  return v;
}

TEST(quorum, needs_more_than_half_of_the_weight) {
  const view three = of_weights({1, 1, 1});
  EXPECT_FALSE(is_quorum(three, {seat(1)}, {}));
  EXPECT_TRUE(is_quorum(three, {seat(1), seat(3)}, {}));
  const view four = of_weights({1, 1, 1, 1});
  EXPECT_FALSE(is_quorum(four, {seat(1), seat(2)}, {}));
  EXPECT_TRUE(is_quorum(four, {seat(1), seat(2), seat(4)}, {}));
}

TEST(quorum, counts_weight_and_not_heads) {
  const view heavy = of_weights({3, 1, 1});
  EXPECT_TRUE(is_quorum(heavy, {seat(1)}, {}));
  EXPECT_FALSE(is_quorum(heavy, {seat(2), seat(3)}, {}));
  const view observed = of_weights({1, 0, 0});
  EXPECT_TRUE(is_quorum(observed, {seat(1)}, {}));
  EXPECT_FALSE(is_quorum(observed, {seat(2), seat(3)}, {}));
}

TEST(quorum, ignores_strangers_and_the_empty_view) {
  EXPECT_FALSE(is_quorum(of_weights({1, 1, 1}), {seat(1), seat(8), seat(9)}, {}));
  EXPECT_FALSE(is_quorum(of_weights({}), {}, {}));
  EXPECT_FALSE(is_quorum(of_weights({0, 0}), {seat(1), seat(2)}, {}));
}

TEST(quorum, a_half_is_enough_only_when_all_the_rest_is_proven_dead) {
  const view pair = of_weights({1, 1});
  EXPECT_FALSE(is_quorum(pair, {seat(1)}, {}));
  EXPECT_TRUE(is_quorum(pair, {seat(1)}, {seat(2)}));
  const view four = of_weights({1, 1, 1, 1});
  EXPECT_FALSE(is_quorum(four, {seat(1), seat(2)}, {seat(3)}));
  EXPECT_TRUE(is_quorum(four, {seat(1), seat(2)}, {seat(3), seat(4)}));
  const view observed = of_weights({1, 1, 0});
  EXPECT_TRUE(is_quorum(observed, {seat(1)}, {seat(2)})) << "the observer's life does not matter";
}

TEST(quorum, less_than_a_half_is_never_enough_whoever_died) {
  EXPECT_FALSE(is_quorum(of_weights({1, 1, 1}), {seat(1)}, {seat(2), seat(3)}));
  EXPECT_FALSE(is_quorum(of_weights({1, 2}), {seat(1)}, {seat(2)}));
}

TEST(view, finds_members_and_removals) {
  view v = of_weights({1, 1});
  v.removed = {{seat(9), 7, 3}, {seat(8), 1, 4}};
  EXPECT_EQ(v.find(seat(2))->name, "n2");
  EXPECT_EQ(v.find(seat(9)), nullptr);
  EXPECT_EQ(v.find_process(seat(1).process)->name, "n1");
  EXPECT_EQ(v.find_name("n2")->seat, seat(2));
  EXPECT_EQ(v.find_name("n3"), nullptr);
  ASSERT_NE(v.find_removal(seat(9)), nullptr);
  EXPECT_EQ(v.find_removal(seat(9))->last, 7U);
  EXPECT_EQ(v.find_removal(seat(1)), nullptr);
}

uuid history(std::uint8_t n) {
  uuid id;
  id.bytes[0] = n;
  return id;
}

TEST(chain, a_first_history_is_its_own_root) {
  view v;
  v.fork(history(1), 0);
  EXPECT_EQ(v.history, history(1));
  EXPECT_EQ(v.root, history(1));
  EXPECT_TRUE(v.forks.empty());
}

TEST(chain, shares_with_its_ancestors_up_to_each_fork) {
  view v;
  v.fork(history(1), 0);
  v.fork(history(2), 100);
  v.fork(history(3), 250);
  EXPECT_EQ(v.root, history(1));
  EXPECT_TRUE(v.continues({history(1), 100}));
  EXPECT_FALSE(v.continues({history(1), 101}));
  EXPECT_TRUE(v.continues({history(2), 250}));
  EXPECT_FALSE(v.continues({history(2), 251}));
  EXPECT_TRUE(v.continues({history(3), 1000}));
  EXPECT_FALSE(v.continues({history(4), 1}));
  EXPECT_TRUE(v.continues({}));
}

TEST(chain, a_fork_below_an_older_one_cuts_that_too) {
  view v;
  v.fork(history(1), 0);
  v.fork(history(2), 100);
  v.fork(history(3), 90);
  EXPECT_TRUE(v.continues({history(1), 90}));
  EXPECT_FALSE(v.continues({history(1), 95}));
  EXPECT_FALSE(v.continues({history(2), 95}));
}

TEST(chain, forgets_the_oldest_but_not_the_root) {
  view v;
  for (std::uint8_t i = 1; i <= base::limits::forks_max + 10; ++i) v.fork(history(i), i);
  EXPECT_EQ(v.forks.size(), base::limits::forks_max);
  EXPECT_EQ(v.root, history(1));
  EXPECT_FALSE(v.continues({history(1), 1}));
  EXPECT_TRUE(v.continues(v.forks.front()));
}

}  // namespace
}  // namespace hauberk::replica
