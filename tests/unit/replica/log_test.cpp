// The window of the log: epochs and their boundaries, cutting at the end, trimming at the front.
#include "replica/log.hpp"

#include <gtest/gtest.h>

namespace hauberk::replica {
namespace {

view_ptr numbered(std::uint64_t number) {
  view v;
  v.number = number;
  return std::make_shared<const view>(v);
}

TEST(log, is_empty_before_the_first_entry) {
  log l;
  l.reset(8, 3);
  EXPECT_EQ(l.start(), 8U);
  EXPECT_EQ(l.end(), 7U);
  EXPECT_EQ(l.epoch_at(7), 3U);
  EXPECT_FALSE(l.holds(8));
  EXPECT_EQ(l.boundaries(), (std::vector<boundary>{{3, 7}}));
}

TEST(log, knows_where_epochs_begin) {
  log l;
  l.reset(1, 0);
  l.append_view(1, numbered(1));
  l.append_noop(1, {});
  l.append_message(1, 0, 1, base::buffer::copy("abc"));
  l.append_noop(4, {});
  EXPECT_EQ(l.boundaries(), (std::vector<boundary>{{1, 1}, {4, 4}}));
  l.pop_back();
  EXPECT_EQ(l.boundaries(), (std::vector<boundary>{{1, 1}}));
  EXPECT_EQ(l.end(), 3U);
}

TEST(log, trimming_keeps_the_epoch_of_what_is_gone) {
  log l;
  l.reset(1, 0);
  l.append_noop(1, {});
  l.append_noop(2, {});
  l.append_noop(2, {});
  l.trim_front();
  EXPECT_EQ(l.start(), 2U);
  EXPECT_EQ(l.epoch_at(1), 1U);
  EXPECT_EQ(l.boundaries(), (std::vector<boundary>{{1, 1}, {2, 2}}));
  l.trim_front();
  EXPECT_EQ(l.boundaries(), (std::vector<boundary>{{2, 2}})) << "the base tells epoch 2, no second boundary";
  l.append_noop(2, {});
  EXPECT_EQ(l.boundaries().size(), 1U);
}

TEST(log, accounts_for_payloads_that_come_later) {
  log l;
  l.reset(1, 0);
  l.append_message(1, 0, 1);
  const std::uint64_t bare = l.bytes();
  l.fill(1, base::buffer::copy("0123456789"));
  EXPECT_EQ(l.bytes(), bare + 10);
  EXPECT_EQ(l.bytes_at(1), bare + 10);
  const entry out = l.pop_back();
  EXPECT_EQ(out.payload.text(), "0123456789");
  EXPECT_EQ(l.bytes(), 0U);
}

TEST(log, finds_views_and_the_dead_by_position) {
  log l;
  l.reset(1, 0);
  seat_id dead;
  dead.number = 4;
  l.append_noop(1, {dead});
  l.append_view(1, numbered(7));
  EXPECT_EQ(l.view_at(2)->number, 7U);
  EXPECT_EQ(l.dead_at(1).front().number, 4U);
  l.pop_back();
  EXPECT_TRUE(l.views().empty());
}

}  // namespace
}  // namespace hauberk::replica
