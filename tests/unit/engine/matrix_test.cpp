// The link matrix: who may tell what, how two ends are compared, and what is told on when.
#include "engine/matrix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace hauberk::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

uuid process(int number) {
  uuid made;
  made.bytes[0] = static_cast<std::uint8_t>(number);
  made.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return made;
}

mesh::told_link with(int number, const std::string& cipher = "C", const std::string& group = "X25519") {
  return {process(number), "TLSv1.3", cipher, group, "policy", "", 1};
}

std::optional<tls::certificate> of(const std::string& name) {
  tls::certificate made;
  made.subject = "CN=" + name;
  made.fingerprint = name + "-print";
  return made;
}

replica::view view_of(int members) {
  replica::view made;
  for (int i = 1; i <= members; ++i) {
    replica::member one;
    one.seat.process = process(i);
    made.members.push_back(one);
  }
  return made;
}

base::time_point at(base::duration since) { return base::time_point{} + 1h + since; }

/// Node 1 with links to 2 and 3, as connections 12 and 13.
class Matrix : public testing::Test {
 protected:
  Matrix() {
    const auto own = of("db1");
    matrix_.set_own(process(1), &*own);
    for (const int peer : {2, 3}) {
      matrix_.add(static_cast<net::connection_id>(10 + peer), with(peer), of("db" + std::to_string(peer)));
      matrix_.use(process(peer), static_cast<net::connection_id>(10 + peer));
    }
  }
  void hear(int from, std::vector<mesh::told_link> rows) {
    matrix_.hear(process(from), {std::move(rows)}, &members_);
  }
  /// "12 agreed" and so on, for each pair of the three.
  std::vector<std::string> words() {
    static constexpr std::array<const char*, 4> how = {"missing", "alone", "agreed", "disputed"};
    std::vector<std::string> made;
    for (const link_cell& one : cells_of(*matrix_.known(), {process(1), process(2), process(3)}))
      made.push_back(std::to_string(one.from + 1) + std::to_string(one.to + 1) + ' ' +
                     how[static_cast<std::size_t>(one.how)]);
    return made;
  }

  matrix matrix_;
  replica::view members_ = view_of(3);
};

TEST_F(Matrix, IsWholeOnceAllHaveTold) {
  EXPECT_THAT(words(),
              ElementsAre("12 alone", "13 alone", "21 missing", "23 missing", "31 missing", "32 missing"));
  hear(2, {with(1), with(3)});
  EXPECT_THAT(words(),
              ElementsAre("12 agreed", "13 alone", "21 agreed", "23 alone", "31 missing", "32 missing"));
  hear(3, {with(1), with(2)});
  EXPECT_THAT(words(),
              ElementsAre("12 agreed", "13 agreed", "21 agreed", "23 agreed", "31 agreed", "32 agreed"));
  const auto known = matrix_.known();
  EXPECT_EQ(known, matrix_.known()) << "made once";
  EXPECT_EQ(known->certified.at(process(1))->subject, "CN=db1");
  EXPECT_EQ(known->certified.at(process(3))->subject, "CN=db3");
  EXPECT_EQ(known->told.at(process(1))->mine[0].fingerprint, "db2-print");
}

TEST_F(Matrix, EndsThatDifferAreMarked) {
  hear(2, {with(1, "other"), with(3)});
  hear(3, {with(1, "C", ""), {process(2), "", "", "", "policy", "", 1}});
  EXPECT_THAT(words(), ElementsAre("12 disputed", "13 agreed", "21 disputed", "23 disputed", "31 agreed",
                                   "32 disputed"))
      << "who does not know the group says nothing about it, who says plaintext does";
  mesh::told_link old = with(1);
  old.policy = "old";
  hear(2, {old});
  EXPECT_EQ(words()[0], "12 disputed");
}

TEST_F(Matrix, OnlyWhoIsLinkedIsHeardAndOnlyOfItself) {
  hear(4, {with(1), with(2)});
  EXPECT_FALSE(matrix_.known()->told.contains(process(4)));
  hear(2, {with(1), with(2), with(1, "again"), {}});
  EXPECT_THAT(matrix_.known()->told.at(process(2))->mine, ElementsAre(with(1)));
  hear(1, {with(2, "mine")});
  EXPECT_EQ(matrix_.known()->told.at(process(1))->mine[0].cipher, "C");
}

