// The grammar of options: what is read, and what is refused with which words.
#include "base/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hauberk::base::options {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

using pairs = std::vector<std::pair<std::string, std::string>>;

pairs parsed(std::string_view text) {
  const auto read = parse(text);
  if (!read) {
    ADD_FAILURE() << read.error().text;
    return {};
  }
  pairs found;
  for (const auto& one : *read) found.emplace_back(one.key, one.value);
  return found;
}

TEST(OptionsGrammar, Pairs) {
  const struct {
    std::string_view text;
    pairs expected;
  } cases[] = {
      {"", {}},
      {" ; ;\n;\t", {}},
      {"a=1", {{"a", "1"}}},
      {"a=1;b=2;", {{"a", "1"}, {"b", "2"}}},
      {"  a.b-c_D =  x y  ;b = ", {{"a.b-c_D", "x y"}, {"b", ""}}},
      {"a=1;a=2", {{"a", "1"}, {"a", "2"}}},
      {"a=b=c", {{"a", "b=c"}}},
      {R"(a="x; y = #z" ;b=2)", {{"a", "x; y = #z"}, {"b", "2"}}},
      {R"(a="  kept  ")", {{"a", "  kept  "}}},
      {R"(a="")", {{"a", ""}}},
      {R"(a=pre"in side"post)", {{"a", "prein sidepost"}}},
      {R"(a="say \"hi\" \\")", {{"a", R"(say "hi" \)"}}},
      {R"(a=x\;y\\z\=)", {{"a", R"(x;y\z=)"}}},
      {R"(a=x\ )", {{"a", "x "}}},
      {"a=1\\\n2;b=3", {{"a", "12"}, {"b", "3"}}},
      {"# all a comment = nothing; x\na=1 # and this; b=2\nc=x#y", {{"a", "1"}, {"c", "x#y"}}},
      {"a=1;# rest of the line; b=2\nc=3", {{"a", "1"}, {"c", "3"}}},
      {"a=# empty", {{"a", ""}}},
      {"a=1\r\nb=2\r\n", {{"a", "1"}, {"b", "2"}}},
      {"p=gcomm://a,b?x=1&y=2;q=[::1]:4567", {{"p", "gcomm://a,b?x=1&y=2"}, {"q", "[::1]:4567"}}},
      {"n=größe", {{"n", "größe"}}},
  };
  for (const auto& one : cases) EXPECT_EQ(parsed(one.text), one.expected) << one.text;
}

TEST(OptionsGrammar, LinesAreCounted) {
  const auto read = parse("a=1;b=2\n\n# x\nc=\"3\n4\"" /* a newline in quotes is refused below */);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text, HasSubstr("line 4"));
  EXPECT_EQ(parse("a=1\n\nb=2").value().back().line, 3U);
}

TEST(OptionsGrammar, Refused) {
  const struct {
    std::string_view text, words;
  } cases[] = {
      {"justakey", "'justakey' has no value"},
      {"a=1;b", "'b' has no value"},
      {"b;a=1", "'b' has no value"},
      {"b\n=1", "'b' has no value"},
      {"=1", "a value without a key"},
      {"a b=1", "'a b' is not a key"},
      {"\"a\"=1", "is not a key"},
      {"a=\"open", "is not closed"},
      {"a=1;\nb=\"open; c=2", "line 2: the quote opened in the value of 'b'"},
      {"a=\\", "ends in a single '\\'"},
      {"a=\"x\\", "ends in a single '\\'"},
      {std::string_view("a=x\0y", 5), "control character"},
      {"a=\x1b[31m", "control character"},
      {"\x1b[31m=x", "'?[31m' is not a key"},
  };
  for (const auto& one : cases) {
    const auto read = parse(one.text);
    ASSERT_FALSE(read) << one.text;
    EXPECT_EQ(read.error().code, errc::bad_option);
    EXPECT_THAT(read.error().text, HasSubstr(one.words)) << one.text;
    EXPECT_EQ(read.error().text.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(parse(std::string((1U << 20U) + 1, ' ')));
}

TEST(OptionsGrammar, Durations) {
  const struct {
    std::string_view text;
    std::optional<duration> expected;
  } cases[] = {
      {"PT5S", 5s},
      {"PT0.5S", 500ms},
      {"PT0,5S", 500ms},
      {"PT1M30S", 90s},
      {"pt1h", 1h},
      {"P1D", 24h},
      {"P1W", 168h},
      {"P1DT2H3M4.5S", 26h + 3min + 4s + 500ms},
      {"PT0S", 0s},
      {" PT3S ", 3s},
      {"500ms", 500ms},
      {"5s", 5s},
      {"5 s", 5s},
      {"1h", 1h},
      {"2m", 2min},
      {"1d", 24h},
      {"7us", 7us},
      {"9ns", 9ns},
      {"1.5s", 1500ms},
      {"1S", 1s},
      {"0", 0s},
      {"0.0000000019s", 1ns},
      {"5", std::nullopt},  // seconds? milliseconds? it has to say
      {"", std::nullopt},
      {"P", std::nullopt},
      {"PT", std::nullopt},
      {"P1M", std::nullopt},  // a month has no fixed length
      {"P1Y", std::nullopt},
      {"PT5", std::nullopt},
      {"PTS", std::nullopt},
      {"PT1S1H", std::nullopt},
      {"PT1S1S", std::nullopt},
      {"PT1.S", std::nullopt},
      {"PT.5S", std::nullopt},
      {"PT1.2.3S", std::nullopt},
      {"P1DT", std::nullopt},
      {"PT-5S", std::nullopt},
      {"-5s", std::nullopt},
      {"5x", std::nullopt},
      {"s", std::nullopt},
      {"1.2.3s", std::nullopt},
      {"PT99999999999999999999S", std::nullopt},
      {"9223372037s", std::nullopt},
      {"9223372036.9s", std::nullopt},
      {"9223372036.8s", 9223372036800ms},
      {"P106751DT23H47M16.9S", std::nullopt},
  };
  for (const auto& one : cases) EXPECT_EQ(parse_duration(one.text), one.expected) << one.text;
}

TEST(OptionsGrammar, Sizes) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("2147483647"), 2147483647U);
  EXPECT_EQ(parse_size("64K"), 65536U);
  EXPECT_EQ(parse_size("64k"), 65536U);
  EXPECT_EQ(parse_size("128M"), 134217728U);
  EXPECT_EQ(parse_size("2g"), 2147483648U);
  EXPECT_EQ(parse_size("1T"), 1099511627776U);
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
  for (const char* bad :
       {"", "K", "-1", "+1", "1.5M", "1KB", "1 K", "0x10", "18446744073709551616", "16777216T"})
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
}

