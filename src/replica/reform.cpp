// Re-forming a group that died (PROTOCOL 7b, 8): after a crash of all, or of so many that no quorum can come
// back. Whoever is in no live group says what it knows (`claim`). Once everybody who may count is there, each
// computes the same plan from the same claims, holds still, and promises to follow the one who has most. That
// one founds a new history, alone in its first view; the others enter by the ordinary door.
//
// Two cannot both found. The plan needs a promise of every process that may count, the other founder's among
// them; whoever promises drops the promises that it collected, and whoever has founded promises no more. A
// founder's file names its new view before anybody hears of it, so its successor asks nobody but itself.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {

bool is_same_pending(const record& a, const record& b) {
  return a.pending && b.pending && a.pending_at == b.pending_at && a.pending_epoch == b.pending_epoch &&
         a.pending->number == b.pending->number;
}

/// The claims that a re-formation may rest on, and what they say together.
class assembly {
 public:
  struct one {
    uuid process;
    const claim* said;
  };

  explicit assembly(std::vector<one> all) : all_(std::move(all)) {}

  /// Finds the view to go on from, and who has to be there for it; false while that cannot be known.
  bool find_base() {
    for (const one& c : all_) {
      const view_ptr& v = c.said->known.decided;
      if (v && (!base_ || std::pair(v->number, v->history) > std::pair(base_->number, base_->history)))
        base_ = v;
    }
    if (!base_) return false;
    const view_ptr decided = base_;
    dead_ = outweighs_dead(*decided) || is_unknown_to_the_living(*decided);
    need(*decided);
    // A view held beyond that one may have committed when members with half of the weight have it on file.
    // With more than half it is sure to be the group's next: then only its own members count.
    for (const one& c : all_) {
      const view_ptr& v = c.said->known.pending;
      if (!v || v->number <= decided->number) continue;
      std::uint32_t weight = 0;
      for (const member& m : decided->members) {
        const one* there = find(m.seat);
        if (there != nullptr && is_same_pending(there->said->known, c.said->known)) weight += m.weight;
      }
      if (2 * weight < decided->total_weight()) continue;
      dead_ = dead_ || outweighs_dead(*v);
      if (2 * weight > decided->total_weight()) {
        base_ = v;
        needed_.clear();
        need(*v);
        break;
      }
      need(*v);
    }
    candidates_ = {base_};
    for (const one& c : all_) {
      const view_ptr& v = c.said->known.pending;
      if (v && v->number > base_->number) candidates_.push_back(v);
    }
    return true;
  }

  /// Members of the views that count who are not there, by name.
  [[nodiscard]] std::string missing() const {
    std::string names;
    for (const member& m : needed_) {
      if (find(m.seat) == nullptr) names += (names.empty() ? "" : ", ") + m.name;
    }
    return names;
  }
  /// The claims of those who are needed, sorted by process.
  [[nodiscard]] std::vector<one> present() const {
    std::vector<one> made;
    for (const one& c : all_) {
      if (is_needed(c)) made.push_back(c);
    }
    std::sort(made.begin(), made.end(), [](const one& a, const one& b) { return a.process < b.process; });
    return made;
  }
  /// Of those who are not needed, who has more of this history than `position`; nil when nobody has.
  [[nodiscard]] std::pair<uuid, position_t> beyond(position_t position) const {
    std::pair<uuid, position_t> best{uuid{}, position};
    for (const one& c : all_) {
      if (!is_needed(c) && brings(c) > best.second) best = {c.process, brings(c)};
    }
    return best;
  }
  /// No quorum of the views that count can ever come back by itself.
  [[nodiscard]] bool is_dead() const { return dead_; }
  [[nodiscard]] const view_ptr& base() const { return base_; }
  /// The base, and those held beyond it: a policy that one of them activated may be in force somewhere.
  [[nodiscard]] const std::vector<view_ptr>& candidates() const { return candidates_; }

