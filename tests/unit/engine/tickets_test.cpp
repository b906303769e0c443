#include "engine/tickets.hpp"

#include <gtest/gtest.h>

namespace hauberk::engine {
namespace {

TEST(TicketRanges, TranslatesAcrossRefusals) {
  ticket_ranges ranges;
  ranges.note(1, 1);   // replica 1..3 are ours 1..3
  ranges.note(4, 9);   // ours 4..8 were refused
  ranges.note(6, 11);  // goes on without a gap
  ranges.note(8, 20);
  EXPECT_EQ(ranges.translate(1), 1U);
  EXPECT_EQ(ranges.translate(3), 3U);
  EXPECT_EQ(ranges.translate(4), 9U);
  EXPECT_EQ(ranges.translate(7), 12U);
  EXPECT_EQ(ranges.translate(8), 20U);
  EXPECT_EQ(ranges.translate(1000), 1012U);
}

TEST(TicketRanges, StaysBoundedUnderEndlessRefusals) {
  ticket_ranges ranges;
  for (std::uint64_t i = 1; i <= 100000; ++i) ranges.note(i, 2 * i);
  EXPECT_EQ(ranges.translate(100000), 200000U);
  EXPECT_EQ(ranges.translate(99000), 198000U);
}

TEST(TicketRangesDeathTest, UnknownTicketsAreOurBug) {
  ticket_ranges ranges;
  ranges.note(5, 5);
  EXPECT_DEATH((void)ranges.translate(4), "handed to it");
}

}  // namespace
}  // namespace hauberk::engine
