// `hauberk certs` as a person runs it, its files judged by the real openssl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tool/process.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Certs : public testing::Test {
 protected:
  /// Runs `hauberk certs ...` in the folder; the output, which must come with `code`.
  std::string certs(std::vector<std::string> arguments, int code = 0) const {
    arguments.insert(arguments.begin(), "certs");
    arguments.insert(arguments.end(), {"--dir", folder_.path()});
    process tool(std::move(arguments));
    tool.end_input();
    EXPECT_EQ(tool.wait_exit(), code) << tool.err();
    const std::string err = tool.err();
    EXPECT_EQ(err.empty(), code == 0) << err;
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), code == 0 ? 0 : 1) << err;
    return code == 0 ? tool.out() : err;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  /// "good", "revoked", or what else openssl says.
  [[nodiscard]] std::string verdict(const std::string& file, const std::string& anchors,
                                    bool with_crl = true) const {
    const auto said =
        run("openssl verify " + (with_crl ? "-crl_check_all -CRLfile " + path("crl.pem") : std::string()) +
            " -CAfile " + path(anchors) + " " + path(file));
    if (said.status == 0) return "good";
    return said.text.find("certificate revoked") != std::string::npos ? "revoked" : said.text;
  }
  [[nodiscard]] std::string serial(const std::string& file) const {
    const std::string text = run("openssl x509 -noout -serial -in " + path(file)).text;
    return text.substr(7, text.size() - 8);
  }
  /// What a crash or a wrong mode would leave.
  void expect_tidy() const {
    for (const auto& one : fs::directory_iterator(folder_.path())) {
      const std::string name = one.path().filename().string();
      EXPECT_THAT(name, AllOf(Not(HasSubstr(".part")), Not(HasSubstr(".new"))));
      if (name.ends_with("-key.pem")) {
        EXPECT_EQ(one.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
      }
    }
  }

  temp_dir folder_;
};

TEST_F(Certs, RenewedAndRevokedOneByOne) {
  certs({"--ca", "--node", "db1,10.0.0.1", "db2", "db3"});
  EXPECT_THAT(certs({"revoke"}), HasSubstr("revokes 0 certificates"));
  const std::string old = serial("db2.pem");
  fs::copy_file(path("db2.pem"), path("stolen"));
  EXPECT_THAT(certs({"renew", "db2"}), AllOf(HasSubstr("renewed"), HasSubstr("certs revoke serial:"),
                                             HasSubstr("socket.ssl_reload=1")));
  EXPECT_NE(serial("db2.pem"), old);
  EXPECT_THAT(certs({"revoke", "serial:" + old, "--reason", "keyCompromise"}),
              AllOf(HasSubstr("revoked serial " + old), HasSubstr("socket.ssl_crl")));
  EXPECT_EQ(verdict("stolen", "ca.pem"), "revoked");
  for (const char* node : {"db1.pem", "db2.pem", "db3.pem"}) EXPECT_EQ(verdict(node, "ca.pem"), "good");

  EXPECT_THAT(certs({"revoke", path("db3.pem"), "db2"}), HasSubstr("revokes 3 certificates"));
  EXPECT_EQ(verdict("db1.pem", "ca.pem"), "good");
  EXPECT_EQ(verdict("db2.pem", "ca.pem"), "revoked");
  EXPECT_EQ(verdict("db3.pem", "ca.pem"), "revoked");
  EXPECT_THAT(certs({"revoke", "db3"}), HasSubstr("was revoked before"));
  EXPECT_THAT(run("openssl crl -noout -text -in " + path("crl.pem")).text, HasSubstr("Key Compromise"));
  expect_tidy();
}

TEST_F(Certs, ANameIsAllThatTheNodeHas) {
  certs({"--ca", "--node", "db1"});
  fs::copy_file(path("db1.pem"), path("former"));
  certs({"renew", "db1"});
  EXPECT_THAT(certs({"revoke", "db1"}), HasSubstr("revokes 2 certificates"));
  EXPECT_EQ(verdict("former", "ca.pem"), "revoked");
  EXPECT_EQ(verdict("db1.pem", "ca.pem"), "revoked");
  certs({"renew", "db1"});
  EXPECT_EQ(verdict("db1.pem", "ca.pem"), "good");
}

