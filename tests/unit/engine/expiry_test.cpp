// The forecast: each end is told of 30, 7 and 1 day ahead and once it is there, whoever has the certificate.
#include "engine/expiry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hauberk::engine {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t day = 86400;
constexpr std::int64_t today = 20000 * day;

tls::certificate ending(std::int64_t at, const std::string& fingerprint, const std::string& serial = "") {
  tls::certificate made;
  made.subject = "CN=" + fingerprint;
  made.issuer = "CN=ca";
  made.fingerprint = fingerprint;
  made.serial = serial.empty() ? fingerprint : serial;
  made.not_after = at;
  return made;
}

replica::view members(const std::vector<std::pair<std::string, std::uint8_t>>& all) {
  replica::view made;
  for (const auto& [name, weight] : all) {
    replica::member one;
    one.name = name;
    one.weight = weight;
    made.members.push_back(one);
  }
  return made;
}

TEST(Expiry, EachStageIsToldOnce) {
  expiry watch;
  watch.set_own("db1", ending(today + 400 * day, "own"));
  watch.add(1, "db2", ending(today + 40 * day, "b"));
  std::vector<std::string> said;
  for (std::int64_t now = today; now < today + 50 * day; now += day / 4)
    for (const auto& one : watch.check(now, nullptr).lines) said.push_back(one.text);
  ASSERT_THAT(said, SizeIs(4));
  EXPECT_THAT(said[0], HasSubstr("the certificate of db2, CN=b, expires in 30 days, on "));
  EXPECT_THAT(said[1], HasSubstr("expires in 7 days"));
  EXPECT_THAT(said[2], HasSubstr("expires in 1 day,"));
  EXPECT_THAT(said[3], HasSubstr("expired on"));
}

TEST(Expiry, TheApplicationHearsOfEachWithItsDays) {
  expiry watch;
  watch.set_own("db1", ending(today + 5 * day, "own"));
  watch.add(1, "db2", ending(today - 1, "b", "01"));
  watch.add(2, "db3", ending(today + 400 * day, "c", "01"));
  tls::certificate ca = ending(today + 20 * day, "anchor");
  ca.subject = "CN=ca";
  watch.set_anchors({ca});
  const auto all = members({{"db1", 1}, {"db2", 1}, {"db3", 1}});
  std::vector<std::string> heard;
  for (const auto& one : watch.check(today, &all).lines)
    heard.push_back(one.about ? std::to_string(static_cast<int>(one.about->of)) + one.about->member + ' ' +
                                    one.about->shown + ' ' + std::to_string(one.about->days) + ' ' +
                                    std::to_string((one.about->at - today) / day)
                              : "only the log");
  EXPECT_THAT(heard, testing::UnorderedElementsAre("0db1 CN=own 7 5", "1db2 CN=b 0 0", "2 CN=ca 30 20",
                                                   "3  7 5", "only the log"));
}

TEST(Expiry, OurOwnCountsAndANewOneIsNewNews) {
  expiry watch;
  watch.set_own("db1", ending(today + 5 * day, "old"));
  const auto first = watch.check(today, nullptr);
  ASSERT_THAT(first.lines, SizeIs(1));
  EXPECT_THAT(first.lines[0].text, HasSubstr("our own certificate CN=old, expires in 5 days"));
  EXPECT_EQ(first.own, today + 5 * day);
  watch.set_own("db1", ending(today + 20 * day, "new"));
  EXPECT_THAT(watch.check(today, nullptr).lines, SizeIs(1));
  EXPECT_THAT(watch.check(today, nullptr).lines, IsEmpty());
}

TEST(Expiry, TheLinkOfAPeerWhoseCertificateIsOverIsNamedOnce) {
  expiry watch;
  watch.set_own("db1", ending(today + 400 * day, "own"));
  watch.add(7, "db2", ending(today, "b"));
  watch.add(8, "db3", ending(today + 100 * day, "c"));
  EXPECT_THAT(watch.check(today, nullptr).over, IsEmpty()) << "the last second counts";
  const auto over = watch.check(today + 1, nullptr);
  ASSERT_THAT(over.over, SizeIs(1));
  EXPECT_EQ(over.over[0].id, 7U);
  EXPECT_THAT(over.over[0].text, HasSubstr("certificate CN=b expired on"));
  EXPECT_EQ(over.peers, today);
  EXPECT_THAT(watch.check(today + 2, nullptr).over, IsEmpty());
  watch.remove(7);
  EXPECT_EQ(watch.check(today + 3, nullptr).peers, today + 100 * day);
}