 private:
  static bool is_of(const one& c, const seat_id& seat) {
    const auto& seats = c.said->known.seats;
    return c.process == seat.process || std::any_of(seats.begin(), seats.end(), [&](const seat_id& mine) {
             return mine.process == seat.process;
           });
  }
  [[nodiscard]] bool is_needed(const one& c) const {
    return std::any_of(needed_.begin(), needed_.end(), [&](const member& m) { return is_of(c, m.seat); });
  }
  /// What its application recovered, as far as the history that is to go on shares it.
  [[nodiscard]] position_t brings(const one& c) const {
    return c.said->is_alive || !base_->continues(c.said->recovered) ? 0 : c.said->recovered.position;
  }
  [[nodiscard]] const one* find(const seat_id& seat) const {
    const auto at = std::find_if(all_.begin(), all_.end(), [&](const one& c) { return is_of(c, seat); });
    return at == all_.end() ? nullptr : &*at;
  }
  // Who has no weight never counted: nothing rests on it, and a newcomer may have died before it had a file.
  void need(const view& v) {
    for (const member& m : v.members) {
      if (m.weight > 0) needed_.push_back(m);
    }
  }
  // A decided view elects by itself; but to the living who hold it and do not know that it is decided, the
  // one before it has a say as well, and of that too many may be dead.
  [[nodiscard]] bool is_unknown_to_the_living(const view& v) const {
    bool is_barred = false;
    for (const one& c : all_) {
      if (!c.said->is_alive || !c.said->known.decided) continue;
      if (c.said->known.decided->number == v.number) return false;
      is_barred = is_barred || outweighs_dead(*c.said->known.decided);
    }
    return is_barred && !HAUBERK_MUTANT(decided_unheard);
  }
  [[nodiscard]] bool outweighs_dead(const view& v) const {
    std::uint32_t dead = 0;
    for (const member& m : v.members) {
      const one* there = find(m.seat);
      const bool lives = there != nullptr && there->process == m.seat.process && there->said->is_alive &&
                         there->said->known.seat() == m.seat;
      if (there != nullptr && !lives) dead += m.weight;
    }
    return 2 * dead > v.total_weight();
  }

  std::vector<one> all_;
  view_ptr base_;
  std::vector<view_ptr> candidates_;
  std::vector<member> needed_;
  bool dead_ = false;
};

/// Who has most of those who count, or, with `weighted` false, of those who do not.
struct best {
  uuid process;
  const claim* said = nullptr;
  position_t sure = 0;  ///< whatever comes, it has what was committed up to here
};

/// Up to where this living member is sure to hold what was committed, here or anywhere: what some living one
/// knows to be, and what applications have recovered of no later epoch than its last.
position_t surely_shared(const std::vector<assembly::one>& present, const view& base, const claim& by) {
  position_t sure = 0;
  for (const auto& [process, said] : present) {
    if (said->is_alive) {
      sure = std::max(sure, said->committed);
    } else if (said->known.epoch <= by.held_epoch && said->recovered.position <= by.held &&
               base.continues(said->recovered)) {
      sure = std::max(sure, said->recovered.position);
    }
  }
  return sure;
}

/// Where the new history parts from the old one. A living founder goes on with all that it holds, unless
/// there was a later epoch, whose members have died: other entries may have been committed and delivered in
/// the place of its tail. Then it gives up its tail: who still has state of these must not pass for one who
/// has that.
position_t fork_of(const std::vector<assembly::one>& present, const view& base, const claim& founder) {
  const bool is_newest = std::ranges::all_of(
      present, [&](const assembly::one& c) { return c.said->known.epoch <= founder.held_epoch; });
  if (is_newest || HAUBERK_MUTANT(reform_keeps_tail)) return founder.held;
  return std::min(founder.held, surely_shared(present, base, founder));
}

/// A living member's log counts by (epoch of its last held entry, its position), as in an election; what an
/// application recovered counts by its position, and beats the living only where they cannot be sure to have
/// it: then what was durable is kept rather than what was only held.
best most_advanced(const std::vector<assembly::one>& present, const view& base, bool weighted) {
  best live, cold, any;
  for (const auto& [process, said] : present) {
    if ((said->weight > 0) != weighted) continue;
    if (any.said == nullptr) any = {process, said, 0};
    if (said->is_alive) {
      if (live.said == nullptr ||
          std::pair(said->held_epoch, said->held) > std::pair(live.said->held_epoch, live.said->held))
        live = {process, said, said->committed};
    } else if (!said->recovered.history.is_nil() && base.continues(said->recovered) &&
               (cold.said == nullptr || said->recovered.position > cold.sure)) {
      cold = {process, said, said->recovered.position};
    }
  }
  if (live.said == nullptr) return cold.said == nullptr ? any : cold;
  const bool is_live = cold.said == nullptr || cold.sure <= surely_shared(present, base, *live.said);
  return is_live ? live : cold;
}

