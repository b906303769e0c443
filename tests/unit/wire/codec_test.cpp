// Every struct travels: round trips, plain protobuf on either side, and what may be shared or cut.
#include <gtest/gtest.h>

#include "proto/hauberk.pb.h"
#include "random_messages.hpp"

namespace hauberk::wire {
namespace {

using testing::bytes_of;
using testing::inner;
using testing::message_maker;

std::string words_of(const result<message>& got) { return got ? "decoded" : got.error().text; }

message round_trip(const message& what, const compression& how = {}) {
  auto got = decode(inner(bytes_of(*encode(what, how))));
  EXPECT_TRUE(got) << words_of(got);
  return got ? *got : message{};
}

TEST(codec, every_struct_comes_back_equal) {
  for (std::size_t kind = 0; kind < message_maker::kinds; ++kind) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      message_maker maker(seed * 100 + kind);
      const auto what = maker.make(kind);
      const auto frame = encode(what, maker.how());
      const auto bytes = bytes_of(*frame);
      ASSERT_EQ(bytes.size(), frame->bytes);
      const auto got = decode(inner(bytes));
      ASSERT_TRUE(got) << "kind " << kind << " seed " << seed << ": " << words_of(got);
      ASSERT_TRUE(*got == what) << "kind " << kind << " seed " << seed;
    }
  }
}

TEST(codec, plain_protobuf_reads_what_we_write_and_writes_the_same_bytes) {
  message_maker maker(7);
  std::string stream;
  std::vector<std::string> frames;
  for (int i = 0; i < 2000; ++i) {
    frames.push_back(bytes_of(*encode(maker.make(), maker.how())));
    stream += frames.back();
  }
  Stream parsed;
  ASSERT_TRUE(parsed.ParseFromString(stream));
  ASSERT_EQ(static_cast<std::size_t>(parsed.frame_size()), frames.size());
  for (int i = 0; i < parsed.frame_size(); ++i) {
    ASSERT_EQ(parsed.frame(i).SerializeAsString(), inner(frames[static_cast<std::size_t>(i)]).text());
  }
  ASSERT_EQ(parsed.SerializeAsString(), stream);
}

TEST(codec, we_read_what_plain_protobuf_writes) {
  Stream stream;
  auto& data = *stream.add_frame();
  data.set_seat(3);
  data.mutable_data()->set_first(10);
  data.add_sizes(2);
  data.add_sizes(0);
  data.add_sizes(3);
  data.set_payload("abcde");
  auto& beat = *stream.add_frame();
  beat.set_seat(4);
  beat.mutable_beat()->set_number(9);
  beat.mutable_beat()->add_links(std::string(16, 'x'));

  reader from;
  const auto bytes = stream.SerializeAsString();
  ASSERT_GE(from.space().size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(from.space().data()));
  from.filled(bytes.size());

  replica::data expected_data{10, 0, 0, {base::buffer::copy("ab"), {}, base::buffer::copy("cde")}};
  replica::beat expected_beat;
  expected_beat.number = 9;
  expected_beat.links.resize(1);
  expected_beat.links[0].bytes.fill('x');
  for (const message& expected :
       {message(replica::envelope{3, expected_data}), message(replica::envelope{4, expected_beat})}) {
    auto frame = from.next();
    ASSERT_TRUE(frame && *frame);
    const auto got = decode(**frame);
    ASSERT_TRUE(got) << words_of(got);
    EXPECT_TRUE(*got == expected);
  }
  EXPECT_FALSE(*from.next());
}

TEST(codec, the_example_of_the_schemas_page_is_what_we_write) {
  const replica::data run{10, 0, 0, {base::buffer::copy("ab"), {}, base::buffer::copy("cde")}};
  const std::string_view expected(
      "\x0A\x13\x08\x03\x12\x03\x02\x00\x03\x2A\x02\x08\x0A\xFA\x7F\x05"
      "abcde",
      21);
  EXPECT_EQ(bytes_of(*encode(replica::envelope{3, run})), expected);
}

TEST(codec, an_empty_run_and_empty_payloads_differ) {
  EXPECT_TRUE(round_trip(replica::envelope{1, replica::data{5, 0, 0, {}}}) ==
              message(replica::envelope{1, replica::data{5, 0, 0, {}}}));
  const replica::data two{5, 0, 0, {base::buffer(), base::buffer()}};
  EXPECT_TRUE(round_trip(replica::envelope{1, two}) == message(replica::envelope{1, two}));
}

TEST(codec, payloads_go_out_and_come_in_without_a_copy) {
  const replica::data run{
      1, 0, 0, {base::buffer::copy(std::string(3000, 'a')), base::buffer::copy(std::string(3000, 'b'))}};
  const auto frame = encode(replica::envelope{1, run});
  ASSERT_EQ(frame->payload.size(), 2U);
  EXPECT_EQ(frame->payload[0].data(), run.payloads[0].data());
  EXPECT_EQ(frame->payload[1].data(), run.payloads[1].data());
  EXPECT_TRUE(frame->is_bulk);

  const auto received = inner(bytes_of(*frame));
  const auto got = decode(received);
  ASSERT_TRUE(got);
  const auto& payloads = std::get<replica::data>(std::get<replica::envelope>(*got).what).payloads;
  EXPECT_EQ(payloads[1].data() + 3000, received.data() + received.size());
  EXPECT_EQ(payloads[0].data() + 6000, received.data() + received.size());
}

