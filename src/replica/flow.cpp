// Flow: an application that falls behind (PROTOCOL 15). Every beat says how far its sender's application is
// behind the commits; over the limit, everybody waits with new broadcasts, or the laggard loses its weight,
// or it is removed: that is the group's policy. Only who is heard of slows the others down: what a silent
// member last said counts for nothing.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

// Over the limit at the whole of it, and back at half, after a quarter of a beat at least: so it is told now
// and then, not with every message. The window bounds what an application can be behind, so a larger limit
// would never be reached. What was committed since the last time nobody could take yet: it does not count.
void core::measure_backlog() {
  const std::uint64_t fresh = std::exchange(fresh_bytes_, 0);
  const position_t offered = std::exchange(offered_, passed_);
  const std::uint64_t part = is_behind_ ? 2 : 1;
  const std::uint64_t bytes = std::min(how_.backlog_bytes_max, how_.window_bytes / 2) / part;
  const std::uint64_t entries = how_.backlog_entries_max / part;
  const bool is_over =
      undelivered_bytes_ > bytes + fresh || (how_.backlog_entries_max != 0 && offered > delivered_ + entries);
  const bool is_behind = is_over && is_primary_ && !who_.arbitrator;
  if (is_behind == is_behind_ || now_ < behind_changed_at_ + how_.keepalive_period / 4) return;
  is_behind_ = is_behind;
  behind_changed_at_ = now_;
  is_beat_due_ = true;
}

void core::note_behind(peer& p, bool is_behind) {
  if (is_behind != p.is_behind) p.behind_changed_at = now_;
  p.is_behind = is_behind;
}

bool core::is_behind(const seat_id& seat) const {
  if (seat == self_) return is_behind_;
  const auto at = peers_.find(seat.process);
  return at != peers_.end() && at->second.seat == seat.number && at->second.is_behind && !is_suspected(seat);
}

// It has kept up for a while: who is demoted shall not come and go with every burst.
bool core::keeps_up(const seat_id& seat) const {
  if (is_behind(seat)) return false;
  const auto at = peers_.find(seat.process);
  if (at == peers_.end() || at->second.behind_changed_at == time_point{}) return true;
  return now_ >= at->second.behind_changed_at + how_.suspect_timeout;
}

// With a policy of demotion: of those who could count a minority at most goes without weight, so that the
// group can still lose somebody.
bool core::is_demoted_for_backlog(const view& in, const member& m) const {
  if (how_.policy != flow_policy::demote || !is_spared_by(in, m)) return false;
  std::size_t able = 0, counting = 0;
  for (const member& one : in.members) {
    if (one.arbitrator || one.weight_wanted == 0) continue;
    ++able;
    if (one.weight > 0 && one.seat != m.seat) ++counting;
  }
  return 2 * counting > able;
}

// Two members that keep the history and count would be left without it.
bool core::is_spared_by(const view& of, const member& m) const {
  const auto others = std::count_if(of.members.begin(), of.members.end(), [&](const member& one) {
    return one.seat != m.seat && one.is_weighted_data();
  });
  return others >= (HAUBERK_MUTANT(demote_down_to_one) ? 1 : 2);
}

// As leader, by that policy: who has been behind for so long goes, and its name is banned, or it would be
// back at once.
void core::evict_laggards() {
  if (how_.policy != flow_policy::evict || role_ != role::leader || !wanted_.empty()) return;
  if (newest_view_->bans.size() >= base::limits::bans_max) return;  // all wait for it, as by `throttle`
  for (const member& m : newest_view_->members) {
    if (m.seat == self_ || m.weight == 0 || !is_behind(m.seat) || !is_spared_by(*newest_view_, m)) continue;
    if (now_ < peers_.at(m.seat.process).behind_changed_at + how_.inactive_timeout) continue;
    const std::string why = "its application was further behind than gcs.fc_limit allows for " +
                            std::to_string(how_.inactive_timeout / std::chrono::milliseconds(1)) +
                            " ms (gcs.fc_policy=evict)";
    say(base::level::warning, "evicts " + m.name + ": " + why);
    wanted_.push_back({{}, 0, eviction{m.seat, m.name, why}, who_.name, errc::ok, {}});
    return;
  }
}

// For whose application everybody waits; null = nobody's.
const member* core::awaited_application() const {
  const auto is_late = [](const auto& one) { return one.second.is_behind; };  // nearly always nobody is
  if (!newest_view_ || (!is_behind_ && std::none_of(peers_.begin(), peers_.end(), is_late))) return nullptr;
  for (const member& m : newest_view_->members) {
    if (m.weight == 0 || !is_behind(m.seat)) continue;
    if (is_demoted_for_backlog(*newest_view_, m)) continue;
    return &m;
  }
  return nullptr;
}

}  // namespace hauberk::replica
