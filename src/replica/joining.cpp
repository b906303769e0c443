// Joining (PROTOCOL 5, 7a, 12): a process asks until it is admitted; the leader admits who is linked with
// all. A joiner enters with weight 0 and gets its weight by a second view, once it holds what the others
// hold.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
template <typename One>
bool contains(const std::vector<One>& set, const One& one) {
  return std::find(set.begin(), set.end(), one) != set.end();
}
}  // namespace

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

bool core::is_banned(candidate_member& c) {
  const ban* why = newest_view_->find_ban(c.asked.name);
  if (why == nullptr) return false;
  c.is_refused = true;
  refuse_join(c.asked.seat, errc::evicted, true,
              c.asked.name + " was evicted by " + why->by + ": " + why->text +
                  "; a member has to allow that name before it can join");
  return true;
}

// Whoever is admitted would have to prove what is prepared, too: it waits for the outcome.
bool core::is_put_off(candidate_member& c) {
  const group_policy& p = newest_view_->policy;
  if (p.prepared.empty() || HAUBERK_MUTANT(admitted_while_prepared)) return false;
  if (!std::exchange(c.is_put_off, true)) {
    refuse_join(c.asked.seat, errc::refused, false,
                "the group is about to change its policy, as " + p.by +
                    " asked: joiners wait until that is done or given up, which takes a few seconds");
  }
  return true;
}

