// The pieces of the tool that need no group: what is read as a message, and how events are written.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tool/exit_codes.hpp"
#include "tool/link_table.hpp"
#include "tool/output.hpp"
#include "tool/printer.hpp"
#include "tool/source.hpp"

namespace hauberk::tool {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Everything that `from` gives.
std::vector<std::string> drain(source& from) {
  const stop never;
  std::vector<std::string> all;
  while (true) {
    auto batch = from.next(never);
    if (!batch) {
      ADD_FAILURE() << batch.error().text;
      return all;
    }
    if (batch->empty()) return all;
    std::size_t bytes = 0;
    for (const auto& payload : *batch) {
      all.push_back(text_of(payload));
      bytes += payload.size();
    }
    EXPECT_TRUE(batch->size() == 1 || bytes <= source::batch_bytes_max);
  }
}

class file_with {
 public:
  explicit file_with(std::string_view content)
      : path_(testing::TempDir() + "hauberk-pieces-" + std::to_string(::getpid())) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~file_with() { ::unlink(path_.c_str()); }
  [[nodiscard]] int open() const { return ::open(path_.c_str(), O_RDONLY | O_CLOEXEC); }

 private:
  std::string path_;
};

std::vector<std::string> lines_of(std::string_view content) {
  const file_with file(content);
  line_source lines(file.open(), "a file", 2147483647);
  return drain(lines);
}

TEST(LineSource, Lines) {
  EXPECT_THAT(lines_of(""), IsEmpty());
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines_of("a\nb\n"), ElementsAre("a", "b"));
  EXPECT_THAT(lines_of("a\r\nb"), ElementsAre("a\r", "b"));
  const std::string binary("x\0y\xff\nz\0", 7);
  EXPECT_THAT(lines_of(binary), ElementsAre(std::string("x\0y\xff", 4), std::string("z\0", 2)));
}

TEST(LineSource, LargeAndManyLines) {
  const std::string large(5'000'000, 'l');
  EXPECT_THAT(lines_of("a\n" + large + "\nb\n" + large), ElementsAre("a", large, "b", large));
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += std::to_string(i) + '\n';
  const auto read = lines_of(many);
  ASSERT_EQ(read.size(), 100'000U);
  for (std::size_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i], std::to_string(i));
}

TEST(LineSource, PipeInSmallPieces) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  std::thread writer([end = ends[1]] {
    for (const char c : std::string_view("one\ntwo\n\nlast")) ASSERT_EQ(::write(end, &c, 1), 1);
    ::close(end);
  });
  line_source lines(ends[0], "a pipe", 100);
  EXPECT_THAT(drain(lines), ElementsAre("one", "two", "", "last"));
  writer.join();
}

TEST(LineSource, TooLongALineIsAnErrorAfterTheOnesBefore) {
  const file_with file("good\n" + std::string(11, 'x') + "\n");
  line_source lines(file.open(), "a file", 10);
  const stop never;
  EXPECT_EQ(lines.next(never).value().size(), 1U);
  const auto failed = lines.next(never);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::payload_too_large);
  EXPECT_THAT(failed.error().text, HasSubstr("a file, line 2: more than 10 bytes"));

  const file_with exact(std::string(10, 'x'));
  line_source fits(exact.open(), "a file", 10);
  EXPECT_THAT(drain(fits), ElementsAre(std::string(10, 'x')));
}

TEST(LineSource, AStopWakesTheReader) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  line_source lines(ends[0], "a pipe", 100);
  stop until;
  std::thread stopper([&] { until.request(); });
  EXPECT_TRUE(lines.next(until).value().empty());
  stopper.join();
  ::close(ends[1]);
}

TEST(LineSource, ClosedStandardInputIsAnEmptyOne) {
  line_source lines(-1, "standard input", 100);
  EXPECT_THAT(drain(lines), IsEmpty());
}