TEST(OptionsGrammar, Booleans) {
  for (const char* yes : {"yes", "YES", "True", "on", "1"}) EXPECT_EQ(parse_boolean(yes), true) << yes;
  for (const char* no : {"no", "No", "FALSE", "off", "0"}) EXPECT_EQ(parse_boolean(no), false) << no;
  for (const char* bad : {"", "2", "y", "yes "}) EXPECT_EQ(parse_boolean(bad), std::nullopt) << bad;
}

TEST(OptionsGrammar, Addresses) {
  const struct {
    std::string_view text;
    std::optional<address> expected;
  } cases[] = {
      {"db1", address{"", "db1", std::nullopt}},
      {"db1:4567", address{"", "db1", 4567}},
      {"ssl://0.0.0.0:4567", address{"ssl", "0.0.0.0", 4567}},
      {"TCP://a.example-x.org", address{"tcp", "a.example-x.org", std::nullopt}},
      {"[::1]:4567", address{"", "::1", 4567}},
      {"ssl://[fe80::1%eth0]", address{"ssl", "fe80::1%eth0", std::nullopt}},
      {":4567", address{"", "", 4567}},
      {"*:4567", address{"", "*", 4567}},
      {"a:0", address{"", "a", 0}},
      {"", std::nullopt},
      {"a:", std::nullopt},
      {"a:65536", std::nullopt},
      {"a:x", std::nullopt},
      {"::1", std::nullopt},
      {"::1:4567", std::nullopt},
      {"[::1", std::nullopt},
      {"[]:1", std::nullopt},
      {"[a]:1", std::nullopt},
      {"[::1]4567", std::nullopt},
      {"http://a:1", std::nullopt},
      {"a b:1", std::nullopt},
      {"a*:1", std::nullopt},
      {"a/b", std::nullopt},
  };
  for (const auto& one : cases) EXPECT_EQ(parse_address(one.text), one.expected) << one.text;
  EXPECT_EQ(join_address("db1", 1), "db1:1");
  EXPECT_EQ(join_address("::1", 1), "[::1]:1");
  EXPECT_EQ(join_address("", 1), ":1");
}

TEST(OptionsGrammar, ClusterUrls) {
  const auto url = parse_cluster_url("gcomm://a, b:1,[::1]:2?pc.weight=2&x=a%2Cb%3d");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->hosts, "a, b:1,[::1]:2");
  EXPECT_THAT(url->options, ElementsAre(assignment{"pc.weight", "2", 1}, assignment{"x", "a,b=", 1}));
  EXPECT_EQ(parse_cluster_url("gcomm://")->hosts, "");
  EXPECT_TRUE(parse_cluster_url("GComm://a?")->options.empty());
  for (const char* bad : {"", "gcomm:/a", "http://a", "gcomm://a?b", "gcomm://a?=1", "gcomm://a?b=%",
                          "gcomm://a?b=%4", "gcomm://a?b=%zz", "gcomm://a?b=%00", "gcomm://a?b c=1"})
    EXPECT_FALSE(parse_cluster_url(bad)) << bad;
}

TEST(OptionsGrammar, Lists) {
  EXPECT_THAT(split_list(" a, b ,,c,"), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(split_list(" , ").empty());
}

TEST(OptionsGrammar, Distance) {
  EXPECT_EQ(distance("", ""), 0U);
  EXPECT_EQ(distance("abc", ""), 3U);
  EXPECT_EQ(distance("pc.weight", "pc.wieght"), 1U);  // swapped neighbours are one slip
  EXPECT_EQ(distance("kitten", "sitting"), 3U);
  EXPECT_EQ(distance("socket.ssl_cert", "socket.ssl_crt"), 1U);
}

}  // namespace
}  // namespace hauberk::base::options
