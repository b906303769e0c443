// Loading: every broken file gets its own one-line answer, and the policy is what was written.
#include "tls/context.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/certificates.hpp"
#include "unit/tls/shell.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms(0600));
}

/// As the openssl program sees it, in our spelling.
std::string fingerprint(const std::string& cert) {
  const auto said = test::run("openssl x509 -noout -fingerprint -sha256 -in " + cert).text;
  std::string hex;
  for (const char c : said.substr(said.find('=') + 1)) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) hex += static_cast<char>(std::tolower(c));
  }
  return hex;
}

class loading : public testing::Test {
 protected:
  /// Runs in the test's folder.
  void must(const std::string& command) const {
    const auto said = test::run("cd " + dir.path() + " && " + command);
    ASSERT_EQ(said.status, 0) << command << "\n" << said.text;
  }
  /// The answer must start with `option: file: ` and have each of `parts`.
  static void expect(const error& got, errc code, const std::string& start,
                     std::initializer_list<const char*> parts) {
    EXPECT_EQ(got.code, code) << got.text;
    EXPECT_EQ(got.text.rfind(start, 0), 0U) << got.text;
    for (const char* part : parts)
      EXPECT_NE(got.text.find(part), std::string::npos) << part << ": " << got.text;
  }

  test::temp_dir dir;
  test::test_ca ca;
  test::node_files node = ca.node("db1");
  settings good = node.settings();
};

TEST_F(loading, knows_its_own_certificate) {
  const context made = test::load(good);
  EXPECT_EQ(made.own().subject, "CN=db1");
  EXPECT_EQ(made.own().issuer, "CN=test-ca");
  EXPECT_EQ(made.own().names, std::vector<std::string>{"db1"});
  EXPECT_EQ(made.own().serial.size(), 32U);
  EXPECT_EQ(made.own().fingerprint, fingerprint(node.cert));
  EXPECT_EQ(made.own().not_after - made.own().not_before, 825 * 86400 + 300);
}

TEST_F(loading, missing_and_unreadable_files) {
  settings bad = good;
  bad.cert_file = dir / "none.pem";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_cert: " + bad.cert_file + ": ",
         {"No such file", "check the path"});
  bad = good;
  bad.key_file = dir / "none.pem";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_key: " + bad.key_file + ": ", {"No such file"});
  bad = good;
  bad.ca_file = dir / "none.pem";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_ca: " + bad.ca_file + ": ", {"No such file"});
  bad = good;
  bad.password_file = dir / "none.txt";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_password_file: " + bad.password_file + ": ",
         {"No such file"});
  bad = good;
  bad.cert_file = "";
  expect(test::load_error(bad), errc::bad_option, "socket.ssl_cert: no file given", {});
  bad = good;
  bad.ca_file = dir.path();
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_ca: ", {"not a regular file"});
  must("mkfifo pipe");
  bad.ca_file = dir / "pipe";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_ca: ", {"not a regular file"});
  write(dir / "empty", "");
  bad.ca_file = dir / "empty";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_ca: ", {"empty"});
  if (::geteuid() != 0) {
    bad = good;
    std::filesystem::permissions(node.cert, std::filesystem::perms::none);
    expect(test::load_error(bad), errc::bad_file,
           "socket.ssl_cert: ", {"Permission denied", "right to read"});
  }
}

TEST_F(loading, files_that_are_no_pem) {
  write(dir / "text", "hello\n");
  settings bad = good;
  bad.cert_file = dir / "text";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_cert: ", {"is not PEM: expected a block"});
  bad = good;
  bad.key_file = dir / "text";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_key: ", {"is not PEM: expected a block"});
  must("openssl x509 -in " + node.cert + " -outform der -out cert.der && openssl pkey -in " + node.key +
       " -outform der -out key.der && chmod 600 key.der");
  bad = good;
  bad.ca_file = dir / "cert.der";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_ca: ", {"looks like DER"});
  bad = good;
  bad.key_file = dir / "key.der";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_key: ", {"looks like DER"});
  bad = good;
  std::swap(bad.cert_file, bad.key_file);
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_cert: ", {"holds a private key", "swapped"});
  must("cp " + node.cert + " open.pem && chmod 600 open.pem");
  bad = good;
  bad.key_file = dir / "open.pem";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_key: ", {"holds a certificate", "swapped"});
  must("openssl req -new -key " + node.key + " -subj /CN=x -out x.csr");
  bad = good;
  bad.cert_file = dir / "x.csr";
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_cert: ", {"certificate request"});
  must("head -c 300 " + node.cert + " > torn.pem && sed 's/^MI/XX/' " + node.cert + " > bent.pem");
  for (const char* name : {"torn.pem", "bent.pem"}) {
    bad = good;
    bad.cert_file = dir / name;
    expect(test::load_error(bad), errc::bad_file,
           "socket.ssl_cert: ", {"certificate 1 in the file cannot be read"});
  }
}

