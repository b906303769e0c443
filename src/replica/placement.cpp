// Who should lead (PROTOCOL 13, 17, 18). A leader that has a better one beside it hands over: it stops
// ordering, waits for its heir to hold the whole log, and asks it to stand. That is valid in its epoch and
// view; when nothing has come of it within a quarter of a suspect timeout it orders again.
#include <algorithm>

#include "replica/core.hpp"

namespace hauberk::replica {

namespace {

/// Between two handovers that only make things better; and the span over which senders are compared.
constexpr auto placement_period = std::chrono::seconds(10);
constexpr std::uint64_t busy_bytes =
    64 * 1024;  ///< ordered in that span; below it nobody is worth moving for

}  // namespace

bool core::is_fit_to_lead(const member& m) const {
  if (m.seat == self_ || m.weight == 0 || m.catching_up || leavers_.contains(m.seat)) return false;
  return !is_suspected(m.seat) && is_reachable(peers_.at(m.seat.process));
}

// Of those fit to lead the first with the highest merit; null when nobody has any.
const member* core::best_heir(const std::function<std::uint64_t(const member&)>& merit) const {
  const member* best = nullptr;
  std::uint64_t most = 0;
  for (const member& m : newest_view_->members) {
    const std::uint64_t its = is_fit_to_lead(m) ? merit(m) : 0;
    if (its <= most) continue;
    most = its;
    best = &m;
  }
  return best;
}

// With every beat. A leader without a settled view has other things to do first.
void core::consider_placement() {
  if (now_ >= heir_until_) heir_ = seat_id{};
  const bool is_settled = role_ == role::leader && !is_leaving_ && newest_view_at_ <= passed_;
  const member* me = is_settled ? newest_view_->find(self_) : nullptr;
  if (me == nullptr) return;
  if (is_linked_with_quorum(*me)) badly_linked_since_ = now_;
  if (!heir_.is_nil()) return;
  const placement found = choose_heir(*me);
  time_point& next = found.is_owed ? next_owed_placement_ : next_placement_;
  if (found.heir == nullptr || now_ < next) return;
  heir_ = found.heir->seat;
  heir_until_ = now_ + how_.suspect_timeout / 4;
  next = now_ + (found.is_owed ? how_.suspect_timeout : placement_period);
  say(base::level::info, "hands over to " + found.heir->name + ", which " + found.why);
}

placement core::choose_heir(const member& me) {
  const eviction* mine = wanted_eviction();
  if (mine != nullptr && mine->seat == self_)  // nobody removes itself
    return {best_heir([](const member& m) { return m.arbitrator ? 1U : 2U; }), "removes this member", true};
  if (!me.is_weighted_data()) return {rightful_heir(me), "has data and counts", true};
  if (now_ >= badly_linked_since_ + how_.suspect_timeout / 2)
    return {best_heir([&](const member& m) { return !m.arbitrator && is_linked_with_quorum(m) ? 1U : 0U; }),
            "has links of its own to a quorum", false};
  if (is_behind_) {
    const auto keeps_up = [&](const member& m) { return m.arbitrator || is_behind(m.seat) ? 0U : 1U; };
    if (const member* heir = best_heir(keeps_up)) return {heir, "is not behind with its application", false};
  }
  return {busiest_heir(), "sends more than twice as much", false};
}

// Whoever leads without a weight, or as an arbitrator, does so only for want of another (PROTOCOL 18). An
// arbitrator has trimmed what somebody may lack who got its weight while it lagged: to that one it can bring
// nothing, and would wait for it for ever.
const member* core::rightful_heir(const member& me) const {
  return best_heir([&](const member& m) {
    if (m.arbitrator) return me.arbitrator ? 0U : 1U;
    const bool is_within_reach = held_here(m.seat) + 1 >= log_.start() || HAUBERK_MUTANT(heir_out_of_reach);
    return is_within_reach ? 3U : 2U;
  });
}

// Such a leader decides nothing about the members while there is another.
bool core::is_only_standing_in() const {
  const member* me = newest_view_->find(self_);
  return me != nullptr && !me->is_weighted_data() && rightful_heir(*me) != nullptr;
}

// Its broadcasts need one hop less when it leads itself.
const member* core::busiest_heir() {
  if (now_ < measured_since_ + placement_period) return nullptr;
  const auto share = [&](const seat_id& seat) { return senders_[sender_index(seat)].ordered_bytes; };
  const std::uint64_t least = std::max(2 * share(self_), busy_bytes);
  const member* heir = best_heir([&](const member& m) {
    const bool is_busy =
        share(m.seat) > least && !m.arbitrator && is_linked_with_quorum(m) && !is_behind(m.seat);
    return is_busy ? share(m.seat) : 0;
  });
  measured_since_ = now_;
  for (sender& s : senders_) s.ordered_bytes = 0;
  return heir;
}

void core::ask_heir() {
  if (heir_.is_nil() || role_ != role::leader || now_ < handed_over_at_ + how_.keepalive_period) return;
  const auto h = holdings_.find(heir_);
  if (h == holdings_.end() || h->second.epoch != epoch_ || h->second.upto != log_.end()) return;
  handed_over_at_ = now_;
  send_to(heir_.process, handover{epoch_, newest_view_->number, log_.end()});
}

}  // namespace hauberk::replica
