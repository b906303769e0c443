// Whole groups of processes of the tool, over 127.0.0.1 with real TLS, watched through --json.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "tls/digest.hpp"
#include "tool/process.hpp"

namespace hauberk::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string unbase64(const std::string& text) {
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6U | static_cast<unsigned>(digits.find(c));
    if ((count += 6) >= 8) bytes += static_cast<char>(bits >> (count -= 8));
  }
  return bytes;
}

/// A node's output, read.
struct reading {
  std::vector<json> views, messages, outcomes, others;

  explicit reading(const process& node) {
    for (const std::string& line : node.lines()) {
      json event = json::parse(line);
      auto& list = event["event"] == "view"      ? views
                   : event["event"] == "message" ? messages
                   : event["event"] == "outcome" ? outcomes
                                                 : others;
      list.push_back(std::move(event));
    }
  }
  [[nodiscard]] static std::string payload(const json& message) {
    return message.contains("text") ? message["text"].get<std::string>()
                                    : unbase64(message["data"].get<std::string>());
  }
  /// Payloads by sender, in the order delivered.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> by_sender() const {
    std::map<std::string, std::vector<std::string>> found;
    for (const auto& one : messages) found[one["sender"]].push_back(payload(one));
    return found;
  }
  /// The digest as documented, worked out from what was printed.
  [[nodiscard]] std::string digest() const {
    tls::digest sum;
    for (const auto& one : messages) {
      const auto position = one["position"].get<std::uint64_t>();
      const std::string bytes = payload(one);
      std::string head;
      for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(position >> shift);
      for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(bytes.size() >> shift);
      sum.add(std::as_bytes(std::span(head)));
      sum.add(std::as_bytes(std::span(bytes)));
    }
    return sum.hex();
  }
  [[nodiscard]] std::vector<std::string> members() const {
    std::vector<std::string> names;
    if (!views.empty() && views.back()["primary"])
      for (const auto& one : views.back()["members"])
        if (one["weight"] > 0) names.push_back(one["name"]);
    std::sort(names.begin(), names.end());
    return names;
  }
};

class Group : public testing::Test {
 protected:
  [[nodiscard]] std::string options(std::size_t number) {
    const std::string name = "n" + std::to_string(number + 1);
    if (files_.count(name) == 0) files_[name] = ca_.node(name);
    const node_files& files = files_[name];
    std::string peers;
    for (const unsigned port : ports_) peers += "127.0.0.1:" + std::to_string(port) + ',';
    return "group.name=g; node.name=" + name +
           "; gmcast.listen_addr=127.0.0.1:" + std::to_string(ports_.at(number)) + "; gmcast.peers=" + peers +
           "; socket.ssl_cert=" + files.cert + "; socket.ssl_key=" + files.key +
           "; socket.ssl_ca=" + files.ca + "; ";
  }
  std::unique_ptr<process> start(std::size_t number, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"node", "--json", "--options", options(number)};
    if (number == 0) arguments.emplace_back("--bootstrap");
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<process>(arguments);
  }
  /// Three nodes that all see three members.
  std::vector<std::unique_ptr<process>> three(const std::vector<std::string>& more = {}) {
    std::vector<std::unique_ptr<process>> nodes;
    for (std::size_t i = 0; i < 3; ++i) nodes.push_back(start(i, more));
    for (const auto& node : nodes) EXPECT_TRUE(sees(*node, {"n1", "n2", "n3"})) << node->err();
    return nodes;
  }
  static bool sees(const process& node, const std::vector<std::string>& names) {
    return eventually([&] { return reading(node).members() == names; });
  }
  static bool has(const process& node, std::size_t count, std::chrono::milliseconds limit = 30s) {
    return eventually(
        [&] {
          const std::string text = node.out();
          std::size_t found = 0;
          for (auto at = text.find("{\"event\":\"message\""); at != std::string::npos;
               at = text.find("{\"event\":\"message\"", at + 1))
            ++found;
          return found >= count && text.ends_with('\n');
        },
        limit);
  }

  /// The group still orders what a member broadcasts, in the view it had.
  static void expect_unharmed(const std::vector<std::unique_ptr<process>>& nodes) {
    const std::size_t views = reading(*nodes[0]).views.size();
    nodes[1]->write("unharmed\n");
    for (const auto& node : nodes) EXPECT_TRUE(has(*node, 1)) << node->err();
    EXPECT_EQ(reading(*nodes[0]).views.size(), views);
    EXPECT_EQ(reading(*nodes[0]).members(), (std::vector<std::string>{"n1", "n2", "n3"}));
  }

  test_ca ca_;
  std::map<std::string, node_files> files_;
  std::vector<unsigned> ports_ = {free_port(), free_port(), free_port()};
};