TEST(codec, a_few_bytes_do_not_keep_the_whole_receive_block) {
  const auto received =
      inner(bytes_of(*encode(replica::envelope{1, replica::data{1, 0, 0, {base::buffer::copy("few")}}})));
  const auto got = decode(received);
  const auto& payload = std::get<replica::data>(std::get<replica::envelope>(*got).what).payloads.front();
  EXPECT_EQ(payload.text(), "few");
  EXPECT_TRUE(payload.data() < received.data() || payload.data() >= received.data() + received.size());
}

TEST(codec, only_payloads_are_bulk) {
  message_maker maker(3);
  for (std::size_t kind = 0; kind < message_maker::kinds; ++kind) {
    const auto what = maker.make(kind);
    const auto* envelope = std::get_if<replica::envelope>(&what);
    const bool has_payload =
        envelope != nullptr && (std::holds_alternative<replica::data>(envelope->what) ||
                                std::holds_alternative<replica::fetched>(envelope->what));
    EXPECT_EQ(encode(what)->is_bulk, has_payload);
  }
}

TEST(codec, compression_pays_or_is_left_out) {
  const std::string dull(10'000, 'z');
  std::string noise(10'000, '\0');
  base::random dice(1);
  for (auto& c : noise) c = static_cast<char>(dice.below(256));
  for (const auto how : {algorithm::lz4, algorithm::zstd}) {
    const auto size = [&](const std::string& bytes, std::size_t threshold) {
      const replica::envelope what{1, replica::data{1, 0, 0, {base::buffer::copy(bytes)}}};
      EXPECT_TRUE(round_trip(what, {how, 0, threshold}) == message(what));
      return encode(what, {how, 0, threshold})->bytes;
    };
    EXPECT_LT(size(dull, 512), 200U);
    EXPECT_GT(size(dull, 20'000), 10'000U);
    EXPECT_LT(size(noise, 512), 10'030U);
    EXPECT_GT(size(noise, 512), 10'000U);
  }
}

TEST(codec, many_small_payloads_are_compressed_as_one) {
  replica::data run{1, 0, 0, {}};
  for (int i = 0; i < 1000; ++i) run.payloads.push_back(base::buffer::copy("row " + std::to_string(i)));
  const replica::envelope what{1, run};
  const compression zstd{algorithm::zstd, 3, 512};
  const auto frame = encode(what, zstd);
  EXPECT_EQ(frame->payload.size(), 1U);
  EXPECT_LT(frame->bytes, encode(what)->bytes / 2);
  EXPECT_TRUE(round_trip(what, zstd) == message(what));
}

TEST(codec, words_for_people_and_hints_are_cut_to_their_limit) {
  mesh::goodbye long_words{1, std::string(5000, 'w')};
  EXPECT_EQ(std::get<mesh::goodbye>(round_trip(long_words)).text,
            std::string(base::limits::reason_bytes_max, 'w'));
  replica::beat many;
  many.links.resize(1000);
  const auto got = std::get<replica::envelope>(round_trip(replica::envelope{0, many}));
  EXPECT_EQ(std::get<replica::beat>(got.what).links.size(), 256U);
}

TEST(codec, the_largest_view_and_the_longest_order_fit) {
  message_maker maker(11);
  replica::view view;
  view.history = maker.dice().id();
  const replica::member long_names{
      maker.seat(), std::string(255, 'n'), std::string(512, 'a'), 255, 255, true, UINT64_MAX, true, {}};
  view.members.assign(64, long_names);
  view.left.assign(32, long_names);
  view.lost.assign(32, long_names);
  view.joined.assign(64, maker.seat());
  view.removed.assign(1024, {{maker.dice().id(), UINT32_MAX}, UINT64_MAX, UINT64_MAX});
  replica::order one{1, 1, 1, 1, {replica::order_view{std::make_shared<const replica::view>(view)}}};
  EXPECT_TRUE(round_trip(replica::envelope{1, one}) == message(replica::envelope{1, one}));

  replica::order runs{1, 1, 1, 1, {}};
  std::vector<base::seat_id> seats;
  for (int i = 0; i < 64; ++i) seats.push_back({maker.dice().id(), UINT32_MAX});
  for (std::size_t i = 0; i < base::limits::order_items_max; ++i) {
    runs.items.emplace_back(replica::order_run{seats[i % seats.size()], std::uint64_t{1} << 62U, UINT32_MAX});
  }
  EXPECT_TRUE(round_trip(replica::envelope{1, runs}) == message(replica::envelope{1, runs}));
}

}  // namespace
}  // namespace hauberk::wire
