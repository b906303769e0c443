// Buffers and BIO: appending, consuming, and the five calls that OpenSSL makes.
#include "tls/spans.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace hauberk::tls {

void output_spans::add_block() {
  block next = std::exchange(spare_, {});
  if (next.room < block_bytes_) {
    next.bytes = std::make_unique_for_overwrite<std::byte[]>(block_bytes_);
    next.room = block_bytes_;
  }
  next.begin = next.end = 0;
  blocks_.push_back(std::move(next));
}

void output_spans::append(const std::byte* bytes, std::size_t count) {
  size_ += count;
  while (count > 0) {
    if (blocks_.empty() || blocks_.back().end == blocks_.back().room) add_block();
    block& last = blocks_.back();
    const std::size_t now = std::min(count, last.room - last.end);
    std::memcpy(last.bytes.get() + last.end, bytes, now);
    last.end += now;
    bytes += now;
    count -= now;
  }
}

std::span<const std::byte> output_spans::front() const {
  if (blocks_.empty()) return {};
  const block& first = blocks_.front();
  return {first.bytes.get() + first.begin, first.end - first.begin};
}

void output_spans::consume(std::size_t count) {
  HAUBERK_ASSERT(count <= front().size(), "only what was there to send can have been sent");
  if (count == 0) return;
  block& first = blocks_.front();
  first.begin += count;
  size_ -= count;
  if (first.begin < first.end) return;
  if (blocks_.size() == 1 && first.room >= block_bytes_) {
    first.begin = first.end = 0;
    return;
  }
  if (first.room >= block_bytes_) spare_ = std::move(first);
  blocks_.erase(blocks_.begin());
}

std::span<std::byte> input_span::space(std::size_t room) {
  const std::size_t kept = end_ - begin_;
  if (room_ < room) {
    auto larger = std::make_unique_for_overwrite<std::byte[]>(room);
    if (kept > 0) std::memcpy(larger.get(), bytes_.get() + begin_, kept);
    bytes_ = std::move(larger);
    room_ = room;
    begin_ = 0;
    end_ = kept;
  } else if (kept == 0) {
    begin_ = end_ = 0;
  } else if (room_ - end_ < room_ / 2) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, kept);
    begin_ = 0;
    end_ = kept;
  }
  HAUBERK_ASSERT(end_ < room_, "read all input before taking in more");
  return {bytes_.get() + end_, room_ - end_};
}

void input_span::filled(std::size_t count) {
  HAUBERK_ASSERT(count <= room_ - end_, "more bytes than there was room for");
  end_ += count;
}

std::size_t input_span::take(std::byte* into, std::size_t count) {
  const std::size_t now = std::min(count, end_ - begin_);
  if (now > 0) std::memcpy(into, bytes_.get() + begin_, now);
  begin_ += now;
  return now;
}

void input_span::refill(std::span<const std::byte> all) {
  begin_ = end_ = 0;
  const auto room = space(std::max(room_, all.size() + 1));
  std::memcpy(room.data(), all.data(), all.size());
  filled(all.size());
}

namespace {

spans& behind(BIO* bio) { return *static_cast<spans*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* bytes, std::size_t count, std::size_t* written) {
  behind(bio).out.append(reinterpret_cast<const std::byte*>(bytes), count);
  *written = count;
  return 1;
}

int bio_read(BIO* bio, char* into, std::size_t count, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  *got = behind(bio).in.take(reinterpret_cast<std::byte*>(into), count);
  if (*got > 0 || count == 0) return 1;
  BIO_set_retry_read(bio);
  return 0;
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hauberk spans");
  HAUBERK_ASSERT(method != nullptr, "out of memory");
  BIO_meth_set_write_ex(method, bio_write);
  BIO_meth_set_read_ex(method, bio_read);
  BIO_meth_set_ctrl(method, bio_control);
  BIO_meth_set_create(method, bio_create);
  return method;
}

}  // namespace

bio_ptr make_bio(spans& over) {
  // Never freed: pipes may outlive the static objects of whoever links us.
  static BIO_METHOD* const method = make_method();
  bio_ptr bio(BIO_new(method));
  HAUBERK_ASSERT(bio != nullptr, "out of memory");
  BIO_set_data(bio.get(), &over);
  return bio;
}

}  // namespace hauberk::tls
