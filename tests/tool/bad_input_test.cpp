// What a person can get wrong: one line on standard error that says what, where and what to do; nothing on
// standard output; and the documented exit code.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tool/process.hpp"

namespace hauberk::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class BadInput : public testing::Test {
 protected:
  [[nodiscard]] std::string options(const node_files& files) const {
    return "group.name=g; node.name=n1; gmcast.listen_addr=127.0.0.1:0; pc.wait_prim_timeout=PT1S; "
           "socket.ssl_cert=" +
           files.cert + "; socket.ssl_key=" + files.key + "; socket.ssl_ca=" + files.ca;
  }

  /// Runs the tool, expects failure with `code`, and returns the one line of explanation.
  static std::string refused(std::vector<std::string> arguments, int code) {
    process tool(std::move(arguments));
    tool.end_input();
    EXPECT_EQ(tool.wait_exit(), code) << tool.err();
    EXPECT_EQ(tool.out(), "");
    const std::string err = tool.err(), mark = "hauberk: ";
    const std::size_t at = err.starts_with(mark) ? 0 : err.find('\n' + mark) + 1;
    const std::string line = err.substr(at, err.find('\n', at) - at);
    EXPECT_EQ(at + line.size() + 1, err.size()) << "more than one line, or not the last: " << err;
    return line;
  }
  static std::string node_refused(const std::string& options, int code) {
    return refused({"node", "--bootstrap", "--options", options}, code);
  }

  temp_dir folder_;
  test_ca ca_;
  node_files files_ = ca_.node("n1");
};

TEST_F(BadInput, Usage) {
  EXPECT_THAT(refused({}, 2), HasSubstr("hauberk --help"));
  EXPECT_THAT(refused({"nod"}, 2), HasSubstr("nod"));
  EXPECT_THAT(refused({"node"}, 2), HasSubstr("--options or --config"));
  EXPECT_THAT(refused({"node", "--jsn", "--options", "group.name=g"}, 2), HasSubstr("--jsn"));
  EXPECT_THAT(refused({"node", "--options", "x=1", "--rate", "5"}, 2), HasSubstr("--count"));
  EXPECT_THAT(refused({"node", "--options", "x=1", "--count", "5", "--send", "f"}, 2), HasSubstr("--send"));
  EXPECT_THAT(refused({"certs"}, 2), HasSubstr("--ca"));
}

TEST_F(BadInput, Options) {
  EXPECT_THAT(node_refused("group.nam=g; socket.ssl=no", 2), HasSubstr("did you mean 'group.name'?"));
  EXPECT_THAT(node_refused("group.name", 2), HasSubstr("key=value"));
  EXPECT_THAT(node_refused("group.name=g", 2),
              AllOf(HasSubstr("socket.ssl_cert"), HasSubstr("socket.ssl=no")));
  EXPECT_THAT(node_refused(options(files_) + "; evs.suspect_timeout=soon", 2),
              AllOf(HasSubstr("evs.suspect_timeout=soon"), HasSubstr("duration")));
  EXPECT_THAT(node_refused(options(files_) + "; socket.ssl_cipher=AES1-SHA0", 2), HasSubstr("AES1-SHA0"));
  EXPECT_THAT(node_refused(options(files_) + "; pc.ignore_sb=yes", 2), HasSubstr("quorum"));
}

TEST_F(BadInput, OptionFile) {
  EXPECT_THAT(refused({"node", "--config", folder_ / "none.cnf"}, 3),
              AllOf(HasSubstr("none.cnf"), HasSubstr("No such file")));
  EXPECT_THAT(refused({"node", "--config", folder_.path()}, 3), HasSubstr("directory"));
  const std::string path = folder_ / "bad.cnf";
  std::ofstream(path) << "# a comment\ngroup.name = g\nwhat\n";
  EXPECT_THAT(refused({"node", "--config", path}, 2), AllOf(HasSubstr("bad.cnf"), HasSubstr("line 3")));
}

