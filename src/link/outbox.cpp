#include "link/outbox.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace hauberk::link {

void outbox::push(frame_ptr frame, unsigned replaces) {
  queued_bytes_ += frame->bytes;
  if (frame->is_bulk) {
    bulk_.push_back(std::move(frame));
    return;
  }
  if (replaces != 0) {
    const std::uint64_t number = control_first_ + control_.size();
    const auto last =
        std::find_if(newest_.begin(), newest_.end(), [&](auto& n) { return n.key == replaces; });
    if (last == newest_.end()) {
      newest_.push_back({replaces, number});
    } else {
      if (last->number >= control_first_) {
        auto& older = control_[last->number - control_first_];
        queued_bytes_ -= older->bytes;
        older.reset();
      }
      last->number = number;
    }
  }
  control_.push_back(std::move(frame));
}

bool outbox::begin_next() {
  while (!control_.empty() && begun_ == nullptr) {
    begun_ = std::move(control_.front());
    control_.pop_front();
    ++control_first_;
  }
  if (begun_ == nullptr && !bulk_.empty()) {
    begun_ = std::move(bulk_.front());
    bulk_.pop_front();
  }
  piece_ = offset_ = 0;
  return begun_ != nullptr;
}

std::span<const std::byte> outbox::front() {
  if (begun_ == nullptr && !begin_next()) return {};
  const auto piece = piece_ == 0 ? begun_->head.bytes() : begun_->payload[piece_ - 1].bytes();
  return piece.subspan(offset_);
}

void outbox::take(std::size_t bytes) {
  HAUBERK_ASSERT(begun_ != nullptr && bytes <= front().size(), "no more is taken than is in front");
  offset_ += bytes;
  queued_bytes_ -= bytes;
  while (front().empty()) {  // also passes over empty payloads
    offset_ = 0;
    if (piece_++ < begun_->payload.size()) continue;
    if (begun_->is_bulk) finished_bulk_bytes_ += begun_->bytes;
    begun_.reset();
    return;
  }
}

std::size_t outbox::finished_bulk_bytes() { return std::exchange(finished_bulk_bytes_, 0); }

void outbox::drop_queued() {
  control_first_ += control_.size();
  control_.clear();
  bulk_.clear();
  queued_bytes_ = 0;
  if (begun_ == nullptr) return;
  queued_bytes_ = front().size();
  for (std::size_t i = piece_; i < begun_->payload.size(); ++i) queued_bytes_ += begun_->payload[i].size();
}

void outbox::clear() {
  begun_.reset();
  drop_queued();
}

}  // namespace hauberk::link
