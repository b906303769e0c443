// A process that has a link with members, as one that may join has, and is none itself: what it says of the
// group is not believed.
#include "unit/replica/trio.hpp"

namespace hauberk::replica {
namespace {

class stranger : public trio {
 protected:
  stranger() {
    who_.bytes.fill(9);
    for (const std::size_t i : {a, b, c}) members_[i].handle_link_up(now_, who_, "x");
    settle();
    history_ = members_[a].current().history;
  }
  /// As one of this history, or nobody would listen.
  void say(std::size_t to, body what) {
    members_[to].handle_message(now_, who_, envelope{1, beat{++beats_, 0, 1, history_, 2, {}, 0, 0, false}});
    members_[to].handle_message(now_, who_, envelope{1, std::move(what)});
    members_[to].flush(now_);
  }

  uuid who_, history_;
  std::uint64_t beats_ = 0;
};

TEST_F(stranger, does_not_say_what_is_committed) {
  const position_t before = members_[a].current().committed;
  ASSERT_TRUE(members_[a].broadcast(now_, {base::buffer::copy("alone")}));
  members_[a].flush(now_);  // nobody else has heard of it
  ASSERT_GT(members_[a].current().held, before);
  say(a, held{1, 1, 1U << 30U, 1U << 30U});
  say(a, held{0, 1U << 30U, 1U << 30U, 1U << 30U});
  EXPECT_EQ(members_[a].current().committed, before);
}

TEST_F(stranger, ends_no_epoch) {
  const epoch_t before = members_[b].current().epoch;
  const auto end = now_ + 3s;
  for (; now_ < end; now_ += 10ms) {  // the leader is not heard any more, and the others find another
    for (const std::size_t i : {b, c}) {
      members_[i].handle_time(now_);
      say(i, vote{~epoch_t{0} - 1, false, false});
      say(i, vote{before + 1, true, true});
      say(i, vote{before + 1, false, true});
    }
    settle({b, c});
  }
  EXPECT_LT(members_[b].current().epoch, before + 10);
  EXPECT_EQ(members_[b].current().leader, members_[c].current().leader);
  EXPECT_NE(members_[b].current().leader, ids_[a]);
  EXPECT_TRUE(members_[b].current().primary);
  EXPECT_TRUE(members_[c].current().primary);
}

}  // namespace
}  // namespace hauberk::replica
