// What an evil or broken peer may send: every frame is decoded or refused with words, never more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <zstd.h>

#include <functional>

#include "proto/hauberk.pb.h"
#include "random_messages.hpp"

namespace hauberk::wire {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;
using testing::inner;
using testing::message_maker;

std::string refusal(const std::string& frame) {
  const auto got = decode(base::buffer::copy(frame));
  if (got) return "decoded";
  EXPECT_EQ(got.error().code, errc::refused);
  EXPECT_FALSE(got.error().text.empty());
  EXPECT_EQ(got.error().text.find('\n'), std::string::npos);
  return got.error().text;
}

std::string refusal(const std::function<void(Frame&)>& fill) {
  Frame frame;
  fill(frame);
  return refusal(frame.SerializeAsString());
}

TEST(hostile, truncated_at_every_byte) {
  for (std::size_t kind = 0; kind < message_maker::kinds; ++kind) {
    message_maker maker(kind);
    const auto what = maker.make(kind);
    const auto frame = inner(bytes_of(*encode(what, maker.how())));
    const std::size_t step = 1 + frame.size() / 2000;
    for (std::size_t size = 0; size < frame.size(); size += step) {
      const auto got = decode(base::buffer::copy(frame.text().substr(0, size)));
      EXPECT_FALSE(got && *got == what) << "kind " << kind << " cut to " << size;
    }
  }
}

TEST(hostile, flipped_and_random_bytes) {
  base::random dice(99);
  std::size_t refused = 0, decoded = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    message_maker maker(seed);
    std::string frame(inner(bytes_of(*encode(maker.make(), maker.how()))).text());
    if (frame.empty()) continue;
    for (std::uint64_t i = dice.between(1, 8); i > 0; --i) {
      // The head is at the front, so that is where most of the flips go.
      const auto at = dice.below(dice.percent(80) ? std::min<std::size_t>(frame.size(), 64) : frame.size());
      frame[at] = static_cast<char>(
          dice.percent(50) ? dice.next() : static_cast<unsigned char>(frame[at]) ^ (1U << dice.below(8)));
    }
    decode(base::buffer::copy(frame)) ? ++decoded : ++refused;
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(decoded, 1000U);
}

TEST(hostile, a_frame_has_exactly_one_known_kind) {
  EXPECT_EQ(refusal(""), "a frame has one kind, got none");
  EXPECT_THAT(refusal([](Frame& f) { f.set_seat(1); }), HasSubstr("got none"));
  EXPECT_EQ(refusal([](Frame& f) {
              f.mutable_held();
              f.mutable_beat();
            }),
            "a frame has one kind, got kinds 7 and 8");
  EXPECT_THAT(refusal(std::string("\x3A\x00\x3A\x00", 4)), HasSubstr("kinds 7 and 7"));
  EXPECT_THAT(refusal(std::string("\xA2\x06\x00", 3)), HasSubstr("kind 100 is not known here"));
  EXPECT_THAT(refusal(std::string("\x38\x05", 2)), HasSubstr("whole field"));  // held as a number
}

TEST(hostile, what_a_newer_peer_adds_is_passed_over) {
  std::string frame = Frame().SerializeAsString();
  frame += std::string("\x3A\x06\x08\x07\x50\x01\x78\x02", 8);  // held{epoch 7, and fields 10 and 15}
  frame += std::string("\x82\x40\x03new", 6);                   // field 1024 beside the kind
  frame += std::string("\x8D\x40\x01\x02\x03\x04", 6);          // field 1025, four fixed bytes
  frame += std::string("\x91\x40\x01\x02\x03\x04\x05\x06\x07\x08", 10);  // field 1026, eight
  const auto got = decode(base::buffer::copy(frame));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_TRUE(*got == message(replica::envelope{0, replica::held{7, 0, 0}}));
}

TEST(hostile, the_payload_comes_last_and_fits_its_sizes) {
  const auto data = [](std::vector<std::uint32_t> sizes, const std::string& payload) {
    return [=](Frame& f) {
      f.mutable_data()->set_first(1);
      for (auto size : sizes) f.add_sizes(size);
      f.set_payload(payload);
    };
  };
  EXPECT_EQ(refusal(data({1, 2}, "abc")), "decoded");
  EXPECT_EQ(refusal(data({1, 2}, "abcd")),
            "the sizes of a frame's payloads add up to 3, got 4 bytes of payload");
  EXPECT_THAT(refusal(data({1, 3}, "abc")), HasSubstr("add up to 4, got 3"));
  EXPECT_THAT(refusal(data({}, "abc")), HasSubstr("add up to 0, got 3"));
  EXPECT_THAT(refusal(data({1}, "")), HasSubstr("add up to 1, got 0"));
  EXPECT_THAT(refusal(data({UINT32_MAX, UINT32_MAX, 2}, "")), HasSubstr("payload of a frame is at most"));
  EXPECT_THAT(refusal(data(std::vector<std::uint32_t>(8193, 0), "")),
              HasSubstr("payloads in a frame is at most 8192, got 8193"));
  EXPECT_EQ(refusal(data(std::vector<std::uint32_t>(8192, 0), "")), "decoded");

  Frame good;
  data({3}, "abc")(good);
  EXPECT_THAT(refusal(good.SerializeAsString() + std::string("\x08\x01", 2)),
              HasSubstr("last field of a frame, got 2 more bytes"));
  EXPECT_THAT(refusal([](Frame& f) {
                f.mutable_held();
                f.set_payload("abc");
              }),
              HasSubstr("kind 7 has no payload, got 3"));
  EXPECT_THAT(refusal([](Frame& f) {
                f.mutable_hello();
                f.add_sizes(0);
              }),
              HasSubstr("no payload"));
}

TEST(hostile, chunks_lie_within_their_broadcast) {
  const auto chunk = [](std::uint64_t total, std::uint64_t offset, std::size_t pieces = 1) {
    return [=](Frame& f) {
      f.mutable_fetched()->set_total(total);
      f.mutable_fetched()->set_offset(offset);
      for (std::size_t i = 0; i < pieces; ++i) f.add_sizes(10);
      f.set_payload(std::string(10 * pieces, 'p'));
    };
  };
  EXPECT_EQ(refusal(chunk(10, 0)), "decoded");
  EXPECT_EQ(refusal(chunk(2147483647, 2147483637)), "decoded");
  EXPECT_THAT(refusal(chunk(10, 1)), HasSubstr("size of a chunk is at most 9, got 10"));
  EXPECT_THAT(refusal(chunk(10, UINT64_MAX)), HasSubstr("offset of a chunk is at most 10"));
  EXPECT_THAT(refusal(chunk(2147483648, 0)), HasSubstr("size of a broadcast is at most 2147483647"));
  EXPECT_THAT(refusal(chunk(20, 0, 2)), HasSubstr("a chunk is one piece, got 2"));
  EXPECT_THAT(refusal(chunk(20, 0, 0)), HasSubstr("a chunk is one piece, got 0"));
  EXPECT_THAT(refusal(chunk(0, 5)), HasSubstr("offset of a run of whole payloads is at most 0, got 5"));
}

TEST(hostile, numbers_do_not_wrap) {
  EXPECT_THAT(refusal([](Frame& f) {
                f.mutable_data()->set_first(UINT64_MAX);
                f.add_sizes(0);
              }),
              HasSubstr("do not fit in 64 bits"));
  const auto order = [](std::uint64_t position, std::uint64_t first, std::uint32_t sender) {
    return [=](Frame& f) {
      auto& into = *f.mutable_order();
      into.set_first(position);
      into.add_senders()->set_number(1);
      into.add_run_sender(sender);
      into.add_run_first(first);
      into.add_run_count(10);
    };
  };
  EXPECT_EQ(refusal(order(1, 1, 0)), "decoded");
  EXPECT_THAT(refusal(order(UINT64_MAX - 5, 1, 0)), HasSubstr("positions from"));
  EXPECT_THAT(refusal(order(1, UINT64_MAX - 5, 0)), HasSubstr("broadcasts from"));
  EXPECT_THAT(refusal(order(1, 1, 1)), HasSubstr("one of its 1 senders, got number 1"));
}

TEST(hostile, an_order_is_consistent) {
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_order()->add_run_sender(0); }),
              HasSubstr("columns of an order have one length, got 1, 0 and 0"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_order()->add_entries()->set_at(1); }),
              HasSubstr("the next entry of an order is item 0, got 1"));
  EXPECT_THAT(refusal([](Frame& f) {
                for (int i = 0; i < 2; ++i) f.mutable_order()->add_entries()->set_at(0);
              }),
              HasSubstr("item 1, got 0"));
  EXPECT_THAT(refusal([](Frame& f) {
                for (int i = 0; i < 4097; ++i) f.mutable_order()->add_entries();
              }),
              HasSubstr("items in an order is at most 4096, got 4097"));
  EXPECT_THAT(refusal([](Frame& f) {
                auto& entry = *f.mutable_order()->add_entries();
                entry.mutable_view();
                entry.add_dead();
              }),
              HasSubstr("beside a view"));
}