TEST_F(Matrix, FollowsTheLinkInUse) {
  hear(2, {with(1), with(3)});
  matrix_.add(22, with(2, "D"), of("db2-new"));
  EXPECT_EQ(matrix_.known()->certified.at(process(2))->subject, "CN=db2") << "not in use yet";
  matrix_.leave(process(2));
  matrix_.use(process(2), 22);
  matrix_.tidy();
  EXPECT_EQ(matrix_.known()->certified.at(process(2))->subject, "CN=db2-new");
  EXPECT_EQ(words()[0], "12 disputed") << "until the other end tells the new one, too";
  hear(2, {with(1, "D"), with(3)});
  EXPECT_EQ(words()[0], "12 agreed");
  matrix_.remove(12);
  EXPECT_EQ(words()[0], "12 agreed");
  matrix_.leave(process(2));
  matrix_.tidy();
  EXPECT_THAT(words(),
              ElementsAre("12 missing", "13 alone", "21 missing", "23 missing", "31 missing", "32 missing"));
  EXPECT_FALSE(matrix_.known()->certified.contains(process(2)));
}

TEST_F(Matrix, APlaintextGroupHasNoCertificates) {
  matrix_.set_own(process(1), nullptr);
  matrix_.add(22, {process(2), "", "", "", "policy", "", 1}, std::nullopt);
  matrix_.use(process(2), 22);
  EXPECT_FALSE(matrix_.known()->certified.contains(process(1)));
  EXPECT_FALSE(matrix_.known()->certified.contains(process(2)));
  hear(2, {{process(1), "", "", "", "policy", "", 7}});
  EXPECT_EQ(words()[0], "12 agreed");
}

TEST_F(Matrix, ChangesAreToldSoonAndNotAllTheTime) {
  auto told = matrix_.next_report(at(0ms), &members_);
  ASSERT_TRUE(told);
  EXPECT_THAT(told->mine, SizeIs(2));
  EXPECT_THAT(matrix_.peers(), ElementsAre(process(2), process(3)));
  EXPECT_EQ(matrix_.next_deadline(), base::never);
  EXPECT_FALSE(matrix_.next_report(at(1ms), &members_)) << "nothing has changed";
  hear(2, {with(1)});
  EXPECT_FALSE(matrix_.next_report(at(2ms), &members_)) << "what others tell is not told on";
  matrix_.leave(process(3));
  EXPECT_FALSE(matrix_.next_report(at(3ms), &members_));
  EXPECT_EQ(matrix_.next_deadline(), at(100ms));
  told = matrix_.next_report(at(100ms), &members_);
  ASSERT_TRUE(told);
  EXPECT_THAT(told->mine, SizeIs(1));
  matrix_.leave(process(3));
  EXPECT_FALSE(matrix_.next_report(at(1s), &members_)) << "it had no link";
  matrix_.leave(process(2));
  told = matrix_.next_report(at(2s), &members_);
  ASSERT_TRUE(told);
  EXPECT_THAT(told->mine, IsEmpty());
}

TEST_F(Matrix, MembersGoFirstWhereThereAreTooMany) {
  constexpr int many = static_cast<int>(base::limits::members_max) + 40;
  for (int i = 2; i <= many; ++i) {
    matrix_.add(static_cast<net::connection_id>(1000 + i), with(i), std::nullopt);
    matrix_.use(process(i), static_cast<net::connection_id>(1000 + i));
  }
  replica::view members;
  for (int i = many - 20; i <= many; ++i) {
    replica::member one;
    one.seat.process = process(i);
    members.members.push_back(one);
  }
  for (int i = 2; i <= many; ++i) matrix_.hear(process(i), {{with(1)}}, &members);
  const auto known = matrix_.known();
  EXPECT_EQ(known->told.size(), base::limits::members_max + 1) << "ours is one more";
  const auto row = matrix_.next_report(at(0ms), &members);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->mine.size(), base::limits::members_max);
  for (const replica::member& one : members.members) {
    EXPECT_TRUE(known->told.contains(one.seat.process));
    EXPECT_EQ(std::ranges::count(row->mine, one.seat.process, &mesh::told_link::process), 1);
  }
}

}  // namespace
}  // namespace hauberk::engine
