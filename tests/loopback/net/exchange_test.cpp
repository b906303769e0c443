// Two transports that like each other: what goes in comes out, and an end is explained.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "base/random.hpp"
#include "loopback/net/party.hpp"
#include "loopback/net/raw_socket.hpp"
#include "mesh/mesh.hpp"

namespace hauberk::net::test {
namespace {

constexpr std::size_t exchange_bytes = is_sanitized ? 24U << 20 : 200U << 20;
constexpr std::size_t window_bytes = 16U << 20;

class Exchange : public testing::Test {
 protected:
  ::hauberk::test::test_ca ca;
};

// Payload n of a stream: a slice of one pool of random bytes, its place and size drawn from n.
class stream {
 public:
  explicit stream(std::uint64_t seed) : seed_(seed) {
    base::random chance(seed);
    base::block* owner = base::block::allocate(pool_bytes);
    for (std::size_t i = 0; i < pool_bytes; i += 8) {
      const std::uint64_t word = chance.next();
      std::memcpy(owner->data() + i, &word, 8);
    }
    pool_ = base::buffer::adopt(owner, {owner->data(), pool_bytes});
  }
  [[nodiscard]] base::buffer payload(std::uint64_t n) const {
    base::random chance(seed_ ^ n);
    const std::size_t sizes[] = {1, 100, 5000, 20000, 300000, 1000000};
    const std::size_t size = chance.between(1, sizes[chance.below(6)]);
    return pool_.slice(chance.below(pool_bytes - size), size);
  }

 private:
  static constexpr std::size_t pool_bytes = 4U << 20;
  std::uint64_t seed_;
  base::buffer pool_;
};

// What one side has received of the other's stream.
struct receiver {
  const stream& expected;
  std::uint64_t next = 1;
  std::atomic<std::size_t> bytes = 0;
  std::atomic<unsigned> wrong = 0;

