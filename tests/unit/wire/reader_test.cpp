// The reader gives the same frames however the stream is sliced, and takes no memory on announcement.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "random_messages.hpp"

namespace hauberk::wire {
namespace {

using testing::bytes_of;
using testing::message_maker;

/// Feeds `bytes` in slices of what `slice` says; gives the frames, or the text of the first error.
template <typename Slice>
std::pair<std::vector<std::string>, std::string> cut(reader& from, std::string_view bytes,
                                                     const Slice& slice) {
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    const auto space = from.space();
    EXPECT_FALSE(space.empty());
    const std::size_t count = std::min({space.size(), bytes.size(), static_cast<std::size_t>(slice())});
    std::copy_n(bytes.begin(), count, reinterpret_cast<char*>(space.data()));
    from.filled(count);
    bytes.remove_prefix(count);
    for (;;) {
      auto frame = from.next();
      if (!frame) return {frames, frame.error().text};
      if (!*frame) break;
      frames.emplace_back((*frame)->text());
    }
  }
  return {frames, ""};
}

std::string error_of(std::string_view bytes, std::size_t limit = frame_bytes_most) {
  reader from;
  from.limit(limit);
  return cut(from, bytes, [] { return 1; }).second;
}

TEST(reader, slicing_makes_no_difference) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    message_maker maker(seed);
    std::string stream;
    std::vector<std::string> expected;
    for (int i = 0; i < 100; ++i) {
      const auto bytes = bytes_of(*encode(maker.make(), maker.how()));
      expected.emplace_back(testing::inner(bytes).text());
      stream += bytes;
    }
    for (const std::size_t block : {16UL, 1000UL, 256UL * 1024}) {
      reader one(block), some(block), all(block);
      EXPECT_EQ(cut(one, stream, [] { return 1; }).first, expected);
      EXPECT_EQ(cut(some, stream, [&] { return maker.dice().between(1, 50'000); }).first, expected);
      EXPECT_EQ(cut(all, stream, [] { return SIZE_MAX; }).first, expected);
    }
  }
}

TEST(reader, frames_stay_as_they_were_while_later_ones_come_in) {
  message_maker maker(5);
  reader from(4096);
  std::vector<std::pair<base::buffer, std::string>> kept;
  for (int i = 0; i < 3000; ++i) {
    const auto bytes = bytes_of(*encode(maker.make()));
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto space = from.space();
      const std::size_t count = std::min(space.size(), rest.size());
      std::copy_n(rest.begin(), count, reinterpret_cast<char*>(space.data()));
      from.filled(count);
      rest.remove_prefix(count);
      while (auto frame = *from.next()) {
        if (maker.dice().percent(30)) kept.emplace_back(*frame, std::string(frame->text()));
      }
    }
    if (kept.size() > 50) kept.erase(kept.begin(), kept.begin() + 30);
    for (const auto& [frame, copy] : kept) ASSERT_EQ(frame.text(), copy);
  }
}

TEST(reader, a_block_nobody_holds_is_used_again) {
  reader from;
  const auto bytes = bytes_of(*encode(replica::envelope{1, replica::held{1, 2, 3}}));
  std::byte* const first = from.space().data();
  for (int i = 0; i < 100'000; ++i) {
    const auto space = from.space();
    ASSERT_GE(space.data(), first);
    ASSERT_LE(space.data() + space.size(), first + 256 * 1024);
    std::copy_n(bytes.begin(), bytes.size(), reinterpret_cast<char*>(space.data()));
    from.filled(bytes.size());
    ASSERT_TRUE(*from.next());
  }
}

TEST(reader, a_foreign_first_byte_is_named) {
  EXPECT_EQ(error_of("GET / HTTP/1.1"), "a frame begins with byte 0x0A, got 0x47");
  const auto good = bytes_of(*encode(replica::envelope{1, replica::held{1, 2, 3}}));
  EXPECT_EQ(error_of(good + '\x16'), "a frame begins with byte 0x0A, got 0x16");
}

TEST(reader, too_long_a_frame_is_refused_when_it_is_announced) {
  EXPECT_THAT(error_of("\x0A\xFF\xFF\xFF\x7F"),
              ::testing::HasSubstr("at most 4456464 bytes here, got 268435455"));
  EXPECT_THAT(error_of("\x0A\xFF\xFF\xFF\xFF"), ::testing::HasSubstr("got more"));
  EXPECT_EQ(error_of(std::string("\x0A\x80\x80\x04", 4)), "");
  EXPECT_THAT(error_of(std::string("\x0A\x81\x80\x04", 4), 65536), ::testing::HasSubstr("got 65537"));
  EXPECT_EQ(error_of(std::string("\x0A\x80\x80\x04", 4), 65536), "");
}

TEST(reader, an_error_is_final) {
  reader from;
  EXPECT_NE(cut(from, "x", [] { return 1; }).second, "");
  EXPECT_FALSE(from.space().empty());
  EXPECT_FALSE(from.next());
}

TEST(reader, memory_follows_what_came_in_not_what_was_announced) {
  reader from;
  std::string announced("\x0A\x80\x80\x80\x02", 5);  // 4 MiB
  std::size_t received = 0;
  const auto feed = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const auto space = from.space();
      ASSERT_LE(space.size(), std::max<std::size_t>(256 * 1024, 4 * received));
      const std::size_t count = std::min(space.size(), bytes.size());
      std::copy_n(bytes.begin(), count, reinterpret_cast<char*>(space.data()));
      from.filled(count);
      received += count;
      bytes.remove_prefix(count);
      if (received < 5 + 4194304) {
        ASSERT_FALSE(*from.next());
      }
    }
  };
  feed(announced);
  feed(std::string(4194304, 'p'));
  const auto frame = *from.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->text(), std::string(4194304, 'p'));
}

TEST(reader, moves) {
  const auto bytes = bytes_of(*encode(replica::envelope{1, replica::held{1, 2, 3}}));
  reader first;
  cut(first, std::string_view(bytes).substr(0, 3), [] { return 3; });
  reader second(std::move(first));
  reader third;
  third = std::move(second);
  EXPECT_EQ(cut(third, std::string_view(bytes).substr(3), [] { return 99; }).first.size(), 1U);
}

}  // namespace
}  // namespace hauberk::wire