/// Those who count found; others, who are leaving or only look on, when there is nobody else, or when they
/// have what would be lost.
uuid choose_founder(const std::vector<assembly::one>& present, const view& base) {
  const best first = most_advanced(present, base, true), rather_not = most_advanced(present, base, false);
  if (first.said == nullptr) return rather_not.process;
  const position_t has = first.said->is_alive ? first.said->held : first.sure;
  return rather_not.said != nullptr && rather_not.sure > has ? rather_not.process : first.process;
}

}  // namespace

// A joiner waits a little: a live group may answer first. A member that lost the quorum waits, too: mostly
// it comes back by itself. An application whose state is of a history that the file does not know got it from
// a group that had gone on without this member, perhaps by force: what the file says is over.
bool core::is_seeking() const {
  if (!how_.recovers || role_ == role::idle) return false;
  if (is_still_) return true;
  if (kept_.is_empty()) {  // it cannot tell who has to be there, but it may have what those have lost
    if (role_ != role::joiner || recovered_.history.is_nil() || HAUBERK_MUTANT(founder_with_nothing))
      return false;
    return now_ >= joined_at_ + how_.suspect_timeout;
  }
  if (role_ == role::joiner && !kept_.newest()->goes_on_from(recovered_.history) &&
      !HAUBERK_MUTANT(reforms_foreign_state))
    return false;
  return now_ >= (role_ == role::joiner ? joined_at_ : lost_at_) + how_.suspect_timeout;
}

claim core::make_claim() const {
  claim c;
  c.version = claimed_.version;
  c.is_open = is_seeking();
  if (!c.is_open) return c;
  c.weight = is_leaving_ || who_.arbitrator ? std::uint8_t{0} : who_.weight;  // that is: rather not me
  c.known = kept_;
  c.number_max =
      std::max(kept_.is_empty() ? 0 : kept_.newest()->number, newest_view_ ? newest_view_->number : 0);
  c.epoch_max = std::max(kept_.epoch, epoch_);
  if (role_ == role::joiner) {
    c.recovered = recovered_;
  } else if (is_admitted_ && kept_.seat() == self_) {
    c.is_alive = true;
    if (who_.arbitrator) return c;  // it has nothing to found upon
    c.held_epoch = log_.epoch_at(held_);
    c.held = held_;
    c.committed = committed();
  } else {
    c.recovered = {history_, committed()};  // it was still catching up
  }
  return c;
}

// Said again whenever it changes, and closed at once by who is in a group again.
void core::say_claim() {
  if (is_primary_ || lost_at_ == time_point{}) lost_at_ = now_;
  if (!claimed_.is_open && !is_seeking()) return;
  claim now = make_claim();
  if (now != claimed_) {
    ++now.version;
    claimed_ = std::move(now);
  }
  std::vector<uuid> to;
  for (auto& [process, p] : peers_) {
    if (!p.is_up || p.claim_told == claimed_.version || (!claimed_.is_open && p.claim_told == 0)) continue;
    p.claim_told = claimed_.version;
    to.push_back(process);
  }
  if (!to.empty()) send_many(std::move(to), claimed_, 0);
}

// An older one may come later: over a link that did not work for a while, when the newer went around it.
// Upon that nobody else would agree.
void core::handle(peer& from, const claim& m) {
  if (m.version < from.claim_heard) return;
  from.claim_heard = m.version;
  from.said = m.is_open ? std::make_shared<const claim>(m) : nullptr;
}

void core::handle(peer& from, const promise& m) { from.promised = m.upon; }

