// A link that is up: what is sent, in which order, and how it ends.
#include "harness.hpp"

namespace hauberk::link::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class links : public ::testing::TestWithParam<bool> {
 public:
  settings make(const std::string& name) {
    auto made = GetParam() ? secured(name) : node(name);
    made.output_bytes = 64 * 1024;
    return made;
  }
  pair joined() {
    pair both(make("db1"), make("db2"));
    both.settle();
    EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up());
    return both;
  }
};
INSTANTIATE_TEST_SUITE_P(links, links, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "tls" : "plain"; });

TEST_P(links, fifty_megabytes_both_ways_at_once_come_equal) {
  for (const std::size_t slice : {std::size_t{100'000}, std::size_t{1'000'000}}) {
    auto both = joined();
    base::random dice(slice);
    std::vector<replica::envelope> sent;
    std::size_t bytes = 0, bulk_bytes = 0;
    while (bytes < (25U << 20U)) {
      replica::data run{sent.size() + 1, 0, 0, {}};
      const std::size_t count = dice.percent(10) ? 1 : dice.below(100);
      const std::size_t most = count == 1 ? 1'500'000 : 1000;
      for (std::size_t i = 0; i < count; ++i) {
        std::string payload(dice.below(most), '\0');
        for (std::size_t at = 0; at < payload.size(); at += 1 + at / 16) {
          payload[at] = static_cast<char>(dice.next());
        }
        bytes += payload.size();
        run.payloads.push_back(base::buffer::copy(payload));
      }
      sent.push_back({1, run});
      const auto frame = wire::encode(sent.back());
      bulk_bytes += frame->bytes;
      both.dialler.send(frame);
      both.listener.send(frame);
      EXPECT_LE(both.dialler.output().size(), 64U * 1024 + 20'000);
    }
    both.settle_in_slices(dice, slice);
    EXPECT_TRUE(both.at_dialler.downs.empty()) << both.at_dialler.text();
    for (const auto* side : {&both.at_dialler, &both.at_listener}) {
      ASSERT_EQ(side->messages.size(), sent.size());
      for (std::size_t i = 0; i < sent.size(); ++i) {
        ASSERT_TRUE(std::get<replica::envelope>(side->messages[i]) == sent[i]) << i;
      }
      EXPECT_EQ(side->bulk_written, bulk_bytes);
    }
    EXPECT_EQ(both.dialler.queued_bytes(), 0U);
  }
}

TEST_P(links, control_overtakes_bulk_between_frames) {
  auto both = joined();
  for (std::uint64_t i = 1; i <= 5; ++i) both.dialler.send(bulk(i, 100'000));
  ASSERT_FALSE(both.dialler.output().empty());  // begins data 1
  both.dialler.send(held(7));
  both.settle();
  EXPECT_THAT(names(both.at_listener.messages),
              ElementsAre("data 1", "held 7", "data 2", "data 3", "data 4", "data 5"));
}

TEST_P(links, of_replaced_frames_only_the_newest_goes) {
  auto both = joined();
  both.dialler.send(bulk(1, 200'000));
  ASSERT_FALSE(both.dialler.output().empty());
  both.dialler.send(held(1), 1);
  both.dialler.send(held(100), 2);
  both.dialler.send(held(50));
  both.dialler.send(held(2), 1);
  const auto queued = both.dialler.queued_bytes();
  both.dialler.send(held(3), 1);
  EXPECT_EQ(both.dialler.queued_bytes(), queued);
  both.settle();
  EXPECT_THAT(names(both.at_listener.messages), ElementsAre("data 1", "held 100", "held 50", "held 3"));
  both.dialler.send(held(4), 1);
  both.settle();
  EXPECT_EQ(names(both.at_listener.messages).back(), "held 4");
}

TEST_P(links, written_tells_when_the_last_byte_of_a_bulk_frame_has_left) {
  auto both = joined();
  const auto first = bulk(1, 30'000), second = bulk(2, 300'000);
  both.dialler.send(first);
  both.dialler.send(second);
  both.dialler.send(held(1));
  const auto all = both.dialler.output();
  ASSERT_GT(all.size(), 30'100U);
  feed(both.listener, all.first(29'900));
  both.dialler.handle_output_written(29'900);
  both.at_dialler.drain(both.dialler);
  EXPECT_EQ(both.at_dialler.bulk_written, 0U);
  ASSERT_TRUE(move_once(both.dialler, both.listener));
  both.at_dialler.drain(both.dialler);
  EXPECT_EQ(both.at_dialler.bulk_written, first->bytes);
  both.settle();
  EXPECT_EQ(both.at_dialler.bulk_written, first->bytes + second->bytes);
}

TEST_P(links, small_frames_share_full_records) {
  auto both = joined();
  std::size_t plain = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const auto frame = bulk(i, 90);
    plain += frame->bytes;
    both.dialler.send(frame);
  }
  // One record adds 22 bytes; 500 of them would add 11,000.
  EXPECT_LE(both.dialler.output().size(), plain + 4 * 22);
  both.settle();
  EXPECT_EQ(both.at_listener.messages.size(), 500U);
}

TEST_P(links, goodbye_names_the_reason_at_both_ends) {
  auto both = joined();
  for (std::uint64_t i = 1; i <= 3; ++i) both.dialler.send(bulk(i, 200'000));
  ASSERT_TRUE(move_once(both.dialler, both.listener));  // data 1 is begun
  both.dialler.close({errc::evicted, "evicted by the operator"});
  EXPECT_TRUE(both.dialler.is_down());
  both.settle();
  EXPECT_THAT(names(both.at_listener.messages), ElementsAre("data 1"));
  ASSERT_EQ(both.at_dialler.downs.size(), 1U);
  EXPECT_FALSE(both.at_dialler.downs[0].told_by_peer);
  EXPECT_TRUE(both.at_dialler.downs[0].was_up);
  EXPECT_EQ(both.at_dialler.bulk_written, 0U);
  ASSERT_EQ(both.at_listener.downs.size(), 1U);
  EXPECT_TRUE(both.at_listener.downs[0].told_by_peer);
  EXPECT_EQ(both.at_listener.downs[0].why.code, errc::evicted);
  EXPECT_EQ(both.at_listener.text(), "link from 10.0.0.1:50000: the peer says: evicted by the operator");
  both.listener.handle_end("");
  both.dialler.close({errc::ok, "again"});
  both.settle();
  EXPECT_EQ(both.at_listener.downs.size() + both.at_dialler.downs.size(), 2U);
  EXPECT_TRUE(both.dialler.output().empty() && both.listener.output().empty());
}

TEST_P(links, a_reason_is_one_line_of_a_bounded_length) {
  auto both = joined();
  both.dialler.close({errc::refused, "it sent\n" + std::string(1'000'000, '\x07')});
  both.settle();
  const std::string text = both.at_dialler.text();
  EXPECT_EQ(text.size(), std::string("link to db2:4567: ").size() + 1024) << text.substr(0, 100);
  EXPECT_EQ(text.find_first_of("\n\x07"), std::string::npos);
}

TEST_P(links, a_broken_connection_says_so) {
  auto both = joined();
  both.dialler.send(bulk(1, 100'000));
  ASSERT_TRUE(move_once(both.dialler, both.listener, 1000));
  both.listener.handle_end("Connection reset by peer");
  both.dialler.handle_end("");
  both.settle();
  ASSERT_EQ(both.at_listener.downs.size(), 1U);
  EXPECT_TRUE(both.at_listener.downs[0].was_up);
  EXPECT_EQ(both.at_listener.text(),
            "link from 10.0.0.1:50000: the connection broke: Connection reset by peer");
  EXPECT_EQ(both.at_dialler.text(), "link to db2:4567: the peer closed the connection without a goodbye");
  both.dialler.send(bulk(2, 10));
  EXPECT_EQ(both.dialler.queued_bytes(), 0U);
  EXPECT_TRUE(both.dialler.output().empty());
}

TEST_P(links, a_second_greeting_ends_the_link) {
  auto both = joined();
  both.dialler.send(wire::encode(mesh::welcome{}));
  both.settle();
  EXPECT_THAT(both.at_listener.text(), HasSubstr("second greeting"));
  EXPECT_THAT(both.at_dialler.text(), HasSubstr("the peer says: a second greeting"));
}

TEST_P(links, a_broken_frame_ends_the_link_with_words_and_nothing_else) {
  auto both = joined();
  auto broken = std::make_shared<wire::encoded>();
  broken->head = base::buffer::copy(std::string_view("\x0A\x02\xFF\xFF", 4));
  broken->bytes = 4;
  both.dialler.send(held(1));
  both.dialler.send(broken);
  both.dialler.send(held(2));
  both.settle();
  EXPECT_THAT(names(both.at_listener.messages), ElementsAre("held 1"));
  EXPECT_THAT(both.at_listener.text(), HasSubstr("a whole field is expected"));
  EXPECT_TRUE(both.at_dialler.downs.at(0).told_by_peer);
}

TEST_P(links, cut_at_any_byte_neither_end_hangs_or_delivers_half) {
  for (std::size_t cut = 0; cut < 6000; cut += GetParam() ? 97U : 13U) {
    pair both(make("db1"), make("db2"));
    std::size_t left = cut;
    for (bool moved = true; moved && left > 0;) {
      moved = false;
      for (auto [from, to] :
           {std::pair(&both.dialler, &both.listener), std::pair(&both.listener, &both.dialler)}) {
        if (from->is_up() && from == &both.dialler && both.dialler.queued_bytes() == 0) {
          both.dialler.send(bulk(1, 500));
        }
        const std::size_t now = std::min<std::size_t>(left, from->output().size());
        if (now == 0) continue;
        move_once(*from, *to, now);
        left -= now;
        moved = true;
      }
    }
    both.dialler.handle_end("cut");
    both.listener.handle_end("cut");
    both.at_dialler.drain(both.dialler);
    both.at_listener.drain(both.listener);
    ASSERT_EQ(both.at_dialler.downs.size(), 1U);
    ASSERT_EQ(both.at_listener.downs.size(), 1U);
    for (const auto& message : both.at_listener.messages) {
      EXPECT_EQ(std::get<replica::data>(std::get<replica::envelope>(message).what).payloads.at(0).size(),
                500U);
    }
  }
}

}  // namespace
}  // namespace hauberk::link::testing
