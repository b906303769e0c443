// Membership: views as entries of the log (PROTOCOL 1, 5, 6, 7a, 10, 12). The leader alone proposes one, when
// nothing else is uncommitted: it drains the log first. A joiner enters with weight 0 and gets its weight by
// a second view, once it holds what the others hold.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
constexpr position_t caught_up_entries =
    4096;  ///< this close to the end, the drain before the view does the rest

bool contains(const std::vector<uuid>& set, const uuid& one) {
  return std::find(set.begin(), set.end(), one) != set.end();
}
}  // namespace

// Cheap look first: nearly always there is nothing to change.
bool core::is_view_due() const {
  if (!leavers_.empty() || !joiners_.empty() || pinned_bytes() > how_.window_bytes / 4 * 3) return true;
  return std::any_of(newest_view_->members.begin(), newest_view_->members.end(),
                     [&](const member& m) { return m.catching_up || is_suspected(m.seat); });
}

void core::consider_view() {
  if (role_ != role::leader || newest_view_at_ > passed_ || log_.epoch_at(passed_) != epoch_) return;
  if (!is_paused_ && !is_view_due()) return;
  is_paused_ = false;
  if ((is_leaving_ && is_handing_over()) || is_awaited_by_leaver()) return;
  std::optional<view> next = wanted_view();
  if (!next || !is_committable(*next)) return;
  if (passed_ == log_.end()) {
    propose(std::move(*next));
  } else {
    is_paused_ = true;
  }
}

std::optional<view> core::wanted_view() {
  view next = *newest_view_;
  ++next.number;
  next.joined.clear();
  next.left.clear();
  next.lost.clear();
  for (member& m : next.members) m.last = senders_[sender_index(m.seat)].ordered;
  for (const member& m : newest_view_->members) judge_member(m, next);
  admit_joiners(next);
  const auto by_seat = [](const member& a, const member& b) { return a.seat < b.seat; };
  std::sort(next.members.begin(), next.members.end(), by_seat);
  for (const auto* gone : {&next.left, &next.lost}) {
    for (const member& m : *gone) {
      next.removed.push_back({m.seat, senders_[sender_index(m.seat)].ordered, next.number});
    }
  }
  if (next.removed.size() > base::limits::removed_max) {
    next.removed.erase(next.removed.begin(), next.removed.end() - base::limits::removed_max);
  }
  const auto same = [](const member& a, const member& b) {
    return a.seat == b.seat && a.weight == b.weight && a.catching_up == b.catching_up;
  };
  if (std::equal(next.members.begin(), next.members.end(), newest_view_->members.begin(),
                 newest_view_->members.end(), same)) {
    return std::nullopt;
  }
  return next;
}

void core::judge_member(const member& m, view& next) {
  if (m.seat == self_) return;
  const auto at = std::find_if(next.members.begin(), next.members.end(),
                               [&](const member& one) { return one.seat == m.seat; });
  const auto leaver = leavers_.find(m.seat);
  if (leaver != leavers_.end()) {
    if (next.left.empty() &&
        senders_[sender_index(m.seat)].ordered >= leaver->second) {  // one view at a time
      next.left.push_back(m);
      next.members.erase(at);
    }
    return;
  }
  peer* p = find_peer(m.seat.process);
  const bool is_refused = p != nullptr && p->is_refused && !p->is_up;
  const duration patience = is_refused ? how_.suspect_timeout * 9 / 8 : how_.inactive_timeout;
  const bool is_lost = is_silent(m.seat, patience);
  if (p != nullptr && p->seat == m.seat.number) p->is_condemned = is_lost;  // one-sided is down, too
  if (is_lost) {
    // A lease from the view before the last one must have run out, whoever granted it.
    if (std::max(removal_gate(m.seat), committed_view_since_ + how_.suspect_timeout) > now_) return;
    next.lost.push_back(m);
    next.members.erase(at);
    return;
  }
  const auto h = holdings_.find(m.seat);
  const position_t upto = h != holdings_.end() && h->second.epoch == epoch_ ? h->second.upto : 0;
  if (m.catching_up) {
    // It holds the view that admitted it, so its state file can prove its death (PROTOCOL 5, 7a).
    // What it still lacks is in my window, and from then on stays there until it has it (PROTOCOL 9).
    const bool is_near = upto + caught_up_entries >= log_.end() && upto + 1 >= log_.start();
    if (!is_suspected(m.seat) && upto >= newest_view_at_ && is_near) {
      at->catching_up = false;
      at->weight = at->weight_wanted;
    }
    return;
  }
  // A silent member whose gap fills the window is demoted, so that the window can move on (PROTOCOL 9).
  const bool is_laggard = pinned_bytes() > how_.window_bytes / 4 * 3 && upto <= stable_ &&
                          is_silent(m.seat, how_.suspect_timeout / 2);
  const auto weighted = std::count_if(next.members.begin(), next.members.end(),
                                      [](const member& one) { return one.weight > 0; });
  if (is_laggard && m.weight > 0 && weighted > 2) {
    at->weight = 0;
    at->catching_up = true;
  }
}

