// Who is alive, and whether I may believe to be primary (PROTOCOL 4). Beats are numbered per link and
// echoed; what counts is when I *sent* the newest beat that came back, never when the echo arrived. My
// lease on being primary ends 0.8 suspect timeouts after that for the nearest quorum, while a member that
// holds a view without me has counted no beat of mine for a whole suspect timeout: so the old primary has
// stopped before the new one starts.
#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

void core::beat_all() {
  if (role_ == role::idle) return;  // whether it joins or founds is not known yet
  for (auto& [process, p] : peers_) {
    if (is_reachable(p)) beat_to(p);
  }
  is_beat_due_ = false;
}

void core::beat_to(peer& p) {
  beat m;
  m.number = ++beats_;
  m.echo = may_echo(p) ? p.beat_received : 0;
  // It may have come while the view without its sender was in my log, and be echoed now that the view is cut.
  if (m.echo != 0) p.counted_at = std::max(p.counted_at, p.heard_at);
  m.epoch = epoch_;
  m.history = spoken_history();
  m.view_number = newest_view_ ? newest_view_->number : 0;
  for (const auto& [process, other] : peers_) {
    if (is_direct(other)) m.links.push_back(process);
  }
  m.direct = p.direct_received;
  m.backlog = undelivered_bytes_;
  m.is_behind = is_behind_;
  const auto note = [&](auto& sent) {
    sent.emplace_back(m.number, now_);
    if (sent.size() > 1024) sent.pop_front();
  };
  note(p.beats_out);
  if (!p.via.is_nil()) send_relayed(p, m, 0);
  if (!p.is_up) return;
  note(p.direct_out);  // also while a third member has to help: that shows when it is needed no more
  effects_.push_back(
      send{{p.process}, std::make_shared<const envelope>(envelope{self_.number, std::move(m)}), 0});
}

// When I sent the newest of these that is numbered `upto` or below; those are taken out.
std::optional<time_point> core::come_back(std::deque<std::pair<std::uint64_t, time_point>>& sent,
                                          std::uint64_t upto) {
  std::optional<time_point> newest;
  for (; !sent.empty() && sent.front().first <= upto; sent.pop_front()) newest = sent.front().second;
  return newest;
}

void core::handle(peer& from, const beat& m) {
  if (!is_relayed_) {
    from.direct_received = std::max(from.direct_received, m.number);
    const bool was_direct = is_direct(from);
    if (const auto sent_at = come_back(from.direct_out, m.direct))
      from.direct_at = std::max(from.direct_at, *sent_at);
    if (!was_direct && is_direct(from)) is_route_due_ = is_beat_due_ = true;  // the others may wait for it
  }
  if (m.number <= from.beat_received) return;  // overtaken by a later one, on another way
  from.history = m.history;
  from.view_number = m.view_number;
  from.backlog = m.backlog;
  note_behind(from, m.is_behind);
  if (from.links != m.links) is_route_due_ = true;
  from.links = m.links;
  // A beat out of turn from the leader is a question (a fence): the echo does not wait for its turn.
  const bool is_asked =
      from.process == leader_ && role_ == role::follower && now_ - from.heard_at < how_.keepalive_period / 2;
  from.beat_received = m.number;
  if (is_asked) is_answer_due_ = true;
  from.heard_at = now_;
  if (may_echo(from)) from.counted_at = now_;
  // An echo from a later view than mine shows that the link lives, but counts for no lease: that view may
  // have moved the weights, and the next one may remove me without asking those who echo.
  const bool is_ahead = newest_view_ && m.view_number > newest_view_->number;
  if (const auto sent_at = come_back(from.beats_out, m.echo)) {
    from.echo = m.echo;
    from.echo_epoch = m.epoch;
    from.seen_at = std::max(from.seen_at, *sent_at);
    if (!is_ahead || HAUBERK_MUTANT(echo_from_ahead))
      from.echoed_at = HAUBERK_MUTANT(lease_from_receipt) ? now_ : std::max(from.echoed_at, *sent_at);
    if (is_relayed_) from.relayed_at = std::max(from.relayed_at, *sent_at);
    if (*sent_at > from.refused_at) from.is_refused = false;  // no dial proves dead who answers since
  }
  if (now_ - from.seen_at < how_.suspect_timeout) from.is_condemned = false;
  judge_primary();
  if (!in_history() || role_ == role::joiner) return;
  if (m.history != history_) return notice_ancestor(from);
  if (role_ == role::leader && m.epoch > epoch_ && is_in_newest({from.process, from.seat})) {
    step_down("a member has joined a later epoch");
    enter_epoch(m.epoch);
  }
  notice_stranger(from);
}