TEST_F(loading, keys_that_do_not_match) {
  const auto other = ca.node("db2");
  settings bad = good;
  bad.key_file = other.key;
  expect(test::load_error(bad), errc::bad_file, "socket.ssl_key: " + other.key + ": ",
         {"does not belong to the certificate", node.cert.c_str(), "CN=db1"});
  must("cat " + ca.files().cert + " " + node.cert + " > wrong-order.pem");
  bad = good;
  bad.cert_file = dir / "wrong-order.pem";
  expect(test::load_error(bad), errc::bad_certificate, "socket.ssl_cert: ", {"put the node's own one first"});
}

TEST_F(loading, encrypted_keys_never_ask_on_the_terminal) {
  must("openssl pkey -in " + node.key + " -aes256 -passout pass:sesame -out pkcs8.pem && openssl ec -in " +
       node.key + " -aes128 -passout pass:sesame -out old.pem && chmod 600 *.pem");
  for (const char* name : {"pkcs8.pem", "old.pem"}) {
    settings locked = good;
    locked.key_file = dir / name;
    expect(test::load_error(locked), errc::bad_file,
           "socket.ssl_key: ", {"is encrypted", "set socket.ssl_password_file"});
    locked.password_file = dir / "password";
    write(locked.password_file, "wrong\n");
    expect(test::load_error(locked), errc::bad_file,
           "socket.ssl_key: ", {"the passphrase in socket.ssl_password_file", "does not open this key"});
    for (const char* text : {"sesame\n", "sesame", "sesame\r\nsecond line\n"}) {
      write(locked.password_file, text);
      EXPECT_TRUE(context::load(locked, std::time(nullptr), {})) << text;
    }
    write(locked.password_file, "\n");
    expect(test::load_error(locked), errc::bad_file, "socket.ssl_password_file: ", {"first line is empty"});
  }
}

TEST_F(loading, dates) {
  const auto now = std::time(nullptr);
  expect(test::load_error(good, now + 826 * 86400), errc::bad_certificate,
         "socket.ssl_cert: " + node.cert + ": ", {"CN=db1 expired on 20", " UTC (it is 20", "renew it"});
  expect(test::load_error(good, now - 3600), errc::bad_certificate,
         "socket.ssl_cert: ", {"is not valid before 20"});
  test::test_ca old("old-ca", 1000000000);
  const auto late = old.node("late", 20000);
  expect(test::load_error(late.settings(), 1000000000 + 4000LL * 86400), errc::bad_certificate,
         "socket.ssl_cert: ", {"CA certificate CN=old-ca expired on 2011-09-07"});
}

TEST_F(loading, key_files_that_others_can_read) {
  for (const unsigned mode : {0604U, 0644U, 0601U, 0777U}) {
    std::filesystem::permissions(node.key, std::filesystem::perms(mode));
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04o", mode);
    expect(test::load_error(good), errc::bad_file, "socket.ssl_key: ", {text.data(), "chmod 600"});
  }
  std::filesystem::permissions(node.key, std::filesystem::perms(0640));
  test::heard ear;
  ASSERT_TRUE(context::load(good, std::time(nullptr), ear.logger()));
  EXPECT_NE(ear.at(base::level::warning).find("mode 0640"), std::string::npos);

  std::filesystem::permissions(node.key, std::filesystem::perms(0600));
  std::filesystem::create_symlink(node.key, dir / "link.pem");
  settings linked = good;
  linked.key_file = dir / "link.pem";
  test::heard quiet;
  ASSERT_TRUE(context::load(linked, std::time(nullptr), quiet.logger()));
  EXPECT_EQ(quiet.at(base::level::warning), "") << "the link's own mode is 0777 and means nothing";
}

TEST_F(loading, a_certificate_of_another_ca) {
  test::test_ca other("other-ca");
  settings bad = good;
  bad.ca_file = other.files().cert;
  expect(test::load_error(bad), errc::bad_certificate, "socket.ssl_cert: " + node.cert + ": ",
         {"CN=db1 with issuer CN=test-ca", "trust anchor CN=other-ca", bad.ca_file.c_str(), "go together"});
  test::test_ca twin("test-ca");  // same name, other key: somebody ran the runbook twice
  bad.ca_file = twin.files().cert;
  expect(test::load_error(bad), errc::bad_certificate,
         "socket.ssl_cert: ", {"does not chain to our trust anchor CN=test-ca"});
  bad.ca_file = "";
  expect(test::load_error(bad), errc::bad_certificate, "socket.ssl_cert: ", {"set socket.ssl_ca"});
}

