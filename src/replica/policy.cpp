// The group's policy as entries of the log (PROTOCOL 11): a view prepares a new one, every member proves that
// it can, by having a working link made with it to every other member, and a second view puts it in force, or
// says why not. Both repeat the members, so that all that holds for views holds for them. The leader collects
// the proofs; a new leader collects them afresh. While something is prepared nobody is admitted, and whoever
// is to go without having proved it is the end of it first: so nobody who was a member when it was proposed
// finds itself outside with the old policy.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

void core::handle_policy_proof(std::uint64_t prepared_in, proof state, std::string words) {
  if (is_gone_ || (policy_.mine.prepared_in == prepared_in && policy_.mine.state != proof::pending)) return;
  policy_proof now{prepared_in, state, std::move(words)};
  if (now == policy_.mine) return;
  policy_.mine = std::move(now);
  policy_.told_at = time_point{};
}

void core::handle(peer& from, const policy_proof& m) { note_proof({from.process, from.seat}, m); }

void core::note_proof(const seat_id& seat, const policy_proof& m) {
  const bool is_open = role_ == role::leader && is_in_newest(seat) && !newest_view_->policy.prepared.empty();
  const bool is_meant = is_open && m.prepared_in == newest_view_->policy.prepared_in;
  if (!is_open || (!is_meant && !HAUBERK_MUTANT(proof_of_another))) return;
  policy_proof& known = policy_.proofs[seat];
  if (known.prepared_in != m.prepared_in || known.state == proof::pending) known = m;
}

// Until the outcome is committed here, as it may be that no leader knows it yet.
void core::tell_proof() {
  if (!committed_view_ || committed_view_->policy.prepared.empty() || policy_.mine.prepared_in == 0 ||
      committed_view_->policy.prepared_in != policy_.mine.prepared_in || !is_member())
    return;
  if (role_ == role::leader) return note_proof(self_, policy_.mine);
  const peer* p = find_peer(leader_);
  if (p == nullptr || !is_reachable(*p)) return;
  if (policy_.told_at != time_point{} && now_ < policy_.told_at + how_.suspect_timeout / 4) return;
  policy_.told_at = now_;
  send_to(leader_, policy_.mine);
}

// What it said of the one that is prepared; null when nothing.
const policy_proof* core::proof_of(const seat_id& seat) const {
  const auto said = policy_.proofs.find(seat);
  const bool is_meant =
      said != policy_.proofs.end() &&
      (said->second.prepared_in == newest_view_->policy.prepared_in || HAUBERK_MUTANT(proof_of_another));
  return is_meant ? &said->second : nullptr;
}

bool core::has_proved(const seat_id& seat) const {
  const policy_proof* said = proof_of(seat);
  return said != nullptr && said->state == proof::proved;
}

// What the proofs come to; nothing while that is open.
std::optional<policy_outcome> core::judge_proofs() const {
  const auto& members = newest_view_->members;
  std::size_t proved = 0;
  for (const member& m : members) {
    const policy_proof* said = proof_of(m.seat);
    if (said != nullptr && said->state == proof::cannot)
      return policy_outcome{policy_step::abort, errc::refused, m.name, m.name + " cannot: " + said->text};
    if (has_proved(m.seat)) ++proved;
  }
  if (proved == members.size() || (HAUBERK_MUTANT(proved_by_most) && 2 * proved > members.size())) {
    if (!newest_view_->policy.is_trial) return policy_outcome{policy_step::activate, errc::ok, {}, {}};
    const std::string all = members.size() == 1 ? "the only member" : "all " + std::to_string(members.size());
    return policy_outcome{
        policy_step::abort, errc::ok, {}, all + (members.size() == 1 ? "" : " members") + " can"};
  }
  const bool is_late = policy_.collected_for == newest_view_->policy.prepared_in &&
                       now_ >= policy_.collected_since + how_.policy_timeout;
  if (!is_late) return std::nullopt;
  policy_outcome late{policy_step::abort, errc::refused, {}, {}};
  for (const member& m : members) {
    if (has_proved(m.seat)) continue;
    const policy_proof* said = proof_of(m.seat);
    if (late.culprit.empty()) late.culprit = m.name;
    late.words += (late.words.empty() ? "" : "; ") + m.name + " has not proved it within " +
                  std::to_string(how_.policy_timeout / std::chrono::seconds(1)) + " s: " +
                  (said == nullptr || said->text.empty() ? std::string("it has said nothing") : said->text);
  }
  return late;
}

bool core::is_policy_due() const {
  return newest_view_->policy.prepared.empty() ? !policy_.proposals.empty() : judge_proofs().has_value();
}

// Next after a view without steps: `next` is the newest view with its number raised.
bool core::take_policy_step(view& next) {
  group_policy& p = next.policy;
  if (!p.prepared.empty()) {
    const std::optional<policy_outcome> end = judge_proofs();
    if (end) end_policy(next, *end);
    return end.has_value();
  }
  drop_settled_proposals();
  if (policy_.proposals.empty()) return false;
  const auto& wanted = std::get<policy_change>(policy_.proposals.front().what);
  p.step = policy_step::prepare;
  p.prepared = wanted.text;
  p.prepared_in = next.number;
  p.is_trial = wanted.is_trial;
  p.by = policy_.proposals.front().by;
  return true;
}

