// Pipes against each other in memory, without a socket: handshakes that pass and that must not, slices,
// volumes, and the words for peers that speak something else.
#include "tls/pipe.hpp"

#include <gtest/gtest.h>

#include <random>

#include "support/certificates.hpp"
#include "tls/openssl.hpp"
#include "unit/tls/shell.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

std::vector<std::byte> noise(std::size_t count, unsigned seed) {
  std::mt19937_64 source(seed);
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; i += 8) {
    const auto word = source();
    std::memcpy(bytes.data() + i, &word, std::min<std::size_t>(8, count - i));
  }
  return bytes;
}

std::string drain(pipe& from) {
  std::string text;
  std::array<std::byte, 1000> part{};
  for (;;) {
    const auto got = from.read(part);
    if (!got || *got == 0) return text;
    text.append(reinterpret_cast<const char*>(part.data()), *got);
  }
}

struct two_nodes : testing::Test {
  test::test_ca ca;
  test::node_files a = ca.node("a"), b = ca.node("b");
};
using pipes = two_nodes;

TEST_F(pipes, say_hello_both_ways_and_close) {
  pipe client(test::load(a.settings()), role::client);
  pipe server(test::load(b.settings()), role::server);
  EXPECT_FALSE(client.is_ready());
  EXPECT_EQ(client.version(), "none");
  ASSERT_TRUE(test::shake(client, server).both_ready());
  EXPECT_TRUE(client.is_encrypted());
  EXPECT_EQ(client.peer()->names, std::vector<std::string>{"b"});
  EXPECT_EQ(server.peer()->subject, "CN=a");

  ASSERT_TRUE(client.write(std::as_bytes(std::span("ping", 4))));
  while (test::carry(client, server)) {
  }
  EXPECT_EQ(drain(server), "ping");
  ASSERT_TRUE(server.write(std::as_bytes(std::span("pong", 4))));
  server.shut_down();
  server.shut_down();
  while (test::carry(server, client)) {
  }
  std::array<std::byte, 100> part{};
  const auto got = client.read(part);
  ASSERT_TRUE(got) << "what came before the end is read first";
  EXPECT_EQ(*got, 4U);
  const auto end = client.read(part);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, errc::closed);
}