// Adds the joiner to `next` when nothing speaks against it.
bool core::admissible(candidate_member& c, view& next) {
  const join& asked = c.asked;
  const peer* p = find_peer(asked.seat.process);
  if (p == nullptr || !p->is_up || p->seat != asked.seat.number) return false;
  // What it asked may have been under way for long: it has to have heard me of late, and over the link that
  // it comes in by. It need not echo my beats: to who comes from another history my seat may be a removed
  // one.
  if (now_ - p->direct_at >= how_.inactive_timeout) return false;
  if (next.members.size() >= base::limits::members_max) return false;
  if (is_banned(c) || is_put_off(c)) return false;
  const auto old = std::find_if(next.members.begin(), next.members.end(),
                                [&](const member& m) { return m.name == asked.name; });
  if (old != next.members.end()) {
    const peer* before = find_peer(old->seat.process);
    const bool is_proven = contains(asked.succeeds, old->seat) || old->seat.process == asked.seat.process;
    const bool is_down = before != nullptr && !before->is_up && before->is_refused;
    if (!is_proven &&
        (old->seat == self_ || (before != nullptr && is_reachable(*before) && !is_suspected(old->seat)))) {
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
  if (!asked.arbitrator && !newest_view_->continues(asked.recovered)) {
    c.is_refused = true;
    refuse_join(asked.seat, errc::state_transfer_needed, true,
                "its state is position " + std::to_string(asked.recovered.position) + " of history " +
                    to_string(asked.recovered.history) + ", the group is in " + to_string(history_) +
                    ", which does not share that: it needs a full state transfer from " +
                    donor_for(asked.seat, next));
    return false;
  }
  const position_t from = asked.recovered.position;
  if (who_.arbitrator && !asked.arbitrator && from + 1 < log_.start()) {  // who leads after me may have more
    if (!c.is_named && now_ > c.since + how_.peer_timeout) {
      c.is_named = true;
      refuse_join(
          asked.seat, errc::refused, false,
          "its state is position " + std::to_string(from) +
              ", and of the group only arbitrators are "
              "here, which keep no history: it waits for a member with data, or for a state (the position "
              "that its application recovered) that reaches " +
              std::to_string(log_.start() - 1));
    }
    return false;
  }
  if (!asked.arbitrator && (from > log_.end() || from + 1 < log_.start())) {
    c.is_refused = true;
    refuse_join(asked.seat, errc::state_transfer_needed, true,
                transfer_words(from > log_.end() ? "it says that it has (the log here ends at " +
                                                       std::to_string(log_.end()) + ")"
                                                 : "it has",
                               from, donor_for(asked.seat, next), log_.start()));
    return false;
  }
  const member* missing = missing_link(asked.seat.process, next);
  c.missing = missing == nullptr ? uuid{} : missing->seat.process;
  if (missing != nullptr && !HAUBERK_MUTANT(mesh_unchecked)) {
    if (!c.is_named && now_ > c.since + how_.peer_timeout) name_missing_link(c, *missing);
    return false;
  }
  return take_in(c, next);
}

// The view speaks the newest version that all its members speak: with an older one it goes down, and up again
// when that has gone or has been upgraded.
bool core::take_in(candidate_member& c, view& next) {
  const join& asked = c.asked;
  member m;
  m.seat = asked.seat;
  m.name = asked.name;
  m.address = asked.address;
  m.weight_wanted = asked.weight;
  m.catching_up = !HAUBERK_MUTANT(weight_at_admission);
  if (!m.catching_up) m.weight = asked.weight;
  m.arbitrator = asked.arbitrator;
  m.speaks = asked.speaks;
  next.members.push_back(std::move(m));
  if (next.common_protocol() == 0) {
    next.members.pop_back();
    c.is_refused = true;
    refuse_join(asked.seat, errc::refused, true,
                "it speaks the protocol versions " + std::to_string(asked.speaks.min) + " to " +
                    std::to_string(asked.speaks.max) + ", this group is in version " +
                    std::to_string(newest_view_->protocol) +
                    ", and some member speaks none of those: upgrade the older side first");
    return false;
  }
  next.joined.push_back(asked.seat);
  return true;
}

// Whose state a joiner should take: the first weighted member after it in the order of seats that is not the
// leader; the leader when it is alone.
std::string core::donor_for(const seat_id& joiner, const view& from) const {
  const member* best = nullptr;
  for (const member& m : from.members) {
    if (m.seat == self_ || m.weight == 0 || is_suspected(m.seat)) continue;
    const bool is_after = joiner < m.seat, is_best_after = best != nullptr && joiner < best->seat;
    if (best == nullptr || (is_after && !is_best_after)) best = &m;
  }
  return best == nullptr ? who_.name : best->name;
}

// Every resulting member must attest a link with the joiner, and the joiner with every one of them: the first
// with whom it is not so; null when all is well.
const member* core::missing_link(const uuid& joiner, const view& next) {
  const peer& j = peers_.at(joiner);
  for (const member& m : next.members) {
    if (m.seat == self_ || m.seat.process == joiner) continue;
    const peer* p = find_peer(m.seat.process);
    const bool is_seen = p != nullptr && is_reachable(*p) && contains(p->links, joiner);
    if (!is_seen || !contains(j.links, m.seat.process)) return &m;
  }
  return nullptr;
}

// A pair that cannot link keeps that joiner out, by design; where one member does so to several, it is rather
// the member that people should look at (PROTOCOL 12). Both ends are told.
void core::name_missing_link(candidate_member& c, const member& m) {
  c.is_named = true;
  const std::string& name = c.asked.name;
  const peer* p = find_peer(m.seat.process);
  const bool there = p != nullptr && is_reachable(*p) && contains(p->links, c.asked.seat.process);
  const bool back = contains(peers_.at(c.asked.seat.process).links, m.seat.process);
  const auto kept_out = std::count_if(joiners_.begin(), joiners_.end(), [&](const auto& one) {
    return one.second.missing == m.seat.process && now_ > one.second.since + how_.peer_timeout;
  });
  std::string text = "mesh incomplete: no link between " + name + " and " + m.name;
  if (there) text += " (seen from there only)";
  if (back) text += " (seen from the joiner only)";
  if (kept_out > 1) {
    text += ", which keeps out " + std::to_string(kept_out) + " joiners: look at " + m.name + " (" +
            m.address + ") first";
  } else {
    text += ": check that " + m.address + " and " + c.asked.address + " can reach each other";
  }
  refuse_join(c.asked.seat, errc::refused, false, text);
  send_to(m.seat.process, join_refused{c.asked.seat, static_cast<std::uint32_t>(errc::refused), false, text});
}

void core::ask_to_join() {
  if (role_ == role::joiner) {
    next_join_ = now_ + how_.keepalive_period;
    join ask;
    ask.seat = self_;
    ask.name = who_.name;
    ask.address = who_.address;
    ask.weight = who_.weight;
    ask.recovered = recovered_;
    ask.succeeds = succeeds_;
    ask.arbitrator = who_.arbitrator;
    ask.speaks = who_.speaks;
    for (const auto& [process, p] : peers_) {
      if (p.is_up && !p.history.is_nil()) send_to(process, ask);
    }
    return;
  }
  // An admission that was lost with its leader: my seat is in no view of the log. Ask again, as a new one.
  if (!is_admitted_ && !is_member() && !HAUBERK_MUTANT(admission_awaited) &&
      now_ > member_since_ + how_.inactive_timeout) {
    leave_old_seat(0, true);
    return;
  }
  next_join_ = is_admitted_ ? base::never : now_ + how_.keepalive_period;
}

// The seat of a member of that name is proven dead: its successor holds its state file.
void core::note_dead(const seat_id& seat, const std::string& name) {
  const auto was_it = [&](const view_ptr& v) {
    const member* old = v ? v->find(seat) : nullptr;
    return old != nullptr && old->name == name;
  };
  // While a view is pending the one before it counts as well, so its dead do, too.
  if (seat == self_ || contains(dead_, seat) || (!was_it(newest_view_) && !was_it(committed_view_))) return;
  dead_.push_back(seat);
  judge_primary();
  // Half of the weight is enough to elect when the rest is proven dead: only a new epoch may count so.
  if (role_ == role::leader && !wins(alive(), epoch_dead_)) {
    step_down("a member is proven dead: a new epoch must say so");
  }
}

// A process that asks with a new seat has given up the one before: that one neither votes nor holds any more.
void core::note_given_up(const join& m) {
  for (const view_ptr& v : {newest_view_, committed_view_}) {
    const member* old = v ? v->find_process(m.seat.process) : nullptr;
    if (old != nullptr && old->seat.number < m.seat.number && !HAUBERK_MUTANT(old_seat_awaited))
      note_dead(old->seat, m.name);
  }
}

void core::handle(peer& from, const join& m) {
  if (role_ == role::joiner || !in_history()) return;
  if (m.seat.process != from.process || m.seat.number != from.seat || m.name != from.name) {
    return refuse(from.process, "it asks to join as " + m.name + " (" + to_string(m.seat) + ")");
  }
  if (const removal* gone = newest_view_ ? newest_view_->find_removal(m.seat) : nullptr) {
    send_to(from.process, removed{history_, *gone, true, newest_view_at_});
    return;
  }
  from.brought = m.recovered.position;
  for (const seat_id& seat : m.succeeds) note_dead(seat, m.name);
  note_given_up(m);
  candidate_member& c = joiners_[from.process];
  if (c.asked.seat != m.seat) c = {m, now_, now_};
  c.asked = m;
  c.asked_at = now_;
  if (role_ == role::leader && is_in_newest(m.seat)) send_epoch_start(from);
}

void core::refuse_join(const seat_id& seat, errc reason, bool is_final, std::string text) {
  say(base::level::warning, "cannot admit " + name_of(seat) + ": " + text);
  if (is_final) std::erase(awaited_, name_of(seat));
  send_to(seat.process, join_refused{seat, static_cast<std::uint32_t>(reason), is_final, std::move(text)});
}

void core::handle(peer& from, const join_refused& m) {
  if (m.seat != self_) {  // about a joiner that I have no link with
    if (is_member() && is_in_newest({from.process, from.seat}))
      say(base::level::warning, from.name + " cannot admit a joiner: " + m.text);
    return;
  }
  if (role_ != role::joiner) return;
  say(base::level::warning, from.name + " refuses to admit this node: " + m.text);
  if (m.final) farewell(static_cast<errc>(m.reason), from.name + " refused: " + m.text);
}

}  // namespace hauberk::replica
