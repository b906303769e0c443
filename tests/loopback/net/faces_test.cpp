// Two transports whose policy changes under traffic: both policies on one port, then only the new one.
#include <atomic>
#include <thread>

#include "loopback/net/party.hpp"
#include "mesh/mesh.hpp"

namespace hauberk::net::test {
namespace {

/// A payload after the other on one link, until told to stop: nothing may be lost of it or come twice.
class traffic {
 public:
  traffic(party& from, connection_id over) : from_(from), thread_([this, over] { run(over); }) {}
  traffic(const traffic&) = delete;
  traffic& operator=(const traffic&) = delete;
  ~traffic() { stop(); }

  std::uint64_t stop() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
    return sent_;
  }

 private:
  void run(connection_id over) {
    const base::buffer payload = base::buffer::copy(std::string(20000, 'x'));
    std::size_t bytes = 0;
    while (!is_over_ || sent_ < 100) {
      const bool goes = from_.wait([&] {
        const auto& at = from_.links[over];
        return at.is_down || bytes < at.bulk_written + (1U << 20);
      });
      if (!goes || from_.look(over).is_down) return;
      const auto frame = data_frame(++sent_, payload);
      bytes += frame->bytes;
      from_.send(over, frame);
    }
  }

  party& from_;
  std::atomic<bool> is_over_ = false;
  std::atomic<std::uint64_t> sent_ = 0;
  std::thread thread_;
};

class Faces : public testing::Test {
 protected:
  ::hauberk::test::test_ca ca;
  const character plain[2] = {plain_member("db1"), plain_member("db2")};
  const character secure[2] = {member("db1", ca.node("db1")), member("db2", ca.node("db2"))};

  /// Both ends of the link that dial `token` makes.
  static std::pair<connection_id, connection_id> ends_of(party& from, party& to, std::uint64_t token,
                                                         const std::string& policy) {
    const connection_id here = mesh::id_of_dial(token);
    EXPECT_TRUE(from.wait([&] { return from.links.contains(here) && from.links[here].is_up; }))
        << from.wait_for_words();
    const auto there =
        to.wait_for_link([&](const auto& l) { return l.is_up && !l.is_down && l.policy == policy; });
    EXPECT_TRUE(there);
    EXPECT_EQ(from.look(here).policy, policy);
    return {here, there.value_or(0)};
  }
};

TEST_F(Faces, FromPlaintextToTlsUnderTraffic) {
  party a(plain[0]), b(plain[1]);
  a.use(face_of(plain[0], "old"));
  b.use(face_of(plain[1], "old"));
  std::atomic<std::uint64_t> next = 1, wrong = 0;
  b.on_message = [&](connection_id, auto& message) {
    const auto& data = std::get<replica::data>(std::get<replica::envelope>(message).what);
    if (data.first != next || data.payloads.at(0).size() != 20000) ++wrong;
    ++next;
  };
  a.wire().dial(1, b.address());
  const auto in_the_clear = ends_of(a, b, 1, "old");
  traffic before(a, in_the_clear.first);
  b.use(face_of(plain[1], "old"), face_of(secure[1], "new"));
  a.use(face_of(plain[0], "old"), face_of(secure[0], "new"));
  a.wire().dial(2, b.address(), true);
  const auto encrypted = ends_of(a, b, 2, "new");
  EXPECT_EQ(a.look(encrypted.first).version, "TLSv1.3");
  EXPECT_EQ(b.look(encrypted.second).version, "TLSv1.3");
  EXPECT_FALSE(a.look(in_the_clear.first).is_down) << "the old link stays until it is closed";
  const std::uint64_t first = before.stop();
  ASSERT_TRUE(eventually([&] { return next == first + 1; })) << next << " of " << first;

  next = 1;
  traffic after(a, encrypted.first);
  b.use(face_of(secure[1], "new"));
  a.use(face_of(secure[0], "new"));
  a.wire().close(in_the_clear.first, hauberk::error(errc::closed, "made by the old policy"));
  a.wire().dial(3, b.address(), true);  // nothing is prepared any more
  EXPECT_EQ(a.look(ends_of(a, b, 3, "new").first).version, "TLSv1.3");
  const std::uint64_t second = after.stop();
  EXPECT_TRUE(eventually([&] { return next == second + 1; })) << next << " of " << second;
  EXPECT_EQ(wrong, 0U);
  EXPECT_FALSE(a.look(encrypted.first).is_down || b.look(encrypted.second).is_down);

  party late(plain_member("db3"));
  late.use(face_of(plain_member("db3"), "old"));
  late.wire().dial(1, b.address());
  (void)late.wait_for_words();
  const auto refused = b.wait_for_link([](const auto& l) { return l.is_down && !l.is_up; });
  ASSERT_TRUE(refused);
  EXPECT_NE(b.look(*refused).end->why.text.find("first bytes are a plaintext Hauberk node"),
            std::string::npos)
      << b.look(*refused).end->why.text;
}

TEST_F(Faces, EachOfTwoPoliciesOnOnePort) {
  for (const bool old_tls : {false, true}) {
    for (const bool new_tls : {false, true}) {
      party a(plain[0]), b(plain[1]);
      const auto use = [&](party& one, std::size_t i) {
        one.use(face_of((old_tls ? secure : plain)[i], "old"), face_of((new_tls ? secure : plain)[i], "new"));
      };
      use(a, 0);
      use(b, 1);
      a.wire().dial(1, b.address(), false);
      a.wire().dial(2, b.address(), true);
      EXPECT_EQ(a.look(ends_of(a, b, 1, "old").first).version, old_tls ? "TLSv1.3" : "none");
      EXPECT_EQ(a.look(ends_of(a, b, 2, "new").first).version, new_tls ? "TLSv1.3" : "none");
    }
  }
}

}  // namespace
}  // namespace hauberk::net::test