TEST(hostile, every_list_and_text_has_its_bound) {
  const auto view = [](const std::function<void(View&)>& fill) {
    return refusal([&](Frame& f) { fill(*f.mutable_order()->add_entries()->mutable_view()); });
  };
  const auto times = [](int count, const auto& add) {
    for (int i = 0; i < count; ++i) add();
  };
  EXPECT_THAT(view([&](View& v) { times(65, [&] { v.add_members(); }); }),
              HasSubstr("members is at most 64"));
  EXPECT_THAT(view([&](View& v) { times(65, [&] { v.add_joined(); }); }), HasSubstr("joined members"));
  EXPECT_THAT(view([&](View& v) { times(65, [&] { v.add_left(); }); }), HasSubstr("members that left"));
  EXPECT_THAT(view([&](View& v) { times(65, [&] { v.add_lost(); }); }), HasSubstr("lost members"));
  EXPECT_THAT(view([&](View& v) { times(1025, [&] { v.add_removed(); }); }), HasSubstr("removed seats"));
  EXPECT_THAT(view([&](View& v) { v.add_members()->set_weight(256); }), HasSubstr("weight is at most 255"));
  EXPECT_THAT(view([&](View& v) { v.add_members()->set_name(std::string(256, 'n')); }), HasSubstr("name"));
  EXPECT_THAT(view([&](View& v) { v.add_members()->set_address(std::string(513, 'n')); }),
              HasSubstr("address is at most 512, got 513"));
  EXPECT_THAT(view([&](View& v) { v.set_history("fifteen bytes.."); }),
              HasSubstr("16 bytes or none, got 15"));
  EXPECT_THAT(refusal([](Frame& f) {
                f.mutable_held();
                f.mutable_relay()->set_origin("sixteen bytes...");
              }),
              HasSubstr("an origin and a target"));
  EXPECT_THAT(refusal([](Frame& f) {
                f.mutable_welcome();
                f.mutable_relay()->set_origin("sixteen bytes...");
              }),
              HasSubstr("never relayed"));
  EXPECT_THAT(refusal([&](Frame& f) { times(257, [&] { f.mutable_beat()->add_links(); }); }),
              HasSubstr("number of links is at most 256"));
  EXPECT_THAT(refusal([&](Frame& f) { times(4097, [&] { f.mutable_epoch_start()->add_boundaries(); }); }),
              HasSubstr("boundaries is at most 4096"));
  EXPECT_THAT(refusal([&](Frame& f) { times(257, [&] { f.mutable_peers()->add_known(); }); }),
              HasSubstr("peers is at most 256"));
  EXPECT_THAT(refusal([&](Frame& f) {
                times(65, [&, into = f.mutable_order()->add_entries()] { into->add_dead(); });
              }),
              HasSubstr("dead seats"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_goodbye()->set_text(std::string(1025, 't')); }),
              HasSubstr("reason is at most 1024"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_join_refused()->set_text(std::string(1025, 't')); }),
              HasSubstr("reason"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_hello()->set_policy_text(std::string(40'000, 't')); }),
              HasSubstr("policy is at most 32768"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_visitor_request()->set_options(std::string(40'000, 't')); }),
              HasSubstr("the length of a visitor's options"));
  EXPECT_THAT(refusal([&](Frame& f) { times(65, [&] { f.mutable_link_report()->add_mine(); }); }),
              HasSubstr("links in a report is at most 64, got 65"));
  const auto told = [](auto change) {
    return refusal([&](Frame& f) { change(*f.mutable_link_report()->add_mine()); });
  };
  EXPECT_THAT(told([](ToldLink& l) { l.set_cipher(std::string(65, 'c')); }),
              HasSubstr("cipher is at most 64"));
  EXPECT_THAT(told([](ToldLink& l) { l.set_version("TLS\x1b[2J"); }),
              HasSubstr("only letters, digits and signs"));
  EXPECT_THAT(told([](ToldLink& l) { l.set_group("a b"); }), HasSubstr("only letters, digits and signs"));
  EXPECT_THAT(told([](ToldLink& l) { l.set_process("short"); }), HasSubstr("16 bytes or none"));
  EXPECT_THAT(told([](ToldLink& l) { l.set_policy(std::string(64, 'a')); }),
              HasSubstr("32 bytes or none, got 64"));
  EXPECT_THAT(told([](ToldLink& l) { l.set_fingerprint("f"); }), HasSubstr("32 bytes or none, got 1"));
  EXPECT_THAT(refusal([&](Frame& f) { times(33, [&] { f.mutable_member_report()->add_names(); }); }),
              HasSubstr("names in a certificate is at most 32"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_member_report()->set_subject(std::string(1025, 's')); }),
              HasSubstr("subject"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_hello()->set_group(std::string(256, 't')); }),
              HasSubstr("name"));
  EXPECT_THAT(refusal([](Frame& f) { f.mutable_join()->set_weight(1000); }), HasSubstr("weight"));
}

TEST(hostile, a_head_is_bounded_whatever_is_in_it) {
  Frame frame;
  frame.mutable_held();
  std::string bytes = frame.SerializeAsString() + "\x82\x40\x80\x80\x14" + std::string(327680, 'u');
  EXPECT_THAT(refusal(bytes), HasSubstr("head of a frame has at most 262144 bytes"));
}

TEST(hostile, decompression_is_bounded) {
  const std::string zeros(64U << 20U, '\0');
  std::string lz4(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(zeros.size()))), '\0');
  lz4.resize(static_cast<std::size_t>(LZ4_compress_default(
      zeros.data(), lz4.data(), static_cast<int>(zeros.size()), static_cast<int>(lz4.size()))));
  std::string zstd(ZSTD_compressBound(zeros.size()), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), zeros.data(), zeros.size(), 3));
  const auto bomb = [&](Compression how, std::uint32_t says) {
    return refusal([&](Frame& f) {
      f.mutable_data();
      f.add_sizes(says);
      f.set_compression(how);
      f.set_payload(how == LZ4 ? lz4 : zstd);
    });
  };
  for (const auto how : {LZ4, ZSTD}) {
    EXPECT_THAT(bomb(how, 64U << 20U), HasSubstr("payload of a frame is at most 4194304"));
    EXPECT_THAT(bomb(how, 4U << 20U), HasSubstr("does not unpack to the 4194304 bytes expected"));
    EXPECT_THAT(bomb(how, 10), HasSubstr("does not unpack to the 10 bytes"));
    EXPECT_THAT(bomb(how, 0), HasSubstr("does not unpack"));
  }
  EXPECT_THAT(bomb(static_cast<Compression>(9), 10), HasSubstr("compression 9 is not known here"));
  EXPECT_THAT(refusal([&](Frame& f) {
                f.mutable_data();
                f.add_sizes(100);
                f.set_compression(ZSTD);
                f.set_payload(zstd.substr(0, 5));
              }),
              HasSubstr("does not unpack"));
}

}  // namespace
}  // namespace hauberk::wire