  void take(hauberk::wire::message& message) {
    const auto* envelope = std::get_if<replica::envelope>(&message);
    const auto* data = envelope != nullptr ? std::get_if<replica::data>(&envelope->what) : nullptr;
    if (data == nullptr || data->first != next || data->payloads.size() != 1 ||
        !(data->payloads[0] == expected.payload(next))) {
      ++wrong;
      return;
    }
    ++next;
    bytes += data->payloads[0].size();
  }
};

// Sends until `exchange_bytes`, with at most a window on its way; returns the bytes sent.
std::size_t pour(party& from, connection_id id, const stream& source) {
  std::size_t sent = 0, frames = 0;
  for (std::uint64_t n = 1; sent < exchange_bytes; ++n) {
    const base::buffer payload = source.payload(n);
    const auto frame = data_frame(n, payload);
    const bool goes = from.wait([&] {
      const auto& at = from.links[id];
      return at.is_down || frames < at.bulk_written + window_bytes;
    });
    if (!goes || from.look(id).is_down) return sent;
    from.send(id, frame);
    sent += payload.size();
    frames += frame->bytes;
  }
  EXPECT_TRUE(from.wait([&] { return from.links[id].bulk_written == frames; }))
      << "every bulk byte is reported as written";
  return sent;
}

void exchange(character first, character second, const std::string& version) {
  const stream to_b(1), to_a(2);
  receiver at_b{to_b}, at_a{to_a};
  party a(std::move(first)), b(std::move(second));
  a.on_message = [&](connection_id, auto& message) { at_a.take(message); };
  b.on_message = [&](connection_id, auto& message) { at_b.take(message); };
  const auto [here, there] = link_up(a, b, 77);
  EXPECT_EQ(here, mesh::id_of_dial(77));
  EXPECT_EQ(a.look(here).peer, "db2");
  EXPECT_EQ(b.look(there).peer, "db1");
  EXPECT_EQ(b.look(there).remote, "127.0.0.1");
  EXPECT_EQ(a.look(here).version, version);

  std::size_t sent_b = 0;
  std::thread back([&, id = there] { sent_b = pour(b, id, to_a); });
  const std::size_t sent_a = pour(a, here, to_b);
  back.join();
  EXPECT_TRUE(eventually([&] { return at_b.bytes == sent_a && at_a.bytes == sent_b; }))
      << at_b.bytes << " of " << sent_a << ", " << at_a.bytes << " of " << sent_b;
  EXPECT_GE(sent_a, exchange_bytes);
  EXPECT_EQ(at_a.wrong + at_b.wrong, 0U);
}

TEST_F(Exchange, BothWaysOverTls) {
  exchange(member("db1", ca.node("db1")), member("db2", ca.node("db2")), "TLSv1.3");
}

TEST_F(Exchange, BothWaysInPlaintext) { exchange(plain_member("db1"), plain_member("db2"), "none"); }

TEST_F(Exchange, SmallKernelBuffersAreFineToo) {
  character a = member("db1", ca.node("db1")), b = member("db2", ca.node("db2"));
  a.how.receive_buffer_bytes = a.how.send_buffer_bytes = 8192;
  b.how.io_threads = 1;
  party one(a), two(b);
  std::atomic<std::size_t> bytes = 0;
  two.on_message = [&](connection_id, auto& message) {
    bytes += std::get<replica::data>(std::get<replica::envelope>(message).what).payloads[0].size();
  };
  const auto id = link_up(one, two).first;
  const base::buffer payload = base::buffer::copy(std::string(1 << 18, 'x'));
  for (std::uint64_t n = 1; n <= 8; ++n) one.send(id, data_frame(n, payload));
  EXPECT_TRUE(eventually([&] { return bytes == 2U << 20; })) << bytes;
}

TEST_F(Exchange, ManyThreadsSendAtOnce) {
  party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db2")));
  std::atomic<std::size_t> count = 0;
  b.on_message = [&](connection_id, auto&) { ++count; };
  const auto id = link_up(a, b).first;
  const base::buffer payload = base::buffer::copy("hello");
  std::vector<std::thread> senders;
  for (std::uint64_t t = 0; t < 4; ++t) {
    senders.emplace_back([&, t, to = id] {
      for (std::uint64_t n = 1; n <= 2000; ++n) a.send(to, data_frame(t * 10000 + n, payload));
    });
  }
  for (auto& each : senders) each.join();
  EXPECT_TRUE(eventually([&] { return count == 8000U; })) << count;
}

TEST_F(Exchange, ClosingTellsThePeerWhy) {
  party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db2")));
  const auto [here, there] = link_up(a, b);
  a.wire().close(here, hauberk::error(errc::evicted, "the group removed you, rejoin"));
  EXPECT_NE(b.wait_for_words().find("the group removed you, rejoin"), std::string::npos)
      << b.wait_for_words();
  EXPECT_TRUE(b.look(there).end->told_by_peer);
  EXPECT_EQ(b.look(there).end->why.code, errc::evicted);
  EXPECT_TRUE(a.wait([&, id = here] { return a.links[id].is_down; }));
  EXPECT_FALSE(a.look(here).end->told_by_peer);
  EXPECT_EQ(a.look(here).dial, 1U);
  EXPECT_EQ(b.look(there).dial, 0U);
}

// The goodbye waits behind megabytes that nobody has read yet: what was begun ends first, the rest is
// dropped.
TEST_F(Exchange, ClosingInTheMiddleOfALargeTransferStillTellsWhy) {
  party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db2")));
  const auto id = link_up(a, b).first;
  const base::buffer payload = base::buffer::copy(std::string(3 << 20, 'x'));
  for (std::uint64_t n = 1; n <= 20; ++n) {
    a.send(id, data_frame(n, payload));
    b.send(b.wait_for_up().value_or(0), data_frame(n, payload));
  }
  a.wire().close(id, hauberk::error(errc::closed, "enough of that"));
  EXPECT_NE(b.wait_for_words().find("enough of that"), std::string::npos) << b.wait_for_words();
}

TEST_F(Exchange, ALinkCutInMidFrameEndsInWordsOnBothSides) {
  const std::size_t before = open_descriptors();
  {
    party a(member("db1", ca.node("db1"))), b(member("db2", ca.node("db2")));
    const go_between cutter(b.wire().port(), 600000);
    a.wire().dial(5, cutter.address());
    const auto id = a.wait_for_up();
    ASSERT_TRUE(id && b.wait_for_up());
    a.send(*id, data_frame(1, base::buffer::copy(std::string(2 << 20, 'x'))));
    EXPECT_NE(a.wait_for_words().find("127.0.0.1"), std::string::npos) << a.wait_for_words();
    EXPECT_NE(b.wait_for_words().find("127.0.0.1"), std::string::npos) << b.wait_for_words();
    EXPECT_TRUE(a.look(*id).end->was_up);
    EXPECT_EQ(a.look(*id).dial, 5U);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Exchange, ATransportThatStopsSaysGoodbyeAndIsSilentAfterwards) {
  const std::size_t before = open_descriptors();
  {
    party b(member("db2", ca.node("db2")));
    {
      party a(member("db1", ca.node("db1")));
      (void)link_up(a, b);
      const std::size_t calls = a.calls();
      a.stop();
      EXPECT_EQ(a.calls(), calls);
    }
    EXPECT_NE(b.wait_for_words().find("shutting down"), std::string::npos) << b.wait_for_words();
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Exchange, StoppingUnderFullLoadIsQuickAndClean) {
  for (int round = 0; round < 5; ++round) {
    party b(member("db2", ca.node("db2")));
    party a(member("db1", ca.node("db1")));
    const auto [here, there] = link_up(a, b);
    const base::buffer payload = base::buffer::copy(std::string(1 << 20, 'x'));
    for (std::uint64_t n = 1; n <= 30; ++n) {
      a.send(here, data_frame(n, payload));
      b.send(there, data_frame(n, payload));
    }
    const auto start = std::chrono::steady_clock::now();
    a.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
  }
}

}  // namespace
}  // namespace hauberk::net::test
