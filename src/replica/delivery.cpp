// Delivery: committed entries, in order, once, and only while nothing says that we are cut off. Events that
// are not entries (the loss of the quorum, outcomes, fences, the farewell) come first.
#include <algorithm>
#include <utility>

#include "replica/core.hpp"

namespace hauberk::replica {

std::optional<event> core::next_event() {
  if (!events_.empty()) {
    event out = std::move(events_.front());
    events_.pop_front();
    return out;
  }
  // Until its own view is committed here, a joiner catches up on what was committed before.
  const bool is_going = has_left_ || (has_consented_ && (is_leaving_ || !is_cut_off_));
  const bool is_open = is_primary_ || !is_admitted_ || is_going || HAUBERK_MUTANT(deliver_cut_off);
  if (is_gone_ || !is_open || delivered_ >= passed_) return std::nullopt;
  if (is_holding_back()) return std::nullopt;
  const position_t at = ++delivered_;
  const entry& e = log_.at(at);
  undelivered_bytes_ -= log_.bytes_at(at);
  if (e.what == kind::message && who_.arbitrator) return filler_event{at};
  if (e.what == kind::message) {
    const seat_id& seat = senders_[e.sender].seat;
    message_event out{at, seat, 0, e.payload};
    if (seat.process == who_.process) {
      for (stay& s : stays_) {
        if (s.seat != seat) continue;
        out.ticket = s.ticket_base + e.sequence;
        s.resolved = std::max(s.resolved, e.sequence);
      }
    }
    return out;
  }
  if (e.what == kind::view) {
    const view_ptr v = log_.view_at(at);
    if (v->find(self_) != nullptr) {
      // The first that one gets shows the members, whatever else it does.
      if (v->policy.step != policy_step::none && delivered_view_) return policy_event{v, e.epoch, at};
      delivered_view_ = v;
      delivered_view_at_ = at;
      was_primary_told_ = true;
      resolve_former_stays();
      return view_event{v, e.epoch, at, true, false};
    }
    return filler_event{at, v};
  }
  return filler_event{at};
}

// I am in again, and have seen all that was ordered of my former seats. Whether the rest never was, the view
// says that removed them, if it is remembered.
void core::resolve_former_stays() {
  for (stay& s : stays_) {
    if (s.seat == self_ || s.is_over) continue;
    const outcome rest = delivered_view_->find_removal(s.seat) == nullptr ? outcome::unknown : outcome::never;
    while (s.resolved < s.sent) events_.push_back(outcome_event{s.ticket_base + ++s.resolved, rest, 0});
  }
}

}  // namespace hauberk::replica