TEST_F(loading, usages_for_one_role_only_and_weak_keys) {
  const auto sign = [&](const std::string& name, const std::string& key, const std::string& extra) {
    must("openssl req -new -newkey " + key + " -nodes -keyout " + name + "-key.pem -subj /CN=" + name +
         " -out " + name +
         ".csr && printf 'extendedKeyUsage=" + (extra.empty() ? "serverAuth,clientAuth" : extra) + "' > " +
         name + ".ext && openssl x509 -req -in " + name + ".csr -days 10 -CA " + ca.files().cert +
         " -CAkey " + ca.files().key + " -set_serial 7 -extfile " + name + ".ext -out " + name +
         ".pem && chmod 600 " + name + "-key.pem");
    return test::node_files{dir / (name + ".pem"), dir / (name + "-key.pem"), ca.files().cert}.settings();
  };
  const std::string ec = "ec -pkeyopt ec_paramgen_curve:P-256";
  for (const char* usage : {"serverAuth", "clientAuth", "emailProtection"}) {
    expect(test::load_error(sign("half", ec, usage)), errc::bad_certificate,
           "socket.ssl_cert: ", {"CN=half may not be used for this role", "serverAuth and clientAuth"});
  }
  expect(test::load_error(sign("weak", "rsa:1024", "")), errc::bad_certificate,
         "socket.ssl_cert: ", {"too short a key"});
  const settings fine =
      sign("fine", "rsa:2048", "");  // before the clock is read: making the key takes a while
  ASSERT_TRUE(context::load(fine, std::time(nullptr), {}));

  settings nameless = sign("nameless", ec, "");
  ASSERT_TRUE(context::load(nameless, std::time(nullptr), {}));
  nameless.rules = profile::strict;
  EXPECT_EQ(test::load_error(nameless).code, errc::bad_certificate);
  EXPECT_NE(test::load_error(nameless).text.find("subject alternative name"), std::string::npos);
}

TEST_F(loading, names_of_the_wrong_kind_of_key_are_noticed_here) {
  settings bad = good;
  bad.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  expect(test::load_error(bad), errc::bad_option,
         "socket.ssl_cipher: ", {"EC key", "add ECDHE-ECDSA-AES128-GCM-SHA256"});
}

