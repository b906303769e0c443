// Order: the leader appends broadcasts in the order it has them complete and announces its log; followers
// copy the announced entries, whose payloads come from the senders.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
constexpr position_t order_entries_max = 64 * 1024;  ///< in one frame
constexpr std::size_t run_bytes = 48;                ///< of a run, a seat or a fork in a frame, at most

// At most so much of a frame's head; of what is largest, a view, one alone fits.
std::size_t bytes_of(const view& v) {
  std::size_t bytes = run_bytes * (2 + v.joined.size() + v.dead.size() + v.removed.size() + v.forks.size());
  bytes += v.policy.text.size() + v.policy.prepared.size() + v.policy.words.size() + 10 * run_bytes;
  for (const ban& b : v.bans) bytes += run_bytes + b.name.size() + b.by.size() + b.text.size();
  for (const auto* members : {&v.members, &v.left, &v.lost, &v.evicted}) {
    for (const member& m : *members) bytes += 2 * run_bytes + m.name.size() + m.address.size();
  }
  return bytes;
}
}  // namespace

void core::order_all() {
  if (role_ != role::leader || is_paused_ || is_handing_over()) return;
  if (pinned_bytes() > how_.window_bytes || is_holding_back()) return;
  const view_ptr senders =
      HAUBERK_MUTANT(senders_of_delivered_view) && committed_view_ ? committed_view_ : newest_view_;
  for (const member& m : senders->members) {
    const std::uint32_t index = sender_index(m.seat);
    sender& s = senders_[index];
    base::buffer payload;
    while (true) {
      // What stands in the log holds up everything behind it: my own large ones wait until they have
      // travelled.
      if (m.seat == self_ && !is_spread(s.ordered + 1)) break;
      if (!s.received.take(s.ordered + 1, payload)) break;
      s.ordered_bytes += payload.size();
      log_.append_message(epoch_, index, ++s.ordered, std::move(payload));
    }
    if (m.seat == self_) continue;  // my own have no holes
    if (!s.received.empty()) {      // it starts beyond a hole
      s.received.restart(s.ordered + 1);
      s.is_gapped = true;
    }
  }
  held_ = log_.end();
}

// Entries announced to a follower beyond what it holds: metadata, bounded beside the window.
position_t core::announced_max() const {
  return std::clamp<position_t>(how_.window_bytes / 8 / log::entry_bytes, 1024, 256 * 1024);
}

// How far `p` may know the log: a member of the newest view, all of it; one that this view removes, what was
// before; more only while its holding is needed or, for who left by its own wish, the view once it is
// committed.
position_t core::order_limit(const peer& p) const {
  const seat_id seat{p.process, p.seat};
  position_t limit = 0;
  if (is_in_newest(seat)) {
    limit = log_.end();
  } else if (newest_view_at_ > commit_known_) {
    if (!committed_view_ || committed_view_->find(seat) == nullptr) return 0;
    std::vector<seat_id> others = alive();
    std::erase_if(others, [&](const seat_id& one) { return !is_in_newest(one); });
    const bool is_needed = !is_quorum(*committed_view_, others, epoch_dead_);
    limit = is_needed ? log_.end() : newest_view_at_ - 1;
  } else {
    const auto is_it = [&](const member& m) { return m.seat == seat; };
    const auto& left = newest_view_->left;
    const auto& evicted = newest_view_->evicted;
    if (std::none_of(left.begin(), left.end(), is_it) && std::none_of(evicted.begin(), evicted.end(), is_it))
      return 0;
    limit = newest_view_at_;
  }
  const auto h = holdings_.find(seat);
  return std::min(limit, (h == holdings_.end() ? 0 : h->second.upto) + announced_max());
}

void core::pump_orders() {
  if (role_ != role::leader) return;
  while (true) {
    std::vector<peer*> group;
    position_t last = 0;
    for (auto& [process, p] : peers_) {
      if (!is_reachable(p) || p.next_order == 0 || p.history != history_) continue;
      if (p.next_order < log_.start()) {  // trimmed: it must be told, but not as often as it asks
        if (now_ >= p.start_told_at + how_.keepalive_period / 2) send_epoch_start(p);
        continue;
      }
      const position_t limit = order_limit(p);
      if (p.next_order > limit) continue;
      if (!group.empty() && p.next_order > group[0]->next_order) continue;
      if (group.empty() || p.next_order < group[0]->next_order) {
        group.clear();
        last = limit;
      }
      last = std::min(last, limit);
      group.push_back(&p);
    }
    if (group.empty()) return;
    const position_t first = group[0]->next_order;
    order m = make_order(first, std::min(last, first + order_entries_max - 1));
    position_t next = first;
    for (const order_item& item : m.items) {
      const auto* run = std::get_if<order_run>(&item);
      next += run == nullptr ? 1 : run->count;
    }
    std::vector<uuid> to;
    for (peer* p : group) {
      p->next_order = next;
      to.push_back(p->process);
    }
    send_many(std::move(to), std::move(m), 0);
  }
}

