// `hauberk doctor` beside real members: what it says before a node joins, and that the group notices nothing.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tool/process.hpp"
#include "unit/tls/authority.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct verdict {
  int code = -1;
  std::vector<json> checks;
  json summary;

  /// What is bad, as "where check: got", one a line.
  [[nodiscard]] std::string bad() const {
    std::string made;
    for (const json& one : checks)
      if (one["grade"] == "bad")
        made += one["where"].get<std::string>() + ' ' + one["check"].get<std::string>() + ": " +
                one["got"].get<std::string>() + '\n';
    return made;
  }
  /// What was got at a check of the peer's.
  [[nodiscard]] std::string got(const std::string& check) const {
    for (const json& one : checks)
      if (one["where"] != "here" && one["check"] == check) return one["got"];
    return {};
  }
};

class Doctor : public testing::Test {
 protected:
  [[nodiscard]] static std::string options(const node_files& files, const std::string& name) {
    return "group.name=g; node.name=" + name +
           "; gmcast.listen_addr=127.0.0.1:0; socket.ssl_cert=" + files.cert +
           "; socket.ssl_key=" + files.key + "; socket.ssl_ca=" + files.ca;
  }
  /// Starts a member of one that goes on until its input ends.
  std::unique_ptr<process> member(const std::string& text) {
    port_ = free_port();
    auto made = std::make_unique<process>(
        std::vector<std::string>{"node", "--bootstrap", "--stay", "--options",
                                 text + "; gmcast.listen_addr=127.0.0.1:" + std::to_string(port_)});
    EXPECT_TRUE(eventually([&] { return made->out().find("view 1") != std::string::npos; })) << made->err();
    return made;
  }
  [[nodiscard]] std::string peer() const { return "127.0.0.1:" + std::to_string(port_); }

  verdict ask(const std::string& text, bool with_peer = true) {
    std::vector<std::string> arguments{"doctor", "--json", "--options", text};
    if (with_peer) arguments.insert(arguments.end(), {"--peer", peer()});
    process tool(std::move(arguments));
    tool.end_input();
    verdict made;
    made.code = tool.wait_exit();
    EXPECT_EQ(tool.err(), "");
    for (const std::string& line : tool.lines()) {
      const json one = json::parse(line);
      if (one["event"] == "check") made.checks.push_back(one);
      if (one["event"] == "summary") made.summary = one;
    }
    EXPECT_FALSE(made.summary.is_null()) << tool.out();
    return made;
  }

  test_ca ca_;
  node_files db1_ = ca_.node("db1"), db2_ = ca_.node("db2");
  unsigned port_ = 0;
};

TEST_F(Doctor, SaysThatAGoodNodeMayJoin) {
  const auto one = member(options(db1_, "db1"));
  const verdict said = ask(options(db2_, "db2"));
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.bad(), "");
  EXPECT_EQ(said.summary["bad"], 0);
  EXPECT_THAT(said.got("handshake"), HasSubstr("TLSv1.3"));
  EXPECT_THAT(said.got("certificate"), AllOf(HasSubstr("CN=db1"), HasSubstr("SHA-256 ")));
  EXPECT_THAT(said.got("greeting"), HasSubstr("'db1' of group 'g'"));

  EXPECT_EQ(said.got("peer's clock"), "it agrees with ours");

  // What it says is true, and its visit left nothing behind; nobody was refused.
  EXPECT_TRUE(eventually([&] { return one->err().find("only looking") != std::string::npos; })) << one->err();
  EXPECT_THAT(one->err(), Not(HasSubstr("refused")));
  process two({"node", "--options", options(db2_, "db2") + "; gmcast.peers=" + peer()});
  two.end_input();
  EXPECT_EQ(two.wait_exit(), 0) << two.err();
  EXPECT_THAT(one->out(), HasSubstr("view 2 from position"));
}

