#include "replica/log.hpp"

#include <utility>

#include "base/assert.hpp"

namespace hauberk::replica {

void log::reset(position_t start, epoch_t base_epoch) {
  *this = log();
  start_ = start;
  base_epoch_ = base_epoch;
}

void log::know_base(epoch_t epoch) {
  if (entries_.empty() && base_epoch_ == 0) base_epoch_ = epoch;
}

epoch_t log::epoch_at(position_t at) const {
  HAUBERK_ASSERT(at + 1 >= start_ && at <= end(), "the epoch of a position in the window");
  return at + 1 == start_ ? base_epoch_ : entries_[at - start_].epoch;
}

void log::append(entry made) {
  if (entries_.empty() ? made.epoch != base_epoch_ : made.epoch != entries_.back().epoch) {
    boundaries_.push_back({made.epoch, end() + 1});
  }
  bytes_ += entry_bytes + made.payload.size();
  entries_.push_back(std::move(made));
}

void log::append_message(epoch_t epoch, std::uint32_t sender, sequence_t sequence) {
  entry made;
  made.epoch = epoch;
  made.sequence = sequence;
  made.sender = sender;
  made.what = kind::message;
  append(std::move(made));
}

void log::append_message(epoch_t epoch, std::uint32_t sender, sequence_t sequence, base::buffer payload) {
  entry made;
  made.epoch = epoch;
  made.sequence = sequence;
  made.sender = sender;
  made.what = kind::message;
  made.payload = std::move(payload);
  made.has_payload = true;
  append(std::move(made));
}

void log::append_view(epoch_t epoch, view_ptr what) {
  entry made;
  made.epoch = epoch;
  made.what = kind::view;
  append(std::move(made));
  views_.emplace(end(), std::move(what));
}

void log::append_noop(epoch_t epoch, std::vector<seat_id> dead) {
  entry made;
  made.epoch = epoch;
  made.what = kind::noop;
  append(std::move(made));
  noops_.emplace(end(), std::move(dead));
}

void log::fill(position_t at, base::buffer payload) {
  entry& e = entries_[at - start_];
  bytes_ += payload.size();
  e.payload = std::move(payload);
  e.has_payload = true;
}

entry log::pop_back() {
  const position_t at = end();
  entry out = std::move(entries_.back());
  entries_.pop_back();
  bytes_ -= entry_bytes + out.payload.size();
  if (!boundaries_.empty() && boundaries_.back().first == at) boundaries_.pop_back();
  views_.erase(at);
  noops_.erase(at);
  return out;
}

void log::trim_front() {
  const entry& first = entries_.front();
  bytes_ -= entry_bytes + first.payload.size();
  base_epoch_ = first.epoch;
  entries_.pop_front();
  views_.erase(start_);
  noops_.erase(start_);
  if (!boundaries_.empty() && boundaries_.front().first == start_) boundaries_.pop_front();
  ++start_;
}

view_ptr log::view_at(position_t at) const {
  const auto found = views_.find(at);
  HAUBERK_ASSERT(found != views_.end(), "a view entry has its view");
  return found->second;
}

const std::vector<seat_id>& log::dead_at(position_t at) const {
  const auto found = noops_.find(at);
  HAUBERK_ASSERT(found != noops_.end(), "a no-op entry has its list");
  return found->second;
}

std::vector<boundary> log::boundaries() const {
  std::vector<boundary> all;
  if (start_ > 1) all.push_back({base_epoch_, start_ - 1});
  all.insert(all.end(), boundaries_.begin(), boundaries_.end());
  return all;
}

std::uint64_t log::bytes_at(position_t at) const { return entry_bytes + this->at(at).payload.size(); }

}  // namespace hauberk::replica
