#include "mesh/book.hpp"

#include <algorithm>

namespace hauberk::mesh {

book_entry* book::find(const std::string& address) {
  const auto at = entries_.find(address);
  return at == entries_.end() ? nullptr : &at->second;
}

book_entry* book::obtain(const std::string& address, time_point due,
                         const std::function<bool(const uuid&)>& is_linked) {
  if (book_entry* known = find(address)) return known;
  if (entries_.size() >= addresses_max && !make_room(is_linked)) return nullptr;
  book_entry& made = entries_[address];
  made.due = due;
  return &made;
}

std::uint64_t book::begin(const std::string& address, book_entry& entry) {
  entry.pending = ++token_last_;
  ++entry.attempts;
  dials_[entry.pending] = address;
  return entry.pending;
}

std::optional<std::string> book::finish(std::uint64_t token) {
  const auto at = dials_.find(token);
  if (at == dials_.end()) return std::nullopt;
  const std::string address = std::move(at->second);
  dials_.erase(at);
  book_entry* entry = find(address);
  if (entry == nullptr || entry->pending != token) return std::nullopt;
  entry->pending = 0;
  return address;
}

base::duration book::pause(const book_entry& entry) {
  if (entry.attempts == 0) return base::duration::zero();
  base::duration whole = retry_min_;
  for (unsigned i = 1; i < entry.attempts && whole < retry_max_; ++i) whole *= 2;
  whole = std::min(whole, retry_max_);
  return whole / 2 + chance_.below(whole / 2 + base::duration(1));
}

base::duration book::courtesy() {
  return std::chrono::milliseconds(10) + chance_.below(base::duration(std::chrono::milliseconds(20)));
}

bool book::owns_any(const uuid& process) const {
  return std::ranges::any_of(entries_, [&](const auto& at) { return at.second.owner == process; });
}

// The learned address that was dialled in vain most often goes.
bool book::make_room(const std::function<bool(const uuid&)>& is_linked) {
  auto worst = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    const book_entry& entry = at->second;
    if (entry.is_seed || entry.pending != 0 || is_linked(entry.owner)) continue;
    if (worst == entries_.end() || entry.attempts > worst->second.attempts) worst = at;
  }
  if (worst == entries_.end()) return false;
  entries_.erase(worst);
  return true;
}

}  // namespace hauberk::mesh
