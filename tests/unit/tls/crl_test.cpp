// Ledgers and revocation lists: openssl reads ours, we read its, and nothing revoked ever comes back.
#include "tls/crl.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/certificates.hpp"
#include "tls/inspect.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::tls {
namespace {

certificate named(const std::string& name, const std::string& serial, std::int64_t until) {
  certificate made;
  made.subject = "CN=" + name;
  made.serial = serial;
  made.not_after = until;
  return made;
}

TEST(ledgers, are_written_as_openssl_ca_does) {
  ledger book;
  book.add(named("db1", "0a", 1800000000));
  book.add(named("db2", "ff00", 2600000000));
  book.add(named("db2", "FF00", 2600000000));  // the same one
  EXPECT_TRUE(book.revoke("FF00", 1790000000, "keyCompromise"));
  EXPECT_FALSE(book.revoke("ff00", 1790000001, "superseded"));
  EXPECT_TRUE(book.revoke("1", 1790000002, {}));
  const std::string text = book.text();
  EXPECT_EQ(text,
            "V\t270115080000Z\t\t0A\tunknown\t/CN=db1\n"
            "R\t20520522141320Z\t260921141320Z,keyCompromise\tFF00\tunknown\t/CN=db2\n"
            "R\t260921141322Z\t260921141322Z\t01\tunknown\t/CN=unknown\n");
  const auto again = ledger::parse(text, "index");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->text(), text);
  ASSERT_NE(again->find("a"), nullptr);
  EXPECT_EQ(again->find("0A")->expires, 1800000000);
  EXPECT_EQ(again->find("b"), nullptr);
}

TEST(ledgers, name_the_line_that_is_wrong) {
  for (const std::string bad :
       {"hello", "V\t270115080000Z\t\t0A\tunknown", "X\t270115080000Z\t\t0A\tunknown\t/CN=a",
        "V\tsoon\t\t0A\tunknown\t/CN=a", "R\t270115080000Z\t\t0A\tunknown\t/CN=a",
        "V\t270115080000Z\t\tserial\tunknown\t/CN=a"}) {
    const auto read = ledger::parse("V\t270115080000Z\t\t0B\tunknown\t/CN=b\n" + bad + "\n", "index.txt");
    ASSERT_FALSE(read) << bad;
    EXPECT_NE(read.error().text.find("index.txt: line 2"), std::string::npos) << read.error().text;
  }
}

TEST(ledgers, spell_a_serial_in_one_way) {
  EXPECT_EQ(canonical_serial("1"), "01");
  EXPECT_EQ(canonical_serial("0001"), "01");
  EXPECT_EQ(canonical_serial("abc"), "0ABC");
  EXPECT_EQ(canonical_serial("00"), "00");
  for (const std::string& bad :
       {std::string(), std::string("xyz"), std::string("12:34"), std::string(42, 'f')})
    EXPECT_EQ(canonical_serial(bad), "") << bad;
}

class revoking : public testing::Test {
 protected:
  [[nodiscard]] crl_request request() const {
    return {ca_.files(), ca_.dir() + "/ca-index.txt", ca_.dir() + "/crl.pem"};
  }
  void revoke(const test::node_files& node, const std::string& reason = {}) const {
    auto book = ledger::read(request().ledger_file);
    ASSERT_TRUE(book) << book.error().text;
    const certificate what = inspect_file(node.cert).value().certificates.front().is;
    book->add(what);
    book->revoke(what.serial, std::time(nullptr), reason);
    ASSERT_TRUE(book->write(request().ledger_file));
  }
  void write(std::size_t expected) const {
    const auto made = write_crl(request(), std::time(nullptr));
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(made->revoked, expected);
  }
  /// What openssl says of a node with the whole chain checked against the list.
  [[nodiscard]] std::string verdict(const test::node_files& node) const {
    const auto said = test::run("openssl verify -crl_check_all -x509_strict -CAfile " + node.ca +
                                " -CRLfile " + request().crl_file + " " + node.cert);
    if (said.status == 0) return "good";
    return said.text.find("certificate revoked") != std::string::npos ? "revoked" : said.text;
  }

  test::test_ca ca_;
};