// A seat that a view in my log removes is never counted again: its beats are not echoed.
bool core::may_echo(const peer& p) const {
  if (p.is_condemned && role_ == role::leader) return false;
  if (HAUBERK_MUTANT(echo_removed)) return true;
  return !newest_view_ || newest_view_->find_removal({p.process, p.seat}) == nullptr;
}

bool core::is_silent(const seat_id& seat, duration span) const {
  if (seat == self_) return false;
  const auto at = peers_.find(seat.process);
  return at == peers_.end() || at->second.seat != seat.number || is_silent(at->second, span);
}

bool core::is_silent(const peer& p, duration span) const {
  return now_ - (HAUBERK_MUTANT(alive_by_hearing) ? p.heard_at : p.seen_at) >= span;
}

bool core::is_suspected(const seat_id& seat) const {
  if (seat == self_) return false;
  const auto at = peers_.find(seat.process);
  if (at == peers_.end() || at->second.seat != seat.number) return true;
  const peer& p = at->second;
  if (is_silent(p, how_.suspect_timeout) || (p.is_refused && !p.is_up)) return true;
  return std::find(dead_.begin(), dead_.end(), seat) != dead_.end();
}

std::vector<seat_id> core::alive() const {
  std::vector<seat_id> seats;
  for (const view_ptr& v : {committed_view_, newest_view_}) {
    if (!v) continue;
    for (const member& m : v->members) {
      if (!is_suspected(m.seat) && std::find(seats.begin(), seats.end(), m.seat) == seats.end()) {
        seats.push_back(m.seat);
      }
    }
  }
  return seats;
}

// Until when the members of `v` that echoed last make a quorum with me.
time_point core::lease_of(const view& v) const {
  const duration span = how_.suspect_timeout * (HAUBERK_MUTANT(lease_long) ? 6 : 4) / 5;
  std::array<std::pair<time_point, const member*>, base::limits::members_max> echoes;
  std::size_t count = 0;
  tally weights(v, dead_);
  for (const member& m : v.members) {
    if (m.seat == self_) {
      weights.count(m);
      continue;
    }
    const auto at = peers_.find(m.seat.process);
    if (at != peers_.end() && at->second.seat == m.seat.number && at->second.echo != 0)
      echoes[count++] = {at->second.echoed_at, &m};
  }
  if (weights.is_quorum()) return base::never;
  std::sort(echoes.begin(), echoes.begin() + count,
            [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < count; ++i) {
    weights.count(*echoes[i].second);
    if (weights.is_quorum()) return echoes[i].first + span;
  }
  return time_point{};
}

void core::renew_lease() {
  if (!newest_view_) return;
  lease_until_ = lease_of(*newest_view_);
  if (newest_view_at_ <= commit_known_ || HAUBERK_MUTANT(lease_by_new_view)) return;
  // The newest view is pending: the one before it must agree, too (PROTOCOL 1).
  view_ptr before = committed_view_;
  const auto& views = log_.views();
  const auto at = views.find(newest_view_at_);
  if (at != views.end() && at != views.begin()) before = std::prev(at)->second;
  if (before) lease_until_ = std::min(lease_until_, lease_of(*before));
}

void core::judge_primary() {
  renew_lease();
  const bool can = is_admitted_ && !has_left_ && !has_consented_ && is_member() &&
                   (lease_until_ > now_ || HAUBERK_MUTANT(lease_ignored));
  if (can == is_primary_) return;
  is_primary_ = can;
  if (!can) {
    if (was_primary_told_ && !has_consented_) {
      events_.push_back(view_event{delivered_view_, epoch_, delivered_view_at_, false, false});
      say(base::level::warning, "no quorum in reach: not primary");
    }
    if (role_ == role::leader) step_down("no quorum in reach");
  } else if (was_primary_told_) {
    events_.push_back(view_event{delivered_view_, epoch_, delivered_view_at_, true, true});
    say(base::level::info, "the quorum is back: primary again");
  }
}

}  // namespace hauberk::replica
