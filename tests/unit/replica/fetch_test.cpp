// A slow link is not filled with copies: what is queued for it already is not sent again when it is asked for
// again, and nobody asks a sender for what that one is about to bring.
#include "unit/replica/trio.hpp"

namespace hauberk::replica {
namespace {

class Fetch : public trio {
 protected:
  /// `a` broadcasts so many, and nothing bulky gets to `b`: it is still queued. Returns where the first
  /// stands.
  position_t queue(std::size_t count) {
    is_lost_ = [this](std::size_t to, const envelope& what) {
      if (const auto* asked = std::get_if<fetch>(&what.what)) asked_.push_back(*asked);
      const auto* served = std::get_if<fetched>(&what.what);
      if (to == b && served != nullptr) {
        for (std::size_t i = 0; i < served->payloads.size(); ++i) served_.push_back(served->first + i);
      }
      return to == b && (served != nullptr || std::holds_alternative<data>(what.what));
    };
    const position_t first = members_[a].current().log_end + 1;
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_TRUE(members_[a].broadcast(now_, {base::buffer::copy(std::string(100, 'x'))}));
    settle();
    EXPECT_EQ(members_[b].current().log_end, first + count - 1);
    EXPECT_EQ(members_[b].current().held, first - 1);
    return first;
  }
  std::vector<position_t> served_for(position_t first, position_t last) {
    served_.clear();
    members_[a].handle_message(now_, ids_[b],
                               envelope{1, fetch{members_[a].current().epoch, first, last, 0}});
    settle();
    return served_;
  }

  std::vector<fetch> asked_;
  std::vector<position_t> served_;  ///< by `a`, to `b`
};

TEST_F(Fetch, WhatIsQueuedIsNotSentAgain) {
  const position_t at = queue(4);
  EXPECT_EQ(served_for(at, at + 1), (std::vector{at, at + 1}));
  EXPECT_EQ(served_for(at, at + 3), (std::vector{at + 2, at + 3}));
  EXPECT_TRUE(served_for(at + 1, at + 3).empty());
}

TEST_F(Fetch, WhatWasWrittenIsSentAgain) {
  const position_t at = queue(4);
  EXPECT_EQ(served_for(at, at + 1), (std::vector{at, at + 1}));
  members_[a].handle_written(now_, ids_[b], 1U << 20U);
  EXPECT_EQ(served_for(at, at + 3), (std::vector{at, at + 1, at + 2, at + 3}));
}

TEST_F(Fetch, WhatIsBeforeWhatIsQueuedIsSent) {
  const position_t at = queue(4);
  EXPECT_EQ(served_for(at + 2, at + 3), (std::vector{at + 2, at + 3}));
  EXPECT_EQ(served_for(at, at + 1), (std::vector{at, at + 1}));
}

TEST_F(Fetch, ASenderThatServesIsNotAskedForItsOwn) {
  members_[b].handle_link_down(now_, ids_[c]);
  members_[c].handle_link_down(now_, ids_[b]);
  queue(2);
  for (int i = 0; i < 30; ++i) {  // what it asked for before comes slowly, and its own broadcasts behind that
    members_[b].handle_message(
        now_, ids_[a], envelope{1, fetched{members_[b].current().epoch, 1, 0, 0, {base::buffer::copy("x")}}});
    run(100ms);
  }
  EXPECT_TRUE(asked_.empty());
  run(1s);
  EXPECT_FALSE(asked_.empty());  // it brings nothing any more
}

}  // namespace
}  // namespace hauberk::replica