void core::end_policy(view& next, policy_outcome end) {
  group_policy& p = next.policy;
  if (end.words.size() > base::limits::reason_bytes_max) end.words.resize(base::limits::reason_bytes_max);
  policy_.tried = {next.number, {p.prepared, p.number, p.is_trial}, end.answer, end.words};
  p.step = end.step;
  if (end.step == policy_step::activate) {
    ++p.number;
    p.text = p.prepared;
  }
  p.prepared.clear();
  p.prepared_in = 0;
  p.culprit = std::move(end.culprit);
  p.words = std::move(end.words);
}

// Who goes without having proved it would find the others with a policy that it cannot link with when it
// comes back: then everything stays as it is. The member that `next` lacks and that has not; or null.
const member* core::gone_unproved(const view& next) const {
  if (next.policy.prepared.empty() || HAUBERK_MUTANT(goes_unproved)) return nullptr;
  const auto is_gone = [&](const member& m) { return next.find(m.seat) == nullptr && !has_proved(m.seat); };
  const auto at = std::find_if(newest_view_->members.begin(), newest_view_->members.end(), is_gone);
  return at == newest_view_->members.end() ? nullptr : &*at;
}

bool core::is_done(const policy_change& c, const view& in) const { return in.policy.text == c.text; }

std::optional<error> core::objection(const policy_change& c) const {
  if (!c.text.empty() && c.text.size() <= base::limits::policy_bytes_max) return std::nullopt;
  return error(errc::refused, "a policy has 1 to " + std::to_string(base::limits::policy_bytes_max) +
                                  " bytes, got " + std::to_string(c.text.size()));
}

// One proposal after the other, while changes of the members go on beside them.
void core::consider_policy() {
  if (is_gone_ || role_ == role::joiner || !in_history()) return;
  tell_proof();
  if (role_ != role::leader) return;
  if (newest_view_at_ > passed_) return;
  if (!newest_view_->policy.prepared.empty()) {
    if (policy_.collected_for != newest_view_->policy.prepared_in) policy_.collected_since = now_;
    policy_.collected_for = newest_view_->policy.prepared_in;
    return;
  }
  if (!HAUBERK_MUTANT(proof_of_another)) policy_.proofs.clear();
  drop_settled_proposals();
}

// Made from a policy that is not in force any more: what was changed since would be undone, unseen by who
// asks. So does one that was carried out and then changed again, where only its answer was lost.
std::optional<error> core::supersession(const policy_change& c) const {
  const std::uint64_t number = newest_view_->policy.number;
  if (c.base == number || HAUBERK_MUTANT(base_ignored)) return std::nullopt;
  return error(errc::superseded, "the group's policy is number " + std::to_string(number) +
                                     " now, and this was made from number " + std::to_string(c.base) +
                                     ": look at what has changed, and ask again");
}

// Those that need no step, because it is so already, or never can be.
void core::drop_settled_proposals() {
  while (!policy_.proposals.empty()) {
    wanted_change& first = policy_.proposals.front();
    const auto& c = std::get<policy_change>(first.what);
    std::optional<error> end = objection(c);
    if (!end && is_done(c, *newest_view_)) end = error(errc::ok, {});
    if (!end) end = supersession(c);
    if (!end) break;
    conclude(std::move(first), static_cast<errc>(end->code.value()), end->text);
    policy_.proposals.pop_front();
  }
}

void core::forget_proposals() {
  policy_.proposals.clear();
  policy_.proofs.clear();
  policy_.collected_for = 0;
  policy_.tried = {};
  policy_.told_at = time_point{};
}

// At commit, not at delivery: a slow application delays no change of policy.
void core::policy_committed(const view_ptr& v) {
  if (role_ == role::leader && policy_.tried.in == v->number) {
    std::erase_if(policy_.proposals, [&](wanted_change& one) {
      if (std::get<policy_change>(one.what) != policy_.tried.what) return false;
      conclude(std::move(one), policy_.tried.answer, policy_.tried.words);
      return true;
    });
    policy_.tried = {};
  }
  if (v->find(self_) == nullptr && !is_admitted_) return;  // from before my own
  const group_policy& p = v->policy;
  const bool is_known = policy_.applied && policy_.applied->number == p.number &&
                        policy_.applied->text == p.text && policy_.applied->prepared == p.prepared &&
                        policy_.applied->prepared_in == p.prepared_in;
  if (is_known) return;
  policy_.applied = p;
  effects_.push_back(apply_policy{v});
}

// What the first view of a history says: of all that may be in force the newest. What was prepared is
// dropped: it was not decided.
group_policy core::founding_policy(const std::vector<view_ptr>& known) const {
  group_policy made;
  made.number = who_.policy.number;
  made.text = who_.policy.text;
  if (HAUBERK_MUTANT(founder_keeps_its_own)) return made;
  for (const view_ptr& v : known) {
    if (!v || v->policy.number <= made.number) continue;
    made.number = v->policy.number;
    made.text = v->policy.text;
  }
  // An activation in my tail that the others are known to have gone on without: its number is used up.
  if (newest_view_ && newest_view_->policy.number > made.number)
    made.number = newest_view_->policy.number + 1;
  return made;
}

}  // namespace hauberk::replica
