// `hauberk rotate` against running processes: asked by somebody who is no member, decided by all.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tool/process.hpp"

namespace hauberk::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class Rotate : public testing::Test {
 protected:
  Rotate() {
    for (std::size_t i = 0; i < 3; ++i) {
      files_.push_back(ca_.node(name(i)));
      write_config(i);
    }
  }
  static std::string name(std::size_t i) { return "n" + std::to_string(i + 1); }
  [[nodiscard]] std::string config(std::size_t i) const { return dir_ / (name(i) + ".cnf"); }
  void write_config(std::size_t i) {
    std::string peers;
    for (const unsigned port : ports_) peers += "127.0.0.1:" + std::to_string(port) + ',';
    std::ofstream(config(i)) << "group.name=g\nnode.name=" << name(i)
                             << "\ngmcast.listen_addr=127.0.0.1:" << ports_[i] << "\ngmcast.peers=" << peers
                             << "\nsocket.ssl=no\nsocket.ssl_cert=" << files_[i].cert
                             << "\nsocket.ssl_key=" << files_[i].key << "\nsocket.ssl_ca=" << files_[i].ca
                             << "\n";
  }
  void start_all(const std::vector<std::string>& more = {}) {
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<std::string> arguments = {"node", "--json", "--stay", "--config", config(i)};
      arguments.insert(arguments.end(), more.begin(), more.end());
      if (i == 0) arguments.emplace_back("--bootstrap");
      nodes_.push_back(std::make_unique<process>(arguments));
    }
    for (const auto& one : nodes_)
      ASSERT_TRUE(eventually([&] {
        const auto seen = events(*one, "view");
        if (seen.empty() || seen.back()["members"].size() != 3) return false;
        for (const auto& each : seen.back()["members"])
          if (each["weight"] == 0) return false;
        return true;
      })) << one->err();
  }
  static std::vector<json> events(const process& of, const std::string& kind) {
    std::vector<json> found;
    for (const std::string& line : of.lines()) {
      json one = json::parse(line);
      if (one["event"] == kind) found.push_back(std::move(one));
    }
    return found;
  }
  struct said {
    int code = -1;
    std::string out, err;
  };
  said rotate(std::size_t i, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"rotate", "--config", config(i)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process one(arguments);
    const int code = one.wait_exit(std::chrono::seconds(60));
    return {code, one.out(), one.err()};
  }

  temp_dir dir_;
  test_ca ca_;
  std::vector<node_files> files_;
  std::vector<unsigned> ports_ = {free_port(), free_port(), free_port()};
  std::vector<std::unique_ptr<process>> nodes_;
};