TEST_F(Certs, AuthoritiesFollowEachOther) {
  certs({"--ca", "--node", "db1", "db2"});
  certs({"revoke", "db2"});
  certs({"renew", "db2"});
  EXPECT_THAT(certs({"rotate-ca", "end"}, 3), HasSubstr("begin"));
  EXPECT_THAT(certs({"rotate-ca", "switch"}, 3), HasSubstr("begin"));
  EXPECT_THAT(certs({"rotate-ca", "begin"}),
              AllOf(HasSubstr("ca-bundle.pem"), HasSubstr("rotate-ca switch")));
  EXPECT_EQ(verdict("db1.pem", "ca-bundle.pem"), "good") << "the old ones are good in the bundle";
  const std::string next = run("cat " + path("ca-next.pem")).text;
  certs({"rotate-ca", "begin"});
  EXPECT_EQ(run("cat " + path("ca-next.pem")).text, next) << "a second begin changes nothing";

  fs::copy_file(path("db1.pem"), path("former"));
  EXPECT_THAT(certs({"rotate-ca", "switch"}), HasSubstr("renew --all"));
  EXPECT_EQ(run("cat " + path("ca.pem")).text, next);
  EXPECT_THAT(certs({"rotate-ca", "end"}, 3), AllOf(HasSubstr("db1 db2"), HasSubstr("certs renew db1 db2")));
  certs({"renew", "--all"});
  EXPECT_THAT(certs({"--node", "db3"}), HasSubstr("socket.ssl_ca=" + path("ca-bundle.pem")));
  for (const char* node : {"db1.pem", "db2.pem", "db3.pem"}) {
    EXPECT_EQ(verdict(node, "ca-bundle.pem"), "good");
    EXPECT_EQ(verdict(node, "ca.pem"), "good");
  }
  EXPECT_EQ(verdict("former", "ca-bundle.pem"), "good");

  EXPECT_THAT(certs({"revoke", path("former")}), HasSubstr("revokes 2")) << "the old authority still revokes";
  EXPECT_EQ(verdict("former", "ca-bundle.pem"), "revoked");
  EXPECT_THAT(certs({"rotate-ca", "end"}), HasSubstr("destroy"));
  EXPECT_THAT(verdict("former", "ca-bundle.pem", false), HasSubstr("unable to get local issuer"));
  EXPECT_EQ(verdict("db1.pem", "ca-bundle.pem"), "good");
  EXPECT_THAT(certs({"rotate-ca", "begin"}, 3), HasSubstr("ca-old.pem"));
  expect_tidy();
}

TEST_F(Certs, ASwitchThatWasCutShortIsFinished) {
  certs({"--ca", "--node", "db1"});
  certs({"rotate-ca", "begin"});
  const std::string key = run("cat " + path("ca-next-key.pem")).text;
  // As it is when the new key is in place and the new certificate is not.
  for (const char* end : {".pem", "-key.pem"})
    fs::copy_file(path("ca" + std::string(end)), path("ca-old" + std::string(end)));
  fs::rename(path("ca-next-key.pem"), path("ca-key.pem"));
  EXPECT_THAT(certs({"renew", "db1"}, 3), HasSubstr("does not belong"));
  certs({"rotate-ca", "switch"});
  EXPECT_EQ(run("cat " + path("ca-key.pem")).text, key);
  certs({"renew", "db1"});
  EXPECT_EQ(verdict("db1.pem", "ca.pem", false), "good");
  certs({"rotate-ca", "end"});
}

