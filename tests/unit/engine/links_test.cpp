#include "engine/links.hpp"

#include <gtest/gtest.h>

namespace hauberk::engine {
namespace {

uuid process(std::uint8_t n) {
  uuid made;
  made.bytes[0] = n;
  return made;
}

std::shared_ptr<const wire::encoded> frame(std::size_t bytes, bool is_bulk) {
  auto made = std::make_shared<wire::encoded>();
  made->bytes = bytes;
  made->is_bulk = is_bulk;
  return made;
}

TEST(Links, KnowsBothWays) {
  links all;
  all.add(process(1), 10);
  all.add(process(2), 20);
  EXPECT_EQ(all.connection_of(process(2)), 20U);
  EXPECT_EQ(all.process_of(10), process(1));
  all.remove(process(1));
  EXPECT_FALSE(all.connection_of(process(1)));
  EXPECT_FALSE(all.process_of(10));
  EXPECT_EQ(all.size(), 1U);
}

TEST(Links, GivesBackExactlyTheCreditThatWasGiven) {
  links all;
  all.add(process(1), 10);
  all.queue(process(1), frame(700, true), 0, 1000);  // compressed: fewer bytes than credit
  all.queue(process(1), frame(50, false), 1, 0);     // control is not reported
  all.queue(process(1), frame(300, true), 0, 290);
  EXPECT_EQ(all.written(10, 699), 0U);
  EXPECT_EQ(all.written(10, 1), 1000U);
  EXPECT_EQ(all.written(10, 300), 290U);
  EXPECT_EQ(all.written(10, 0), 0U);
}

TEST(Links, GivesBackSeveralFramesAtOnceAndEachLinkItsOwn) {
  links all;
  all.add(process(1), 10);
  all.add(process(2), 20);
  const auto shared = frame(100, true);
  for (int i = 0; i < 3; ++i) {
    all.queue(process(1), shared, 0, 90);
    all.queue(process(2), shared, 0, 90);
  }
  EXPECT_EQ(all.written(10, 250), 180U);
  EXPECT_EQ(all.written(20, 300), 270U);
  EXPECT_EQ(all.written(10, 50), 90U);
}

TEST(Links, ReportsOfAnOldLinkMeanNothing) {
  links all;
  all.add(process(1), 10);
  all.queue(process(1), frame(100, true), 0, 90);
  all.remove(process(1));
  all.add(process(1), 11);
  EXPECT_EQ(all.written(10, 100), 0U);
  EXPECT_EQ(all.written(11, 100), 0U);
  all.queue(process(3), frame(100, true), 0, 90);  // no link: dropped
  EXPECT_EQ(all.connections(), std::vector<net::connection_id>{11});
}

}  // namespace
}  // namespace hauberk::engine
