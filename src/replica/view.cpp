#include "replica/view.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

#include "base/mutants.hpp"

namespace hauberk::replica {
namespace {

bool is_in(const std::vector<seat_id>& set, const seat_id& seat) {
  return std::find(set.begin(), set.end(), seat) != set.end();
}

}  // namespace

const member* view::find(const seat_id& seat) const {
  const auto at =
      std::find_if(members.begin(), members.end(), [&](const member& m) { return m.seat == seat; });
  return at == members.end() ? nullptr : &*at;
}

const member* view::find_process(const uuid& process) const {
  const auto at = std::find_if(members.begin(), members.end(),
                               [&](const member& m) { return m.seat.process == process; });
  return at == members.end() ? nullptr : &*at;
}

const member* view::find_name(const std::string& name) const {
  const auto at =
      std::find_if(members.begin(), members.end(), [&](const member& m) { return m.name == name; });
  return at == members.end() ? nullptr : &*at;
}

const removal* view::find_removal(const seat_id& seat) const {
  const auto at =
      std::find_if(removed.rbegin(), removed.rend(), [&](const removal& r) { return r.seat == seat; });
  return at == removed.rend() ? nullptr : &*at;
}

const ban* view::find_ban(const std::string& name) const {
  const auto at = std::find_if(bans.begin(), bans.end(), [&](const ban& b) { return b.name == name; });
  return at == bans.end() ? nullptr : &*at;
}

std::uint32_t view::common_protocol() const {
  protocols all{0, ~std::uint32_t{0}};
  for (const member& m : members) {
    all.min = std::max(all.min, m.speaks.min);
    all.max = std::min(all.max, m.speaks.max);
  }
  return all.min <= all.max ? all.max : 0;
}

std::uint32_t view::total_weight() const {
  std::uint32_t total = 0;
  for (const member& m : members) total += m.weight;
  return total;
}

bool view::continues(const recovered_position& point) const {
  if (point.history.is_nil() || point.history == history) return true;
  return std::any_of(forks.begin(), forks.end(), [&](const recovered_position& fork) {
    return fork.history == point.history && point.position <= fork.position;
  });
}

bool view::goes_on_from(const uuid& older) const {
  if (older.is_nil() || older == history || older == root) return true;
  return std::any_of(forks.begin(), forks.end(),
                     [&](const recovered_position& fork) { return fork.history == older; });
}

void view::fork(const uuid& fresh, position_t position) {
  for (recovered_position& older : forks) older.position = std::min(older.position, position);
  if (!history.is_nil()) forks.push_back({history, position});
  if (forks.size() > base::limits::forks_max)
    forks.erase(forks.begin(), forks.end() - base::limits::forks_max);
  history = fresh;
  if (root.is_nil()) root = forks.empty() ? fresh : forks.front().history;
}

view_ptr outline_of(const view& of) {
  view made = of;
  made.joined.clear();
  made.left.clear();
  made.lost.clear();
  made.evicted.clear();
  made.removed.clear();
  made.dead.clear();
  made.policy.step = policy_step::none;
  made.policy.culprit.clear();
  made.policy.words.clear();
  made.protocol = 1;
  for (member& m : made.members) {
    m.last = 0;
    m.address.clear();
    m.speaks = {};
  }
  return std::make_shared<const view>(std::move(made));
}

bool record::has(const seat_id& seat) const {
  return std::find(seats.begin(), seats.end(), seat) != seats.end();
}

group_policy record::policy() const {
  group_policy made;
  if (decided) made = decided->policy;
  if (pending && made.prepared.empty()) {  // what is pending may have been cut, or committed long ago
    const group_policy& next = pending->policy;
    if (!decided) made = next;
    made.prepared = next.prepared;
    made.prepared_in = next.prepared_in;
    made.is_trial = next.is_trial;
    made.by = next.by;
  }
  return made;
}

bool record::operator==(const record& other) const {
  const auto same = [](const view_ptr& a, const view_ptr& b) { return a == b || (a && b && *a == *b); };
  return seats == other.seats && epoch == other.epoch && same(decided, other.decided) &&
         same(pending, other.pending) && pending_epoch == other.pending_epoch &&
         pending_at == other.pending_at;
}

bool view::has_weighted_data() const {
  return std::any_of(members.begin(), members.end(), [](const member& m) { return m.is_weighted_data(); });
}

tally::tally(const view& of, const std::vector<seat_id>& dead) : dead_(dead) {
  for (const member& m : of.members) {
    total_ += weight_of(m);
    if (is_in(dead, m.seat)) proven_ += weight_of(m);
  }
}

std::uint32_t tally::weight_of(const member& m) {
  return HAUBERK_MUTANT(catching_up_counts) ? m.weight_wanted : m.weight;
}

void tally::count(const member& m) {
  present_ += weight_of(m);
  if (is_in(dead_, m.seat)) proven_ -= weight_of(m);
}

bool tally::is_quorum() const {
  if (2 * present_ > total_ || (HAUBERK_MUTANT(half_quorum) && 2 * present_ == total_)) return true;
  if (HAUBERK_MUTANT(few_and_dead) && present_ > 0 && present_ + proven_ == total_) return true;
  return total_ > 0 && 2 * present_ == total_ && present_ + proven_ == total_;
}

bool is_quorum(const view& of, const std::vector<seat_id>& who, const std::vector<seat_id>& dead) {
  tally weights(of, dead);
  for (const member& m : of.members) {
    if (is_in(who, m.seat)) weights.count(m);
  }
  return weights.is_quorum();
}

}  // namespace hauberk::replica
