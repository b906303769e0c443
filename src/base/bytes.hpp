// Counted bytes. A `buffer` is an immutable slice of a block that lives as long as any slice of it: a
// payload is copied once when it is broadcast, and handed from socket to application without a copy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace hauberk::base {

/// The memory behind buffers: one allocation, an intrusive count in front of the bytes.
class block {
 public:
  block(const block&) = delete;
  block& operator=(const block&) = delete;

  [[nodiscard]] static block* allocate(std::size_t size);
  [[nodiscard]] std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }
  [[nodiscard]] std::size_t size() const { return size_; }

  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  /// True when the caller's is the only reference: the bytes may be written.
  [[nodiscard]] bool is_unique() const { return count_.load(std::memory_order_acquire) == 1; }

 private:
  explicit block(std::size_t size) : size_(size) {}
  ~block() = default;
  void destroy();

  std::atomic<std::size_t> count_{1};
  std::size_t size_;
};

/// A shared, read-only slice. Copies are cheap (one atomic increment) and safe across threads.
class buffer {
 public:
  buffer() = default;
  buffer(const buffer& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) block_->retain();
  }
  buffer(buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~buffer() {
    if (block_ != nullptr) block_->release();
  }

  [[nodiscard]] static buffer copy(std::span<const std::byte> bytes);
  [[nodiscard]] static buffer copy(std::string_view text) { return copy(std::as_bytes(std::span(text))); }
  /// Takes over one reference to `owner`; `bytes` lies within it.
  [[nodiscard]] static buffer adopt(block* owner, std::span<const std::byte> bytes) {
    buffer made;
    made.block_ = owner;
    made.data_ = bytes.data();
    made.size_ = bytes.size();
    return made;
  }

  [[nodiscard]] const std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  /// The `count` bytes from `offset` on; both must lie within this slice.
  [[nodiscard]] buffer slice(std::size_t offset, std::size_t count) const;

 private:
  block* block_ = nullptr;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Equal when the bytes are.
[[nodiscard]] inline bool operator==(const buffer& a, const buffer& b) { return a.text() == b.text(); }

}  // namespace hauberk::base
