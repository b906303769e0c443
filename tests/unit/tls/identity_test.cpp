// The rules of socket.ssl_identity beyond the names: lists and pins, their spellings, and what they say.
#include "tls/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

certificate named(std::vector<std::string> names, const std::string& fingerprint = {}) {
  certificate made;
  made.subject = "CN=whoever";
  made.names = std::move(names);
  made.fingerprint = fingerprint;
  return made;
}

identity_rule rule(const std::string& text) {
  auto read = read_identity(text);
  if (!read) ADD_FAILURE() << read.error().text;
  return read ? *read : identity_rule{};
}

TEST(Identity, SpellingsOfOneRuleAreOnePolicy) {
  EXPECT_EQ(rule("").text(true), "name");
  EXPECT_EQ(rule("").text(false), "ca");
  EXPECT_EQ(rule("ca").names, std::optional(false));
  EXPECT_EQ(rule("list: DB2 ,db1,db2,spiffe://G/x").text(true), "list:db1,db2,spiffe://G/x");
  const std::string digits(64, 'a'), other(64, '1');
  std::string colons;
  for (int i = 0; i < 32; ++i) colons += i == 0 ? "AA" : ":AA";
  EXPECT_THAT(rule("pin:" + colons + "," + other + "," + digits).pins, ElementsAre(other, digits));
}

TEST(Identity, AListNarrowsWhatTheNamesAllow) {
  const identity_rule listed = rule("list:db1,DB2,spiffe://g/db3");
  EXPECT_EQ(mismatch(listed, true, named({"db2"}), "db2"), "");
  EXPECT_EQ(mismatch(listed, true, named({"db3", "spiffe://g/db3"}), "db3"), "");
  EXPECT_THAT(mismatch(listed, true, named({"spiffe://G/db3"}), "spiffe://G/db3"),
              HasSubstr("expected one of"));
  EXPECT_THAT(
      mismatch(listed, true, named({"db9"}), "db9"),
      HasSubstr("CN=whoever of \"db9\" names \"db9\": expected one of socket.ssl_identity=list: \"db1\""));
  EXPECT_THAT(mismatch(listed, true, named({"db1"}), "db2"), HasSubstr("calls itself \"db2\""))
      << "a listed certificate speaks for its own name only";
  EXPECT_EQ(mismatch(listed, false, named({"db1"}), "db7"), "") << "a shared pair names nobody";
}

TEST(Identity, APinIsTheCertificateItself) {
  const std::string in(64, 'a'), out(64, 'b');
  const identity_rule pinned = rule("pin:" + in);
  EXPECT_EQ(mismatch(pinned, true, named({"db1"}, in), "db1"), "");
  EXPECT_THAT(mismatch(pinned, true, named({"db1"}, out), "db1"),
              testing::AllOf(HasSubstr(out), HasSubstr("expected one of the 1 in socket.ssl_identity=pin:")));
  EXPECT_THAT(mismatch(pinned, true, named({"db1"}, in), "db2"), HasSubstr("calls itself"));
}

TEST(Identity, BadRulesSayWhatIsExpected) {
  const struct {
    std::string text;
    const char* expected;
  } cases[] = {{"dns", "name, ca, list:NAME,… or pin:SHA256,…"},
               {"list:", "at least one entry"},
               {"list:a,,b", "names or URIs"},
               {"list:a\nb", "names or URIs"},
               {"list:*.example.org", "without wildcards"},
               {"list:" + std::string(256, 'x'), "names or URIs"},
               {"pin:", "at least one entry"},
               {"pin:abc", "64 hexadecimal digits"},
               {"pin:" + std::string(64, 'g'), "64 hexadecimal digits"}};
  for (const auto& one : cases) {
    const auto read = read_identity(one.text);
    ASSERT_FALSE(read) << one.text;
    EXPECT_EQ(read.error().code, errc::bad_option);
    EXPECT_THAT(read.error().text,
                testing::AllOf(HasSubstr("socket.ssl_identity: "), HasSubstr(one.expected)));
  }
  std::string many = "list:a";
  for (int i = 0; i < 1024; ++i) many += ",n" + std::to_string(i);
  EXPECT_FALSE(read_identity(many));
}

}  // namespace
}  // namespace hauberk::tls
