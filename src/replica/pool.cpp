#include "replica/pool.hpp"

#include <cstring>
#include <utility>

namespace hauberk::replica {

pool::verdict pool::put(sequence_t sequence, base::buffer payload) {
  if (sequence <= have()) return verdict::duplicate;
  if (sequence != have() + 1) {
    if (!payloads_.empty()) return verdict::gap;
    first_ = sequence;
  }
  if (partial_ != 0 && partial_ <= sequence) drop_partial();
  bytes_ += payload.size();
  payloads_.push_back(std::move(payload));
  return verdict::taken;
}

pool::verdict pool::put_chunk(sequence_t sequence, std::uint64_t total, std::uint64_t offset,
                              base::buffer piece) {
  if (sequence <= have()) return verdict::duplicate;
  if (piece.empty() || offset >= total || piece.size() > total - offset) return verdict::gap;
  const bool is_known = partial_ == sequence && partial_total_ == total && offset <= partial_bytes_;
  if (is_known && offset < partial_bytes_) {  // sent again from further back: only what is new counts
    const std::uint64_t here = partial_bytes_ - offset;
    if (piece.size() <= here) return verdict::duplicate;
    piece = piece.slice(here, piece.size() - here);
  } else if (offset == 0) {
    if (sequence != have() + 1 && !payloads_.empty()) return verdict::gap;
    drop_partial();
    partial_ = sequence;
    partial_total_ = total;
    base::block* whole = base::block::allocate(total);
    into_ = whole->data();
    whole_ = base::buffer::adopt(whole, {into_, static_cast<std::size_t>(total)});
  } else if (!is_known) {
    return verdict::gap;
  }
  std::memcpy(into_ + partial_bytes_, piece.data(), piece.size());
  partial_bytes_ += piece.size();
  bytes_ += piece.size();
  if (partial_bytes_ < total) return verdict::taken;
  base::buffer whole = std::move(whole_);
  drop_partial();
  return put(sequence, std::move(whole));
}

void pool::drop_partial() {
  bytes_ -= partial_bytes_;
  partial_ = 0;
  partial_bytes_ = 0;
  into_ = nullptr;
  whole_ = base::buffer();
}

base::buffer pool::pop() {
  base::buffer out = std::move(payloads_.front());
  payloads_.pop_front();
  bytes_ -= out.size();
  ++first_;
  return out;
}

bool pool::take(sequence_t sequence, base::buffer& into) {
  while (!payloads_.empty() && first_ < sequence) pop();
  if (payloads_.empty() || first_ != sequence) return false;
  into = pop();
  return true;
}

void pool::pass(sequence_t sequence) {
  while (!payloads_.empty() && first_ <= sequence) pop();
  if (payloads_.empty() && first_ <= sequence) first_ = sequence + 1;
  if (partial_ != 0 && partial_ <= sequence) drop_partial();
}

void pool::put_back(sequence_t sequence, base::buffer payload) {
  if (!payloads_.empty() && first_ != sequence + 1) {  // a hole: what is older is worth more
    clear();
  }
  first_ = sequence;
  bytes_ += payload.size();
  payloads_.push_front(std::move(payload));
}

void pool::clear() {
  while (!payloads_.empty()) pop();
  drop_partial();
}

void pool::restart(sequence_t next) {
  clear();
  first_ = next;
}

}  // namespace hauberk::replica
