// A server that may become one of several: by the first bytes, and between two with TLS by the tag in the
// ClientHello, however that is cut, and whatever it lacks.
#include <gmock/gmock.h>

#include "base/random.hpp"
#include "support/certificates.hpp"
#include "tls/openssl.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

using ::testing::HasSubstr;

/// Two policies, each with a node at both ends; by their suites one sees which one a connection has.
struct Choice : testing::Test {
  test::test_ca ca;
  test::node_files client_files = ca.node("client"), server_files = ca.node("server");

  static context by(const test::node_files& files, const std::string& suite,
                    const std::string& groups = "X25519:P-256") {
    settings from = files.settings();
    from.ciphers = suite;
    from.groups = groups;
    return test::load(from);
  }
  const std::string one = "TLS_AES_128_GCM_SHA256", two = "TLS_AES_256_GCM_SHA384",
                    old = "ECDHE-ECDSA-CHACHA20-POLY1305";  ///< of TLS 1.2
  [[nodiscard]] context client(const std::string& suite) const { return by(client_files, suite); }
  [[nodiscard]] context server(const std::string& suite) const { return by(server_files, suite); }
  const context server_one = server(one), server_two = server(two);
  [[nodiscard]] pipe two_faced() const {
    return pipe({choice{server_one, "hauberk/1 one"}, choice{server_two, "hauberk/1 two"}});
  }

  /// Shakes hands in slices, and sees that bytes go through both ways.
  static void expect_linked(pipe& dialler, pipe& listener, const std::string& cipher,
                            std::size_t slice = SIZE_MAX) {
    const auto seen = test::shake(dialler, listener, slice);
    ASSERT_TRUE(seen.both_ready()) << test::text_of(seen.client) << " / " << test::text_of(seen.server);
    EXPECT_EQ(dialler.cipher(), cipher);
    EXPECT_EQ(listener.cipher(), cipher);
    for (auto [from, to] : {std::pair{&dialler, &listener}, std::pair{&listener, &dialler}}) {
      ASSERT_TRUE(from->write(std::as_bytes(std::span("ping", 4))));
      while (test::carry(*from, *to, slice)) continue;
      std::array<std::byte, 10> got{};
      const auto count = to->read(got);
      ASSERT_TRUE(count) << count.error().text;
      EXPECT_EQ(*count, 4U);
    }
  }
};

TEST_F(Choice, TheTagSaysWhichContext) {
  for (const std::size_t slice : {SIZE_MAX, std::size_t{1}, std::size_t{100}}) {
    for (const bool second : {false, true}) {
      pipe dialler(client(second ? two : one), role::client, second ? "hauberk/1 two" : "hauberk/1 one");
      pipe listener = two_faced();
      EXPECT_FALSE(listener.is_ready());
      expect_linked(dialler, listener, second ? two : one, slice);
      EXPECT_EQ(listener.chosen(), second ? 1U : 0U);
      EXPECT_EQ(listener.peer()->names, std::vector<std::string>{"client"});
    }
  }
}

TEST_F(Choice, AnotherTagOrNoneGetsTheFirst) {
  for (const char* tag : {"", "hauberk/1 three", "h2", "hauberk/1 tw", "hauberk/1 two "}) {
    pipe dialler(client(one), role::client, tag), listener = two_faced();
    expect_linked(dialler, listener, one);
    EXPECT_EQ(listener.chosen(), 0U) << tag;
    pipe lost(client(two), role::client, tag), other = two_faced();
    EXPECT_FALSE(test::shake(lost, other).both_ready()) << tag;
  }
}

TEST_F(Choice, TheVersionsOfTheTwoNeedHaveNothingInCommon) {
  for (const bool old_first : {false, true}) {
    for (const bool asks_old : {false, true}) {
      pipe listener({choice{server(old_first ? old : two), "hauberk/1 first"},
                     choice{server(old_first ? two : old), "hauberk/1 second"}});
      pipe dialler(client(asks_old ? old : two), role::client,
                   asks_old == old_first ? "hauberk/1 first" : "hauberk/1 second");
      expect_linked(dialler, listener, asks_old ? old : two, 7);
      EXPECT_EQ(listener.version(), asks_old ? "TLSv1.2" : "TLSv1.3");
    }
  }
}

