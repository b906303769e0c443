#include "tool/source.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hauberk::tool {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;
constexpr std::size_t batch_payloads_max = 4096;

}  // namespace

line_source::line_source(int file, std::string name, std::uint64_t line_bytes_max)
    : file_(file), name_(std::move(name)), line_bytes_max_(line_bytes_max), buffer_(read_bytes) {}

line_source::~line_source() {
  if (file_ >= 0) ::close(file_);
}

result<batch> line_source::next(const stop& until) {
  while (!until.requested()) {
    if (batch lines = take_lines(); !lines.empty()) return lines;
    if (end_ - begin_ > line_bytes_max_)
      return error{errc::payload_too_large, name_ + ", line " + std::to_string(lines_ + 1) + ": more than " +
                                                std::to_string(line_bytes_max_) +
                                                " bytes (repl.max_ws_size); it and the rest are not sent"};
    if (at_end_) break;
    auto more = read_more(until);
    if (!more) return more.error();
  }
  return batch{};
}

batch line_source::take_lines() {
  batch lines;
  std::size_t bytes = 0;
  while (lines.size() < batch_payloads_max) {
    const auto* const from = buffer_.data() + searched_;
    const auto* newline = static_cast<const std::byte*>(std::memchr(from, '\n', end_ - searched_));
    const bool is_last = newline == nullptr && at_end_ && begin_ != end_;
    if (newline == nullptr && !is_last) {
      searched_ = end_;
      break;
    }
    const std::size_t stop_at = is_last ? end_ : static_cast<std::size_t>(newline - buffer_.data());
    const std::size_t size = stop_at - begin_;
    if (size > line_bytes_max_ || (!lines.empty() && bytes + size > batch_bytes_max)) break;
    lines.emplace_back(buffer_.data() + begin_, size);
    bytes += size;
    ++lines_;
    begin_ = searched_ = is_last ? end_ : stop_at + 1;
  }
  return lines;
}

/// False when waiting was stopped.
result<bool> line_source::read_more(const stop& until) {
  if (file_ < 0) {  // started with standard input closed
    at_end_ = true;
    return true;
  }
  if (!until.wait_readable(file_)) return false;
  if (begin_ > 0) {  // a line that was begun moves to the front
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    searched_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  const ssize_t got = ::read(file_, buffer_.data() + end_, buffer_.size() - end_);
  if (got < 0 && errno != EINTR && errno != EAGAIN)
    return error{errc::bad_file, "cannot read " + name_ + ": " + std::strerror(errno)};
  if (got == 0) at_end_ = true;
  if (got > 0) end_ += static_cast<std::size_t>(got);
  return true;
}

result<batch> generated_source::next(const stop& until) {
  const auto now = std::chrono::steady_clock::now();
  if (made_ == 0) started_ = now;
  std::uint64_t ready = count_ - made_;
  if (rate_ > 0 && ready > 0) {
    const auto due = started_ + std::chrono::nanoseconds(1'000'000'000 * made_ / rate_);
    if (now < due && !until.wait(std::chrono::ceil<std::chrono::milliseconds>(due - now))) return batch{};
    const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    const auto earned = static_cast<std::uint64_t>(passed * static_cast<double>(rate_)) + 1;
    ready = std::min(ready, std::max<std::uint64_t>(earned, made_ + 1) - made_);
  }
  const std::size_t fitting = std::max<std::size_t>(1, batch_bytes_max / std::max<std::size_t>(size_, 1));
  payloads_.resize(
      static_cast<std::size_t>(std::min<std::uint64_t>({ready, fitting, std::uint64_t{batch_payloads_max}})));
  batch made;
  for (std::string& payload : payloads_) {
    payload = name_ + ' ' + std::to_string(++made_) + ' ';
    payload.resize(size_, '.');
    made.push_back(std::as_bytes(std::span(payload)));
  }
  return made;
}

}  // namespace hauberk::tool
