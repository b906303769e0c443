// Whom a group of one admits.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "base/random.hpp"
#include "replica/replica.hpp"

namespace hauberk::replica {
namespace {

using namespace std::chrono_literals;

class Joiner : public testing::Test {
 protected:
  Joiner() {
    base::random chance(1);
    for (replica* const one : {&member_, &joiner_}) {
      identity who;
      who.process = chance.id();
      who.name = one == &member_ ? "a" : "b";
      who.address = who.name + ":4567";
      *one = replica(settings(), who, chance.next(), base::logger());
    }
    member_.bootstrap(now_, chance.id(), {});
    joiner_.join_group(now_, {});
    member_.handle_link_up(now_, id_of(joiner_), "b");
    joiner_.handle_link_up(now_, id_of(member_), "a");
  }
  static uuid id_of(const replica& one) { return one.current().self.process; }

  /// What `from` has to say goes to `to`, or stays on its way.
  void carry(replica& from, replica& to, std::deque<envelope>* under_way = nullptr) {
    from.flush(now_);
    while (from.next_event(now_)) continue;
    while (auto what = from.next_effect()) {
      const auto* out = std::get_if<send>(&*what);
      if (out == nullptr) continue;
      if (under_way != nullptr) {
        under_way->push_back(*out->message);
      } else {
        to.handle_message(now_, id_of(from), *out->message);
      }
    }
  }
  void run(base::duration span, std::deque<envelope>* under_way) {
    for (const auto end = now_ + span; now_ < end; now_ += 10ms) {
      for (replica* const one : {&member_, &joiner_}) one->handle_time(now_);
      carry(member_, joiner_);
      carry(joiner_, member_, under_way);
    }
  }
  std::size_t members() { return member_.newest_view()->members.size(); }

  base::time_point now_{1h};
  replica member_{settings(), {}, 1, base::logger()}, joiner_{settings(), {}, 2, base::logger()};
};

TEST_F(Joiner, WhoAskedLongAgoIsNotAdmittedForThat) {
  std::deque<envelope> late;
  run(500ms, &late);  // the joiner dies then, and its last words stay on their way
  ASSERT_TRUE(
      std::ranges::any_of(late, [](const envelope& e) { return std::holds_alternative<join>(e.what); }));
  const uuid joiner = id_of(joiner_);
  for (const auto end = now_ + 10s; now_ < end; now_ += 10ms) member_.handle_time(now_);
  for (const envelope& each : late) member_.handle_message(now_, joiner, each);
  carry(member_, joiner_);
  EXPECT_EQ(members(), 1U);
}

TEST_F(Joiner, WhoAsksNowIs) {
  run(500ms, nullptr);
  EXPECT_EQ(members(), 2U);
}

// In the history that it comes from the member's seat may have been removed: such a seat nobody echoes.
TEST_F(Joiner, WhoHearsTheMemberAndDoesNotEchoItIs) {
  std::deque<envelope> said;
  const auto asks_from = now_ + settings().inactive_timeout + 1s;
  for (const auto end = asks_from + 2s; now_ < end; now_ += 10ms) {
    for (replica* const one : {&member_, &joiner_}) one->handle_time(now_);
    carry(member_, joiner_);
    carry(joiner_, member_, &said);
    for (envelope& each : said) {
      if (now_ < asks_from && std::holds_alternative<join>(each.what)) continue;
      if (beat* const one = std::get_if<beat>(&each.what)) one->echo = 0;
      member_.handle_message(now_, id_of(joiner_), each);
    }
    said.clear();
  }
  EXPECT_EQ(members(), 2U);
}

}  // namespace
}  // namespace hauberk::replica