void core::admit_joiners(view& next) {
  for (auto it = joiners_.begin(); it != joiners_.end();) {
    candidate_member& c = it->second;
    const bool is_stale = now_ > c.asked_at + 5 * how_.keepalive_period;
    if (is_stale || is_in_newest(c.asked.seat)) {
      it = joiners_.erase(it);
      continue;
    }
    view with = next;
    if (admissible(c, with)) next = std::move(with);
    it = c.is_refused ? joiners_.erase(it) : std::next(it);
  }
}

// Adds the joiner to `next` when nothing speaks against it.
bool core::admissible(candidate_member& c, view& next) {
  const join& asked = c.asked;
  const peer* p = find_peer(asked.seat.process);
  if (p == nullptr || !p->is_up || p->seat != asked.seat.number) return false;
  if (next.members.size() >= base::limits::members_max) return false;
  const auto old = std::find_if(next.members.begin(), next.members.end(),
                                [&](const member& m) { return m.name == asked.name; });
  if (old != next.members.end()) {
    const peer* before = find_peer(old->seat.process);
    const bool is_proven = old->seat == asked.succeeds || old->seat.process == asked.seat.process;
    const bool is_down = before != nullptr && !before->is_up && before->is_refused;
    if (!is_proven &&
        (old->seat == self_ || (before != nullptr && before->is_up && !is_suspected(old->seat)))) {
      c.is_refused = true;
      refuse_join(asked.seat, errc::name_in_use, true,
                  "the name " + asked.name + " belongs to a live member of the group (" + old->address +
                      "): give this node another node.name, or stop that one first");
      return false;
    }
    const bool is_certain = is_down && is_silent(old->seat, how_.suspect_timeout * 9 / 8);
    if (!is_proven && !(is_certain && removal_gate(old->seat) <= now_)) return false;
    next.lost.push_back(*old);
    next.members.erase(old);
  }
  if (!asked.recovered.history.is_nil() && asked.recovered.history != history_) {
    c.is_refused = true;
    refuse_join(asked.seat, errc::state_transfer_needed, true,
                "its state belongs to history " + to_string(asked.recovered.history) + ", the group is in " +
                    to_string(history_) + ": it needs a full state transfer from " + who_.name);
    return false;
  }
  const position_t from = asked.recovered.position;
  if (from > log_.end() || from + 1 < log_.start()) {
    c.is_refused = true;
    refuse_join(asked.seat, errc::state_transfer_needed, true,
                "it has state up to position " + std::to_string(from) + ", " + who_.name +
                    " keeps history from " + std::to_string(log_.start()) + " to " +
                    std::to_string(log_.end()) + " (gcache.size): it needs a full state transfer");
    return false;
  }
  const std::string missing = missing_link(asked.seat.process, next);
  if (!missing.empty()) {
    if (!c.is_named && now_ > c.since + how_.peer_timeout) {
      c.is_named = true;
      refuse_join(asked.seat, errc::refused, false, "mesh incomplete: " + missing);
    }
    return false;
  }
  member m;
  m.seat = asked.seat;
  m.name = asked.name;
  m.address = asked.address;
  m.weight_wanted = asked.weight;
  m.catching_up = true;
  next.members.push_back(std::move(m));
  next.joined.push_back(asked.seat);
  return true;
}