TEST_F(Choice, ASecondClientHelloBelongsToTheContextThatAskedForIt) {
  for (const bool second : {false, true}) {
    // The client's key share is of a group that the server does not take: it asks for another one.
    pipe dialler(by(client_files, two, "X25519:P-384"), role::client,
                 second ? "hauberk/1 two" : "hauberk/1 one");
    const context wanted = by(server_files, two, "P-384");
    pipe listener({choice{second ? server(one) : wanted, "hauberk/1 one"},
                   choice{second ? wanted : server(one), "hauberk/1 two"}});
    expect_linked(dialler, listener, two, 11);
  }
}

TEST_F(Choice, OrNoTlsAtAll) {
  for (const bool plain_first : {false, true}) {
    const auto make = [&] {
      choice plain{std::nullopt, "hauberk/1 plain"}, secure{server(two), "hauberk/1 two"};
      return plain_first ? pipe({plain, secure}) : pipe({secure, plain});
    };
    for (const std::size_t slice : {SIZE_MAX, std::size_t{1}}) {
      for (const char* tag : {"hauberk/1 two", "hauberk/1 plain", ""}) {
        pipe dialler(client(two), role::client, tag), listener = make();
        expect_linked(dialler, listener, two, slice);
        EXPECT_EQ(listener.chosen(), plain_first ? 1U : 0U);
        EXPECT_TRUE(listener.is_encrypted());
      }
      pipe dialler, listener = make();
      EXPECT_FALSE(*listener.handshake()) << "it cannot know yet";
      ASSERT_TRUE(dialler.write(std::as_bytes(std::span("\nping", 5))));
      std::string got;
      while (test::carry(dialler, listener, slice)) {
        ASSERT_TRUE(listener.handshake());
        std::array<std::byte, 10> part{};
        if (!listener.is_ready()) continue;
        const auto count = listener.read(part);
        ASSERT_TRUE(count);
        got.append(reinterpret_cast<const char*>(part.data()), *count);
      }
      EXPECT_EQ(got, "\nping");
      EXPECT_EQ(listener.chosen(), plain_first ? 0U : 1U);
      EXPECT_FALSE(listener.is_encrypted());
    }
  }
}

TEST_F(Choice, StrangersAreNamedWhateverWasPossible) {
  const auto words = [](pipe&& listener, std::string_view bytes) {
    std::string text = "(no error)";
    for (std::size_t i = 0; i < bytes.size() && text == "(no error)"; ++i) {
      test::give(listener, bytes.substr(i, 1));
      const auto done = listener.handshake();
      if (!done) text = done.error().text;
      std::byte none{};
      if (!done || !*done) continue;
      if (const auto got = listener.read({&none, 1}); !got) text = got.error().text;
    }
    EXPECT_TRUE(listener.output().empty()) << "nothing is said to a stranger";
    return text;
  };
  const auto with_plain = [&] { return pipe({choice{server(one), "a"}, choice{std::nullopt, "b"}}); };
  const auto all_plain = [] { return pipe({choice{std::nullopt, "a"}, choice{std::nullopt, "b"}}); };
  EXPECT_THAT(words(two_faced(), "\nhello"),
              HasSubstr("expected TLS but the peer's first bytes are a plaintext"));
  EXPECT_THAT(words(two_faced(), "GET / HTTP"), HasSubstr("an HTTP request: this group is encrypted"));
  EXPECT_THAT(words(with_plain(), "GET / HTTP"),
              HasSubstr("expected a Hauberk node but the peer's first bytes"));
  EXPECT_THAT(words(with_plain(), "SSH-2.0-"), HasSubstr("SSH"));
  EXPECT_THAT(words(all_plain(), "\x16\x03\x01"), HasSubstr("peer speaks TLS but this group is plaintext"));
}

