// A group that died goes on upon what its processes say of themselves, in whatever order that comes.
#include <optional>

#include "unit/replica/trio.hpp"

namespace hauberk::replica {
namespace {

class Reform : public trio {
 protected:
  /// `b` and `c` die, and come back as new processes with what their files and applications kept.
  void restart_two() {
    base::random chance(2);
    const recovered_position kept{members_[a].current().history, members_[a].current().delivered};
    const view_ptr last = outline_of(*members_[a].current_view());
    for (const std::size_t i : {b, c}) {
      members_[a].handle_link_down(now_, ids_[i]);
      identity who;
      who.process = chance.id();
      who.name = std::string(1, static_cast<char>('a' + i));
      who.address = who.name + ":4567";
      who.past.seats = {members_[i].current().self};
      who.past.decided = last;
      ids_[i] = who.process;
      members_[i] = replica(settings(), who, chance.next(), base::logger());
      members_[i].join_group(now_, kept);
    }
    for (const auto& [i, j] : {std::pair(a, b), std::pair(a, c), std::pair(b, c)}) {
      members_[i].handle_link_up(now_, ids_[j], std::string(1, static_cast<char>('a' + j)));
      members_[j].handle_link_up(now_, ids_[i], std::string(1, static_cast<char>('a' + i)));
    }
  }
};

TEST_F(Reform, what_was_claimed_before_may_come_after) {
  restart_two();
  std::optional<claim> said;  // by `a`, who is to found, to `b`
  is_lost_ = [&](std::size_t to, const envelope& what) {
    const auto* m = std::get_if<claim>(&what.what);
    const bool is_it = to == b && m != nullptr && m->is_alive;
    if (is_it) said = *m;
    return is_it;
  };
  run(3s);
  ASSERT_TRUE(said);
  ASSERT_FALSE(members_[a].current().primary) << "without the promise of all";
  is_lost_ = nullptr;
  claim older = *said;
  --older.version;
  members_[b].handle_message(now_, ids_[a], envelope{1, *said});
  members_[b].handle_message(now_, ids_[a], envelope{1, older});
  run(5s);
  for (const auto& each : members_) {
    EXPECT_TRUE(each.current().primary);
    EXPECT_EQ(each.current_view()->total_weight(), 3U);
  }
}

}  // namespace
}  // namespace hauberk::replica