// Entries from `first` on, as many as one frame takes: all of one epoch.
order core::make_order(position_t first, position_t last) const {
  order m;
  std::size_t bytes = run_bytes;
  m.epoch = epoch_;
  m.first = first;
  m.previous_epoch = log_.epoch_at(first - 1);
  m.entry_epoch = log_.at(first).epoch;
  for (position_t at = first; at <= last && m.items.size() < base::limits::order_items_max; ++at) {
    const entry& e = log_.at(at);
    if (e.epoch != m.entry_epoch) break;
    bytes += e.what == kind::view   ? bytes_of(*log_.view_at(at))
             : e.what == kind::noop ? run_bytes * (1 + log_.dead_at(at).size())
                                    : run_bytes;
    if (bytes > base::limits::frame_head_bytes_max && !m.items.empty()) break;
    if (e.what == kind::view) {
      m.items.emplace_back(order_view{log_.view_at(at)});
    } else if (e.what == kind::noop) {
      m.items.emplace_back(order_noop{log_.dead_at(at)});
    } else {
      auto* run = m.items.empty() ? nullptr : std::get_if<order_run>(&m.items.back());
      const seat_id& seat = senders_[e.sender].seat;
      if (run != nullptr && run->sender == seat && run->first + run->count == e.sequence) {
        ++run->count;
        bytes -= run_bytes;
      } else {
        m.items.emplace_back(order_run{seat, e.sequence, 1});
      }
    }
  }
  return m;
}

void core::handle(peer& from, const order& m) {
  if (role_ != role::follower || from.process != leader_ || m.epoch != epoch_ || matched_ != epoch_) return;
  if (m.first == 0 || m.entry_epoch > m.epoch || m.entry_epoch == 0) {
    return refuse(from.process, "an order for position " + std::to_string(m.first) + ", made in epoch " +
                                    std::to_string(m.entry_epoch) + " of at most " + std::to_string(m.epoch));
  }
  if (m.first > log_.end() + 1) {  // the one before it was lost, or is late, on its way over another member
    if (now_ < asked_order_at_ + how_.keepalive_period / 2) return;
    asked_order_at_ = now_;
    return send_resume(from, asks::order);
  }
  const epoch_t before = m.first < log_.start() ? 0 : log_.epoch_at(m.first - 1);
  if (before != 0 && m.previous_epoch != 0 && before != m.previous_epoch) {
    return refuse(from.process, "an order that follows an entry of epoch " +
                                    std::to_string(m.previous_epoch) + ", here it is of epoch " +
                                    std::to_string(before));
  }
  position_t next = m.first;
  for (const order_item& item : m.items) {
    if (log_.end() - held_ > 4 * announced_max() + order_entries_max)
      return refuse(from.process, "more order than this member can hold");
    if (const auto* run = std::get_if<order_run>(&item)) {
      if (!accept(m, *run, next)) return;
      continue;
    }
    if (next < log_.start()) {
      // delivered here and trimmed
    } else if (next <= log_.end()) {
      if (log_.at(next).epoch != m.entry_epoch)
        return refuse(from.process, "an order that contradicts the last");
    } else if (const auto* noop = std::get_if<order_noop>(&item)) {
      if (m.entry_epoch == matched_) epoch_dead_ = noop->dead;
      log_.append_noop(m.entry_epoch, noop->dead);
    } else {
      append_view(m.entry_epoch, std::get<order_view>(item).what);
    }
    ++next;
  }
  holding& h = holdings_[{from.process, from.seat}];
  if (h.epoch < m.epoch) h = {m.epoch, 0, h.committed};
  h.upto = std::max(h.upto, next - 1);  // what is ordered is held by its leader
}

bool core::accept(const order& m, const order_run& run, position_t& next) {
  std::uint32_t skip = 0;
  while (skip < run.count && next <= log_.end()) {
    const entry* known = next < log_.start() ? nullptr : &log_.at(next);  // null: delivered here and trimmed
    if (known != nullptr && (known->epoch != m.entry_epoch || known->what != kind::message ||
                             known->sequence != run.first + skip)) {
      refuse(leader_, "an order that contradicts the last");
      return false;
    }
    ++skip;
    ++next;
  }
  if (skip == run.count) return true;
  const std::uint32_t index = sender_index(run.sender);
  sender& s = senders_[index];
  if (run.first == 0 || run.count > order_entries_max ||
      (s.ordered != 0 && run.first + skip != s.ordered + 1)) {
    refuse(leader_, "broadcast " + std::to_string(run.first + skip) + " of " + name_of(run.sender) +
                        " ordered after " + std::to_string(s.ordered));
    return false;
  }
  for (; skip < run.count; ++skip, ++next) log_.append_message(m.entry_epoch, index, run.first + skip);
  s.ordered = run.first + run.count - 1;
  return true;
}

void core::append_view(epoch_t epoch, view_ptr what) {
  log_.append_view(epoch, what);
  newest_view_ = std::move(what);
  newest_view_at_ = log_.end();
  // A leader appends a view only when everything before it is committed (PROTOCOL 1).
  learn_committed(newest_view_at_ - 1);
  for (const member& m : HAUBERK_MUTANT(purge_at_append) ? newest_view_->lost : std::vector<member>{})
    senders_[sender_index(m.seat)].received.clear();
  for (const member& m : newest_view_->members) {
    sender& s = senders_[sender_index(m.seat)];
    if (!HAUBERK_MUTANT(order_forgets_view)) s.ordered = std::max(s.ordered, m.last);
    const auto h = holdings_.find(m.seat);  // what it said before it was known
    if (h != holdings_.end() && h->second.epoch <= matched_) learn_committed(h->second.committed);
  }
}

void core::find_newest_view() {
  const auto& views = log_.views();
  if (views.empty()) {
    newest_view_ = committed_view_;
    newest_view_at_ = committed_view_at_;
  } else {
    newest_view_ = views.rbegin()->second;
    newest_view_at_ = views.rbegin()->first;
  }
}

}  // namespace hauberk::replica