TEST_F(pipes, nothing_is_resumed_and_no_ticket_is_sent) {
  pipe client(test::load(a.settings()), role::client);
  pipe server(test::load(b.settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  EXPECT_TRUE(server.output().empty()) << "a ticket would wait here";
}

TEST_F(pipes, one_byte_slices_both_ways) {
  for (const char* version : {"1.2", "1.3"}) {
    settings left = a.settings(), right = b.settings();
    left.min_version = left.max_version = right.min_version = right.max_version = version;
    pipe client(test::load(left), role::client);
    pipe server(test::load(right), role::server);
    const auto seen = test::shake(client, server, 1);
    ASSERT_TRUE(seen.both_ready()) << test::text_of(seen.client) << test::text_of(seen.server);
    EXPECT_EQ(client.version(), std::string("TLSv") + version);
    const auto bytes = noise(40000, 1);
    for (auto [from, to] : {std::pair{&client, &server}, std::pair{&server, &client}}) {
      ASSERT_TRUE(from->write(bytes));
      std::string got;
      while (test::carry(*from, *to, 1)) got += drain(*to);
      EXPECT_EQ(got, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
  }
}

/// Pumps `total` bytes and compares all of them.
void pump(pipe& from, pipe& to, std::size_t total) {
  const auto bytes = noise(1 << 20, 7);
  std::vector<std::byte> got(200 * 1024);
  std::mt19937 chance(3);
  std::size_t sent = 0, received = 0;
  while (received < total) {
    while (sent < total && from.output_size() < 256 * 1024) {
      const std::size_t at = sent % bytes.size();
      const std::size_t now = std::min({std::size_t{chance() % 100000 + 1}, bytes.size() - at, total - sent});
      ASSERT_TRUE(from.write(std::span(bytes).subspan(at, now)));
      sent += now;
    }
    ASSERT_TRUE(test::carry(from, to, chance() % 300000 + 1));
    for (;;) {
      const auto count = to.read(std::span(got).first(chance() % got.size() + 1));
      ASSERT_TRUE(count) << count.error().text;
      if (*count == 0) break;
      for (std::size_t i = 0; i < *count;) {
        const std::size_t at = (received + i) % bytes.size();
        const std::size_t now = std::min(*count - i, bytes.size() - at);
        ASSERT_EQ(std::memcmp(got.data() + i, bytes.data() + at, now), 0) << "at " << received + i;
        i += now;
      }
      received += *count;
    }
  }
  EXPECT_EQ(received, total);
  EXPECT_EQ(from.output_size(), 0U);
}

TEST_F(pipes, a_hundred_megabytes_arrive_as_they_were_sent) {
  pipe client(test::load(a.settings()), role::client);
  pipe server(test::load(b.settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  pump(client, server, 100'000'000);
  pump(server, client, 10'000'000);
}

TEST(plain_pipes, pass_bytes_through) {
  pipe a;
  pipe b;
  EXPECT_TRUE(a.is_ready());
  EXPECT_FALSE(a.is_encrypted());
  EXPECT_FALSE(a.peer());
  EXPECT_EQ(a.cipher(), "none");
  ASSERT_TRUE(a.handshake());
  // 0x0a is how a stream starts; the generator's first byte is another, which passes as well.
  pump(a, b, 20'000'000);
}

TEST_F(pipes, output_does_not_move_while_it_is_being_sent) {
  pipe client(test::load(a.settings()), role::client);
  pipe server(test::load(b.settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  const auto bytes = noise(100'000, 5);
  ASSERT_TRUE(client.write(bytes));
  const auto sending = client.output();
  const std::vector<std::byte> before(sending.begin(), sending.end());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.write(bytes));
  EXPECT_EQ(client.output().data(), sending.data());
  EXPECT_GE(client.output().size(), sending.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), sending.begin()));
  EXPECT_GT(client.output_size(), 2'100'000U);
  std::size_t read = 0;
  while (test::carry(client, server)) read += drain(server).size();
  EXPECT_EQ(read, 2'100'000U);
}

TEST_F(pipes, input_may_wait_while_more_comes) {
  pipe client(test::load(a.settings()), role::client);
  pipe server(test::load(b.settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  const auto bytes = noise(300'000, 9);
  ASSERT_TRUE(client.write(bytes));
  std::vector<std::byte> got, part(30'000);
  while (got.size() < bytes.size()) {
    test::carry(client, server, 40'000);
    const auto count = server.read(part);  // less than came in
    ASSERT_TRUE(count);
    got.insert(got.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  EXPECT_EQ(got, bytes);
}

TEST_F(pipes, can_be_moved_in_the_middle) {
  std::vector<pipe> all;
  all.emplace_back(test::load(a.settings()), role::client);
  ASSERT_TRUE(all[0].handshake());
  pipe client(std::move(all[0]));
  pipe server(test::load(b.settings()), role::server);
  EXPECT_TRUE(test::shake(client, server).both_ready());
}

TEST_F(pipes, a_foreign_ca_is_refused_by_name_on_both_sides) {
  test::test_ca foreign("FOREIGN-CA");
  const auto seen = test::shake(test::load(a.settings()), test::load(foreign.node("b").settings()));
  ASSERT_TRUE(seen.client && seen.server);
  EXPECT_EQ(seen.client->code, errc::bad_certificate);
  for (const char* part : {"dialling side", "CN=b", "CN=FOREIGN-CA", "our trust anchor CN=test-ca"}) {
    EXPECT_NE(seen.client->text.find(part), std::string::npos) << part << ": " << seen.client->text;
  }
  EXPECT_NE(test::text_of(seen.server).find("unknown CA: is its socket.ssl_ca the same as ours?"),
            std::string::npos)
      << test::text_of(seen.server);
}

TEST_F(pipes, a_client_refused_under_tls_1_3_learns_why_when_it_reads) {
  test::test_ca both;  // the client trusts this one alone, the server the first: so only the server objects
  const auto mine = both.node("a");
  settings client = mine.settings();
  test::temp_dir dir;
  ASSERT_EQ(test::run("cat " + a.ca + " " + mine.ca + " > " + dir / "both.pem").status, 0);
  client.ca_file = dir / "both.pem";
  const auto seen = test::shake(test::load(client), test::load(b.settings()));
  ASSERT_TRUE(seen.client && seen.server);
  EXPECT_EQ(seen.server->code, errc::bad_certificate);
  EXPECT_EQ(seen.client->code, errc::refused);
  EXPECT_NE(seen.client->text.find("the peer refused our certificate: unknown CA"), std::string::npos)
      << seen.client->text;
}

TEST_F(pipes, an_expired_peer_is_refused_with_the_date) {
  // Only a test can load a certificate at a time when it still was valid.
  test::test_ca old("test-ca", 1600000000);
  const auto node = old.node("x", 1);
  const auto theirs = context::load(node.settings(), 1600000000, {});
  ASSERT_TRUE(theirs) << theirs.error().text;
  settings ours = old.node("y", 9000).settings();
  const auto seen = test::shake(test::load(ours), *theirs);
  ASSERT_TRUE(seen.client);
  EXPECT_NE(seen.client->text.find("expired on 2020-09-14 12:26:40 UTC"), std::string::npos)
      << seen.client->text;
  EXPECT_NE(test::text_of(seen.server).find("certificate expired"), std::string::npos)
      << test::text_of(seen.server);
}

TEST_F(pipes, versions_ciphers_and_groups_without_overlap_are_explained) {
  const auto refused = [&](settings left, settings right) {
    const auto seen = test::shake(test::load(left), test::load(right));
    return test::text_of(seen.client) + " | " + test::text_of(seen.server);
  };
  settings left = a.settings(), right = b.settings();
  left.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  std::string text = refused(left, right);
  EXPECT_NE(text.find("no TLS version in common"), std::string::npos) << text;
  EXPECT_NE(text.find("the peer ended TLS: protocol version"), std::string::npos) << text;
  right.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  text = refused(left, right);
  EXPECT_NE(text.find("no cipher in common"), std::string::npos) << text;
  left = a.settings(), right = b.settings();
  left.groups = "X25519", right.groups = "P-256";
  text = refused(left, right);
  EXPECT_NE(text.find("no key exchange group in common"), std::string::npos) << text;
}

TEST_F(pipes, strict_nodes_shake_hands) {
  settings left = a.settings(), right = b.settings();
  left.rules = right.rules = profile::strict;
  pipe client(test::load(left), role::client);
  pipe server(test::load(right), role::server);
  const auto seen = test::shake(client, server);
  EXPECT_TRUE(seen.both_ready()) << test::text_of(seen.client) << test::text_of(seen.server);
}

TEST_F(pipes, a_garbled_record_ends_the_stream) {
  pipe client(test::load(a.settings()), role::client);
  pipe server(test::load(b.settings()), role::server);
  ASSERT_TRUE(test::shake(client, server).both_ready());
  ASSERT_TRUE(client.write(std::as_bytes(std::span("attack at dawn", 14))));
  std::vector<std::byte> record(client.output().begin(), client.output().end());
  record[8] ^= std::byte{1};
  test::give(server, record);
  std::array<std::byte, 100> part{};
  const auto got = server.read(part);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().text.find("could not be authenticated"), std::string::npos) << got.error().text;
  EXPECT_FALSE(server.told_by_peer());
  EXPECT_FALSE(server.read(part)) << "an error is final";
  EXPECT_FALSE(server.write(part));
}

struct greeting {
  std::string_view bytes, words;
};
constexpr std::array<greeting, 7> greetings{
    {{"\x0a\x05hello", "a plaintext Hauberk node"},
     {"GET / HTTP/1.1\r\n", "an HTTP request"},
     {"HTTP/1.1 400 Bad Request\r\n", "an HTTP answer"},
     {"SSH-2.0-OpenSSH_9.2\r\n", "SSH"},
     {"PRI * HTTP/2.0\r\n", "an HTTP/2 request"},
     {"\xde\xad\xbe\xef\x01\x02\x03\x04\x05\x06", "first bytes are de"},
     {"\x16\x01\x02", "first bytes are 16 01"}}};

TEST_F(pipes, peers_that_do_not_speak_tls_are_named) {
  const context own = test::load(a.settings());
  for (const auto& [bytes, words] : greetings) {
    for (const role as : {role::client, role::server}) {
      for (const bool sliced : {false, true}) {
        pipe side(own, as);
        ASSERT_TRUE(side.handshake());
        const std::size_t queued = side.output_size();
        std::string text;
        for (std::size_t i = 0; i < bytes.size() && text.empty(); i += sliced ? 1 : bytes.size()) {
          test::give(side, sliced ? bytes.substr(i, 1) : bytes);
          if (const auto done = side.handshake(); !done) text = done.error().text;
        }
        EXPECT_NE(text.find(words), std::string::npos) << text;
        EXPECT_NE(text.find("expected TLS but the peer's first bytes are"), std::string::npos) << text;
        EXPECT_EQ(side.output_size(), queued) << "nothing is said to a stranger";
        EXPECT_FALSE(side.handshake()) << "an error is final";
      }
    }
  }
}

TEST_F(pipes, a_stranger_cannot_make_us_hold_much) {
  pipe server(test::load(b.settings()), role::server);
  EXPECT_LE(server.input_space().size(), 16U * 1024);
  // One endless handshake message: a ClientHello that announces 16 MiB, in records of 16 KiB.
  std::string record("\x16\x03\x01\x40\x00\x01\xff\xff\xff", 9);
  record.resize(5 + 0x4000);
  std::string more("\x16\x03\x01\x40\x00", 5);
  more.resize(5 + 0x4000);
  std::optional<error> failed;
  std::size_t given = 0;
  for (int i = 0; i < 1000 && !failed; ++i) {
    const std::string& now = i == 0 ? record : more;
    for (std::size_t at = 0; at < now.size() && !failed; at += 4096) {
      test::give(server, std::string_view(now).substr(at, 4096));
      given += std::min<std::size_t>(4096, now.size() - at);
      if (const auto done = server.handshake(); !done) failed = done.error();
    }
  }
  ASSERT_TRUE(failed);
  EXPECT_LE(given, 160U * 1024);
}

TEST_F(pipes, a_plain_node_names_a_tls_peer_and_the_other_way_round) {
  pipe plain;
  pipe client(test::load(a.settings()), role::client);
  ASSERT_TRUE(client.handshake());
  while (test::carry(client, plain, 1)) {
  }
  std::array<std::byte, 100> part{};
  const auto got = plain.read(part);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, errc::refused);
  EXPECT_NE(got.error().text.find("peer speaks TLS but this group is plaintext (socket.ssl=no)"),
            std::string::npos);

  for (const auto& [bytes, words] :
       std::array<greeting, 3>{{{"\x15\x03\x01\x00\x02\x02\x46", "it sent a TLS alert"},
                                {"GET / HTTP/1.1", "an HTTP request"},
                                {"SSH-2.0", "SSH"}}}) {
    pipe other;
    test::give(other, bytes);
    const auto read = other.read(part);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().text.find(words), std::string::npos) << read.error().text;
  }
}

/// A client with OpenSSL's own means: no certificate, no checks, as a scanner or a curious person comes.
struct bare_client {
  ssl_ctx_ptr ctx{SSL_CTX_new(TLS_client_method())};
  ssl_ptr connection{SSL_new(ctx.get())};
  bare_client() {
    SSL_set_bio(connection.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(connection.get());
  }
  void send_to(pipe& server) const {
    std::array<std::byte, 4096> part{};
    for (int got = 0; (got = BIO_read(SSL_get_wbio(connection.get()), part.data(), int{part.size()})) > 0;) {
      test::give(server, std::span(part).first(static_cast<std::size_t>(got)));
    }
  }
  void take_from(pipe& server) const {
    while (!server.output().empty()) {
      const auto bytes = server.output();
      BIO_write(SSL_get_rbio(connection.get()), bytes.data(), static_cast<int>(bytes.size()));
      server.output_consumed(bytes.size());
    }
  }
};

TEST_F(pipes, a_client_without_a_certificate_is_refused_and_sees_nothing) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    settings own = b.settings();
    own.min_version = "1.2", own.max_version = "1.3";
    pipe server(test::load(own), role::server);
    const bare_client client;
    SSL_set_max_proto_version(client.connection.get(), version);
    std::optional<error> failed;
    for (int turn = 0; turn < 10 && !failed; ++turn) {
      SSL_do_handshake(client.connection.get());
      client.send_to(server);
      if (const auto done = server.handshake(); !done) failed = done.error();
      client.take_from(server);
    }
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->code, errc::bad_certificate);
    EXPECT_NE(failed->text.find("the peer presented no certificate"), std::string::npos) << failed->text;
    EXPECT_FALSE(server.is_ready());
    char byte = 0;
    EXPECT_LE(SSL_read(client.connection.get(), &byte, 1), 0);
    EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()),
              SSL_AD_REASON_OFFSET +
                  (version == TLS1_2_VERSION ? SSL_AD_HANDSHAKE_FAILURE : SSL_AD_CERTIFICATE_REQUIRED));
    ERR_clear_error();
  }
}

TEST_F(pipes, tls_1_1_is_refused) {
  pipe server(test::load(b.settings()), role::server);
  const bare_client client;
  SSL_set_min_proto_version(client.connection.get(), TLS1_VERSION);
  SSL_set_max_proto_version(client.connection.get(), TLS1_1_VERSION);
  SSL_set_security_level(client.connection.get(), 0);
  SSL_do_handshake(client.connection.get());
  client.send_to(server);
  const auto done = server.handshake();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text.find("no TLS version in common"), std::string::npos) << done.error().text;
}

TEST_F(pipes, a_tls_node_that_is_told_off_by_alert_says_so) {
  pipe client(test::load(a.settings()), role::client);
  ASSERT_TRUE(client.handshake());
  test::give(client, std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7));
  const auto done = client.handshake();
  ASSERT_FALSE(done);
  EXPECT_TRUE(client.told_by_peer());
  EXPECT_NE(done.error().text.find("the peer ended TLS: handshake failure"), std::string::npos)
      << done.error().text;
}

}  // namespace
}  // namespace hauberk::tls