std::optional<reform_plan> core::plan_reform() {
  std::vector<assembly::one> all{{self_.process, &claimed_}};
  for (const auto& [process, p] : peers_) {
    if (!p.is_up) continue;
    if (p.said) {
      all.push_back({process, p.said.get()});
    } else if (!p.history.is_nil()) {
      return std::nullopt;  // it is in a live group, or will say so soon
    }
  }
  assembly those(std::move(all));
  if (!those.find_base()) return std::nullopt;
  if (const std::string names = those.missing(); !names.empty()) {
    say_once("waits to re-form view " + std::to_string(those.base()->number) + ": not back yet: " + names);
    return std::nullopt;
  }
  const auto present = those.present();
  const bool is_mine =
      std::any_of(present.begin(), present.end(), [&](const auto& c) { return c.process == self_.process; });
  if (!is_mine || !those.is_dead()) return std::nullopt;
  for (const auto& a : present) {
    if (a.process == self_.process) continue;
    const auto& links = peers_.at(a.process).links;
    for (const auto& b : present) {
      if (a.process == b.process || std::find(links.begin(), links.end(), b.process) != links.end()) continue;
      say_once("waits to re-form view " + std::to_string(those.base()->number) + ": no link between " +
               peers_.at(a.process).name + " and " +
               (b.process == self_.process ? who_.name : peers_.at(b.process).name));
      return std::nullopt;
    }
  }
  reform_plan plan;
  plan.base = those.base();
  plan.policies = those.candidates();
  plan.leader = choose_founder(present, *plan.base);
  for (const auto& [process, said] : present) {
    plan.upon.push_back({process, said->version});
    plan.number = std::max(plan.number, said->number_max);
    plan.epoch = std::max(plan.epoch, said->epoch_max);
  }
  if (plan.leader != self_.process) return plan;
  if (!claimed_.is_alive) {
    plan.fork = committed();
  } else {
    plan.fork = who_.arbitrator ? held_ : fork_of(present, *plan.base, claimed_);
    for (const auto& [at, held] : log_.views())  // whatever replaced the rest, this view it had
      if (held->number == plan.base->number && held->history == plan.base->history)
        plan.fork = std::max(plan.fork, at);
  }
  if (role_ == role::joiner)
    std::tie(plan.donor, plan.donor_has) =
        those.beyond(plan.base->continues(recovered_) ? recovered_.position : 0);
  return plan;
}

void core::consider_reform() {
  say_claim();
  if (!claimed_.is_open) return;
  const std::optional<reform_plan> plan = plan_reform();
  if (!plan && !has_promised_ && !HAUBERK_MUTANT(founder_waits)) is_still_ = false;  // it was to be me
  if (!plan) return;
  if (role_ != role::joiner) {
    is_still_ = true;  // what the claims say must stay so: this history cannot go on anyway
    if (role_ == role::candidate) role_ = role::follower;
  }
  if (plan->leader != self_.process) {
    peer& leader = peers_.at(plan->leader);
    for (auto& [process, p] : peers_) p.promised.clear();
    if (leader.promise_told == plan->upon) return;
    leader.promise_told = plan->upon;
    has_promised_ = true;
    send_to(plan->leader, promise{plan->upon});
    return;
  }
  for (const claim_id& one : plan->upon) {
    if (one.process != self_.process && peers_.at(one.process).promised != plan->upon) return;
  }
  // A founder died before the others were in, and has come back without what it had: they still have theirs.
  if (!plan->donor.is_nil() && !HAUBERK_MUTANT(founder_with_nothing)) {
    const std::string& donor = peers_.at(plan->donor).name;
    return farewell(errc::state_transfer_needed,
                    "the group is to go on from the state of this member, which is position " +
                        std::to_string(recovered_.position) + ", but " + donor + " has position " +
                        std::to_string(plan->donor_has) + " of it: it needs a full state transfer from " +
                        donor);
  }
  reform(*plan);
}

