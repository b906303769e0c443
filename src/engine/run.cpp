// One run of the strand: everything that waits goes in, everything that follows from it comes out.
#include <algorithm>
#include <ctime>
#include <utility>

#include "engine/engine.hpp"

namespace hauberk::engine {

namespace {
constexpr auto awaited_words_gap = std::chrono::seconds(10);

mesh::told_link told_of(const link::up& what) {
  mesh::told_link made;
  made.process = what.peer.process;
  made.policy = what.peer.policy_digest;
  made.since = std::time(nullptr);
  if (!what.certificate) return made;  // plaintext
  made.version = what.version;
  made.cipher = what.cipher;
  made.group = what.group;
  return made;
}

}  // namespace

void engine::run() {
  awake_.exchange(false);  // before looking: what is put from here on has its own wake-up
  now_ = net::transport::now();
  inbox_.take(inputs_);
  for (input& one : inputs_) std::visit([this](auto& what) { handle(what); }, one);
  inputs_.clear();
  if (!is_retired_) {
    submit();
    if (std::exchange(leave_wanted_, false)) replica_->leave_group(now_);
    handle_time();
    prove_policy();
    tell_links();
  }
  settle();
  matrix_.tidy();
  publish();
  set_alarm();
}

void engine::handle(link_up& one) {
  open_.insert(one.id);
  if (one.peer.peer.is_visitor) return welcome_visitor(one);
  look_at_clock(one.peer.peer);
  if (one.peer.material < material_)
    transport_->review(one.id);  // begun before a reload, and missed by its review
  if (is_retired_) {
    transport_->close(one.id, error(errc::closed, "node " + how_.name + " has left the group"));
    return;
  }
  if (probe_) {
    if (one.dialled) probe_->handle_dial_up(one.id & ~mesh::id_of_dial(0));
    probe_->handle_link(one.peer.peer.process, one.peer.peer.name, now_);
  }
  matrix_.add(one.id, told_of(one.peer), one.peer.certificate);
  if (one.peer.certificate) {
    encrypted_.insert(one.id);
    expiry_.add(one.id, one.peer.peer.name, std::move(*one.peer.certificate));
    next_look_ = now_;
  }
  mesh_->handle_up(now_, one.id, one.dialled, one.remote, one.peer.peer, one.peer.material);
  drain_mesh();  // at once: the next inputs may be the first frames of this very link
}

void engine::handle(link_messages& one) {
  if (is_retired_) return;
  if (const auto visitor = visitors_.find(one.id); visitor != visitors_.end()) {
    for (wire::message& message : one.batch) hear_visitor(one.id, visitor->second, message);
    return;
  }
  auto process = links_.process_of(one.id);
  for (wire::message& message : one.batch) {
    if (const auto* told = std::get_if<mesh::peers>(&message)) {
      mesh_->handle_peers(now_, one.id, *told);
      drain_mesh();  // this may be the word that the group's traffic moves to this link: the rest of the
                     // batch is it
      process = links_.process_of(one.id);
    } else if (auto* links = std::get_if<mesh::link_report>(&message); links != nullptr && process) {
      matrix_.hear(*process, std::move(*links), replica_->newest_view().get());
    } else if (hear_lists(one.id, message)) {
      continue;
    } else if (const auto* said = std::get_if<replica::envelope>(&message); said != nullptr && process) {
      if (probe_) tell_probe(*process, *said);
      replica_->handle_message(now_, *process, *said);
    }
  }
}

// Ordered with what the replica says, so that it comes on the link that the peer knows us by.
void engine::tell_links() {
  for (const std::string& line : disputes_.check(now_, matrix_.known(), replica_->newest_view()))
    peer_lines_.say(now_, how_.log, base::level::warning, line);
  const auto row = matrix_.next_report(now_, replica_->newest_view().get());
  if (!row) return;
  const auto frame = wire::encode(wire::message(*row));
  constexpr unsigned key = 3;  // see replaces_key: only the newest still queued on a link is worth sending
  for (const uuid& peer : matrix_.peers()) links_.queue(peer, frame, key, 0);
}

void engine::tell_probe(const uuid& process, const replica::envelope& said) {
  if (const auto* beat = std::get_if<replica::beat>(&said.what)) {
    probe_->handle_answer(process, beat->history);
  } else if (const auto* claim = std::get_if<replica::claim>(&said.what)) {
    probe_->handle_claim(process, *claim);
  }
}

void engine::handle(link_written& one) {
  const std::uint64_t credit = links_.written(one.id, one.bulk_bytes);
  if (credit == 0 || is_retired_) return;
  if (const auto process = links_.process_of(one.id)) replica_->handle_written(now_, *process, credit);
}

void engine::handle(link_worn& one) {
  if (!is_retired_) mesh_->renew_link(now_, one.id);
}

void engine::handle(link_down& one) {
  open_.erase(one.id);
  encrypted_.erase(one.id);
  expiry_.remove(one.id);
  matrix_.remove(one.id);
  if (visitors_.erase(one.id) != 0 || is_retired_) return;
  troubles_changed_ = true;
  if (one.why.was_up) {
    const bool was_dropped = one.why.failed != tls::check::other || one.why.why.code == errc::bad_certificate;
    if (was_dropped && !one.why.told_by_peer) {
      ++counted_.links_dropped;
      peer_lines_.say(now_, how_.log, base::level::warning, "dropped a " + one.why.why.text);
    }
    mesh_->handle_down(now_, one.id, one.why.why);
    drain_mesh();
    return;
  }
  // Nobody refused anybody: a node that is going down, or somebody who only looked (hauberk doctor).
  if (one.dial == 0 && one.why.told_by_peer && one.why.why.code == errc::closed)
    return door_lines_.say(now_, how_.log, base::level::info, "no link: " + one.why.why.text);
  ++counted_.links_refused;
  ++counted_.refused_by[static_cast<std::size_t>(one.why.failed)];
  if (one.dial == 0)
    return door_lines_.say(now_, how_.log, base::level::warning, "refused a " + one.why.why.text);
  if (probe_) probe_->handle_dial_failed(one.dial);
  mesh_->handle_dial_failed(now_, one.dial, mesh::failure::rejected, one.why.why.text);
}

void engine::handle(dial_failed& one) {
  if (is_retired_) return;
  troubles_changed_ = true;
  ++counted_.dials_failed;
  if (probe_) probe_->handle_dial_failed(one.dial);
  const mesh::failure why = [&] {
    switch (one.why) {
      case net::dial_failure::refused:
        return mesh::failure::refused;
      case net::dial_failure::unreachable:
        return mesh::failure::unreachable;
      case net::dial_failure::timed_out:
        return mesh::failure::timed_out;
      case net::dial_failure::unresolved:
        return mesh::failure::unresolved;
    }
    return mesh::failure::unreachable;
  }();
  mesh_->handle_dial_failed(now_, one.dial, why, one.text);
}

void engine::handle(fence_wanted& one) {
  if (is_retired_) return answer_fence(one.id, error(errc::closed, "this node has left the group"));
  if (!submissions_.is_primary())
    return answer_fence(one.id,
                        error(errc::not_primary, "the quorum was lost before the fence was asked for"));
  fences_open_.insert(one.id);
  replica_->fence(now_, one.id);
}

void engine::handle(force_wanted& one) {
  one.answer->set_value(is_retired_ ? result<void>(error(errc::closed, "this node has left the group"))
                                    : replica_->force_primary(now_));
}

void engine::handle(material_loaded& one) {
  material_ = std::max(material_, one.number);
  if (is_retired_) return;
  next_look_ = now_;
  use_policies();
  if (review_at_ == base::never) transport_->review();  // at once, unless a list has to be heard of first
  mesh_->renew(now_, material_);
}

void engine::handle(change_wanted& one) {
  if (is_retired_) return answer_change(one.id, error(errc::closed, "this node has left the group"));
  const auto view = replica_->current_view();
  if (!submissions_.is_primary() || !view)
    return answer_change(one.id,
                         error(errc::not_primary, "the quorum was lost before the change was asked for"));
  auto made = one.make(*view);
  if (!made) return answer_change(one.id, made.error());
  changes_open_.insert(one.id);
  if (std::holds_alternative<replica::policy_change>(*made)) policy_changes_.insert(one.id);
  replica_->ask(now_, one.id, std::move(*made));
}

void engine::handle(leave_wanted&) { leave_wanted_ = !is_retired_; }

// As if by a crash: no word to the others, and what they make of our broadcasts stays unknown here.
void engine::handle(abandon_wanted&) {
  give_up(errc::timed_out, "the group did not let this node go in time");
}

void engine::give_up(errc reason, std::string why) {
  if (is_retired_) return;
  {
    const std::lock_guard hold(rare_mutex_);
    rare_.farewell = error(reason, why);  // before `retire` tells those who wait that we are out
  }
  refuse(submissions_.take());
  retire();
  replica::farewell_event last{reason, std::move(why)};
  deliver(last);
}

void engine::handle_time() {
  decide_start();
  if (now_ >= next_look_) look_at_certificates();
  if (now_ >= review_at_) {
    review_at_ = base::never;
    transport_->review();
  }
  if (now_ >= spread_.next_deadline()) {
    spread_.handle_time(now_);
    say_lists();
  }
  if (now_ >= mesh_->next_deadline()) mesh_->handle_time(now_);
  if (now_ >= replica_->next_deadline()) replica_->handle_time(now_);
}

void engine::submit() {
  submissions::batch waiting = submissions_.take();
  if (waiting.payloads.empty()) return;
  taken_bytes_ += waiting.bytes;
  const std::uint64_t count = waiting.payloads.size();
  const std::uint64_t first_ticket = waiting.first_ticket;
  auto first = replica_->broadcast(now_, std::move(waiting.payloads));
  if (!first) {  // the quorum was lost between the call and here
    for (std::uint64_t i = 0; i < count; ++i)
      delivery_.stage(outcome_item{first_ticket + i, replica::outcome::never, 0});
    return;
  }
  tickets_.note(*first, first_ticket);
  handed_ = *first + count - 1;
}

// Accepted from the application, but the replica is gone and never saw them.
void engine::refuse(const submissions::batch& what) {
  taken_bytes_ += what.bytes;
  for (std::uint64_t i = 0; i < what.payloads.size(); ++i)
    delivery_.stage(outcome_item{what.first_ticket + i, replica::outcome::never, 0});
}

// A member that ended without leaving is missed until its address refuses (PROTOCOL 16): it listens no more.
void engine::retire() {
  is_retired_ = true;
  transport_->stop_listening();
  submissions_.close();
  refuse(submissions_.take());
  links_.send_queued(*transport_);
  for (const net::connection_id id : open_)
    transport_->close(id, error(errc::closed, "node " + how_.name + " has left the group"));
  fail_fences(error(errc::closed, "this node has left the group"));
  for (const std::uint64_t id : std::exchange(changes_open_, {}))
    answer_change(id, error(errc::closed, "this node has left the group"));
  const std::lock_guard hold(rare_mutex_);
  rare_.is_out = true;
  rare_changed_.notify_all();
}

// The numbers first: who has received an event finds it counted.
void engine::publish() {
  for (;;) {
    publish_status();
    const bool starved = !is_ended_ && !delivery_.has_room();
    if (delivery_.publish(starved)) return;
    settle();
  }
}

void engine::publish_status() {
  counted_.group = replica_->current();
  counted_.members = replica_->current_view() ? replica_->current_view()->members.size() : 0;
  counted_.links_up = links_.size();
  const bool primary = counted_.group.primary && !is_retired_;
  if (submissions_.is_primary() && !primary)
    fail_fences(error(errc::not_primary, "the quorum was lost while waiting for the fence"));
  submissions_.set_primary(primary);
  submissions_.set_throttled(counted_.group.is_throttled && !is_retired_, !counted_.group.waits_for.is_nil());
  tell_awaited();
  const link_knowledge_ptr& linked = matrix_.known();
  submissions_.settle(std::exchange(taken_bytes_, 0), is_retired_ ? 0 : counted_.group.in_flight_bytes);
  {
    const std::lock_guard hold(rare_mutex_);
    rare_.counted = counted_;
    if (rare_.linked != linked) rare_.linked = linked;
    const bool is_full = !delivery_.has_room();
    if ((primary && !rare_.was_primary) || (is_full && !rare_.was_full)) {
      rare_.was_primary = rare_.was_primary || primary;
      rare_.was_full = rare_.was_full || is_full;
      rare_changed_.notify_all();
    }
    if (!rare_.was_primary && std::exchange(troubles_changed_, false)) rare_.troubles = mesh_->troubles();
  }
}

// For whose application all wait, in words; not with every stumble.
void engine::tell_awaited() {
  const uuid& whom = counted_.group.waits_for;
  if (whom.is_nil() || whom == awaited_ || now_ < awaited_told_at_ + awaited_words_gap) {
    if (whom.is_nil()) awaited_ = {};
    return;
  }
  awaited_ = whom;
  awaited_told_at_ = now_;
  const auto view = replica_->newest_view();
  const replica::member* who = view ? view->find_process(whom) : nullptr;
  how_.log(base::level::warning,
           "broadcasts wait: the application of " + (who != nullptr ? who->name : to_string(whom)) +
               " is further behind than gcs.fc_limit allows there (gcs.fc_policy=" +
               std::string(replica::flow_policy_names[static_cast<std::size_t>(guard_.current()->flow)]) +
               ")");
}

// An alarm that goes off early does no harm, so it is only ever moved forward: at full load that saves a
// system call for each run.
void engine::set_alarm() {
  if (is_retired_) return;
  base::time_point next =
      std::min({replica_->next_deadline(), mesh_->next_deadline(), next_look_, matrix_.next_deadline(),
                disputes_.next_deadline(), spread_.next_deadline(), review_at_});
  if (probe_) next = std::min(next, probe_->deadline(now_));
  if (next >= alarm_) return;
  alarm_ = next;
  transport_->set_alarm(next, [this] {
    alarm_ = base::never;
    run();
  });
}

}  // namespace hauberk::engine