TEST_F(Certs, AKillAtAnyMomentLeavesWholeFiles) {
  certs({"--ca", "--node", "db1"});
  certs({"revoke"});
  const std::string look =
      "cd " + folder_.path() +
      " && openssl x509 -noout -in ca.pem && openssl pkey -noout -in ca-key.pem && openssl "
      "x509 -noout -in db1.pem && openssl pkey -noout -in db1-key.pem && openssl crl -noout "
      "-in crl.pem";
  for (int i = 0; i < 60; ++i) {
    process tool({"certs", i % 3 == 0 ? "revoke" : "renew", "db1", "--dir", folder_.path()});
    ::poll(nullptr, 0, i / 3);
    tool.send_signal(SIGKILL);
    tool.wait_exit();
    const auto said = run(look);
    ASSERT_EQ(said.status, 0) << "killed at " << i << ": " << said.text;
  }
  std::ofstream(path("db1-key.pem.part-1")) << "half";
  certs({"renew", "db1"});
  certs({"revoke"});
  EXPECT_EQ(verdict("db1.pem", "ca.pem"), "good");
  EXPECT_EQ(run("openssl x509 -noout -pubkey -in " + path("db1.pem")).text,
            run("openssl pkey -pubout -in " + path("db1-key.pem")).text);
  expect_tidy();
}

TEST_F(Certs, ManyAtOnceLoseNothing) {
  std::vector<std::string> make{"--ca", "--node"};
  for (int i = 0; i < 6; ++i) make.push_back("db" + std::to_string(i));
  certs(make);
  std::vector<std::unique_ptr<process>> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(std::make_unique<process>(
        std::vector<std::string>{"certs", "revoke", "db" + std::to_string(i), "--dir", folder_.path()}));
  for (const auto& one : all) EXPECT_EQ(one->wait_exit(), 0) << one->err();
  EXPECT_THAT(certs({"revoke"}), HasSubstr("revokes 6 certificates"));
  expect_tidy();
}

