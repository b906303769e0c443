// When a disputed link is worth a line, and how many lines a peer may cause.
#include "engine/disputes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/few_lines.hpp"

namespace hauberk::engine {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

uuid process(int number) {
  uuid made;
  made.bytes[0] = static_cast<std::uint8_t>(number);
  return made;
}

/// Members db2, db1 and db3, in that order, all linked; db3 tells this of its link with db1.
link_knowledge_ptr known(const std::string& cipher) {
  auto made = std::make_shared<link_knowledge>();
  for (const int from : {1, 2, 3}) {
    auto row = std::make_shared<mesh::link_report>();
    for (const int to : {1, 2, 3}) {
      const bool is_lie = from == 3 && to == 1;
      if (from != to)
        row->mine.push_back({process(to), "TLSv1.3", is_lie ? cipher : "C", "X25519", "p", "", 1});
    }
    made->told.emplace(process(from), std::move(row));
  }
  return made;
}

replica::view_ptr members() {
  auto made = std::make_shared<replica::view>();
  for (const int number : {2, 1, 3}) {
    replica::member one;
    one.seat.process = process(number);
    one.name = "db" + std::to_string(number);
    made->members.push_back(one);
  }
  return made;
}

constexpr base::time_point start = base::time_point{} + 1h;

TEST(Disputes, OneThatLastsIsToldOnce) {
  disputes all;
  const auto view = members();
  EXPECT_THAT(all.check(start, known("C"), view), IsEmpty());
  EXPECT_EQ(all.next_deadline(), base::never);
  const auto lie = known("NULL\n");
  EXPECT_THAT(all.check(start, lie, view), IsEmpty());
  EXPECT_EQ(all.next_deadline(), start + 10s);
  EXPECT_THAT(all.check(start + 9s, known("another"), view), IsEmpty()) << "still the same dispute";
  EXPECT_THAT(all.check(start + 10s, lie, view),
              ElementsAre(AllOf(HasSubstr("between db1 and db3 is disputed for 10 s"),
                                HasSubstr("db1 says TLSv1.3 C X25519, policy p"),
                                HasSubstr("db3 says TLSv1.3 NULL? X25519, policy p"))));
  EXPECT_EQ(all.next_deadline(), base::never);
  EXPECT_THAT(all.check(start + 30s, known("third"), view), IsEmpty());
}

TEST(Disputes, OneThatEndsBeginsAnew) {
  disputes all;
  const auto view = members();
  EXPECT_THAT(all.check(start, known("D"), view), IsEmpty());
  EXPECT_THAT(all.check(start + 9s, known("C"), view), IsEmpty());
  EXPECT_THAT(all.check(start + 11s, known("D"), view), IsEmpty());
  EXPECT_EQ(all.next_deadline(), start + 21s);
  EXPECT_THAT(all.check(start + 21s, known("D"), view), SizeIs(1));
  EXPECT_THAT(all.check(start + 22s, known("C"), view), IsEmpty());
  EXPECT_THAT(all.check(start + 23s, known("D"), view), IsEmpty());
  EXPECT_THAT(all.check(start + 33s, known("D"), view), SizeIs(1)) << "it had ended in between";
}

TEST(Disputes, WhoIsNoMemberHasNone) {
  disputes all;
  const auto lie = known("D");
  auto alone = std::make_shared<replica::view>(*members());
  std::erase_if(alone->members, [](const replica::member& one) { return one.name == "db3"; });
  EXPECT_THAT(all.check(start, lie, nullptr), IsEmpty());
  EXPECT_THAT(all.check(start, lie, alone), IsEmpty());
  EXPECT_EQ(all.next_deadline(), base::never);
}

TEST(FewLines, CountsWhatItLeavesOut) {
  std::vector<std::string> log;
  const base::logger sink([&](base::level, std::string_view line) { log.emplace_back(line); });
  few_lines quota("were left out");
  for (int i = 0; i < 15; ++i) quota.say(start, sink, base::level::warning, "line " + std::to_string(i));
  ASSERT_THAT(log, SizeIs(10));
  EXPECT_EQ(log.back(), "line 9");
  quota.say(start + 10s, sink, base::level::warning, "later");
  ASSERT_THAT(log, SizeIs(12));
  EXPECT_EQ(log[10], "5 more were left out");
  EXPECT_EQ(log[11], "later");
  quota.say(start + 30s, sink, base::level::warning, "much later");
  EXPECT_EQ(log.back(), "much later") << "nothing was left out since";
  EXPECT_THAT(log, SizeIs(13));
}

}  // namespace
}  // namespace hauberk::engine