TEST_F(Group, ThreeNodesAgreeOnAnyInput) {
  auto nodes = three({"--stay", "--digest"});
  const std::string binary("\0\xff\x01 binary \x00", 12), large(5'000'000, 'L');
  const std::vector<std::vector<std::string>> input = {
      {"plain", "", "\"quoted\" \\ \t", large}, {binary, "", ""}, {"größe", "\r", "last"}};
  for (std::size_t i = 0; i < 3; ++i) {
    std::string text;
    for (const auto& line : input[i]) text += line + '\n';
    text.pop_back();           // the last line has no newline: the end of the input completes it
    if (i == 1) text += '\n';  // but an empty one needs it
    nodes[i]->write(text);
    nodes[i]->end_input();
  }
  for (const auto& node : nodes) ASSERT_TRUE(has(*node, 10)) << node->err();
  for (const auto& node : nodes) {  // one after the other: each leaves gracefully
    node->send_signal(SIGTERM);
    EXPECT_EQ(node->wait_exit(), 0) << node->err();
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const reading read(*nodes[i]);
    auto sent = read.by_sender();
    EXPECT_EQ(sent["n1"], input[0]);
    EXPECT_EQ(sent["n2"], input[1]);
    EXPECT_EQ(sent["n3"], input[2]);
    for (const auto& one : read.messages)
      EXPECT_EQ(one["mine"], one["sender"] == "n" + std::to_string(i + 1));
    std::vector<json> committed;  // one outcome for each broadcast of this node, in order
    for (const auto& one : read.messages) {
      if (one["mine"])
        committed.push_back({{"event", "outcome"},
                             {"ticket", committed.size() + 1},
                             {"result", "committed"},
                             {"position", one["position"]}});
    }
    EXPECT_EQ(read.outcomes, committed);
    EXPECT_EQ(read.outcomes.size(), input[i].size());
    ASSERT_EQ(read.others.size(), 2U);
    EXPECT_EQ(read.others[0], (json{{"event", "farewell"}, {"reason", "left"}}));
    EXPECT_EQ(read.others[1], (json{{"event", "digest"},
                                    {"position", read.messages.back()["position"]},
                                    {"sha256", read.digest()}}));
    EXPECT_EQ(read.others[1], reading(*nodes[0]).others[1]);
  }
}

TEST_F(Group, AHangupLoadsCertificatesAgain) {
  auto nodes = three({"--stay"});
  const auto said = [&](const std::string& part) {
    return eventually([&] { return nodes[0]->err().find(part) != std::string::npos; });
  };
  const node_files fresh = ca_.node("n1");
  std::filesystem::rename(fresh.key, files_["n1"].key);
  nodes[0]->send_signal(SIGHUP);  // the certificate is still the old one
  EXPECT_TRUE(said("certificates were not loaded again, the old ones stay in force: socket.ssl_key"));
  std::filesystem::rename(fresh.cert, files_["n1"].cert);
  nodes[0]->send_signal(SIGHUP);
  EXPECT_TRUE(said("certificates were loaded again, as number 2: certificate CN=n1")) << nodes[0]->err();
  expect_unharmed(nodes);
  nodes[0]->send_signal(SIGTERM);
  EXPECT_EQ(nodes[0]->wait_exit(), 0) << "a second signal that asks for something else is no hurry";
}

TEST_F(Group, AKilledNodeReturnsAndCatchesUp) {
  auto nodes = three({"--stay"});
  nodes[0]->write("before\n");
  for (const auto& node : nodes) ASSERT_TRUE(has(*node, 1)) << node->err();
  nodes[2]->send_signal(SIGKILL);
  EXPECT_EQ(nodes[2]->wait_exit(), 128 + SIGKILL);
  nodes[1]->write("meanwhile\n");
  ASSERT_TRUE(has(*nodes[0], 2)) << nodes[0]->err();
  ASSERT_TRUE(sees(*nodes[0], {"n1", "n2"})) << nodes[0]->err();
  nodes[2] = start(2, {"--stay"});
  ASSERT_TRUE(sees(*nodes[2], {"n1", "n2", "n3"})) << nodes[2]->err();
  nodes[2]->write("after\n");
  for (const auto& node : nodes) ASSERT_TRUE(has(*node, 3)) << node->err();
  for (const auto& node : nodes) node->send_signal(SIGUSR1);
  for (const auto& node : nodes) {
    ASSERT_TRUE(eventually([&] { return reading(*node).others.size() == 1; })) << node->err();
    EXPECT_EQ(reading(*node).others[0]["sha256"], reading(*nodes[0]).digest());
    EXPECT_EQ(reading(*node).others[0], reading(*nodes[0]).others[0]);
  }
}

TEST_F(Group, TheEndOfTheInputLeaves) {
  auto nodes = three();
  nodes[1]->write("a\nb");
  nodes[1]->end_input();
  EXPECT_EQ(nodes[1]->wait_exit(), 0) << nodes[1]->err();
  ASSERT_TRUE(has(*nodes[0], 2)) << nodes[0]->err();
  ASSERT_TRUE(sees(*nodes[0], {"n1", "n3"})) << nodes[0]->err();
  EXPECT_THAT(reading(*nodes[0]).views.back()["left"], ElementsAre("n2"));
}