TEST_F(Certs, ALockedAuthority) {
  std::ofstream(path("phrase")) << "open sesame\n";
  std::ofstream(path("wrong")) << "sesame\n";
  std::ofstream(path("empty")) << "\n";
  const std::string phrase = path("phrase");
  certs({"--ca", "--node", "db1", "--ca-password-file", phrase});
  EXPECT_THAT(content_of(path("ca-key.pem")), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  EXPECT_THAT(content_of(path("db1-key.pem")), HasSubstr("BEGIN PRIVATE KEY"));
  EXPECT_EQ(run("openssl pkey -noout -passin file:" + phrase + " -in " + path("ca-key.pem")).status, 0);
  EXPECT_THAT(certs({"renew", "db1"}, 3), HasSubstr("--ca-password-file"));
  EXPECT_THAT(certs({"renew", "db1", "--ca-password-file", path("wrong")}, 3), HasSubstr("does not open"));
  EXPECT_THAT(certs({"renew", "db1", "--ca-password-file", path("empty")}, 3), HasSubstr("first line"));
  certs({"revoke", "db1", "--ca-password-file", phrase});
  certs({"rotate-ca", "begin", "--ca-password-file", phrase});
  certs({"rotate-ca", "switch"});
  certs({"renew", "db1", "--ca-password-file", phrase});
  EXPECT_EQ(verdict("db1.pem", "ca.pem"), "good");
  EXPECT_THAT(content_of(path("ca-key.pem")), HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  certs({"rotate-ca", "end"});
  expect_tidy();
}

TEST_F(Certs, APlainRecipesSharedSerialIsSaidAndNotRevoked) {
  const auto made =
      run("cd " + folder_.path() +
          " && openssl req -newkey rsa:2048 -x509 -nodes -days 300 -subj /CN=plain -keyout "
          "ca-key.pem -out ca.pem && for n in a b; do openssl req -newkey rsa:2048 -nodes "
          "-subj /CN=$n -keyout $n-key.pem -out $n-req && openssl x509 -req -in $n-req -days 30 "
          "-CA ca.pem -CAkey ca-key.pem -set_serial 01 -out $n.pem; done");
  ASSERT_EQ(made.status, 0) << made.text;
  EXPECT_THAT(certs({"show"}), AllOf(HasSubstr("SHARES ITS SERIAL with " + path("b.pem")),
                                     HasSubstr("cannot be revoked one by one")));
  for (const std::string& what : {std::string("a"), path("a.pem"), std::string("serial:01")})
    EXPECT_THAT(certs({"revoke", what}, 3), AllOf(HasSubstr("revoked with it"), HasSubstr("certs renew")));
  EXPECT_FALSE(fs::exists(path("crl.pem")));
  EXPECT_THAT(certs({"revoke", "a", "b"}), HasSubstr("revokes 1")) << "both are meant, and share the serial";
  EXPECT_EQ(verdict("b.pem", "ca.pem"), "revoked");
  certs({"renew", "a", "b"});
  EXPECT_EQ(verdict("a.pem", "ca.pem"), "good");
  EXPECT_THAT(run("openssl pkey -noout -text -in " + path("a-key.pem")).text, HasSubstr("3072 bit"));
  EXPECT_THAT(certs({"show"}), Not(HasSubstr("SHARES")));
}

TEST_F(Certs, Shown) {
  certs({"--ca", "--node", "db1,10.0.0.1", "db2", "--key", "p384"});
  certs({"revoke", "db2"});
  EXPECT_THAT(certs({"show", path("db1.pem")}),
              AllOf(HasSubstr("a node's certificate"), HasSubstr("db1, 10.0.0.1"), HasSubstr("CN=hauberk-ca"),
                    HasSubstr(" days left"), HasSubstr("EC P-384"), HasSubstr("serverAuth, clientAuth")));
  EXPECT_THAT(certs({"show"}), AllOf(HasSubstr("a certificate authority"), HasSubstr("REVOKED"),
                                     HasSubstr("a certificate revocation list"), HasSubstr("serial ")));
  std::vector<nlohmann::json> all;
  std::istringstream lines(certs({"show", "--json"}));
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(all.size(), 4U);  // ca, db1, db2 and the list
  EXPECT_EQ(all[1]["subject"], "CN=db1");
  EXPECT_TRUE(all[1]["revoked"].is_null());
  EXPECT_TRUE(all[2]["revoked"].is_number());
  EXPECT_EQ(all[3]["event"], "crl");
  EXPECT_EQ(all[3]["revoked"][0]["serial"], all[2]["serial"]);
  const std::string key = run("sed -n 2p " + path("db1-key.pem")).text;
  EXPECT_THAT(certs({"show", path("db1-key.pem")}, 3),
              AllOf(HasSubstr("not shown"), Not(HasSubstr(key.substr(0, 20)))));
}

TEST_F(Certs, WhatCannotBe) {
  EXPECT_THAT(certs({"revoke", "db1"}, 3), HasSubstr("ca.pem"));
  certs({"--ca", "--node", "db1"});
  EXPECT_THAT(certs({"renew"}, 2), HasSubstr("--all"));
  EXPECT_THAT(certs({"renew", "db9"}, 3), HasSubstr("db9.pem"));
  EXPECT_THAT(certs({"renew", "ca"}, 3), HasSubstr("no node's certificate"));
  EXPECT_THAT(certs({"revoke", "db9"}, 2), AllOf(HasSubstr("db9"), HasSubstr("serial:HEX")));
  EXPECT_THAT(certs({"revoke", "serial:xyz"}, 2), HasSubstr("hex"));
  EXPECT_THAT(certs({"revoke", path("ca.pem")}, 3), HasSubstr("rotate-ca"));
  EXPECT_THAT(certs({"revoke", "db1", "--reason", "dislike"}, 2), HasSubstr("keyCompromise"));
  EXPECT_THAT(certs({"rotate-ca", "sideways"}, 2), HasSubstr("begin"));
  EXPECT_THAT(certs({"rotate-ca", "begin", "--ca-name", "hauberk-ca"}, 2), HasSubstr("another name"));
  EXPECT_THAT(certs({"--node", "ca"}, 2), HasSubstr("keeps for the authority"));
  EXPECT_THAT(certs({"--node", "db2", "--key", "dsa"}, 2), HasSubstr("p256"));
  test_ca other;
  EXPECT_THAT(certs({"revoke", other.node("x").cert}, 3), HasSubstr("only who issued it"));
  std::ofstream(path("ca-index.txt")) << "broken\n";
  EXPECT_THAT(certs({"revoke", "db1"}, 3), HasSubstr("line 1"));
  EXPECT_FALSE(fs::exists(path("crl.pem")));
}

}  // namespace
}  // namespace hauberk::test
