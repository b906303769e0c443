// What mesh and replica want done, and what the application is told.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"

namespace hauberk::engine {
namespace {

// Of these only the newest still queued on a link is worth sending (see link::send).
unsigned replaces_key(const replica::envelope& message) {
  if (message.by.is_set()) return 0;  // for another than what else waits on this link
  if (std::holds_alternative<replica::beat>(message.what)) return 1;
  if (std::holds_alternative<replica::held>(message.what)) return 2;
  return 0;
}

std::string names_of(const std::vector<replica::member>& members) {
  std::string text;
  for (const replica::member& one : members) text += (text.empty() ? "" : ", ") + one.name;
  return text;
}

std::string describe(const replica::view_event& event) {
  const replica::view& what = *event.what;
  std::string text = "view " + std::to_string(what.number) + " of " + to_string(what.history) + ", epoch " +
                     std::to_string(event.epoch) + ", from position " + std::to_string(event.position) +
                     ": " + names_of(what.members);
  if (event.resumed) return text + "; back in the primary component";
  if (!event.primary) return text + "; NOT PRIMARY: no quorum in reach";
  if (!what.left.empty()) text += "; left: " + names_of(what.left);
  if (!what.lost.empty()) text += "; lost: " + names_of(what.lost);
  if (!what.evicted.empty()) text += "; evicted: " + names_of(what.evicted);
  return text;
}

}  // namespace

// Effects of the one can be inputs of the other, and an event taken can free what lets more be sent.
void engine::settle() {
  do {
    if (!is_retired_) advance();
    if (!is_retired_ && replica_->current().as == replica::role::gone) retire();
  } while (pull_events() != 0 && delivery_.has_room());
}

void engine::advance() {
  drain_mesh();
  replica_->flush(now_);
  while (drain_replica() || drain_mesh()) continue;
  links_.send_queued(*transport_);  // before the events: the others wait for this
}

bool engine::drain_mesh() {
  bool any = false;
  while (auto one = mesh_->next_effect()) {
    any = true;
    std::visit([this](auto& what) { carry_out(what); }, *one);
  }
  return any;
}

bool engine::drain_replica() {
  bool any = false;
  while (!is_retired_) {
    auto one = replica_->next_effect();
    if (!one) break;
    any = true;
    std::visit([this](auto& what) { carry_out(what); }, *one);
  }
  return any;
}

void engine::carry_out(mesh::dial& one) {
  if (probe_) probe_->handle_dial(one.token, one.address);
  transport_->dial(one.token, std::move(one.address), one.prepared);
}

void engine::carry_out(mesh::close_link& one) {
  links_.send_queued(*transport_);
  transport_->close(one.id, std::move(one.why));
}

void engine::carry_out(mesh::peer_up& one) {
  links_.add(one.process, one.id);
  matrix_.use(one.process, one.id);
  if (encrypted_.contains(one.id)) {
    spread_.handle_up(one.id, one.name);
    say_lists();
  }
  replica_->handle_link_up(now_, one.process, std::move(one.name));
}

void engine::carry_out(mesh::peer_down& one) {
  drain_replica();  // what was meant for this link must not go, with its credit, to the one that follows
  if (const auto id = links_.connection_of(one.process)) spread_.handle_down(*id);
  links_.remove(one.process);
  matrix_.leave(one.process);
  replica_->handle_link_down(now_, one.process);
}

void engine::carry_out(mesh::peer_refused& one) { replica_->handle_refused(now_, one.process); }

void engine::carry_out(mesh::tell& one) {
  links_.send_queued(*transport_);
  transport_->send(one.id, {net::outgoing{wire::encode(wire::message(std::move(one.what))), 0}});
}

void engine::carry_out(replica::send& one) {
  const auto frame = wire::encode(*one.message, compression_);
  const unsigned key = replaces_key(*one.message);
  for (const uuid& to : one.to) links_.queue(to, frame, key, one.credit_bytes);
}

void engine::carry_out(replica::drop_link& one) {
  ++counted_.links_refused;
  peer_lines_.say(now_, how_.log, base::level::warning,
                  "closing the link to " + to_string(one.process) + ": " + one.reason);
  const auto id = links_.connection_of(one.process);
  if (!id) return;
  links_.send_queued(*transport_);
  transport_->close(*id, error(errc::refused, std::move(one.reason)));
}

void engine::carry_out(replica::forget_peer& one) { mesh_->forget(now_, one.process); }

// On the disk before anything that follows is sent: that is why it blocks the strand. Only views do this.
// Where it cannot be written this member must not go on: the others would count on a record that is not there
// when the group has to be re-formed. So what follows is never sent, nor delivered, and the group sees a
// crash at the moment of the write, as it may happen at any time.
void engine::carry_out(replica::persist& one) {
  if (!state_) return;
  saved_.known = std::move(one.what);
  saved_.is_safe = false;
  saved_.left_at = {};
  if (auto done = state_->save(saved_); !done)
    give_up(errc::bad_file, done.error().text +
                                "; this member has left the group, which must be able to rely on that file: "
                                "then join again");
}

std::size_t engine::pull_events() {
  std::size_t count = 0;
  const auto pull = [&] {
    auto one = replica_->next_event(now_);
    if (!one) return false;
    ++count;
    const bool is_fence = std::holds_alternative<replica::fence_event>(*one) ||
                          std::holds_alternative<replica::change_event>(*one);
    std::visit([this](auto& what) { deliver(what); }, *one);
    return is_fence || delivery_.has_room();
  };
  if (is_ended_) return 0;
  // The answer to a fence comes before the entries of the log: a slow application, perhaps the very one that
  // waits for it, must not keep it back.
  const bool is_awaited = !fences_open_.empty() || !changes_open_.empty();
  if (delivery_.has_room() || (is_awaited && delivery_.has_slack()))
    while (!is_ended_ && pull()) continue;
  return count;
}

void engine::deliver(replica::view_event& one) {
  delivery_.learn(*one.what);
  how_.log(one.primary ? base::level::info : base::level::warning, describe(one));
  delivery_.stage(std::move(one));
}

void engine::deliver(replica::message_event& one) {
  ++counted_.delivered_messages;
  counted_.delivered_bytes += one.payload.size();
  std::uint64_t ticket = 0;
  if (!delivery_.knows(one.sender))
    for (const auto& view : {replica_->newest_view(), replica_->current_view()})
      if (view) delivery_.learn(*view);
  if (one.ticket != 0) {
    resolved_ = std::max(resolved_, one.ticket);
    ticket = tickets_.translate(one.ticket);
  }
  delivery_.stage_message(std::move(one), ticket);
}

void engine::deliver(replica::filler_event& one) {
  if (one.what) delivery_.learn(*one.what);
  delivery_.stage(filler_item{one.position});
}

void engine::deliver(replica::outcome_event& one) {
  resolved_ = std::max(resolved_, one.ticket);
  delivery_.stage(outcome_item{tickets_.translate(one.ticket), one.result, one.position});
}

void engine::deliver(replica::fence_event& one) { answer_fence(one.id, one.position); }

// After a clean leave the file's own position is worth something; the last one of all with data may start the
// group anew.
void engine::save_departure() {
  const replica::record& known = saved_.known;
  if (!state_ || known.seat().process != identity_.process) return;
  saved_.left_at = {counted_.group.history, counted_.group.delivered};
  const auto is_ahead = [&](const replica::member& m) {
    return m.seat != known.seat() && !m.arbitrator && m.weight_wanted > 0;
  };
  saved_.is_safe = known.decided && !known.pending && known.decided->find(known.seat()) != nullptr &&
                   std::ranges::none_of(known.decided->members, is_ahead);
  if (auto done = state_->save(saved_); !done) how_.log(base::level::error, done.error().text);
}

void engine::deliver(replica::change_event& one) {
  if (one.reason == errc::ok && one.text.empty() && policy_changes_.contains(one.id)) {
    const auto view = replica_->current_view();
    one.text = "policy number " + std::to_string(view->policy.number) + " is in force at all " +
               std::to_string(view->members.size()) + " members";
  }
  if (one.reason == errc::ok)
    answer_change(one.id, std::move(one.text));
  else
    answer_change(one.id, error(one.reason, std::move(one.text)));
}

void engine::deliver(replica::farewell_event& one) {
  counted_.group = replica_->current();
  if (one.reason == errc::ok) save_departure();
  // Every ticket ends: what the replica could not resolve stays unknown.
  for (; resolved_ < handed_; ++resolved_)
    delivery_.stage(outcome_item{tickets_.translate(resolved_ + 1), replica::outcome::unknown, 0});
  how_.log(one.reason == errc::ok ? base::level::info : base::level::error,
           "out of the group: " + (one.reason == errc::ok ? std::string("left") : one.text));
  {
    const std::lock_guard hold(rare_mutex_);
    rare_.farewell = error(one.reason == errc::ok ? errc::closed : one.reason, one.text);
    rare_changed_.notify_all();
  }
  is_ended_ = true;
  delivery_.stage(std::move(one));
}

void engine::answer_fence(std::uint64_t id, result<position_t> answer) {
  fences_open_.erase(id);
  const std::lock_guard hold(rare_mutex_);
  const auto at = rare_.fences.find(id);
  if (at == rare_.fences.end()) return;  // its caller has given up
  at->second = std::move(answer);
  rare_changed_.notify_all();
}

void engine::answer_change(std::uint64_t id, result<std::string> answer) {
  changes_open_.erase(id);
  policy_changes_.erase(id);
  if (const auto visitor = visitors_changes_.extract(id)) return answer_visitor(visitor.mapped(), answer);
  const std::lock_guard hold(rare_mutex_);
  const auto at = rare_.changes.find(id);
  if (at == rare_.changes.end()) return;  // its caller has given up
  at->second = std::move(answer);
  rare_changed_.notify_all();
}

void engine::fail_fences(const error& why) {
  for (const std::uint64_t id : std::exchange(fences_open_, {})) answer_fence(id, why);
}

}  // namespace hauberk::engine