void core::reform(const reform_plan& plan) {
  if (newest_view_at_ > committed() && !is_member()) cut(newest_view_at_ - 1);  // it would have removed me
  cut(std::min(held_, plan.fork));
  view next;
  next.history = plan.base->history;
  next.root = plan.base->root;
  next.forks = plan.base->forks;
  if (role_ == role::joiner && !plan.base->continues(recovered_)) {  // what its application has is not of it
    next.history = recovered_.history;
    next.forks.clear();
  }
  next.number = plan.number + 1;
  if (role_ != role::joiner && is_member()) {
    lose_others(next);
  } else {
    next.joined = {self_};
  }
  next.bans = is_member() ? newest_view_->bans : plan.base->bans;
  next.policy = founding_policy(plan.policies);
  awaited_.clear();
  for (const claim_id& one : plan.upon) {
    const peer* p = find_peer(one.process);
    if (p != nullptr && p->said && p->said->weight > 0) awaited_.push_back(p->name);
  }
  was_primary_told_ = false;  // the first view of the new history tells
  next.fork(fresh_history(), log_.end());
  say(base::level::warning, "re-forms view " + std::to_string(plan.base->number) + " of history " +
                                to_string(plan.base->history) + " as history " + to_string(next.history) +
                                ", from position " + std::to_string(log_.end()));
  found(std::move(next), plan.epoch + 1);
}

// Whose seats end with this history, and where.
void core::lose_others(view& next) {
  next.removed = newest_view_->removed;
  for (const member& m : newest_view_->members) {
    if (m.seat == self_) continue;
    next.lost.push_back(m);
    next.removed.push_back({m.seat, senders_[sender_index(m.seat)].ordered, next.number});
  }
  if (next.removed.size() > base::limits::removed_max) {
    next.removed.erase(next.removed.begin(), next.removed.end() - base::limits::removed_max);
  }
}

// What was heard of a history that is over says nothing about the one that goes on from it: the others may
// have known more to be committed, and held more, than both share.
void core::forget_old_history() {
  commit_known_ = std::min(commit_known_, held_);
  stable_known_ = std::min(stable_known_, held_);
  holdings_.clear();
}

// The first view of a history: this member alone. It decides by itself, and what it holds is committed.
void core::found(view first, epoch_t epoch) {
  member me;
  me.seat = self_;
  me.name = who_.name;
  me.address = who_.address;
  me.weight = me.weight_wanted = who_.weight == 0 ? std::uint8_t{1} : who_.weight;
  me.last = senders_[sender_index(self_)].ordered;
  me.speaks = who_.speaks;
  first.members = {me};
  first.protocol = who_.speaks.max;
  history_ = first.history;
  epoch_ = matched_ = epoch;
  voted_for_ = uuid{};
  votes_.clear();
  dead_.clear();
  stood_dead_.clear();
  pre_vote_epoch_ = 0;
  rounds_.clear();
  leavers_.clear();
  forget_old_history();
  gone_.clear();
  is_still_ = has_promised_ = is_paused_ = false;
  next_beat_ = std::min(next_beat_, now_ + how_.keepalive_period);
  next_join_ = base::never;
  founded_at_ = log_.end() + 1;
  founded_since_ = now_;
  append_view(epoch_, std::make_shared<const view>(std::move(first)));
  hold_view(log_.end());
  lead();
  lost_at_ = now_;
  say_claim();
}

// What a founder would commit before the others are in with their weight, it alone would hold. So it gives
// them some time: until then it orders nothing, and its application does not hear of the new history.
bool core::is_holding_back() const {
  return role_ == role::leader && !awaited_.empty() && now_ < founded_since_ + how_.inactive_timeout &&
         !HAUBERK_MUTANT(founder_at_once);
}

// As random as the process is: nobody else derives anything from its id.
uuid core::fresh_history() {
  uuid made = who_.process;
  const std::uint32_t mark = ~foundings_++;
  for (std::size_t i = 0; i < 4; ++i) made.bytes[i] ^= static_cast<std::uint8_t>(mark >> (8 * i));
  return made;
}

// A member of a history that this one goes on from: its own is over.
void core::notice_ancestor(const peer& p) {
  if (!is_primary_ || !committed_view_) return;
  const auto& forks = committed_view_->forks;
  const bool is_ancestor = std::any_of(
      forks.begin(), forks.end(), [&](const recovered_position& fork) { return fork.history == p.history; });
  if (!is_ancestor || p.seat == 0) return;
  const seat_id seat{p.process, p.seat};
  const removal* gone = committed_view_->find_removal(seat);
  send_to(p.process, removed{history_, gone != nullptr ? *gone : removal{seat, 0, committed_view_->number},
                             gone != nullptr, committed_view_at_});
}

}  // namespace hauberk::replica