/// A client of OpenSSL's own, with an extension of `extra` bytes in its ClientHello, that asks for `tag`.
std::vector<std::byte> client_hello(std::size_t extra, const std::string& tag) {
  const ssl_ctx_ptr ctx(SSL_CTX_new(TLS_client_method()));
  static std::vector<unsigned char> padding;
  padding.assign(extra, 7);
  EXPECT_EQ(SSL_CTX_add_client_custom_ext(
                ctx.get(), 65000,
                [](SSL*, unsigned, const unsigned char** out, std::size_t* count, int*, void*) {
                  *out = padding.data();
                  *count = padding.size();
                  return 1;
                },
                nullptr, nullptr, nullptr, nullptr),
            1);
  const ssl_ptr connection(SSL_new(ctx.get()));
  SSL_set_bio(connection.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  const std::string list = static_cast<char>(tag.size()) + tag;
  EXPECT_EQ(SSL_set_alpn_protos(connection.get(), reinterpret_cast<const unsigned char*>(list.data()),
                                static_cast<unsigned>(list.size())),
            0);
  SSL_set_connect_state(connection.get());
  (void)SSL_do_handshake(connection.get());
  ERR_clear_error();
  std::vector<std::byte> bytes(BIO_ctrl_pending(SSL_get_wbio(connection.get())));
  EXPECT_EQ(BIO_read(SSL_get_wbio(connection.get()), bytes.data(), static_cast<int>(bytes.size())),
            static_cast<int>(bytes.size()));
  return bytes;
}

TEST_F(Choice, ALargeClientHelloIsReadToItsTagAndAnEndlessOneIsNot) {
  for (const std::size_t extra : {2000U, 8000U, 15000U}) {  // ML-KEM has shares of 1,184 and 1,568 bytes
    for (const std::size_t slice : {std::size_t{1}, std::size_t{1500}}) {
      pipe listener = two_faced();
      const auto bytes = client_hello(extra, "hauberk/1 two");
      for (std::size_t at = 0; at < bytes.size(); at += slice) {
        test::give(listener, std::span(bytes).subspan(at, std::min(slice, bytes.size() - at)));
        const auto going = listener.handshake();
        ASSERT_TRUE(going) << going.error().text;
        EXPECT_EQ(listener.chosen(), at + slice < bytes.size() ? 0U : 1U);
      }
      EXPECT_FALSE(listener.output().empty()) << "it has answered";
    }
  }
  pipe listener = two_faced();
  const auto bytes = client_hello(60000, "hauberk/1 two");
  std::string text;
  for (std::size_t at = 0; at < bytes.size() && text.empty(); at += 1000) {
    test::give(listener, std::span(bytes).subspan(at, std::min<std::size_t>(1000, bytes.size() - at)));
    if (const auto going = listener.handshake(); !going) text = going.error().text;
    EXPECT_LE(at, 18000U);
  }
  EXPECT_THAT(text, HasSubstr("the peer's ClientHello has more than 16 KiB"));
}

TEST_F(Choice, GarbledClientHellosEndInWords) {
  const auto good = client_hello(100, "hauberk/1 two");
  base::random dice(5);
  for (int round = 0; round < 2000; ++round) {
    auto bytes = good;
    for (std::uint64_t i = dice.between(1, 4); i > 0; --i)
      bytes[dice.between(5, bytes.size() - 1)] = static_cast<std::byte>(dice.below(256));
    pipe listener = two_faced();
    test::give(listener, bytes);
    if (const auto done = listener.handshake(); !done) {
      EXPECT_THAT(done.error().text, HasSubstr("TLS handshake as listening side: "));
    } else {
      EXPECT_FALSE(*done);
    }
  }
}

TEST_F(Choice, APipeMayMoveBeforeAndAfterItIsChosen) {
  pipe dialler(client(two), role::client, "hauberk/1 two");
  pipe first = two_faced();
  pipe second = std::move(first);
  ASSERT_TRUE(dialler.handshake());
  while (test::carry(dialler, second, 50)) ASSERT_TRUE(second.handshake());
  pipe third = std::move(second);
  expect_linked(dialler, third, two);
}

}  // namespace
}  // namespace hauberk::tls