TEST_F(loading, unknown_options_values_and_groups) {
  settings bad = good;
  bad.identity = "dns";
  expect(test::load_error(bad), errc::bad_option, "socket.ssl_identity: \"dns\"",
         {"expected name, ca, list:NAME"});
  bad = good;
  bad.groups = "foo:bar";
  expect(test::load_error(bad), errc::bad_option, "socket.ssl_groups: ", {"knows none of foo:bar"});
  bad.groups = "foo:P-256";
  test::heard ear;
  ASSERT_TRUE(context::load(bad, std::time(nullptr), ear.logger()));
  EXPECT_NE(ear.at(base::level::warning).find("socket.ssl_groups: foo is not known to this OpenSSL"),
            std::string::npos);
  test::heard quiet;
  ASSERT_TRUE(context::load(good, std::time(nullptr), quiet.logger()));
  EXPECT_EQ(quiet.at(base::level::warning) + quiet.at(base::level::info), "");
  bad = good;
  bad.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  ASSERT_TRUE(context::load(bad, std::time(nullptr), quiet.logger()));
  const std::string said = quiet.at(base::level::info);
  EXPECT_NE(said.find("this group speaks TLS 1.2"), std::string::npos);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST_F(loading, the_policy_is_what_was_written_sorted_and_normalised) {
  const std::string anchor = fingerprint(ca.files().cert);
  EXPECT_EQ(
      test::load(good).policy_text(),
      "socket.ssl=yes\nsocket.ssl_anchors=" + anchor +
          "\nsocket.ssl_cipher=TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\n"
          "socket.ssl_groups=X25519MLKEM768:X25519:P-256:P-384\nsocket.ssl_identity=name\n"
          "socket.ssl_profile=standard\nsocket.ssl_versions=1.3-1.3\n");
  settings one = good, two = ca.node("db2").settings();
  one.ciphers = " tls_aes_256_gcm_sha384 , TLS_AES_128_GCM_SHA256";
  two.ciphers = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
  one.groups = "prime256v1,X25519,future";
  two.groups = "P-256:x25519:future";
  EXPECT_EQ(test::load(one).policy_text(), test::load(two).policy_text());
  EXPECT_NE(test::load(one).policy_text().find("socket.ssl_groups=P-256:X25519:future\n"), std::string::npos);
}

TEST_F(loading, the_order_of_anchors_in_the_bundle_does_not_matter) {
  test::test_ca second("second-ca");
  must("cat " + ca.files().cert + " " + second.files().cert + " > ab.pem && cat " + second.files().cert +
       " " + ca.files().cert + " " + ca.files().cert + " > ba.pem");
  settings one = good, two = second.node("db2").settings();
  one.ca_file = dir / "ab.pem";
  two.ca_file = dir / "ba.pem";
  EXPECT_EQ(test::load(one).policy_text(), test::load(two).policy_text());
  EXPECT_NE(test::load(one).policy_text(), test::load(good).policy_text());
  EXPECT_TRUE(test::shake(test::load(one), test::load(two)).both_ready());
}

TEST_F(loading, intermediates_travel_with_the_certificate) {
  must(
      "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid-key.pem -subj /CN=mid "
      "-out mid.csr && "
      "printf 'basicConstraints=critical,CA:TRUE' > mid.ext && openssl x509 -req -in mid.csr -days 10 -CA " +
      ca.files().cert + " -CAkey " + ca.files().key + " -set_serial 9 -extfile mid.ext -out mid.pem");
  const pair_files leaf{dir / "leaf.pem", dir / "leaf-key.pem"};
  node_request what;
  what.name = "leaf";
  const auto made = make_node(what, {dir / "mid.pem", dir / "mid-key.pem"}, leaf, std::time(nullptr));
  ASSERT_TRUE(made) << made.error().text;
  settings own = test::node_files{leaf.cert, leaf.key, ca.files().cert}.settings();
  EXPECT_EQ(test::load_error(own).code, errc::bad_certificate) << "the intermediate is missing";
  must("cat leaf.pem mid.pem > chain.pem");
  own.cert_file = dir / "chain.pem";
  const auto seen = test::shake(test::load(own), test::load(good));
  EXPECT_TRUE(seen.both_ready()) << test::text_of(seen.client) << test::text_of(seen.server);
  settings partial = own;
  partial.ca_file = dir / "mid.pem";
  EXPECT_EQ(test::load_error(partial).code, errc::bad_certificate) << "an intermediate is no anchor";
}

TEST(sha256, known_answers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

class identity : public loading {
 protected:
  static certificate named(std::vector<std::string> names) {
    certificate made;
    made.subject = "CN=whoever";
    made.names = std::move(names);
    return made;
  }
};

TEST_F(identity, one_of_the_certificates_names) {
  const context own = test::load(good);
  const auto peer = named({"db2", "DB2.Example.org", "spiffe://Group/db2"});
  for (const char* name : {"db2", "DB2", "db2.example.org", "spiffe://Group/db2"}) {
    EXPECT_EQ(identity_mismatch(own, peer, name), "");
  }
  for (const char* name : {"db", "db22", "", "spiffe://group/db2"}) {
    const std::string why = identity_mismatch(own, peer, name);
    EXPECT_NE(why.find("the peer calls itself \"" + std::string(name) + "\""), std::string::npos);
    EXPECT_NE(why.find("names \"db2\", \"DB2.Example.org\""), std::string::npos) << why;
  }
  EXPECT_NE(identity_mismatch(own, named({"*.example.org"}), "db2.example.org"), "");
  EXPECT_NE(identity_mismatch(own, named({"*.example.org"}), "*.example.org"), "");
  EXPECT_NE(identity_mismatch(own, named({}), "db2").find("names nobody"), std::string::npos);
}

TEST_F(identity, ca_means_that_the_chain_alone_decides) {
  settings from = good;
  from.identity = "ca";
  const context own = test::load(from);
  EXPECT_FALSE(own.checks_names());
  EXPECT_EQ(identity_mismatch(own, named({"db2"}), "db7"), "");
  EXPECT_NE(own.policy_text(), test::load(good).policy_text());
}

TEST_F(identity, the_common_name_counts_only_where_no_name_is) {
  const auto names = [&](const std::string& extension) {
    must(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k-key.pem -subj "
        "/CN=common -days 2 "
        "-out k.pem -addext '" +
        extension + "' && chmod 600 k-key.pem");
    return test::load(test::node_files{dir / "k.pem", dir / "k-key.pem", ""}.settings()).own().names;
  };
  using list = std::vector<std::string>;
  EXPECT_EQ(names("subjectAltName=DNS:a,URI:spiffe://g/b,IP:10.0.0.1"), (list{"a", "spiffe://g/b"}));
  EXPECT_EQ(names("subjectAltName=IP:10.0.0.1"), list{"common"});
  EXPECT_EQ(names("nsComment=none"), list{"common"});
}

}  // namespace
}  // namespace hauberk::tls
