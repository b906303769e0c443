// Changes that a member asks for: the leader makes a view of each, one after the other, and answers when it
// is committed (PROTOCOL 18). Who asks goes on asking, also the next leader, until there is an answer; a
// change says what shall be, never by how much, so being asked twice does no harm.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
constexpr std::size_t answers_max = 256;  ///< remembered, for those who did not get theirs
}  // namespace

void core::ask(std::uint64_t id, change what) {
  if (is_gone_) {
    events_.push_back(change_event{id, errc::closed, "this member has left the group"});
  } else if (asked_.size() >= base::limits::changes_max) {
    events_.push_back(change_event{id, errc::window_full, "too many changes are under way: ask again later"});
  } else if (const auto* policy = std::get_if<policy_change>(&what);
             policy != nullptr && objection(*policy)) {
    events_.push_back(change_event{id, errc::refused, objection(*policy)->text});
  } else {
    asked_[id] = {std::move(what), time_point{}};
  }
}

void core::handle(peer& from, const change_request& m) {
  if (role_ == role::leader && is_in_newest({from.process, from.seat})) note_change(from.process, m);
}

void core::note_change(const uuid& requester, const change_request& m) {
  const auto is_it = [&](const wanted_change& one) { return one.requester == requester && one.id == m.id; };
  auto& queue = std::holds_alternative<policy_change>(m.what) ? policy_.proposals : wanted_;
  if (queue.size() >= base::limits::changes_max || std::any_of(queue.begin(), queue.end(), is_it)) return;
  // What was answered is not done again: another may have changed it since.
  const auto known = std::find_if(answered_.begin(), answered_.end(), is_it);
  if (known == answered_.end()) {
    const member* by = newest_view_->find_process(requester);
    queue.push_back({requester, m.id, m.what, by != nullptr ? by->name : std::string(), errc::ok, {}});
  } else {
    answer(*known);
  }
}

void core::handle(peer& from, const change_answer& m) {
  if (from.process != leader_ || asked_.erase(m.id) == 0) return;
  events_.push_back(change_event{m.id, static_cast<errc>(m.reason), m.text});
}

void core::answer(const wanted_change& what) {
  if (what.requester.is_nil()) return;  // this leader's own idea
  if (what.requester != self_.process) {
    send_to(what.requester, change_answer{what.id, static_cast<std::uint32_t>(what.end), what.text});
  } else if (asked_.erase(what.id) != 0) {
    events_.push_back(change_event{what.id, what.end, what.text});
  }
}

void core::conclude(wanted_change what, errc end, std::string text) {
  what.end = end;
  what.text = std::move(text);
  answer(what);
  answered_.push_back(std::move(what));
  if (answered_.size() > answers_max) answered_.pop_front();
}

void core::consider_changes() {
  if (is_gone_ || role_ == role::joiner || !in_history()) return;
  for (auto& [id, one] : asked_) {
    if (one.asked_at != time_point{} && now_ < one.asked_at + how_.suspect_timeout / 2) continue;
    if (role_ == role::leader) {
      one.asked_at = now_;
      note_change(self_.process, {id, one.what});
    } else if (const peer* p = find_peer(leader_); p != nullptr && is_reachable(*p)) {
      one.asked_at = now_;
      send_to(leader_, change_request{id, one.what});
    }
  }
  evict_laggards();
  // Judged by a committed view that is the newest: what is pending may still be cut.
  while (role_ == role::leader && !wanted_.empty() && newest_view_at_ <= passed_) {
    wanted_change& first = wanted_.front();
    const auto judge = [&](const auto& c) -> std::optional<error> {
      if (is_done(c, *newest_view_)) return error(errc::ok, {});
      return objection(c);
    };
    const std::optional<error> end = std::visit(judge, first.what);
    if (!end) break;
    conclude(std::move(first), static_cast<errc>(end->code.value()), end->text);
    wanted_.pop_front();
  }
  consider_eviction();
  consider_policy();
}

void core::apply_changes(view& next) {
  if (wanted_.empty()) return;
  std::visit([&](const auto& c) { apply(c, next); }, wanted_.front().what);
}

bool core::is_done(const weight_change& c, const view& in) const {
  const member* m = in.find(c.seat);
  return m != nullptr && m->weight_wanted == c.weight;
}

std::optional<error> core::objection(const weight_change& c) const {
  const member* m = newest_view_->find(c.seat);
  if (m == nullptr) {
    return error(errc::refused, "member " + to_string(c.seat) +
                                    " is not in the group any more: its weight cannot be changed");
  }
  view with = *newest_view_;
  apply(c, with);
  if (with.has_weighted_data()) return std::nullopt;
  return error(errc::refused,
               "weight " + std::to_string(c.weight) + " for " + m->name +
                   " would leave no member that has the data and counts: give another a weight "
                   "first");
}

// Weight that rises from nothing is given by a second view, once its owner has caught up (PROTOCOL 5).
void core::apply(const weight_change& c, view& next) const {
  for (member& m : next.members) {
    if (m.seat != c.seat) continue;
    m.weight_wanted = c.weight;
    if (m.weight == 0 && c.weight > 0 && m.seat != self_) m.catching_up = true;
    if (!m.catching_up) m.weight = c.weight;
  }
}

}  // namespace hauberk::replica