// Every resulting member must attest a link with the joiner, and the joiner with every one of them.
std::string core::missing_link(const uuid& joiner, const view& next) {
  const peer& j = peers_.at(joiner);
  for (const member& m : next.members) {
    if (m.seat == self_ || m.seat.process == joiner) continue;
    const peer* p = find_peer(m.seat.process);
    const bool there = p != nullptr && p->is_up && contains(p->links, joiner);
    const bool back = contains(j.links, m.seat.process);
    if (!there || !back) {
      return "no link between " + j.name + " and " + m.name + (there ? " (seen from there only)" : "") +
             (back ? " (seen from the joiner only)" : "") + ": check that " + m.address + " can be reached";
    }
  }
  return {};
}

bool core::is_committable(const view& next) const {
  std::vector<seat_id> who = alive();
  // Not before its members echo me: my own lease must hold in the next view, too.
  return is_quorum(*newest_view_, who, epoch_dead_) && is_quorum(next, who, epoch_dead_) &&
         lease_of(next) > now_;
}

void core::propose(view next) {
  std::vector<uuid> joined;
  for (const seat_id& seat : next.joined) joined.push_back(seat.process);
  const view_ptr what = std::make_shared<const view>(std::move(next));
  append_view(epoch_, what);
  hold_view(log_.end());
  held_ = log_.end();
  is_paused_ = false;
  for (const uuid& process : joined) {
    joiners_.erase(process);
    send_epoch_start(peers_.at(process));
  }
}

void core::view_committed(position_t at, const view_ptr& v) {
  committed_view_ = v;
  committed_view_at_ = at;
  committed_view_since_ = now_;
  for (const auto* gone : {&v->left, &v->lost}) {
    for (const member& m : *gone) {
      leavers_.erase(m.seat);
      holdings_.erase(m.seat);
      senders_[sender_index(m.seat)].received.clear();
      if (v->find_process(m.seat.process) == nullptr && m.seat.process != who_.process) {
        effects_.push_back(forget_peer{m.seat.process});
        const auto p = peers_.find(m.seat.process);
        if (p != peers_.end() && !p->second.is_up) peers_.erase(p);
      }
    }
  }
  std::erase_if(dead_, [&](const seat_id& seat) { return v->find(seat) == nullptr; });
  if (v->find(self_) != nullptr) {
    is_admitted_ = true;
    judge_primary();
    return;
  }
  if (!is_admitted_) return;  // a view from before my own
  const auto by_self = [&](const member& m) { return m.seat == self_; };
  if (std::any_of(v->left.begin(), v->left.end(), by_self)) {
    has_left_ = true;
  } else {
    is_removed_ = true;
    judge_primary();
  }
}

// Who knows from the log that it is out still votes for the old view until the new one can do without it.
bool core::is_released() const {
  std::vector<seat_id> knowing;
  for (const member& m : committed_view_->members) {
    const auto h = holdings_.find(m.seat);
    if (h != holdings_.end() && h->second.committed >= committed_view_at_) knowing.push_back(m.seat);
  }
  return is_quorum(*committed_view_, knowing, {});
}

// ---- joining ----

void core::ask_to_join() {
  if (role_ == role::joiner) {
    next_join_ = now_ + how_.keepalive_period;
    join ask;
    ask.seat = self_;
    ask.name = who_.name;
    ask.address = who_.address;
    ask.weight = who_.weight;
    ask.recovered = recovered_;
    ask.succeeds = who_.succeeds;
    for (const auto& [process, p] : peers_) {
      if (p.is_up && !p.history.is_nil()) send_to(process, ask);
    }
    return;
  }
  // An admission that was lost with its leader: my seat is in no view of the log. Ask again, as a new one.
  if (!is_admitted_ && !is_member() && now_ > member_since_ + how_.inactive_timeout) {
    leave_old_seat(0, true);
    return;
  }
  next_join_ = is_admitted_ ? base::never : now_ + how_.keepalive_period;
}