TEST_F(Doctor, SaysWhatThePeerHoldsAgainstIt) {
  const auto one = member(options(db1_, "db1"));
  const std::string good = options(db2_, "db2");
  const std::map<std::string, std::string> wrong{
      {"; group.name=other", "group.name is 'other' here and 'g' there"},
      {"; socket.ssl_compression=lz4", "socket.ssl_compression is lz4 here and none there"},
      {"; socket.ssl_groups=P-256:X25519", "socket.ssl_groups is P-256:X25519 here and "}};
  for (const auto& [change, words] : wrong) {
    const verdict said = ask(good + change);
    EXPECT_EQ(said.code, 5) << change;
    EXPECT_THAT(said.got("acceptance"), HasSubstr(words));
  }
  const verdict old = ask(good + "; socket.ssl_max_version=1.2");
  EXPECT_EQ(old.code, 5);
  EXPECT_THAT(old.got("handshake"), HasSubstr("protocol version"));
  EXPECT_THAT(old.got("presents"), AllOf(HasSubstr("TLSv1.3"), HasSubstr("CN=db1")));

  const verdict plain = ask("group.name=g; node.name=db2; socket.ssl=no");
  EXPECT_EQ(plain.code, 5);
  EXPECT_THAT(plain.got("encryption"), HasSubstr("speaks TLS"));
  EXPECT_THAT(one->out(), Not(HasSubstr("view 2")));
}

TEST_F(Doctor, AsksAllThatAreConfigured) {
  const auto one = member(options(db1_, "db1"));
  const std::string first = peer(), nobody = "127.0.0.1:" + std::to_string(free_port());
  const std::string second = "127.0.0.1:" + std::to_string(free_port());
  process two(
      {"node", "--stay", "--options",
       options(ca_.node("db3"), "db3") + "; gmcast.listen_addr=" + second + "; gmcast.peers=" + first});
  ASSERT_TRUE(eventually([&] { return two.out().find("view 2") != std::string::npos; })) << two.err();
  const verdict said =
      ask(options(db2_, "db2") + "; gmcast.peers=" + first + "," + nobody + "," + second, false);
  EXPECT_EQ(said.code, 0) << said.bad();
  std::map<std::string, std::string> seen;  // by peer: what came of it
  for (const json& each : said.checks)
    if (each["check"] == "greeting" || each["check"] == "reach") seen[each["where"]] = each["got"];
  EXPECT_THAT(seen[first], HasSubstr("'db1'"));
  EXPECT_THAT(seen[second], HasSubstr("'db3'"));
  EXPECT_THAT(seen[nobody], HasSubstr("refused")) << "which is no fault of this node";
}

TEST_F(Doctor, CertificatesOfAnotherAuthority) {
  const auto one = member(options(db1_, "db1"));
  test_ca other("other CA");
  node_files foreign = other.node("db2");
  const verdict stranger = ask(options(foreign, "db2"));
  EXPECT_EQ(stranger.code, 5);
  EXPECT_THAT(stranger.got("handshake"), AllOf(HasSubstr("we refused"), HasSubstr("CN=other CA")));
  EXPECT_THAT(stranger.got("presents"), HasSubstr("issuer CN=test-ca"));
  // One that trusts the group, but is not trusted by it: only the peer can say so.
  const std::string both = ca_.dir() + "/both.pem";
  ASSERT_EQ(run("cat " + ca_.files().cert + " " + other.files().cert + " > " + both).status, 0);
  foreign.ca = both;
  const verdict intruder = ask(options(foreign, "db2"));
  EXPECT_EQ(intruder.code, 5);
  EXPECT_THAT(intruder.got("acceptance"), HasSubstr("the peer refused our certificate"));
}

TEST_F(Doctor, SharedSerialsAndNames) {
  const auto made =
      run("cd " + ca_.dir() +
          " && for n in a b; do openssl req -newkey rsa:2048 -nodes -subj /CN=$n -keyout $n-key.pem "
          "-out $n-req && openssl x509 -req -in $n-req -days 300 -CA " +
          ca_.files().cert + " -CAkey " + ca_.files().key +
          " -set_serial 01 -out $n.pem && chmod 600 $n-key.pem; done");
  ASSERT_EQ(made.status, 0) << made.text;
  const auto files = [&](const std::string& name) {
    return node_files{ca_.dir() + "/" + name + ".pem", ca_.dir() + "/" + name + "-key.pem", ca_.files().cert};
  };
  const auto one = member(options(files("a"), "a"));
  const verdict said = ask(options(files("b"), "b"));
  EXPECT_EQ(said.code, 0) << said.bad();
  EXPECT_THAT(said.got("serial"), HasSubstr("the peer's certificate has ours, 01"));
  EXPECT_THAT(ask(options(files("a"), "a")).got("member"), HasSubstr("called 'a', too"));
}

