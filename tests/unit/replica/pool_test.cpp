// Payloads between their sender and the order: runs, holes, chunks, and the way back from a cut log.
#include "replica/pool.hpp"

#include <gtest/gtest.h>

namespace hauberk::replica {
namespace {

base::buffer text(const std::string& words) { return base::buffer::copy(words); }

TEST(pool, hands_out_what_came_in_by_number) {
  pool p;
  EXPECT_EQ(p.put(1, text("one")), pool::verdict::taken);
  EXPECT_EQ(p.put(2, text("two")), pool::verdict::taken);
  EXPECT_EQ(p.put(1, text("again")), pool::verdict::duplicate);
  EXPECT_EQ(p.have(), 2U);
  EXPECT_EQ(p.bytes(), 6U);
  base::buffer out;
  ASSERT_TRUE(p.take(1, out));
  EXPECT_EQ(out.text(), "one");
  ASSERT_TRUE(p.take(2, out));
  EXPECT_EQ(out.text(), "two");
  EXPECT_FALSE(p.take(3, out));
  EXPECT_EQ(p.have(), 2U);
}

TEST(pool, taking_drops_what_is_older) {
  pool p;
  for (sequence_t s = 1; s <= 3; ++s) p.put(s, text("x" + std::to_string(s)));
  base::buffer out;
  ASSERT_TRUE(p.take(2, out));
  EXPECT_EQ(out.text(), "x2");
  EXPECT_EQ(p.first(), 3U);
  EXPECT_EQ(p.bytes(), 2U);
  EXPECT_FALSE(p.take(2, out));
}

TEST(pool, a_hole_is_refused_unless_the_pool_is_empty) {
  pool p;
  EXPECT_EQ(p.put(5, text("five")), pool::verdict::taken);
  EXPECT_EQ(p.put(7, text("seven")), pool::verdict::gap);
  EXPECT_EQ(p.have(), 5U);
}

TEST(pool, passing_moves_the_expectation_on) {
  pool p;
  p.pass(4);
  EXPECT_EQ(p.have(), 4U);
  EXPECT_EQ(p.put(4, text("late")), pool::verdict::duplicate);
  EXPECT_EQ(p.put(5, text("next")), pool::verdict::taken);
}

TEST(pool, chunks_become_one_payload) {
  pool p;
  EXPECT_EQ(p.put_chunk(1, 6, 0, text("ab")), pool::verdict::taken);
  EXPECT_EQ(p.have(), 0U) << "not whole yet";
  EXPECT_EQ(p.put_chunk(1, 6, 4, text("ef")), pool::verdict::gap);
  EXPECT_EQ(p.put_chunk(1, 6, 2, text("cd")), pool::verdict::taken);
  EXPECT_EQ(p.put_chunk(1, 6, 4, text("ef")), pool::verdict::taken);
  base::buffer out;
  ASSERT_TRUE(p.take(1, out));
  EXPECT_EQ(out.text(), "abcdef");
  EXPECT_EQ(p.bytes(), 0U);
}

TEST(pool, a_chunk_beyond_the_announced_size_is_refused) {
  pool p;
  EXPECT_EQ(p.put_chunk(1, 3, 0, text("ab")), pool::verdict::taken);
  EXPECT_EQ(p.put_chunk(1, 3, 2, text("cd")), pool::verdict::gap);
  EXPECT_EQ(p.bytes(), 2U);
}

TEST(pool, chunks_that_change_their_mind_about_the_whole_are_refused) {
  pool p;
  EXPECT_EQ(p.put_chunk(1, 8, 0, text("abcdef")), pool::verdict::taken);
  EXPECT_EQ(p.put_chunk(1, 4, 6, text("gh")), pool::verdict::gap) << "less than what is here already";
  EXPECT_EQ(p.put_chunk(1, 9, 6, text("gh")), pool::verdict::gap);
  EXPECT_EQ(p.put_chunk(1, 8, 6, text("")), pool::verdict::gap) << "an endless run of nothing";
  EXPECT_EQ(p.put_chunk(1, 8, 6, text("gh")), pool::verdict::taken);
  EXPECT_EQ(p.have(), 1U);
}

TEST(pool, chunks_sent_again_change_nothing_and_the_rest_goes_on) {
  pool p;
  EXPECT_EQ(p.put_chunk(1, 6, 0, text("ab")), pool::verdict::taken);
  EXPECT_EQ(p.put_chunk(1, 6, 2, text("cd")), pool::verdict::taken);
  EXPECT_EQ(p.begun(1), 4U);
  EXPECT_EQ(p.begun(2), 0U);
  EXPECT_EQ(p.put_chunk(1, 6, 0, text("ab")), pool::verdict::duplicate);
  EXPECT_EQ(p.begun(1), 4U);
  EXPECT_EQ(p.put_chunk(1, 6, 3, text("def")), pool::verdict::taken) << "other chunks: the new part counts";
  base::buffer out;
  ASSERT_TRUE(p.take(1, out));
  EXPECT_EQ(out.text(), "abcdef");
  EXPECT_EQ(p.bytes(), 0U);
}

TEST(pool, a_whole_payload_replaces_its_begun_chunks) {
  pool p;
  p.put_chunk(1, 4, 0, text("ab"));
  EXPECT_EQ(p.put(1, text("abcd")), pool::verdict::taken);
  EXPECT_EQ(p.bytes(), 4U);
  EXPECT_EQ(p.begun(1), 0U);
}

TEST(pool, a_lost_link_forgets_only_what_had_begun) {
  pool p;
  p.put(1, text("one"));
  p.put_chunk(2, 4, 0, text("ab"));
  p.drop_partial();
  EXPECT_EQ(p.bytes(), 3U);
  EXPECT_EQ(p.have(), 1U);
  EXPECT_EQ(p.put_chunk(2, 4, 0, text("ab")), pool::verdict::taken);
  EXPECT_EQ(p.put_chunk(2, 4, 2, text("cd")), pool::verdict::taken);
  EXPECT_EQ(p.have(), 2U);
}

TEST(pool, cut_entries_come_back_in_front) {
  pool p;
  for (sequence_t s = 1; s <= 3; ++s) p.put(s, text("x" + std::to_string(s)));
  base::buffer one, two;
  ASSERT_TRUE(p.take(1, one));
  ASSERT_TRUE(p.take(2, two));
  p.put_back(2, two);
  p.put_back(1, one);
  EXPECT_EQ(p.first(), 1U);
  EXPECT_EQ(p.have(), 3U);
  EXPECT_EQ(p.bytes(), 6U);
}

TEST(pool, what_comes_back_before_a_hole_wins) {
  pool p;
  p.put(9, text("nine"));
  p.put_back(3, text("three"));
  EXPECT_EQ(p.first(), 3U);
  EXPECT_EQ(p.have(), 3U);
  EXPECT_EQ(p.bytes(), 5U);
}

}  // namespace
}  // namespace hauberk::replica