void core::handle(peer& from, const join& m) {
  if (role_ == role::joiner || !in_history()) return;
  if (m.seat.process != from.process || m.seat.number != from.seat || m.name != from.name) {
    return refuse(from.process, "it asks to join as " + m.name + " (" + to_string(m.seat) + ")");
  }
  if (const removal* gone = newest_view_ ? newest_view_->find_removal(m.seat) : nullptr) {
    send_to(from.process, removed{history_, *gone, true});
    return;
  }
  const auto was_it = [&](const view_ptr& v) {
    const member* old = v ? v->find(m.succeeds) : nullptr;
    return old != nullptr && old->name == m.name;
  };
  // While a view is pending the one before it counts as well, so its dead do, too.
  if (m.succeeds != self_ && (was_it(newest_view_) || was_it(committed_view_)) &&
      std::find(dead_.begin(), dead_.end(), m.succeeds) == dead_.end()) {
    dead_.push_back(m.succeeds);
    judge_primary();
    // Half of the weight is enough to elect when the rest is proven dead: only a new epoch may count so.
    if (role_ == role::leader && !wins(alive(), epoch_dead_)) {
      step_down("a member is proven dead: a new epoch must say so");
    }
  }
  candidate_member& c = joiners_[from.process];
  if (c.asked.seat != m.seat) c = {m, now_, now_, false, false};
  c.asked = m;
  c.asked_at = now_;
  if (role_ == role::leader && is_in_newest(m.seat)) send_epoch_start(from);
}

void core::refuse_join(const seat_id& seat, errc reason, bool is_final, std::string text) {
  say(base::level::warning, "cannot admit " + name_of(seat) + ": " + text);
  send_to(seat.process, join_refused{seat, static_cast<std::uint32_t>(reason), is_final, std::move(text)});
}

void core::handle(peer& from, const join_refused& m) {
  if (role_ != role::joiner || m.seat != self_) return;
  say(base::level::warning, from.name + " refuses to admit this node: " + m.text);
  if (m.final) farewell(static_cast<errc>(m.reason), from.name + " refused: " + m.text);
}

// ---- leaving and being removed ----

void core::handle(peer& from, const leave& m) {
  const seat_id seat{from.process, from.seat};
  if (is_in_newest(seat)) leavers_[seat] = m.last;
}

bool core::is_handing_over() const {
  const auto stays = [&](const member& m) { return m.seat != self_ && !leavers_.contains(m.seat); };
  // Where all leave, the leader lets the others go first and is the last (PROTOCOL 10).
  return is_leaving_ && role_ == role::leader &&
         std::any_of(newest_view_->members.begin(), newest_view_->members.end(), stays) &&
         senders_[sender_of_.at(self_)].received.empty();
}

// Who has just left learns it from those who stay; it closes its links when it knows. Until then the leader
// neither goes on to the next view nor leaves.
bool core::is_awaited_by_leaver() const {
  if (now_ >= committed_view_since_ + how_.suspect_timeout) return false;
  return std::any_of(committed_view_->left.begin(), committed_view_->left.end(), [&](const member& m) {
    const auto p = peers_.find(m.seat.process);
    return p != peers_.end() && p->second.is_up && p->second.seat == m.seat.number;
  });
}

void core::consider_leaving() {
  if (is_removed_ && is_released()) {
    const removal* mine = committed_view_->find_removal(self_);
    return leave_old_seat(mine == nullptr ? 0 : mine->last, mine != nullptr);
  }
  if (!is_leaving_ || !in_history() || is_gone_ || role_ == role::joiner) return;
  const bool is_delivered = delivered_ == passed_;
  if (has_left_) {
    if (is_delivered && is_released()) farewell(errc::ok, "left the group");
    return;
  }
  if (role_ == role::leader) {
    if (newest_view_->members.size() == 1) {
      const bool is_done = is_delivered && passed_ == log_.end() && in_flight_bytes_ == 0;
      if (is_done && !is_awaited_by_leaver()) farewell(errc::ok, "left the group");
      return;
    }
    if (is_handing_over() && now_ >= handed_over_at_ + how_.suspect_timeout) hand_over();
  } else if (!leader_.is_nil() && now_ >= asked_leave_at_ + how_.suspect_timeout / 4) {
    asked_leave_at_ = now_;
    has_consented_ = true;
    judge_primary();
    send_to(leader_, leave{stays_.back().sent});
  }
}