TEST_F(Doctor, NobodyThereAndNothingGood) {
  port_ = free_port();
  const verdict alone = ask(options(db2_, "db2"));
  EXPECT_EQ(alone.code, 5);
  EXPECT_THAT(alone.got("reach"), HasSubstr("Connection refused"));
  std::filesystem::permissions(db2_.key, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  const verdict open = ask(options(db2_, "db9"));
  EXPECT_EQ(open.code, 3);
  EXPECT_THAT(open.bad(), AllOf(HasSubstr("here file: mode 0604"), HasSubstr("here name: 'db2'")));
  EXPECT_THAT(open.got("reach"), HasSubstr("not asked"));
}

/// Answers every connection with these bytes, and then keeps silent.
class odd_server {
 public:
  explicit odd_server(std::string words) : words_(std::move(words)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* any = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(listener_, any, size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, any, &size), 0);
    port_ = ntohs(at.sin_port);
    server_ = std::thread([this] { serve(); });
  }
  ~odd_server() {
    ::shutdown(listener_, SHUT_RDWR);
    server_.join();
    for (const int one : open_) ::close(one);
    ::close(listener_);
  }
  [[nodiscard]] unsigned port() const { return port_; }

 private:
  void serve() {
    for (int one = 0; (one = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;
         open_.push_back(one)) {
      // Who has seen enough goes before the end.
      [[maybe_unused]] const ssize_t sent = ::send(one, words_.data(), words_.size(), MSG_NOSIGNAL);
    }
  }

  std::string words_;
  int listener_ = -1;
  unsigned port_ = 0;
  std::vector<int> open_;  // the server's, until it has ended
  std::thread server_;
};

TEST_F(Doctor, WhateverListensThere) {
  const std::string patient = options(db2_, "db2") + "; handshake.timeout=300ms";
  const std::map<std::string, std::string> odd{{"", "did not answer in time"},
                                               {"HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP answer"},
                                               {"SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
                                               {std::string("\x16\x03\x03\xff\xff\0\0", 7), ""},
                                               {std::string(1 << 20, 'x'), "expected TLS"}};
  for (const auto& [words, seen] : odd) {
    const odd_server server(words);
    port_ = server.port();
    const verdict said = ask(patient);
    EXPECT_EQ(said.code, 5) << words.substr(0, 20);
    EXPECT_THAT(said.got("handshake"), HasSubstr(seen));
    EXPECT_THAT(said.got("presents"), HasSubstr("no certificate"));
    if (words.size() > 100) continue;
    const verdict plain = ask("group.name=g; node.name=db2; socket.ssl=no; handshake.timeout=300ms");
    EXPECT_EQ(plain.code, 5) << words.substr(0, 20);
  }
}

TEST_F(Doctor, WhoseRevocationListIsNewer) {
  revoker authority(ca_);
  const std::string first = authority.list(), second = authority.list(), third = authority.list();
  const auto one = member(options(db1_, "db1") + "; socket.ssl_crl=" + second);
  const auto with = [&](const std::string& list) {
    const verdict said = ask(options(db2_, "db2") + (list.empty() ? "" : "; socket.ssl_crl=" + list));
    EXPECT_EQ(said.code, 0);
    return said.got("crl");
  };
  EXPECT_EQ(with(""), "none here");
  EXPECT_EQ(with(first), "number 1 in socket.ssl_crl here");
  EXPECT_EQ(with(second), "the revocation list of CN=test-ca here is the group's, number 2");
  EXPECT_EQ(with(third), "the group has number 2");
}

TEST_F(Doctor, WordsForPeople) {
  process tool({"doctor", "--options", options(db2_, "db9")});
  EXPECT_EQ(tool.wait_exit(), 3);
  EXPECT_THAT(tool.out(),
              AllOf(HasSubstr("good     chain: CN=db2 chains to CN=test-ca"),
                    HasSubstr("bad      name: expected node.name 'db9' in the certificate CN=db2, got "
                              "'db2'; set node.name"),
                    HasSubstr("this node cannot join")));
  const std::string key = content_of(db2_.key);
  EXPECT_THAT(tool.out(), Not(HasSubstr(key.substr(30, 30))));
  const std::string config = ca_.dir() + "/db2.cnf";
  std::string lines = options(db2_, "db2");
  std::replace(lines.begin(), lines.end(), ';', '\n');
  std::ofstream(config) << lines << '\n';
  process by_file({"doctor", "--config", config});
  EXPECT_EQ(by_file.wait_exit(), 0) << by_file.out();
  EXPECT_THAT(by_file.out(), HasSubstr("0 bad: nothing stands against joining"));
  process misspelt({"doctor", "--options", "group.nam=g"});
  EXPECT_EQ(misspelt.wait_exit(), 2);
  process nothing({"doctor"});
  EXPECT_EQ(nothing.wait_exit(), 2);
}

}  // namespace
}  // namespace hauberk::test