TEST_F(revoking, openssl_takes_the_list_at_its_word) {
  const auto good = ca_.node("good"), bad = ca_.node("bad");
  write(0);
  EXPECT_EQ(verdict(good), "good");
  EXPECT_EQ(verdict(bad), "good");
  revoke(bad, "keyCompromise");
  write(1);
  EXPECT_EQ(verdict(good), "good");
  EXPECT_EQ(verdict(bad), "revoked");
  const std::string text = test::run("openssl crl -noout -text -in " + request().crl_file).text;
  EXPECT_NE(text.find("Version 2"), std::string::npos);
  EXPECT_NE(text.find("Key Compromise"), std::string::npos);
  EXPECT_EQ(test::run("openssl crl -noout -CAfile " + ca_.files().cert + " -in " + request().crl_file).text,
            "verify OK\n");
}

TEST_F(revoking, numbers_rise) {
  write(0);
  const auto first = inspect_file(request().crl_file).value().crls.front();
  write(0);
  const auto second = inspect_file(request().crl_file).value().crls.front();
  EXPECT_EQ(std::stoll(second.number), std::stoll(first.number) + 1);
  EXPECT_LE(second.this_update, std::time(nullptr) - 300);
  EXPECT_GT(second.next_update, std::time(nullptr) + 360 * 86400);
}

TEST_F(revoking, what_a_lost_index_does_not_know_stays_revoked) {
  const auto bad = ca_.node("bad"), worse = ca_.node("worse");
  revoke(bad);
  write(1);
  ASSERT_EQ(::unlink(request().ledger_file.c_str()), 0);
  revoke(worse);
  write(2);
  EXPECT_EQ(verdict(bad), "revoked");
  EXPECT_EQ(verdict(worse), "revoked");
  EXPECT_EQ(ledger::read(request().ledger_file).value().entries().size(), 2U);
}

TEST_F(revoking, lists_of_two_authorities_lie_in_one_file) {
  test::test_ca other("another CA");
  const auto here = ca_.node("here"), there = other.node("there");
  revoke(here);
  write(1);
  crl_request theirs = request();
  theirs.ca = other.files();
  theirs.ledger_file = other.dir() + "/ca-index.txt";
  ASSERT_TRUE(write_crl(theirs, std::time(nullptr)));
  EXPECT_EQ(inspect_file(request().crl_file).value().crls.size(), 2U);
  EXPECT_EQ(verdict(here), "revoked");
  EXPECT_EQ(verdict(there), "good");
  write(1);
  EXPECT_EQ(inspect_file(request().crl_file).value().crls.size(), 2U) << "its own list was replaced";
  ASSERT_TRUE(keep_crls_of(other.files().cert, request().crl_file));
  const auto left = inspect_file(request().crl_file).value().crls;
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.front().issuer, "CN=another CA");
}

TEST_F(revoking, openssl_ca_goes_on_with_our_index) {
  const auto good = ca_.node("good"), bad = ca_.node("bad");
  revoke(bad);
  const std::string config = ca_.dir() + "/ca.cnf";
  std::ofstream(config) << "[ca]\ndefault_ca=it\n[it]\ndatabase=" << request().ledger_file
                        << "\ncertificate=" << ca_.files().cert << "\nprivate_key=" << ca_.files().key
                        << "\ndefault_md=sha256\ndefault_crl_days=30\n";
  const auto said =
      test::run("openssl ca -gencrl -config " + config + " -out " + request().crl_file + " 2>&1");
  ASSERT_EQ(said.status, 0) << said.text;
  EXPECT_EQ(verdict(bad), "revoked");
  EXPECT_EQ(verdict(good), "good");
  write(1);  // and we with what it wrote
  EXPECT_EQ(verdict(bad), "revoked");
}

TEST_F(revoking, an_authority_without_the_right_is_told) {
  const pair_files into{ca_.dir() + "/plain.pem", ca_.dir() + "/plain-key.pem"};
  const auto made = test::run(
      "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=plain -days 30 -addext "
      "keyUsage=critical,keyCertSign -keyout " +
      into.key + " -out " + into.cert);
  ASSERT_EQ(made.status, 0) << made.text;
  crl_request what = request();
  what.ca = into;
  const auto refused = write_crl(what, std::time(nullptr));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("cRLSign"), std::string::npos) << refused.error().text;
}

}  // namespace
}  // namespace hauberk::tls