TEST(Expiry, TheDayOnWhichTheQuorumIsLost) {
  expiry watch;
  watch.set_own("db1", ending(today + 10 * day, "a"));
  watch.add(1, "db2", ending(today + 20 * day, "b"));
  watch.add(2, "db3", ending(today + 300 * day, "c"));
  const auto even = members({{"db1", 1}, {"db2", 1}, {"db3", 1}});
  const auto found = watch.check(today, &even);
  EXPECT_EQ(found.quorum, today + 20 * day);
  EXPECT_THAT(found.lines.back().text, HasSubstr("the group loses its quorum on"));
  const auto heavy = members({{"db1", 3}, {"db2", 1}, {"db3", 1}, {"db4", 0}});
  EXPECT_EQ(watch.check(today, &heavy).quorum, today + 10 * day);
  const auto safe = members({{"db1", 1}, {"db2", 1}, {"db4", 2}, {"db5", 1}});
  EXPECT_EQ(watch.check(today, &safe).quorum, 0) << "those that are not known are taken to stay";
}

TEST(Expiry, CertificatesOfOneSerialCannotBeRevokedAlone) {
  expiry watch;
  watch.set_own("db1", ending(today + 400 * day, "a", "01"));
  watch.add(1, "db2", ending(today + 400 * day, "b", "01"));
  watch.add(2, "db3", ending(today + 400 * day, "c", "01"));
  watch.add(3, "db1", ending(today + 400 * day, "a", "01"));  // a second link is no second certificate
  const auto found = watch.check(today, nullptr);
  ASSERT_THAT(found.lines, SizeIs(1));
  EXPECT_THAT(
      found.lines[0].text,
      HasSubstr("the certificates of db1 and db2 have one serial, 01 of CN=ca: a revocation list cannot"));
  EXPECT_THAT(watch.check(today, nullptr).lines, IsEmpty());
}

TEST(Expiry, APlaintextGroupHasNothingToTell) {
  expiry watch;
  EXPECT_THAT(watch.check(today, nullptr).lines, IsEmpty());
}

TEST(Expiry, TheAnchorThatSignedCountsToo) {
  expiry watch;
  watch.set_own("db1", ending(today + 400 * day, "own"));
  watch.add(1, "db2", ending(today + 400 * day, "b"));
  tls::certificate ca = ending(today + 40 * day, "anchor"), unused = ending(today + 2 * day, "old");
  ca.subject = "CN=ca";
  unused.subject = "CN=old-ca";
  watch.set_anchors({unused, ca});
  const replica::view all = members({{"db1", 1}, {"db2", 1}});
  auto found = watch.check(today, &all);
  EXPECT_THAT(found.lines, IsEmpty());
  EXPECT_EQ(found.anchors, today + 40 * day);
  EXPECT_EQ(found.quorum, today + 40 * day) << "by then no certificate chains to anything";
  found = watch.check(today + 15 * day, &all);
  ASSERT_THAT(found.lines, SizeIs(2));
  EXPECT_THAT(found.lines[0].text, HasSubstr("the trust anchor CN=ca in socket.ssl_ca expires in 25 days"));
  EXPECT_THAT(found.lines[1].text, HasSubstr("loses its quorum"));
  EXPECT_THAT(watch.check(today + 41 * day, nullptr).lines[0].text,
              HasSubstr("CN=ca in socket.ssl_ca expired on"));
  tls::certificate next = ca;  // the same name, made anew: what the old one signed goes on to be good
  next.fingerprint = "next";
  next.not_after = today + 4000 * day;
  watch.set_anchors({unused, ca, next});
  EXPECT_THAT(watch.check(today + 41 * day, &all).lines, IsEmpty());
  EXPECT_EQ(watch.check(today, &all).anchors, today + 4000 * day);
}

}  // namespace
}  // namespace hauberk::engine
