#include "simulator/recorder.hpp"

#include <algorithm>
#include <cstring>

#include "simulator/describe.hpp"

namespace hauberk::simulator {

recorder::recorder(world& time, sometimes& seen, const replica::settings& limits)
    : time_(time), sometimes_(seen), oracles_(make_oracles(chronicle_, limits)) {}

witness& recorder::start(const uuid& id, const std::string& name, std::size_t machine,
                         recovered_position recovered, const std::vector<seat_id>& succeeds,
                         bool is_arbitrator) {
  chronicle_.succeeded.insert(succeeds.begin(), succeeds.end());
  witness& who = chronicle_.processes.emplace_back();
  who.id = id;
  who.name = name;
  who.machine = machine;
  who.is_arbitrator = is_arbitrator;
  who.recovered = recovered;
  who.next = recovered.position + 1;
  chronicle_.by_id[id] = &who;
  return who;
}

void recorder::handle_crash(witness& who, const replica::status& last) {
  who.is_alive = false;
  chronicle_.now = time_.now();
  const auto links = who.links;
  for (const auto& [other, is_up] : links) {
    if (is_up) handle_link(who, other, false);
  }
  for (const auto& each : oracles_) each->handle_crash(who, last);
  who.status = last;
  who.status.primary = false;
}

void recorder::handle_accepted(witness& who, std::uint64_t first_ticket,
                               const std::vector<base::buffer>& payloads) {
  if (who.broadcasts.empty()) who.first_ticket = first_ticket;
  if (first_ticket == 0 || first_ticket != who.first_ticket + who.broadcasts.size()) {
    throw violation("outcome", who.name + " gets ticket " + std::to_string(first_ticket) + ", expected " +
                                   std::to_string(who.first_ticket + who.broadcasts.size()));
  }
  for (const auto& each : payloads)
    who.broadcasts.push_back({each, who.status.self, fate::open, who.delivered(), time_.now()});
  who.open += payloads.size();
}

void recorder::handle_asked(witness& who, std::uint64_t id, const replica::change& what) {
  who.changes.emplace(id, what);
  if (const auto* policy = std::get_if<replica::policy_change>(&what))
    chronicle_.proposals.emplace(policy->text, policy->base);
}

void recorder::handle_fence_asked(witness& who, std::uint64_t id) { who.fences[id] = chronicle_.newest(); }

void recorder::handle_link(witness& who, const uuid& other, bool is_up) {
  chronicle_.now = time_.now();
  const bool was_both = chronicle_.linked_until(who.id, other) == chronicle_.now;
  who.links[other] = is_up;
  // Who was frozen may hear of a link when the other end has died since.
  const witness* there = chronicle_.find(other);
  const bool was_there = is_up && there != nullptr && there->links.contains(who.id);
  if ((was_both && !is_up) || was_there) chronicle_.parted[std::minmax(who.id, other)] = chronicle_.now;
}

void recorder::handle_event(witness& who, const replica::event& what) {
  chronicle_.now = time_.now();
  time_.mix(what.index() + 100 * who.machine);
  if (time_.is_traced()) time_.say(who.name, describe(what));
  if (is_lenient_) return note(who, what);
  if (is_void(who, what)) return note(who, what);
  std::visit([&](const auto& each) { handle(who, each); }, what);
}

void recorder::judge_bounds_only(const replica::settings& limits) {
  is_lenient_ = true;
  oracles_.clear();
  oracles_.push_back(make_bounds(chronicle_, limits));
}

// In a history that is over, beyond what the newest one shares with it: nothing is promised there any more.
bool recorder::is_void(const witness& who, const replica::event& what) const {
  position_t where = who.next;
  if (const auto* view = std::get_if<replica::view_event>(&what)) {
    if (view->primary && !view->resumed) where = view->position;
  } else if (const auto* policy = std::get_if<replica::policy_event>(&what)) {
    where = policy->position;
  } else if (const auto* message = std::get_if<replica::message_event>(&what)) {
    where = message->position;
  } else if (const auto* filler = std::get_if<replica::filler_event>(&what)) {
    where = filler->position;
  }
  return chronicle_.is_void(who.history, where);
}

void recorder::note(witness& who, const replica::event& what) {
  const auto passed = [&](position_t where) { who.next = where + 1; };
  const auto ended = [&](std::uint64_t ticket, fate how) {
    if (ticket < who.first_ticket || ticket - who.first_ticket >= who.broadcasts.size()) return;
    fate& end = who.broadcasts[ticket - who.first_ticket].end;
    if (end == fate::open) --who.open;
    end = how;
  };
  if (const auto* view = std::get_if<replica::view_event>(&what)) {
    if (view->primary && !view->resumed) passed(view->position), who.view = view->what;
  } else if (const auto* policy = std::get_if<replica::policy_event>(&what)) {
    passed(policy->position);
  } else if (const auto* message = std::get_if<replica::message_event>(&what)) {
    passed(message->position);
    if (message->ticket != 0) ended(message->ticket, fate::delivered);
  } else if (const auto* filler = std::get_if<replica::filler_event>(&what)) {
    passed(filler->position);
  } else if (const auto* told = std::get_if<replica::outcome_event>(&what)) {
    ended(told->ticket, fate::unknown);
  } else if (const auto* fence = std::get_if<replica::fence_event>(&what)) {
    who.fences.erase(fence->id);
  } else if (const auto* change = std::get_if<replica::change_event>(&what)) {
    who.changes.erase(change->id);
  } else {
    who.has_parted = true;
  }
}

void recorder::handle_step(witness& who, const replica::status& now, const replica::view_ptr& newest) {
  chronicle_.now = time_.now();
  const bool is_leader = now.as == replica::role::leader && newest;
  const bool is_new = now.history != who.status.history && !chronicle_.histories.contains(now.history);
  if (is_leader && is_new && !is_lenient_ && !is_of_void(*newest)) handle_founded(who, *newest);
  if (is_leader && newest->number > who.proposed) {
    // What a new leader finds in its log, another one proposed.
    if (who.status.as == replica::role::leader && who.status.epoch == now.epoch) {
      for (const auto& each : oracles_) each->handle_proposed(who, *newest);
      count_step(who, *newest);
    }
    who.proposed = newest->number;
    if (!proposed_ || newest->number > proposed_->number) proposed_ = newest;
  }
  if (now.as == replica::role::leader &&
      (who.status.as != replica::role::leader || now.epoch != who.status.epoch)) {
    sometimes_.reach(state::election_won);
    if (who.is_arbitrator) sometimes_.reach(state::arbitrator_leads);
  }
  if (!now.waits_for.is_nil()) sometimes_.reach(state::application_awaited);
  if (now.fetches > who.status.fetches) sometimes_.reach(state::fetched_payload);
  if (now.log_end < who.status.log_end) sometimes_.reach(state::tail_cut);
  if (!who.status.self.is_nil() && now.self.number > who.status.self.number) {
    chronicle_.succeeded.insert(who.status.self);
    if (who.view) sometimes_.reach(state::same_process_rejoined);
  }
  for (const auto& each : oracles_) each->handle_step(who, now);
  who.status = now;
}

void recorder::handle_calm(duration patience) {
  chronicle_.now = time_.now();
  for (const auto& each : oracles_) each->handle_calm(patience);
}

void recorder::handle_end() {
  for (const auto& each : oracles_) each->handle_end();
}

void recorder::identify(entry& message, position_t where) {
  witness* sender = chronicle_.find(message.sender.process);
  const std::string at = "the message at " + std::to_string(where);
  if (sender == nullptr) throw violation("integrity", at + " has a sender that never lived");
  auto& made = sender->broadcasts;
  const base::buffer& payload = message.payload;
  std::uint32_t index = 0;
  std::memcpy(&index, payload.data(), std::min(payload.size(), sizeof index));
  if (index >= made.size() || !(made[index].payload == payload)) {
    throw violation("integrity", at + " was never broadcast by " + sender->name);
  }
  if (made[index].position != 0) {
    throw violation("integrity", at + " stands at " + std::to_string(made[index].position) + " already");
  }
  made[index].position = where;
  message.index = index;
}

// Somebody asked for it and was not answered: some view may have done it.
bool recorder::is_being_lifted(const std::string& name) const {
  const auto lifts = [&](const auto& asked) {
    const auto* permission = std::get_if<replica::permission>(&asked.second);
    return permission != nullptr && permission->name == name;
  };
  return std::any_of(chronicle_.processes.begin(), chronicle_.processes.end(), [&](const witness& each) {
    return std::any_of(each.changes.begin(), each.changes.end(), lifts);
  });
}

// Judged when it is founded: the first view of a history may be delivered a good while later.
void recorder::handle_founded(const witness& by, const replica::view& first) {
  const position_t shared = first.forks.empty() ? 0 : first.forks.back().position;
  if (!founded_.emplace(first.history, first).second) return;
  const replica::view* before = nullptr;
  for (const entry& each : chronicle_.log) {
    if (each.view) before = each.view.get();
  }
  // A founder that died before anybody delivered its view goes on from that one: it needs nobody else.
  const auto last = founded_.find(first.forks.empty() ? uuid{} : first.forks.back().history);
  if (last != founded_.end() && (!chronicle_.histories.contains(last->first) || before == nullptr ||
                                 last->second.number > before->number))
    before = &last->second;
  // Who was a member and is there, alive or back with what its application kept, loses nothing of it.
  for (const witness& each : chronicle_.processes) {
    if (!each.is_alive || each.delivered() <= shared || before == nullptr ||
        before->find_name(each.name) == nullptr)
      continue;
    if (before->find_name(each.name)->weight == 0) continue;  // nothing rests on it
    // Nor on who counts no more in the view after that, which may have committed before all died.
    const bool is_next =
        proposed_ && proposed_->history == before->history && proposed_->number > before->number;
    const replica::member* next = is_next ? proposed_->find_name(each.name) : nullptr;
    if (is_next && (next == nullptr || next->weight == 0)) continue;
    const bool is_new = each.status.history.is_nil();
    if (is_new && !before->continues(each.recovered)) continue;
    throw violation("reform", by.name + " begins history " + to_string(first.history) + " after position " +
                                  std::to_string(shared) + ", but " + each.name + " has " +
                                  std::to_string(each.delivered()));
  }
  if (before == nullptr) return;
  if (!before->policy.prepared.empty()) sometimes_.reach(state::policy_dropped);
  if (first.policy.number < before->policy.number) {
    throw violation("reform", by.name + " begins history " + to_string(first.history) + " with policy " +
                                  std::to_string(first.policy.number) + ", but " +
                                  std::to_string(before->policy.number) + " was in force");
  }
  for (const replica::ban& each : before->bans) {
    if (first.find_ban(each.name) != nullptr || is_being_lifted(each.name)) continue;
    throw violation("reform", by.name + " begins history " + to_string(first.history) +
                                  " without the ban of " + each.name);
  }
}

void recorder::handle_forced(const witness& by, const replica::view& first) {
  sometimes_.reach(state::forced);
  founded_.emplace(first.history, first);
  for (const recovered_position& old : first.forks) {
    chronicle_.over[old.history] = old.position;
    chronicle_.forced.insert(old.history);
  }
  for (const witness& each : chronicle_.processes) {
    if (&each != &by && each.is_alive && each.status.primary) {
      sometimes_.reach(state::forced_beside_a_primary);
      break;
    }
  }
  begin(first.forks.back().position, first);
}

bool recorder::is_of_void(const replica::view& first) {
  if (first.forks.empty() || !chronicle_.forced.contains(first.forks.back().history)) return false;
  const recovered_position& from = first.forks.back();
  chronicle_.over[first.history] = std::min(chronicle_.over[from.history], from.position);
  chronicle_.forced.insert(first.history);
  chronicle_.histories.insert(first.history);
  return true;
}

void recorder::fork(const witness& by, position_t shared, const replica::view& first) {
  handle_founded(by, first);
  sometimes_.reach(state::reformed);
  if (first.joined.empty()) sometimes_.reach(state::reformed_by_the_living);
  if (shared < chronicle_.newest()) sometimes_.reach(state::reformed_behind);
  const bool is_behind = shared < chronicle_.newest();
  for (const recovered_position& old : first.forks) {
    if (is_behind || chronicle_.over.contains(old.history)) chronicle_.over[old.history] = old.position;
  }
  begin(shared, first);
}

void recorder::begin(position_t shared, const replica::view& first) {
  for (position_t where = shared + 1; where <= chronicle_.newest(); ++where) {
    const entry& gone = *chronicle_.at(where);
    if (gone.what != kind::message) continue;
    broadcast& made = chronicle_.find(gone.sender.process)->broadcasts[gone.index];
    made.position = 0;
    made.is_lost = true;
  }
  chronicle_.log.resize(std::min(chronicle_.newest(), shared));
  // The views that made them stand before this, or were lost with all who held them (PROMISES, P2).
  chronicle_.changes.clear();
  for (witness& each : chronicle_.processes) {
    for (auto& [id, least] : each.fences) least = std::min(least, shared);
  }
  set_history(first.history);
  for (const auto& each : oracles_) each->handle_fork(shared);
}

void recorder::deliver(witness& who, position_t where, entry what) {
  // An arbitrator may begin at a later view than the first of a history.
  const bool is_forked = what.view && !what.view->forks.empty();
  const position_t shared = is_forked ? what.view->forks.back().position : where - 1;
  if (what.view && where > 0 && !chronicle_.histories.contains(what.view->history) &&
      !is_of_void(*what.view) && (shared <= chronicle_.newest() || who.is_arbitrator)) {
    fork(who, shared, *what.view);
  }
  if (chronicle_.is_void(who.history, where)) {  // as has only become known
    who.next = where + 1;
    return;
  }
  // An arbitrator may begin at any view.
  while (who.is_arbitrator && what.view && where > chronicle_.log.size() + 1) {
    chronicle_.log.emplace_back().what = kind::unseen;
  }
  const bool is_new = where == chronicle_.log.size() + 1;
  if (where > chronicle_.log.size() + 1 || where == 0) {
    throw violation("prefix", who.name + " delivers position " + std::to_string(where) +
                                  ", but nobody delivered the one before");
  }
  if (is_new) chronicle_.log.emplace_back().what = kind::unseen;
  entry& known = chronicle_.log[where - 1];
  const bool is_first = known.what == kind::unseen && (is_new || what.what != kind::unseen);
  if (is_first) {
    if (what.what == kind::message) identify(what, where);
    known = what;
  }
  for (const auto& each : oracles_) each->handle_delivered(who, where, what, known, is_first);
  if (known.what == kind::filler && what.what == kind::view) known = what;
  who.next = where + 1;
  time_.mix(where);
}

void recorder::handle(witness& who, const replica::view_event& what) {
  if (!what.primary || what.resumed) {
    sometimes_.reach(what.primary ? state::primary_resumed : state::primary_lost);
    for (const auto& each : oracles_) each->handle_news(who, what);
    return;
  }
  const bool is_news =
      chronicle_.newest() < what.position || chronicle_.at(what.position)->what != kind::view;
  if (is_news) count_view(*what.what);
  if (is_news && who.view && who.view->protocol != what.what->protocol)
    sometimes_.reach(who.view->protocol < what.what->protocol ? state::protocol_raised
                                                              : state::protocol_lowered);
  if (is_news && who.view) {
    const auto had_weight = [&](const replica::member& one) {
      const auto* before = who.view->find(one.seat);
      return one.catching_up && before != nullptr && before->weight > 0;
    };
    if (std::any_of(what.what->members.begin(), what.what->members.end(), had_weight))
      sometimes_.reach(state::weight_taken);
  }
  entry made;
  made.what = kind::view;
  made.view = what.what;
  deliver(who, what.position, std::move(made));
  who.view = what.what;
}

void recorder::count_step(const witness& by, const replica::view& now) {
  const replica::group_policy& p = now.policy;
  if (p.step == replica::policy_step::none) return;
  if (p.step == replica::policy_step::prepare) {
    prepared_by_ = by.id;
  } else if (prepared_by_ != by.id) {
    sometimes_.reach(state::policy_decided_by_another);
  }
  if (p.step == replica::policy_step::activate) sometimes_.reach(state::policy_activated);
  if (p.step != replica::policy_step::abort) return;
  sometimes_.reach(p.culprit.empty()                                      ? state::policy_tried
                   : p.words.find(" cannot: ") != std::string::npos       ? state::policy_refused
                   : p.words.find(" not proved it ") != std::string::npos ? state::policy_late
                                                                          : state::policy_lost_member);
}

void recorder::handle(witness& who, const replica::policy_event& what) {
  entry made;
  made.view = what.what;
  deliver(who, what.position, std::move(made));
}

void recorder::handle(witness& who, const replica::message_event& what) {
  entry made;
  made.what = kind::message;
  made.sender = what.sender;
  made.payload = what.payload;
  deliver(who, what.position, std::move(made));
  const bool is_own = what.sender.process == who.id;
  if (is_own != (what.ticket != 0)) {
    throw violation("outcome", who.name + " gets ticket " + std::to_string(what.ticket) +
                                   " with a message of " + base::to_string(what.sender));
  }
  if (!is_own) return;
  for (const auto& each : oracles_) each->handle_own(who, what.ticket, what.position);
  who.broadcasts[what.ticket - who.first_ticket].end = fate::delivered;
  --who.open;
  sometimes_.reach(state::own_delivery);
}

void recorder::handle(witness& who, const replica::filler_event& what) {
  entry made;
  made.view = what.what;
  if (who.is_arbitrator && !what.what) made.what = kind::unseen;
  deliver(who, what.position, std::move(made));
}

void recorder::handle(witness& who, const replica::outcome_event& what) {
  for (const auto& each : oracles_) each->handle_outcome(who, what);
  broadcast& mine = who.broadcasts[what.ticket - who.first_ticket];
  switch (what.result) {
    case replica::outcome::committed:
      mine.end = fate::committed;
      mine.promised = what.position;
      sometimes_.reach(state::ticket_committed);
      break;
    case replica::outcome::never:
      mine.end = fate::never;
      sometimes_.reach(state::ticket_never);
      break;
    case replica::outcome::unknown:
      mine.end = fate::unknown;
      sometimes_.reach(state::ticket_unknown);
      break;
  }
  --who.open;
}

void recorder::handle(witness& who, const replica::fence_event& what) {
  for (const auto& each : oracles_) each->handle_fence(who, what);
  who.fences.erase(what.id);
  sometimes_.reach(state::fence_answered);
}

void recorder::handle(witness& who, const replica::change_event& what) {
  const auto asked = who.changes.find(what.id);
  if (asked == who.changes.end()) {
    throw violation("changes", who.name + " gets an answer to a change that it did not ask for");
  }
  if (what.reason == errc::ok && who.history == chronicle_.history)
    chronicle_.changes.push_back(asked->second);
  if (what.reason == errc::ok && std::holds_alternative<replica::permission>(asked->second))
    sometimes_.reach(state::ban_lifted);
  sometimes_.reach(what.reason == errc::ok ? state::change_made : state::change_refused);
  if (what.reason == errc::superseded) sometimes_.reach(state::policy_superseded);
  who.changes.erase(asked);
}

void recorder::handle(witness& who, const replica::farewell_event& what) {
  if (what.reason == errc::ok) sometimes_.reach(state::left_alone);
  if (what.reason == errc::evicted && !who.view) sometimes_.reach(state::banned_refused);
  if (what.reason == errc::state_transfer_needed) sometimes_.reach(state::state_transfer_needed);
  for (const auto& each : oracles_) each->handle_farewell(who, what);
  who.has_parted = true;
}

void recorder::count_view(const replica::view& now) {
  const auto founder = now.members.size() == 1 && now.number == 1;
  if (!now.joined.empty() && !founder) sometimes_.reach(state::view_by_join);
  if (!now.left.empty()) sometimes_.reach(state::view_by_leave);
  if (!now.lost.empty()) sometimes_.reach(state::view_by_death);
  for (const auto& each : now.lost) {
    if (each.catching_up) sometimes_.reach(state::joiner_lost);
  }
  if (now.joined.empty() && now.left.empty() && now.lost.empty()) sometimes_.reach(state::weight_given);
  for (const auto& each : now.members) {
    if (each.weight_wanted == 0 && !each.catching_up) sometimes_.reach(state::observer);
    if (each.weight > 1) sometimes_.reach(state::heavy_member);
  }
  if (!now.evicted.empty()) sometimes_.reach(state::evicted);
  for (const auto& each : now.lost) {
    if (now.find_ban(each.name) != nullptr) sometimes_.reach(state::evicted_unheard);
  }
  if (now.members.size() == 1 && !founder) sometimes_.reach(state::group_of_one);
}

}  // namespace hauberk::simulator
