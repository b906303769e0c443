// The receive side of the frame: cuts the stream in place. See codec.hpp.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "wire/codec.hpp"
#include "wire/varint.hpp"

namespace hauberk::wire {
namespace {

constexpr std::byte frame_tag{0x0A};
/// A length within `frame_bytes_most` takes no more; protobuf never pads.
constexpr std::size_t length_bytes_max = 4;
static_assert(varint_bytes(frame_bytes_most) <= length_bytes_max);

error refused(std::string text) { return {errc::refused, std::move(text)}; }

}  // namespace

reader::reader(std::size_t block_bytes) : block_bytes_(std::max<std::size_t>(block_bytes, 16)) {}

reader::reader(reader&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      block_bytes_(other.block_bytes_),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)),
      frame_bytes_max_(other.frame_bytes_max_),
      wanted_(std::exchange(other.wanted_, 0)) {}

reader& reader::operator=(reader&& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(block_bytes_, other.block_bytes_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  std::swap(frame_bytes_max_, other.frame_bytes_max_);
  std::swap(wanted_, other.wanted_);
  return *this;
}

reader::~reader() {
  if (block_ != nullptr) block_->release();
}

std::span<std::byte> reader::space() {
  if (block_ == nullptr) block_ = base::block::allocate(block_bytes_);
  const std::size_t begun = end_ - begin_;
  const bool free = block_->is_unique();
  if (begun == 0 && free) begin_ = end_ = 0;
  const std::size_t room = block_->size() - end_;
  // Stay while the rest is worth a read, or takes all that is missing of a begun frame.
  const bool is_enough = room >= block_bytes_ / 16 || (wanted_ > begun && room >= wanted_ - begun);
  if (room == 0 || !is_enough) {
    // At most four times what was received: an announced length alone takes no memory.
    std::size_t size = std::max(block_bytes_, std::min(wanted_, 4 * begun));
    if (size <= begun) size = 2 * begun;  // nobody has called next() until it wants more bytes
    if (free && begin_ > 0 && block_->size() >= size) {
      std::memmove(block_->data(), block_->data() + begin_, begun);
    } else {
      base::block* fresh = base::block::allocate(size);
      if (begun > 0) std::memcpy(fresh->data(), block_->data() + begin_, begun);
      std::exchange(block_, fresh)->release();
    }
    begin_ = 0;
    end_ = begun;
  }
  return {block_->data() + end_, block_->size() - end_};
}

void reader::filled(std::size_t bytes) {
  HAUBERK_ASSERT(block_ != nullptr && bytes <= block_->size() - end_,
                 "no more is filled than there was space");
  end_ += bytes;
}

result<std::optional<base::buffer>> reader::next() {
  if (block_ == nullptr || begin_ == end_) return std::optional<base::buffer>();
  const std::span<const std::byte> begun(block_->data() + begin_, end_ - begin_);
  if (wanted_ == 0) {
    if (begun[0] != frame_tag) {
      char text[80];
      std::snprintf(text, sizeof text, "a frame begins with byte 0x0A, got 0x%02X",
                    std::to_integer<unsigned>(begun[0]));
      return refused(text);
    }
    const auto after = begun.subspan(1);
    const auto length = *read_varint(after.first(std::min(after.size(), length_bytes_max)));
    if (length.bytes == 0 && after.size() < length_bytes_max) return std::optional<base::buffer>();
    if (length.bytes == 0 || length.value > frame_bytes_max_) {
      return refused("a frame has at most " + std::to_string(frame_bytes_max_) + " bytes here, got " +
                     (length.bytes == 0 ? "more" : std::to_string(length.value)));
    }
    wanted_ = 1 + length.bytes + static_cast<std::size_t>(length.value);
  }
  if (begun.size() < wanted_) return std::optional<base::buffer>();
  const std::size_t prefix =
      1 + read_varint(begun.subspan(1, std::min(length_bytes_max, wanted_ - 1)))->bytes;
  block_->retain();
  auto frame = base::buffer::adopt(block_, begun.subspan(prefix, wanted_ - prefix));
  begin_ += wanted_;
  wanted_ = 0;
  return std::optional<base::buffer>(std::move(frame));
}

}  // namespace hauberk::wire