TEST_F(Group, AllLeaveAtOnce) {
  auto nodes = three({"--stay"});
  for (const auto& node : nodes) node->send_signal(SIGTERM);
  for (const auto& node : nodes) {
    EXPECT_EQ(node->wait_exit(), 0) << node->err();
    EXPECT_THAT(node->lines().back(), HasSubstr("\"farewell\",\"reason\":\"left\""));
  }
}

TEST_F(Group, LinesWaitWhileThereIsNoQuorum) {
  auto nodes = three({"--stay"});
  nodes[0]->write("before\n");
  for (const auto& node : nodes) ASSERT_TRUE(has(*node, 1)) << node->err();
  for (const std::size_t i : {1U, 2U}) nodes[i]->send_signal(SIGSTOP);
  ASSERT_TRUE(eventually([&] { return !reading(*nodes[0]).views.back()["primary"].get<bool>(); }))
      << nodes[0]->err();
  nodes[0]->write("one\ntwo\n");
  ASSERT_TRUE(eventually([&] { return nodes[0]->err().find("sending waits") != std::string::npos; }));
  for (const std::size_t i : {1U, 2U}) nodes[i]->send_signal(SIGCONT);
  for (const auto& node : nodes) {
    ASSERT_TRUE(has(*node, 3)) << node->err();
    EXPECT_THAT(reading(*node).by_sender()["n1"], ElementsAre("before", "one", "two"));
  }
}

TEST_F(Group, GeneratedMessages) {
  auto nodes = three({"--stay"});
  ports_.push_back(free_port());
  const auto maker = start(3, {"--count", "20000", "--size", "64"});
  EXPECT_EQ(maker->wait_exit(), 0) << maker->err();
  ASSERT_TRUE(has(*nodes[0], 20000)) << nodes[0]->err();
  const auto sent = reading(*nodes[0]).by_sender()["n4"];
  ASSERT_EQ(sent.size(), 20000U);
  EXPECT_EQ(sent[0].size(), 64U);
  EXPECT_THAT(sent[19999], testing::StartsWith("n4 20000 ."));
}

TEST_F(Group, AReaderThatGoesAwayEndsTheNodeCleanly) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  process node({"node", "--bootstrap", "--options", options(0)}, ends[1]);
  ::close(ends[1]);
  char first = 0;
  ASSERT_EQ(::read(ends[0], &first, 1), 1);
  ::close(ends[0]);
  node.write("somebody?\n");
  EXPECT_EQ(node.wait_exit(), 0) << node.err();
}

TEST_F(Group, StrangersAreRefusedInWordsAndTheGroupGoesOn) {
  auto nodes = three({"--stay"});
  const auto stranger = [&](const std::string& more) {
    process node({"node", "--options",
                  options(2) + "gmcast.listen_addr=127.0.0.1:0; pc.wait_prim_timeout=PT1S; " + more});
    EXPECT_EQ(node.wait_exit(), 5) << node.err();
    const std::string err = node.err();
    return err.substr(err.rfind("hauberk: "));
  };
  const auto a_member_says = [&](const std::string& words) {
    return eventually([&] {
      return std::any_of(nodes.begin(), nodes.end(),
                         [&](const auto& node) { return node->err().find(words) != std::string::npos; });
    });
  };
  EXPECT_THAT(stranger("node.name=n3"), HasSubstr("n3"));  // a name that is alive
  EXPECT_TRUE(a_member_says("the name n3 belongs to a live member"));
  EXPECT_THAT(stranger("group.name=other"), AllOf(HasSubstr("'other'"), HasSubstr("group.name")));
  EXPECT_TRUE(a_member_says("'other'"));
  EXPECT_THAT(stranger("socket.ssl=no"), HasSubstr("socket.ssl"));
  EXPECT_TRUE(a_member_says("a plaintext Hauberk node"));
  expect_unharmed(nodes);
}

TEST_F(Group, AForeignCertificateIsRefusedByBothSides) {
  auto nodes = three({"--stay"});
  test_ca foreign("foreign-ca");
  const node_files files = foreign.node("n4");
  process node({"node", "--options",
                options(2) +
                    "node.name=n4; gmcast.listen_addr=127.0.0.1:0; pc.wait_prim_timeout=PT1S; "
                    "socket.ssl_cert=" +
                    files.cert + "; socket.ssl_key=" + files.key + "; socket.ssl_ca=" + files.ca});
  EXPECT_EQ(node.wait_exit(), 5) << node.err();
  EXPECT_THAT(node.err(), HasSubstr("does not chain to our trust anchor CN=foreign-ca"));
  EXPECT_TRUE(eventually([&] { return nodes[0]->err().find("unknown CA") != std::string::npos; }))
      << nodes[0]->err();
  expect_unharmed(nodes);
}

TEST_F(Group, GarbageOnThePort) {
  auto nodes = three({"--stay"});
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(ports_[0]));
  ASSERT_EQ(::connect(file, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::send(file, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
  EXPECT_TRUE(eventually([&] { return nodes[0]->err().find("HTTP") != std::string::npos; }))
      << nodes[0]->err();
  ::close(file);
  expect_unharmed(nodes);
}

}  // namespace
}  // namespace hauberk::test
