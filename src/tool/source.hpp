// What the node broadcasts: lines of a file or of standard input, or generated payloads. Each gives batches
// that are broadcast in one call, small enough for any send window.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hauberk/result.hpp"
#include "tool/stop.hpp"

namespace hauberk::tool {

/// Payloads that stay valid until the next call of `source::next`.
using batch = std::vector<std::span<const std::byte>>;

class source {
 public:
  source() = default;
  source(const source&) = delete;
  source& operator=(const source&) = delete;
  virtual ~source() = default;

  /// The next payloads; waits for them. Empty = there are no more, or `until` was requested.
  virtual result<batch> next(const stop& until) = 0;
  /// What one batch holds at most, unless a single payload is larger.
  static constexpr std::size_t batch_bytes_max = 32 * 1024;
};

/// One payload a line, without its newline: bytes of any kind and length, empty ones too. What follows the
/// last newline is a line unless it is empty.
class line_source final : public source {
 public:
  /// Takes over `file`. `name` is for messages; longer lines than `line_bytes_max` are an error.
  line_source(int file, std::string name, std::uint64_t line_bytes_max);
  ~line_source() override;
  result<batch> next(const stop& until) override;

 private:
  [[nodiscard]] batch take_lines();
  result<bool> read_more(const stop& until);

  int file_;
  std::string name_;
  std::uint64_t line_bytes_max_, lines_ = 0;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, searched_ = 0, end_ = 0;  // of what was read; no newline in [begin_, searched_)
  bool at_end_ = false;
};

/// `count` payloads of `size` bytes that begin with the name and a number, `rate` a second (0 = no limit).
class generated_source final : public source {
 public:
  generated_source(std::string name, std::uint64_t count, std::size_t size, std::uint64_t rate)
      : name_(std::move(name)), count_(count), size_(size), rate_(rate) {}
  result<batch> next(const stop& until) override;

 private:
  std::string name_;
  std::uint64_t count_;
  std::size_t size_;
  std::uint64_t rate_, made_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::vector<std::string> payloads_;
};

}  // namespace hauberk::tool