TEST_F(Rotate, FromPlaintextToTlsAndFurtherByAnyMember) {
  start_all();
  const std::string away = files_[2].key + ".away";
  std::filesystem::rename(files_[2].key, away);
  said answer = rotate(0, {"--dry-run", "socket.ssl=yes"});
  EXPECT_EQ(answer.code, 5) << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("nothing has changed: n3 cannot: socket.ssl_key"), HasSubstr("cannot open")));
  std::filesystem::rename(away, files_[2].key);
  answer = rotate(1, {"--dry-run", "socket.ssl=yes"});
  EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
  EXPECT_EQ(answer.out, "possible: all 3 members can\n");
  const std::size_t views = events(*nodes_[0], "view").size();
  answer = rotate(2, {"socket.ssl=yes"});
  EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("done: policy number 2 is in force at all 3 members"));
  for (const auto& one : nodes_)
    EXPECT_TRUE(eventually([&] {
      const auto steps = events(*one, "policy");
      return !steps.empty() && steps.back()["step"] == "activated" && steps.back()["number"] == 2;
    })) << one->err();

  answer = rotate(0, {"socket.ssl_compression=zstd"});
  EXPECT_EQ(answer.code, 5);
  EXPECT_THAT(answer.err, HasSubstr("if it speaks TLS by now")) << "the option file still says plaintext";
  answer = rotate(0, {"--options", "socket.ssl=yes", "--json", "socket.ssl_compression=zstd"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  const json told = json::parse(answer.out);
  EXPECT_EQ(told["event"], "rotate");
  EXPECT_EQ(told["ok"], true);
  EXPECT_EQ(told["reason"], "ok");
  EXPECT_THAT(told["text"].get<std::string>(), HasSubstr("policy number 3"));
  answer = rotate(1, {"--options", "socket.ssl=yes", "--peer", "127.0.0.1:" + std::to_string(ports_[0]),
                      "socket.ssl=no"});
  EXPECT_EQ(answer.code, 5);
  EXPECT_THAT(answer.out, HasSubstr("there is no way back"));
  answer = rotate(1, {"--options", "socket.ssl=yes", "socket.ssl_profile=lax"});
  EXPECT_EQ(answer.code, 2);
  EXPECT_THAT(answer.out, HasSubstr("socket.ssl_profile=lax is not allowed"));
  EXPECT_EQ(events(*nodes_[0], "view").size(), views) << "no view has changed";
}

TEST_F(Rotate, UnderLoadAllHaveTheSameStreamInTheSameViews) {
  start_all({"--count", "3000", "--rate", "600", "--size", "200"});
  const auto views = [&] { return events(*nodes_[0], "view").size(); };
  const std::size_t before = views();
  for (const char* change : {"socket.ssl=yes", "socket.ssl_profile=strict", "socket.ssl_compression=lz4"}) {
    const said answer = rotate(
        1, {"--options", std::string("socket.ssl=") + (events(*nodes_[1], "policy").empty() ? "no" : "yes"),
            "--json", change});
    ASSERT_EQ(answer.code, 0) << answer.out << answer.err << nodes_[1]->err();
    EXPECT_LT(json::parse(answer.out)["seconds"].get<double>(), 10.0);
  }
  for (const auto& one : nodes_) {
    ASSERT_TRUE(eventually([&] { return events(*one, "message").size() == 9000; })) << one->err();
    one->send_signal(SIGUSR1);
    ASSERT_TRUE(eventually([&] { return events(*one, "digest").size() == 1; })) << one->err();
    EXPECT_EQ(events(*one, "digest")[0], events(*nodes_[0], "digest")[0]);
  }
  EXPECT_EQ(views(), before);
}

TEST_F(Rotate, TheOptionFileNamesOtherFilesAtAHangup) {
  start_all();
  ASSERT_EQ(rotate(0, {"socket.ssl=yes"}).code, 0);
  test_ca next("next-ca");
  std::ofstream(dir_ / "both.pem") << content_of(ca_.files().cert) << content_of(next.files().cert);
  const auto read_again = [&](std::size_t i) {
    files_[i].ca = dir_ / "both.pem";
    write_config(i);
    nodes_[i]->send_signal(SIGHUP);
    return eventually([&] {
      return nodes_[i]->err().find("are others than the group's: they are proposed") != std::string::npos;
    });
  };
  // Each proposes what it has, and the first two learn that the third one lacks it.
  for (const std::size_t i : {1U, 2U, 0U}) ASSERT_TRUE(read_again(i)) << nodes_[i]->err();
  const said answer = rotate(1, {"--options", "socket.ssl=yes", "--ca"});
  EXPECT_EQ(answer.code, 0) << answer.out << answer.err;
  for (const auto& one : nodes_)
    EXPECT_TRUE(eventually([&] {
      const auto steps = events(*one, "policy");
      return std::any_of(steps.begin(), steps.end(),
                         [](const json& each) { return each["step"] == "activated" && each["number"] == 3; });
    })) << one->err();
}

TEST_F(Rotate, TheLinkMatrixShowsTheCutOver) {
  start_all();
  const auto links = [&](std::size_t i, std::vector<std::string> more) {
    more.insert(more.begin(), {"links", "--config", config(i)});
    process one(more);
    const int code = one.wait_exit(std::chrono::seconds(60));
    return said{code, one.out(), one.err()};
  };
  said answer;
  EXPECT_TRUE(eventually([&] { return (answer = links(0, {})).code == 0; })) << answer.out << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("view "), HasSubstr(", as n1 knows it"),
                    HasSubstr("n2: no certificate is known of it"), HasSubstr("n1 - n2: plaintext, policy "),
                    HasSubstr("3 links of 3 members, all plaintext; both ends")));
  ASSERT_EQ(rotate(2, {"socket.ssl=yes"}).code, 0);
  const std::string peer = "127.0.0.1:" + std::to_string(ports_[1]);
  EXPECT_TRUE(eventually([&] {
    answer = links(0, {"--options", "socket.ssl=yes", "--peer", peer});
    return answer.code == 0 && answer.out.find("all TLSv1.3") != std::string::npos;
  })) << answer.out
      << answer.err;
  EXPECT_THAT(answer.out,
              AllOf(HasSubstr("policy number 2, as n2 knows it"), HasSubstr("n1: CN=n1, names n1, until "),
                    HasSubstr("3 links of 3 members, all ")));
  answer = links(1, {"--options", "socket.ssl=yes", "--json"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  std::istringstream lines(answer.out);
  std::size_t agreed = 0;
  json last;
  for (std::string line; std::getline(lines, line);) {
    last = json::parse(line);
    if (last["event"] == "link" && last["word"] == "agreed" && last["encrypted"] == true) ++agreed;
  }
  EXPECT_EQ(agreed, 6U);
  EXPECT_EQ(last["whole"], true);
  EXPECT_EQ(last["encrypted"], 3);
  answer = links(1, {});
  EXPECT_EQ(answer.code, 5) << "its option file says plaintext";
  EXPECT_THAT(answer.err, HasSubstr("if it speaks TLS by now"));
}

TEST_F(Rotate, WhatIsWrongIsSaidAtOnce) {
  said answer = rotate(0, {"socket.ssl=yes"});
  EXPECT_EQ(answer.code, 5) << "nobody listens";
  EXPECT_THAT(answer.err, HasSubstr("127.0.0.1:" + std::to_string(ports_[0])));
  answer = rotate(0, {"nonsense"});
  EXPECT_EQ(answer.code, 2);
  EXPECT_THAT(answer.err, HasSubstr("'nonsense': expected KEY=VALUE"));
  answer = rotate(0, {});
  EXPECT_EQ(answer.code, 2);
  EXPECT_THAT(answer.err, HasSubstr("nothing to change"));
}

}  // namespace
}  // namespace hauberk::test
