#include "base/bytes.hpp"

#include <cstring>
#include <new>

#include "base/assert.hpp"

namespace hauberk::base {

block* block::allocate(std::size_t size) { return ::new (::operator new(sizeof(block) + size)) block(size); }

void block::destroy() {
  this->~block();
  ::operator delete(this);
}

buffer buffer::copy(std::span<const std::byte> bytes) {
  block* owner = block::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(owner->data(), bytes.data(), bytes.size());
  return adopt(owner, {owner->data(), bytes.size()});
}

buffer buffer::slice(std::size_t offset, std::size_t count) const {
  HAUBERK_ASSERT(offset <= size_ && count <= size_ - offset, "a slice lies within its buffer");
  if (block_ != nullptr) block_->retain();
  return adopt(block_, {data_ + offset, count});
}

}  // namespace hauberk::base
