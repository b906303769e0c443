// The two ciphertext buffers of a pipe, and the BIO that lets OpenSSL work right on them. OpenSSL's memory
// BIO moves and reallocates what it holds; these never move bytes that somebody may be sending, and allocate
// nothing once they have reached their size.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "tls/openssl.hpp"

namespace hauberk::tls {

inline constexpr std::size_t stranger_bytes = 16 * 1024;  ///< buffer sizes before the handshake is done
inline constexpr std::size_t span_bytes = 256 * 1024;     ///< and after it

/// Bytes to send: blocks that fill up one after the other. The front block is what is sent next; it grows at
/// its end and never moves.
class output_spans {
 public:
  void append(const std::byte* bytes, std::size_t count);
  [[nodiscard]] std::span<const std::byte> front() const;
  [[nodiscard]] std::size_t size() const { return size_; }
  void consume(std::size_t count);
  void set_block_bytes(std::size_t bytes) { block_bytes_ = bytes; }

 private:
  struct block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t room = 0, begin = 0, end = 0;
  };
  void add_block();

  std::vector<block> blocks_;  ///< few: the caller bounds what waits
  block spare_;                ///< one emptied block, for the next turn
  std::size_t block_bytes_ = stranger_bytes;
  std::size_t size_ = 0;
};

/// Received bytes: one block, filled at its end and read from its front.
class input_span {
 public:
  /// Room for at least one byte.
  [[nodiscard]] std::span<std::byte> space(std::size_t room);
  void filled(std::size_t count);
  [[nodiscard]] std::span<const std::byte> unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t take(std::byte* into, std::size_t count);
  /// Back to a state in which `all` was received and nothing read.
  void refill(std::span<const std::byte> all);

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t room_ = 0, begin_ = 0, end_ = 0;
};

struct spans {
  output_spans out;
  input_span in;
};

/// A BIO on `over`, which must outlive it.
[[nodiscard]] bio_ptr make_bio(spans& over);

}  // namespace hauberk::tls
