// Who lacks much gets no weight, however few messages that is: nobody could commit without it until it has
// them.
#include "unit/replica/trio.hpp"

namespace hauberk::replica {
namespace {

class CatchUp : public trio {
 protected:
  /// `c` is to have its weight again, and lacks these messages; what it holds is only told then.
  void lag(std::size_t count, std::size_t bytes) {
    const seat_id seat = members_[c].current().self;
    members_[a].ask(now_, 1, weight_change{seat, 0});
    run(500ms);
    is_lost_ = [](std::size_t to, const envelope& what) {
      return to == a && std::holds_alternative<held>(what.what);
    };
    members_[a].ask(now_, 2, weight_change{seat, 1});
    run(500ms);
    ASSERT_TRUE(of_c().catching_up);
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_TRUE(members_[a].broadcast(now_, {base::buffer::copy(std::string(bytes, 'x'))}));
    is_lost_ = [](std::size_t to, const envelope& what) {
      return to == c &&
             (std::holds_alternative<data>(what.what) || std::holds_alternative<fetched>(what.what));
    };
    run(500ms);
    const status is = members_[c].current();
    ASSERT_LT(is.delivered, members_[a].current().delivered);
    members_[a].handle_message(now_, ids_[c], envelope{1, held{is.epoch, is.delivered, is.delivered, 0}});
    run(500ms);
  }
  const member& of_c() const { return *members_[a].newest_view()->find(members_[c].current().self); }
};

TEST_F(CatchUp, AFewLargePayloadsAreFarAway) {
  lag(3, 1U << 20U);
  EXPECT_EQ(of_c().weight, 0);
  is_lost_ = nullptr;
  run(10s);
  EXPECT_EQ(of_c().weight, 1);
  EXPECT_EQ(members_[c].current().delivered, members_[a].current().delivered);
}

TEST_F(CatchUp, AFewSmallOnesAreNot) {
  lag(3, 16);
  EXPECT_EQ(of_c().weight, 1);
}

}  // namespace
}  // namespace hauberk::replica
