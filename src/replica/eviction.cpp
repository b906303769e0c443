// Eviction (PROTOCOL 4, 17): a member is removed because another asked for it, and its name is banned. It may
// be alive and believe to be primary, so the leader first tells it; it gives that up, for as long as the
// epoch lasts, and says so. Only then is there a view without it, which the others hold at once. Who does not
// answer is removed like the dead: when its lease has run out.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

const eviction* core::wanted_eviction() const {
  return wanted_.empty() ? nullptr : std::get_if<eviction>(&wanted_.front().what);
}

bool core::is_done(const eviction& c, const view& in) const {
  return in.find(c.seat) == nullptr && in.find_ban(c.name) != nullptr;
}
bool core::is_done(const permission& c, const view& in) const { return in.find_ban(c.name) == nullptr; }

std::optional<error> core::objection(const eviction& c) const {
  const member* m = newest_view_->find(c.seat);
  if (m != nullptr && m->name != c.name) {
    return error(errc::refused, "member " + to_string(c.seat) + " is called " + m->name + ", not " + c.name);
  }
  view without = *newest_view_;
  std::erase_if(without.members, [&](const member& one) { return one.seat == c.seat; });
  if (!without.has_weighted_data()) {
    return error(errc::refused,
                 "without " + c.name + " no member that has the data and counts would be left");
  }
  if (newest_view_->find_ban(c.name) == nullptr && newest_view_->bans.size() >= base::limits::bans_max) {
    return error(errc::refused, std::to_string(base::limits::bans_max) +
                                    " names are banned, no more fit: allow one of them first");
  }
  return std::nullopt;
}

void core::apply(const permission& c, view& next) const {
  std::erase_if(next.bans, [&](const ban& b) { return b.name == c.name; });
}

void core::apply(const eviction& c, view& next) {
  const auto at = std::find_if(next.members.begin(), next.members.end(),
                               [&](const member& m) { return m.seat == c.seat; });
  if (at != next.members.end()) {
    if (c.seat == self_) return;  // another leads first
    peer* p = find_peer(c.seat.process);
    const bool is_mute = is_suspected(c.seat) || now_ >= noticed_since_ + how_.inactive_timeout;
    if (noticed_ == c.seat && (is_agreed_ || HAUBERK_MUTANT(evict_unasked))) {
      next.evicted.push_back(*at);
    } else if (noticed_ == c.seat && is_mute) {
      if (p != nullptr && p->seat == c.seat.number) p->is_condemned = true;
      if (std::max(removal_gate(c.seat), committed_view_since_ + how_.suspect_timeout) > now_) return;
      next.lost.push_back(*at);
    } else {
      return;
    }
    next.members.erase(at);
  }
  if (next.find_ban(c.name) == nullptr) next.bans.push_back({c.name, wanted_.front().by, c.text});
}

void core::consider_eviction() {
  const eviction* c = role_ == role::leader ? wanted_eviction() : nullptr;
  if (c == nullptr || c->seat == self_ || !is_in_newest(c->seat)) {
    noticed_ = seat_id{};
    return;
  }
  if (noticed_ != c->seat) {
    noticed_ = c->seat;
    noticed_since_ = now_;
    noticed_at_ = time_point{};
    is_agreed_ = false;
  }
  if (is_agreed_ || (noticed_at_ != time_point{} && now_ < noticed_at_ + how_.suspect_timeout / 4)) return;
  noticed_at_ = now_;
  send_to(noticed_.process, evict_notice{epoch_});
}

void core::handle(peer& from, const evict_notice& m) {
  if (role_ != role::follower || from.process != leader_ || m.epoch != epoch_ || matched_ != epoch_) return;
  if (!is_admitted_ || !is_member()) return;
  evicted_in_ = epoch_;
  if (!has_consented_) is_cut_off_ = !is_primary_;  // its application waits until that view is committed
  has_consented_ = !HAUBERK_MUTANT(evicted_stays_primary);
  judge_primary();
  send_to(from.process, evict_consent{epoch_});
}

void core::handle(peer& from, const evict_consent& m) {
  if (role_ == role::leader && m.epoch == epoch_ && noticed_ == seat_id{from.process, from.seat})
    is_agreed_ = true;
}

// The leader that asked is gone, and what it had appended was cut: an entry of a later epoch is committed,
// and I am in the newest view up to it.
void core::take_back_consent() {
  if (evicted_in_ == 0 || has_left_ || !is_member() || log_.epoch_at(committed()) <= evicted_in_) return;
  evicted_in_ = 0;
  if (!is_leaving_) has_consented_ = false;
  judge_primary();
}

// What was ordered was delivered; the rest never will be.
void core::part_evicted() {
  const removal* gone = committed_view_->find_removal(self_);
  const ban* why = committed_view_->find_ban(who_.name);
  stay& mine = stays_.back();
  const sequence_t last = std::max(gone == nullptr ? mine.sent : gone->last, mine.resolved);
  for (sequence_t s = last + 1; s <= mine.sent; ++s) {
    events_.push_back(outcome_event{mine.ticket_base + s, outcome::never, 0});
  }
  mine.sent = std::min(mine.sent, last);
  farewell(errc::evicted, why == nullptr ? std::string("evicted")
                                         : "evicted by " + why->by + ": " + why->text +
                                               "; it may come back once that name is allowed again");
}

}  // namespace hauberk::replica
