// Keys are changed by what they were used for and on demand, both ways, in the middle of the traffic; TLS 1.2
// says that it cannot, and a peer that only changes keys is shown the door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/certificates.hpp"
#include "tls/pipe.hpp"
#include "unit/tls/wire.hpp"

namespace hauberk::tls {
namespace {

class Rekey : public testing::Test {
 protected:
  /// Sends `count` pieces of `size` bytes, and takes them all.
  static void exchange(pipe& from, pipe& to, int count, std::size_t size) {
    const std::vector<std::byte> bytes(size, std::byte{'x'});
    std::vector<std::byte> into(size * 2);
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(from.write(bytes));
      std::size_t total = 0;
      while (test::carry(from, to)) {
        for (;;) {
          const auto got = to.read(into);
          ASSERT_TRUE(got) << got.error().text;
          if (*got == 0) break;
          total += *got;
        }
      }
      ASSERT_EQ(total, size);
    }
  }
  void connect(const rekey_limits& limits, const std::string& version = "1.3") {
    settings left = ca.node("a").settings(), right = ca.node("b").settings();
    for (settings* one : {&left, &right}) {
      one->rekey = limits;
      one->min_version = one->max_version = version;
    }
    client.emplace(test::load(left), role::client);
    server.emplace(test::load(right), role::server);
    ASSERT_TRUE(test::shake(*client, *server).both_ready());
  }
  static rekey_limits records(std::uint64_t count) { return {count, 0, std::chrono::hours(1)}; }

  test::test_ca ca;
  std::optional<pipe> client, server;
};

TEST_F(Rekey, AfterSoManyRecordsInEachDirectionByItself) {
  connect(records(10));
  exchange(*client, *server, 100, 100);
  EXPECT_EQ(client->keys_changed().ours, 9U);
  EXPECT_EQ(server->keys_changed().theirs, 9U);
  EXPECT_EQ(server->keys_changed().ours, 0U);
  exchange(*server, *client, 25, 40000);  // three records each
  EXPECT_EQ(server->keys_changed().ours, 8U);
  exchange(*client, *server, 10, 100);
}

TEST_F(Rekey, AfterSoManyBytes) {
  connect({std::uint64_t{1} << 22U, 100'000, std::chrono::hours(1)});
  exchange(*client, *server, 40, 10'000);
  EXPECT_EQ(client->keys_changed().ours, 3U);
}

TEST_F(Rekey, OnDemandBothWays) {
  connect({});
  ASSERT_TRUE(client->renew_keys());
  EXPECT_GT(client->output_size(), 0U) << "it goes out without waiting for something to send";
  exchange(*server, *client, 1, 10);  // what was sent before the request is known still arrives
  ASSERT_TRUE(test::carry(*client, *server));
  std::byte none{};
  ASSERT_EQ(server->read({&none, 1}).value(), 0U);
  EXPECT_EQ(client->keys_changed().ours, 1U);
  exchange(*server, *client, 1, 10);
  EXPECT_EQ(server->keys_changed().ours, 1U);
  EXPECT_EQ(server->keys_changed().theirs, 1U);
  EXPECT_EQ(client->keys_changed().theirs, 1U);
  exchange(*client, *server, 5, 100);
  exchange(*server, *client, 5, 100);
}

TEST_F(Rekey, TlsTwelveSaysThatItIsWorn) {
  connect(records(10), "1.2");
  exchange(*client, *server, 10, 100);
  EXPECT_FALSE(client->is_worn());
  exchange(*client, *server, 1, 100);
  EXPECT_TRUE(client->is_worn());
  EXPECT_FALSE(server->is_worn());
  ASSERT_TRUE(client->renew_keys());
  EXPECT_EQ(client->keys_changed().ours, 0U);
  exchange(*client, *server, 5, 100);
}

TEST_F(Rekey, OneThatOnlyChangesKeysIsShownTheDoor) {
  connect({});
  std::byte none{};
  std::string why;
  for (int i = 0; i < 1000 && why.empty(); ++i) {
    ASSERT_TRUE(client->renew_keys());
    while (test::carry(*client, *server)) continue;
    if (const auto got = server->read({&none, 1}); !got) why = got.error().text;
  }
  EXPECT_THAT(why, testing::HasSubstr("changed its keys 33 times in a row"));
  EXPECT_LT(server->output_size(), 10'000U);
}

TEST_F(Rekey, ManyChangesWithTrafficBetweenThemAreFine) {
  connect({});
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(client->renew_keys());
    exchange(*client, *server, 1, 10);
    exchange(*server, *client, 1, 10);
  }
  EXPECT_GE(client->keys_changed().ours, 200U);
}

}  // namespace
}  // namespace hauberk::tls