TEST_F(BadInput, MissingFiles) {
  for (std::string node_files::*which : {&node_files::cert, &node_files::key, &node_files::ca}) {
    node_files broken = files_;
    broken.*which = folder_ / "gone.pem";
    EXPECT_THAT(node_refused(options(broken), 3), AllOf(HasSubstr("gone.pem"), HasSubstr("No such file")));
  }
  EXPECT_THAT(refused({"node", "--options", options(files_), "--send", folder_ / "gone.txt"}, 3),
              HasSubstr("gone.txt"));
}

TEST_F(BadInput, NotACertificate) {
  node_files broken = files_;
  broken.cert = folder_ / "text.pem";
  std::ofstream(broken.cert) << "hello\n";
  EXPECT_THAT(node_refused(options(broken), 3), HasSubstr("text.pem"));
}

TEST_F(BadInput, KeyOfAnotherCertificate) {
  node_files broken = files_;
  broken.key = ca_.node("n2").key;
  EXPECT_THAT(node_refused(options(broken), 3), HasSubstr("does not belong to the certificate"));
}

TEST_F(BadInput, EncryptedKeyWithoutPassword) {
  node_files broken = files_;
  broken.key = folder_ / "locked.pem";
  const std::string command = "openssl ec -in " + files_.key + " -aes256 -passout pass:secret -out " +
                              broken.key + " 2>" + (folder_ / "log");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_THAT(node_refused(options(broken), 3), HasSubstr("socket.ssl_password_file"));
}

TEST_F(BadInput, ExpiredCertificate) {
  test_ca old("old-ca", std::time(nullptr) - 400 * 86400);
  EXPECT_THAT(node_refused(options(old.node("n1", 30)), 3), HasSubstr("expired"));
}

TEST_F(BadInput, PortInUse) {
  const int file = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(file, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(file, 1), 0);
  ASSERT_EQ(::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  EXPECT_THAT(node_refused(options(files_) + "; gmcast.listen_addr=127.0.0.1:" + port, 4),
              AllOf(HasSubstr(port), HasSubstr("another program has that port")));
  ::close(file);
}

TEST_F(BadInput, NobodyThere) {
  const std::string nobody = "127.0.0.1:" + std::to_string(free_port());
  EXPECT_THAT(refused({"node", "--options", options(files_) + "; gmcast.peers=" + nobody}, 5),
              HasSubstr(nobody));
}

TEST_F(BadInput, CertificatesAreNotOverwritten) {
  process first({"certs", "--ca", "--node", "db1,10.0.0.1", "db2", "--dir", folder_ / "certs"});
  ASSERT_EQ(first.wait_exit(), 0) << first.err();
  EXPECT_THAT(first.out(),
              AllOf(HasSubstr("ca.pem"), HasSubstr("socket.ssl_cert="), HasSubstr("db2-key.pem")));
  for (const char* file : {"ca.pem", "ca-key.pem", "db1.pem", "db1-key.pem", "db2.pem", "db2-key.pem"})
    EXPECT_TRUE(std::filesystem::exists(folder_ / "certs/" + file)) << file;
  EXPECT_EQ(std::filesystem::status(folder_ / "certs/db1-key.pem").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(refused({"certs", "--node", "db1", "--dir", folder_ / "certs"}, 3), HasSubstr("exists"));
  EXPECT_THAT(refused({"certs", "--node", "../x", "--dir", folder_ / "certs"}, 2), HasSubstr("../x"));
  EXPECT_THAT(refused({"certs", "--node", "db9", "--dir", folder_ / "empty"}, 3), HasSubstr("ca"));
}

TEST_F(BadInput, HelpAndVersion) {
  process version({"--version"});
  EXPECT_EQ(version.wait_exit(), 0);
  EXPECT_THAT(version.out(), testing::StartsWith("hauberk "));
  process help({"--help"});
  EXPECT_EQ(help.wait_exit(), 0);
  EXPECT_THAT(help.out(), HasSubstr("Exit codes:"));
}

}  // namespace
}  // namespace hauberk::test