TEST(GeneratedSource, CountAndSize) {
  generated_source some("db1", 3, 12, 0);
  EXPECT_THAT(drain(some), ElementsAre("db1 1 ......", "db1 2 ......", "db1 3 ......"));
  generated_source tiny("db1", 2, 2, 0);
  EXPECT_THAT(drain(tiny), ElementsAre("db", "db"));
  generated_source empty("db1", 10'000, 0, 0);
  EXPECT_EQ(drain(empty).size(), 10'000U);
  generated_source large("db1", 3, 1'000'000, 0);
  EXPECT_EQ(drain(large).size(), 3U);
}

TEST(GeneratedSource, Rate) {
  const auto start = std::chrono::steady_clock::now();
  generated_source paced("db1", 21, 10, 100);
  EXPECT_EQ(drain(paced).size(), 21U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 200ms);
}

message a_message(std::string_view payload, ticket_t ticket = 0) {
  message made;
  made.position = 7;
  made.sender = "db\"1";
  made.ticket = ticket;
  made.payload = std::as_bytes(std::span(payload));
  return made;
}

TEST(Printer, MessagesAsJson) {
  printer print(true);
  EXPECT_EQ(print(a_message("hé \"\\\n\x01")),
            "{\"event\":\"message\",\"position\":7,\"sender\":\"db\\\"1\",\"mine\":false,"
            "\"text\":\"hé \\\"\\\\\\n\\u0001\"}\n");
  EXPECT_EQ(print(a_message("\xff\xfe", 3)),
            "{\"event\":\"message\",\"position\":7,\"sender\":\"db\\\"1\",\"mine\":true,\"data\":\"//4=\"}\n"
            "{\"event\":\"outcome\",\"ticket\":3,\"result\":\"committed\",\"position\":7}\n");
  EXPECT_THAT(print(a_message("")), HasSubstr("\"text\":\"\"}"));
  EXPECT_THAT(print(a_message("cut \xc3")), HasSubstr("\"data\":\"Y3V0IMM=\"}"));
  const std::string_view with_nul("a\0b", 3);
  EXPECT_EQ(nlohmann::json::parse(print(a_message(with_nul)))["text"], with_nul);
}

view a_view() {
  view made;
  made.history.bytes[0] = 0xab;
  made.number = 3;
  made.epoch = 2;
  made.primary = true;
  made.start = 9;
  made.members = {{"db1", "id1", "h:1", 1}, {"db2", "id2", "[::1]:2", 0}};
  made.joined = {"db2"};
  made.lost = {"db3"};
  return made;
}

TEST(Printer, OtherEventsAsJson) {
  printer print(true);
  EXPECT_EQ(
      print(a_view()),
      "{\"event\":\"view\",\"history\":\"ab000000-0000-0000-0000-000000000000\",\"number\":3,\"epoch\":2,"
      "\"primary\":true,\"start\":9,\"policy\":0,\"members\":[{\"name\":\"db1\",\"id\":\"id1\",\"address\":"
      "\"h:1\","
      "\"weight\":1},{\"name\":\"db2\",\"id\":\"id2\",\"address\":\"[::1]:2\",\"weight\":0}],"
      "\"joined\":[\"db2\"],\"left\":[],\"lost\":[\"db3\"]}\n");
  EXPECT_EQ(print(outcome{5, outcome_kind::never, 0}),
            "{\"event\":\"outcome\",\"ticket\":5,\"result\":\"never\",\"position\":0}\n");
  EXPECT_EQ(print(outcome{5, outcome_kind::committed, 9}),
            "{\"event\":\"outcome\",\"ticket\":5,\"result\":\"committed\",\"position\":9}\n");
  EXPECT_EQ(print(farewell{}), "{\"event\":\"farewell\",\"reason\":\"left\"}\n");
  EXPECT_EQ(print(farewell{errc::evicted, "by db2"}),
            "{\"event\":\"farewell\",\"reason\":\"evicted from the group\",\"text\":\"by db2\"}\n");
  EXPECT_EQ(print(expiry{expiry_of::peer, "db2", "CN=db2", 1800000000, 7, "it ends"}),
            "{\"event\":\"expiry\",\"what\":\"peer\",\"member\":\"db2\",\"subject\":\"CN=db2\",\"not_after\":"
            "1800000000,\"days\":7,\"words\":\"it ends\"}\n");
  EXPECT_EQ(print.digest(4, "00ff"), "{\"event\":\"digest\",\"position\":4,\"sha256\":\"00ff\"}\n");
  EXPECT_EQ(print(filler{3}), "");
}

TEST(Printer, CertificatesOfMembers) {
  view seen = a_view();
  seen.members[1].certificate = {"CN=db2", {"db2", "10.0.0.2\n"}, std::string(64, 'a'), 1800000000};
  EXPECT_EQ(printer(false)(seen),
            "view 3 from position 9: db1 db2(weight 0); joined db2; lost db3\n"
            "  db2: CN=db2, names db2 10.0.0.2\\x0a, until 2027-01-15 08:00:00 UTC, SHA-256 "
            "aaaaaaaaaaaaaaaa...\n");
  const auto told = nlohmann::json::parse(printer(true)(seen));
  EXPECT_FALSE(told["members"][0].contains("certificate"));
  EXPECT_EQ(told["members"][1]["certificate"]["subject"], "CN=db2");
  EXPECT_EQ(told["members"][1]["certificate"]["names"].size(), 2U);
  EXPECT_EQ(told["members"][1]["certificate"]["sha256"], std::string(64, 'a'));
  EXPECT_EQ(told["members"][1]["certificate"]["not_after"], 1800000000);
}

TEST(Printer, StepsOfAPolicy) {
  policy step;
  step.position = 7;
  step.step = policy_step::aborted;
  step.number = 2;
  step.text = "a=1\n";
  step.by = "db1";
  step.culprit = "db2";
  step.words = "db2 cannot: no file";
  EXPECT_EQ(printer(true)(step),
            "{\"event\":\"policy\",\"position\":7,\"step\":\"aborted\",\"number\":2,\"text\":\"a=1\\n\","
            "\"dry_run\":false,"
            "\"by\":\"db1\",\"culprit\":\"db2\",\"words\":\"db2 cannot: no file\"}\n");
  EXPECT_EQ(printer(false)(step), "7 policy aborted, asked for by db1: db2 cannot: no file\n");
}

TEST(Printer, ForPeople) {
  printer print(false);
  EXPECT_EQ(print(a_view()), "view 3 from position 9: db1 db2(weight 0); joined db2; lost db3\n");
  view lost = a_view();
  lost.primary = false;
  EXPECT_EQ(print(lost), "view 3 is not primary any more: db1 db2(weight 0)\n");
  EXPECT_EQ(print(a_message("hé\tx")), "7 db\"1: hé\tx\n");
  EXPECT_EQ(print(a_message("\x1b[2Jx\n")), "7 db\"1: \\x1b[2Jx\\x0a\n");  // no payload steers a terminal
  EXPECT_EQ(print(outcome{5, outcome_kind::unknown, 0}), "ticket 5: unknown\n");
  EXPECT_EQ(print(expiry{expiry_of::own, "db1", "CN=db1", 0, 1, "our own certificate"}),
            "expiry: our own certificate\n");
  EXPECT_EQ(print(farewell{}), "farewell: left\n");
  EXPECT_EQ(print.digest(4, "00ff"), "digest position=4 sha256=00ff\n");
}

/// Three members, all links TLS 1.3 and told by both ends.
std::vector<mesh::member_report> a_matrix() {
  std::vector<mesh::member_report> made(3);
  for (std::size_t i = 0; i < 3; ++i) {
    made[i].process.bytes[0] = static_cast<std::uint8_t>(i + 1);
    made[i].name = "db" + std::to_string(i + 1);
    made[i].subject = "CN=" + made[i].name;
    made[i].names = {made[i].name};
    made[i].fingerprint = std::string(64, static_cast<char>('a' + i));
    made[i].not_after = 1800000000;
  }
  for (auto& from : made)
    for (const auto& to : made)
      if (&from != &to)
        from.links.mine.push_back({to.process, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519",
                                   std::string(64, 'p'), to.fingerprint, 1700000000});
  return made;
}

TEST(Links, AllAreEncryptedInOneLine) {
  const link_table made = table_of(a_matrix(), false);
  EXPECT_TRUE(made.is_whole);
  EXPECT_THAT(made.text, HasSubstr("db1: CN=db1, names db1, until 2027-01-15 08:00:00 UTC, SHA-256 aaaa"));
  EXPECT_THAT(made.text, HasSubstr("\ndb1 - db3: TLSv1.3, TLS_AES_128_GCM_SHA256, X25519, policy "
                                   "pppppppppppppppp, since 2023-11-14 22:13:20 UTC\n"));
  EXPECT_THAT(made.text,
              HasSubstr("\n3 links of 3 members, all TLSv1.3, TLS_AES_128_GCM_SHA256, X25519; both "
                        "ends of each say so\n"));
  EXPECT_TRUE(table_of({}, false).is_whole);
  EXPECT_EQ(table_of({a_matrix()[0]}, false).text.substr(0, 11), "db1: CN=db1");
}

TEST(Links, WhatIsMissingDisputedOrPlain) {
  auto seen = a_matrix();
  seen[0].links.mine[0].cipher = "other";
  seen[2].links.mine.clear();
  seen[0].links.mine.pop_back();
  std::swap(seen[0], seen[2]);  // by name, in whatever order they come
  link_table made = table_of(seen, false);
  EXPECT_FALSE(made.is_whole);
  EXPECT_THAT(made.text, HasSubstr("db1 - db2: disputed: db1 says TLSv1.3, other, X25519, policy "
                                   "pppppppppppppppp; db2 says TLSv1.3, TLS_AES_128"));
  EXPECT_THAT(made.text, HasSubstr("db1 - db3: no link is told of\n"));
  EXPECT_THAT(made.text, HasSubstr("; db3 has not told of it\n"));
  EXPECT_THAT(made.text,
              HasSubstr("2 links of 3 members: 1 x TLSv1.3, TLS_AES_128_GCM_SHA256, X25519; 1 link is "
                        "missing; 1 link told by one end alone; 1 link disputed\n"));
  seen = a_matrix();
  for (auto* one : {&seen[0].links.mine[0], &seen[1].links.mine[0]})
    *one = {one->process, "", "", "", "q", "", 1};
  seen[0].links.mine[1].fingerprint = std::string(64, 'z');
  made = table_of(seen, false);
  EXPECT_FALSE(made.is_whole) << "some are encrypted and some are not";
  EXPECT_THAT(made.text, HasSubstr("db1 - db2: plaintext, policy q, "));
  EXPECT_THAT(made.text, HasSubstr("; db3 showed another certificate there\n"));
  EXPECT_THAT(made.text, HasSubstr("3 links of 3 members: 2 x TLSv1.3, TLS_AES_128_GCM_SHA256, X25519; 1 x "
                                   "plaintext, by 2 different policies\n"));
}

TEST(Links, AsJson) {
  auto seen = a_matrix();
  seen[2].links.mine.pop_back();
  std::istringstream lines(table_of(seen, true).text);
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(all.size(), 3U + 6U + 1U);
  EXPECT_EQ(all[0]["event"], "member");
  EXPECT_EQ(all[0]["sha256"], std::string(64, 'a'));
  EXPECT_EQ(all[3]["event"], "link");
  EXPECT_EQ(all[3]["from"], "db1");
  EXPECT_EQ(all[3]["to"], "db2");
  EXPECT_EQ(all[3]["word"], "agreed");
  EXPECT_EQ(all[3]["cipher"], "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(all[8]["word"], "missing");
  EXPECT_EQ(all[9]["whole"], false);
  EXPECT_EQ(all[9]["alone"], 1);
  EXPECT_EQ(all[9]["encrypted"], 3);
}

TEST(Output, AReaderThatWentAwayIsSaidOnce) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  output out(ends[1]);
  out.add("x");
  EXPECT_FALSE(out.flush());
  EXPECT_EQ(out.failure(), EPIPE);
  out.add("y");
  EXPECT_FALSE(out.flush());
  ::signal(SIGPIPE, before);
  ::close(ends[1]);
}

TEST(ExitCodes, EachKind) {
  EXPECT_EQ(exit_code_of({}), done);
  EXPECT_EQ(exit_code_of(errc::ok), done);
  EXPECT_EQ(exit_code_of(errc::bad_option), bad_usage);
  EXPECT_EQ(exit_code_of(errc::bad_certificate), bad_material);
  EXPECT_EQ(exit_code_of(errc::address_in_use), bad_listen_address);
  EXPECT_EQ(exit_code_of(errc::name_in_use), not_admitted);
  EXPECT_EQ(exit_code_of(errc::evicted), removed);
  EXPECT_EQ(exit_code_of(errc::internal), broken);
  EXPECT_EQ(exit_code_of(std::make_error_code(std::errc::no_space_on_device)), broken);
}

}  // namespace
}  // namespace hauberk::tool