// A leader that leaves asks a member that holds the whole log to stand in its place (PROTOCOL 17).
void core::hand_over() {
  for (const member& m : newest_view_->members) {
    const auto h = holdings_.find(m.seat);
    const bool is_fit = m.seat != self_ && !leavers_.contains(m.seat) && m.weight > 0 &&
                        !is_suspected(m.seat) && h != holdings_.end() && h->second.epoch == epoch_ &&
                        h->second.upto == log_.end();
    if (!is_fit) continue;
    handed_over_at_ = now_;
    send_to(m.seat.process, handover{epoch_, newest_view_->number, log_.end()});
    return;
  }
}

// Tells a process of this history that its seat is gone; silence would leave it waiting for ever.
void core::notice_stranger(peer& p) {
  if (!committed_view_ || !is_admitted_) return;
  const seat_id seat{p.process, p.seat};
  if (const removal* gone = committed_view_->find_removal(seat)) {
    const auto by_seat = [&](const member& m) { return m.seat == seat; };
    // One who left learns it from the log; from us only when it seems to have missed that.
    const bool is_leaving = now_ < committed_view_since_ + how_.suspect_timeout &&
                            std::any_of(committed_view_->left.begin(), committed_view_->left.end(), by_seat);
    if (!is_leaving) send_to(p.process, removed{history_, *gone, true});
    return;
  }
  if (committed_view_->find(seat) != nullptr || is_in_newest(seat)) {
    strangers_.erase(p.process);
    return;
  }
  const time_point since = strangers_.try_emplace(p.process, now_).first->second;
  if (now_ < since + 2 * how_.inactive_timeout) return;
  strangers_.erase(p.process);
  send_to(p.process, removed{history_, {seat, 0, committed_view_->number}, false});
}

void core::handle(peer& from, const removed& m) {
  if (m.what.seat != self_) return;
  if (role_ == role::joiner) return take_new_seat();  // admitted and removed without ever hearing of it
  if (m.history != history_) return;
  const std::uint64_t known = committed_view_ ? committed_view_->number : 0;
  const bool is_news = is_removed_ ? from.view_number > known : m.what.view_number > known;
  if (has_left_ || !is_news) return;
  say(base::level::warning, from.name + " says that view " + std::to_string(m.what.view_number) +
                                " removed this member; it asks to join again");
  leave_old_seat(m.what.last, m.known);
}

// This stay has ended: what was not ordered never will be. A new seat asks for admission, with the log up to
// what is committed; broadcasts that were ordered come back with the catch-up.
void core::leave_old_seat(sequence_t last, bool known) {
  stay& old = stays_.back();
  for (sequence_t s = std::max(known ? last : sequence_t{0}, old.resolved) + 1; s <= old.sent; ++s) {
    const outcome result = known ? outcome::never : outcome::unknown;
    events_.push_back(outcome_event{old.ticket_base + s, result, 0});
  }
  old.sent = known ? std::min(old.sent, std::max(last, old.resolved)) : old.resolved;
  is_admitted_ = has_consented_ = is_removed_ = false;
  judge_primary();
  was_primary_told_ = false;  // the next view tells
  cut(committed());
  senders_[sender_index(self_)].received.clear();
  sent_.clear();
  sent_first_ = uncommitted_first_ = 1;
  sent_bytes_ = in_flight_bytes_ = 0;
  recovered_ = {history_, held_};
  role_ = role::joiner;
  epoch_ = matched_ = 0;  // votes and holdings were the old seat's
  leader_ = voted_for_ = uuid{};
  election_at_ = base::never;
  pre_vote_epoch_ = 0;
  is_paused_ = false;
  rounds_.clear();
  joiners_.clear();
  leavers_.clear();
  who_.succeeds = seat_id{};
  if (is_leaving_) return farewell(errc::ok, "left the group");
  take_new_seat();
}

// Seats never come back: every attempt to join after a removal is made with a new one.
void core::take_new_seat() {
  self_.number += 1;
  stays_.push_back({self_, tickets_, 0, 0});
  while (stays_.size() > 1 && stays_.front().resolved == stays_.front().sent) stays_.pop_front();
  next_join_ = now_;
  for (auto& [process, p] : peers_) {
    if (p.is_up) send_resume(p);
  }
  beat_all();
}

}  // namespace hauberk::replica
