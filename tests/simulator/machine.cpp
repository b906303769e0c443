#include "simulator/machine.hpp"

#include <algorithm>
#include <utility>

#include "simulator/codec_check.hpp"
#include "simulator/describe.hpp"

namespace hauberk::simulator {
namespace {

/// Inputs that one step takes; the rest waits for the next, as in the engine.
constexpr std::size_t batch_max = 64;
/// No clock starts at zero, and none agrees with another.
constexpr duration uptime = 3600s;

}  // namespace

machine::machine(surroundings& around, machine_index index, std::int64_t drift_ppm)
    : around_(around),
      index_(index),
      name_("n" + std::to_string(index + 1)),
      drift_ppm_(drift_ppm),
      chance_(0),
      voice_(around.time.stream(part::hostile, index)),
      protection_(around.time, index) {}

time_point machine::local() const {
  const std::int64_t passed = around_.time.now().time_since_epoch().count();
  const std::int64_t drifted = passed / 1000000 * drift_ppm_ + passed % 1000000 * drift_ppm_ / 1000000;
  return time_point(uptime * (index_ + 1) + duration(passed + drifted));
}

time_point machine::from_local(time_point when) const {
  const std::int64_t passed = (when - time_point(uptime * (index_ + 1))).count();
  if (passed <= 0) return time_point{};
  if (drift_ppm_ == 0) return time_point(duration(passed));
  const std::int64_t rate = 1000000 + drift_ppm_;
  return time_point(duration(passed / rate * 1000000 + passed % rate * 1000000 / rate + 2));  // not too early
}

void machine::start(const start_mode& how) {
  ++generation_;
  farewell_.reset();
  effects_to_live_ = 0;
  appetite_ = 0;
  chance_ = around_.time.stream(part::process, generation_ * machines_max + index_);
  const uuid id = chance_.id();
  replica::identity me;
  me.process = id;
  me.name = name_;
  me.address = name_ + ":4567";
  me.weight = how.weight;
  me.arbitrator = how.is_arbitrator;
  me.speaks.max = how.protocol_max;
  if (how.has_state_file) me.past = file_;
  if (how.policy) protection_.configure(*how.policy);
  protection_.start(me.past);
  me.policy = protection_.known();
  const seat_id before = me.past.seat();
  if (!before.is_nil()) around_.seen.reach(state::proof_of_death);
  base::logger words;
  if (around_.time.is_traced()) {
    words = base::logger([this](base::level, std::string_view line) { around_.time.say(name_, line); },
                         base::level::debug);
  }
  witness& who = around_.record.start(id, name_, index_, how.recovered, me.past.seats, how.is_arbitrator);
  around_.homes[id] = index_;
  process_.reset(new process{id, replica::replica(around_.settings, me, chance_.next(), words), &who});
  around_.time.say(name_, "starts as " + to_string(id).substr(0, 8) + ", recovered " +
                              std::to_string(how.recovered.position) +
                              (before.is_nil() ? "" : ", succeeds " + base::to_string(before)));
  const time_point now = local();
  if (how.is_bootstrap) {
    const uuid history = chance_.id();
    around_.record.set_history(history);
    process_->core.bootstrap(now, history, {});
  } else {
    process_->core.join_group(now, how.recovered);
  }
  finish_step(now);
  around_.mesh.poke_all(index_);
}

recovered_position machine::state() const {
  if (!is_running()) return durable_;
  const witness& who = *process_->who;
  const uuid history = process_->core.current().history;
  const uuid lived = history.is_nil() ? who.recovered.history : history;
  return who.delivered() > who.recovered.position ? recovered_position{lived, who.delivered()}
                                                  : who.recovered;
}

void machine::end_process(bool is_silent) {
  witness& who = *process_->who;
  durable_ = state();
  around_.record.handle_crash(who, process_->core.current());
  ++generation_;
  process_.reset();
  around_.mesh.set_power(index_, !is_silent);
  around_.wires.handle_gone(index_, is_silent);
  around_.mesh.handle_gone(index_);
  around_.mesh.poke_all(index_);
}

void machine::crash(bool is_silent) {
  if (!process_) return;
  around_.time.say(name_, is_silent ? "is switched off" : "crashes");
  around_.time.mix(7);
  end_process(is_silent);
}

void machine::pause() {
  if (!process_) return;
  around_.time.say(name_, "freezes");
  process_->is_paused = process_->who->is_paused = true;
}

void machine::resume() {
  if (!process_ || !process_->is_paused) return;
  around_.time.say(name_, "thaws");
  process_->is_paused = false;  // what it believes shows only after its first step
  soon();
}

void machine::set_appetite(std::size_t events, duration period) {
  appetite_ = events;
  meal_ = period;
  eaten_ = 0;
  if (events == 0) soon();
}

std::optional<errc> machine::broadcast(std::vector<base::buffer> payloads) {
  const time_point now = local();
  const auto made = process_->core.broadcast(now, payloads);
  if (made) {
    around_.record.handle_accepted(*process_->who, *made, payloads);
    around_.time.mix(*made);
    if (around_.time.is_traced()) {
      around_.time.say(
          name_, "broadcasts " + std::to_string(payloads.size()) + " from ticket " + std::to_string(*made));
    }
  }
  finish_step(now);
  if (made) return std::nullopt;
  const auto why = static_cast<errc>(made.error().code.value());
  if (why == errc::window_full) around_.seen.reach(state::window_full);
  if (why == errc::not_primary) around_.seen.reach(state::not_primary);
  return why;
}

void machine::leave() {
  around_.time.say(name_, "leaves");
  process_->who->is_leaving = true;
  process_->core.leave_group(local());
  finish_step(local());
}

std::optional<errc> machine::force() {
  const time_point now = local();
  around_.time.say(name_, "is forced by the operator");
  const auto done = process_->core.force_primary(now);
  if (done) {
    around_.record.handle_forced(*process_->who, *process_->core.newest_view());
  } else {
    around_.time.say(name_, done.error().text);
    around_.seen.reach(state::force_refused);
  }
  finish_step(now);
  if (done) return std::nullopt;
  return static_cast<errc>(done.error().code.value());
}

void machine::fence() {
  const std::uint64_t id = ++process_->fence_id;
  around_.record.handle_fence_asked(*process_->who, id);
  process_->core.fence(local(), id);
  finish_step(local());
}

void machine::ask(const replica::change& what) {
  const std::uint64_t id = ++process_->change_id;
  around_.record.handle_asked(*process_->who, id, what);
  if (around_.time.is_traced()) around_.time.say(name_, "asks for a change: " + describe(what));
  process_->core.ask(local(), id, what);
  finish_step(local());
}

void machine::arrive(input what) {
  if (!process_) return;
  process_->inbox.push_back(std::move(what));
  soon();
}

void machine::soon() {
  if (!process_ || process_->is_paused || process_->is_step_due) return;
  process_->is_step_due = true;
  around_.time.after(0us, [this, generation = generation_] {
    if (generation_ != generation) return;
    process_->is_step_due = false;
    if (process_->is_paused) return;
    step();
    if (generation_ == generation && !process_->inbox.empty()) soon();
  });
}

void machine::step() {
  const time_point now = local();
  const bool is_time_first = now >= process_->core.next_deadline() && chance_.percent(50);
  if (is_time_first) process_->core.handle_time(now);
  for (std::size_t i = 0; i < batch_max && !process_->inbox.empty(); ++i) {
    const input what = std::move(process_->inbox.front());
    process_->inbox.pop_front();
    hand_in(what, now);
  }
  if (now >= process_->core.next_deadline()) process_->core.handle_time(now);
  finish_step(now);
}

void machine::hand_in(const input& what, time_point now) {
  auto& time = around_.time;
  time.mix(static_cast<std::uint64_t>(what.kind) + 8 * index_ + 64 * what.from);
  switch (what.kind) {
    case input::what::link_up:
      time.say(name_, time.is_traced() ? "link up with n" + std::to_string(what.from + 1) : "");
      around_.mesh.handle_linked(index_, what.from, what.process);
      around_.record.handle_link(*process_->who, what.process, true);
      process_->core.handle_link_up(now, what.process, "n" + std::to_string(what.from + 1));
      break;
    case input::what::link_down:
      time.say(name_, time.is_traced() ? "link down with n" + std::to_string(what.from + 1) : "");
      around_.record.handle_link(*process_->who, what.process, false);
      process_->core.handle_link_down(now, what.process);
      break;
    case input::what::refused:
      time.say(name_, time.is_traced() ? "n" + std::to_string(what.from + 1) + " refuses for " +
                                             to_string(what.process).substr(0, 8)
                                       : "");
      process_->core.handle_refused(now, what.process);
      break;
    case input::what::message:
      around_.wires.consumed(what, index_);
      // A link that is closed: what came over it is as lost as what did not come.
      if (protection_.has_retired(around_.wires.policy_of(what.connection))) break;
      if (time.is_traced())
        time.say(name_, "<- n" + std::to_string(what.from + 1) + " " + describe(*what.message));
      time.mix(what.message->what.index() + what.bytes);
      process_->core.handle_message(now, what.process, *what.message);
      break;
    case input::what::written:
      process_->core.handle_written(now, what.process, what.bytes);
      break;
  }
}

void machine::finish_step(time_point now) {
  prove(now);
  process_->core.flush(now);
  if (!drain_effects()) return;
  take_events(now);
  if (!drain_effects()) return;
  process_->core.check();
  process_->who->is_paused = false;
  around_.record.handle_step(*process_->who, process_->core.current(), process_->core.newest_view());
  if (farewell_) {
    end_process(false);
    return;
  }
  set_timer(now);
}

bool machine::drain_effects() {
  while (auto what = process_->core.next_effect()) {
    carry_out(*what);
    if (effects_to_live_ != 0 && --effects_to_live_ == 0 && may_die_()) {
      around_.seen.reach(state::crash_between_effects);
      // Nothing that follows from a write has left the process yet: it may as well have been torn.
      if (std::holds_alternative<replica::persist>(*what) && file_before_.seat() == file_.seat() &&
          chance_.percent(50)) {
        file_ = file_before_;
        around_.seen.reach(state::torn_file);
      }
      crash(false);
      return false;
    }
  }
  return true;
}

void machine::carry_out(const replica::effect& what) {
  if (const auto* out = std::get_if<replica::send>(&what)) {
    count_message(*out);
    send_out(*out);
  } else if (const auto* keep = std::get_if<replica::persist>(&what)) {
    file_before_ = std::exchange(file_, keep->what);
  } else if (const auto* drop = std::get_if<replica::drop_link>(&what)) {
    close(*drop);
  } else if (const auto* next = std::get_if<replica::apply_policy>(&what)) {
    apply(next->what->policy);
  }
}

void machine::apply(const replica::group_policy& policy) {
  const replica::group_policy before = protection_.known();
  protection_.apply(policy);
  if (before.text == policy.text && before.prepared == policy.prepared) return;  // as it started
  if (!policy.prepared.empty() && protection_.can()) {
    around_.time.after(protection_.loading_time(),
                       [this, generation = generation_, view = policy.prepared_in] {
                         if (generation_ != generation) return;
                         protection_.finish_loading(view);
                         around_.mesh.poke_all(index_);
                         soon();
                       });
  }
  around_.mesh.handle_policy(index_);
}

void machine::configure(const replica::group_policy& policy) {
  around_.time.say(name_, "is given policy " + std::to_string(policy.number));
  protection_.configure(policy);
  around_.mesh.handle_policy(index_);
}

// Every other member is linked with this one by what is prepared.
void machine::prove(time_point now) {
  const replica::group_policy& known = protection_.known();
  const auto view = process_->core.current_view();
  if (known.prepared.empty() || !view || view->policy.prepared_in != known.prepared_in) return;
  auto state = protection_.is_ready() ? replica::proof::proved : replica::proof::pending;
  std::string words = protection_.is_ready() ? "" : "it is not loaded yet";
  if (!protection_.can()) {
    state = replica::proof::cannot;
    words = "it has no such cipher";
  }
  for (const auto& each : view->members) {
    const auto& links = process_->who->links;
    const auto link = links.find(each.seat.process);
    const bool is_linked =
        link != links.end() && link->second &&
        around_.wires.policy_of(index_, around_.homes.at(each.seat.process)) == known.prepared;
    if (each.seat.process == process_->id || is_linked || state != replica::proof::proved) continue;
    state = replica::proof::pending;
    words = "no link with " + each.name;
  }
  if (state == replica::proof::proved) around_.record.handle_proved(*process_->who, known.prepared);
  process_->core.handle_policy_proof(now, known.prepared_in, state, words);
}

void machine::send_out(const replica::send& out) {
  message_ptr message = out.message;
  if (around_.with_codec && chance_.below(16) == 0) {
    message = through_codec(message);
    around_.seen.reach(state::codec_round_trip);
  }
  for (const auto& to : out.to) {
    const auto home = around_.homes.find(to);
    if (home == around_.homes.end()) continue;
    if (around_.hostile != index_) {
      around_.wires.send(index_, to, home->second, message, out.credit_bytes);
      continue;
    }
    for (const message_ptr& each : voice_.speak(message)) {
      if (each == nullptr) around_.wires.reset(index_, home->second);
      if (each == nullptr) continue;
      if (each != message) around_.seen.reach(state::hostile_message);
      around_.wires.send(index_, to, home->second, each, out.credit_bytes);
    }
  }
}

void machine::close(const replica::drop_link& what) {
  const machine_index there = around_.homes.at(what.process);
  if (!around_.hostile) {
    throw violation("honest_peers", name_ + " drops its link to n" + std::to_string(there + 1) +
                                        ", which told no lie: " + what.reason);
  }
  around_.seen.reach(state::hostile_refused);
  around_.wires.reset(index_, there);
}

void machine::count_message(const replica::send& out) {
  const replica::envelope& what = *out.message;
  auto& seen = around_.seen;
  if (what.by.is_set()) seen.reach(state::frame_relayed);
  if (const auto* data = std::get_if<replica::data>(&what.what)) {
    if (data->total != 0) seen.reach(state::chunked_payload);
    if (what.by.is_set()) seen.reach(state::payload_relayed);
  } else if (const auto* vote = std::get_if<replica::vote>(&what.what)) {
    if (!vote->granted) seen.reach(state::vote_denied);
  } else if (const auto* order = std::get_if<replica::order>(&what.what)) {
    for (const auto& each : order->items) {
      const auto* noop = std::get_if<replica::order_noop>(&each);
      if (noop != nullptr && !noop->dead.empty()) seen.reach(state::half_quorum_by_death);
    }
  } else if (std::holds_alternative<replica::handover>(what.what)) {
    seen.reach(state::handover_sent);
    if (!process_->who->is_leaving) seen.reach(state::handed_over_for_speed);
  } else if (std::holds_alternative<replica::join_refused>(what.what)) {
    seen.reach(state::join_refused);
    if (std::get<replica::join_refused>(what.what).text.find("change its policy") != std::string::npos)
      seen.reach(state::joiner_put_off);
  } else if (const auto* resume = std::get_if<replica::resume>(&what.what)) {
    if (resume->partial != 0) seen.reach(state::chunks_resumed);
  } else if (const auto* fetch = std::get_if<replica::fetch>(&what.what)) {
    const bool is_continued =
        fetch->epoch == asked_.epoch && asked_.first <= fetch->first && fetch->first <= asked_.last;
    if (is_continued && out.to.front() != donor_) seen.reach(state::donor_replaced);
    if (fetch->offset != 0) seen.reach(state::chunks_resumed);
    asked_ = *fetch;
    donor_ = out.to.front();
  } else if (const auto* fetched = std::get_if<replica::fetched>(&what.what)) {
    if (fetched->payloads.empty()) seen.reach(state::window_left_behind);
  }
}

void machine::take_events(time_point now) {
  process_->who->history = process_->core.current().history;
  while (appetite_ == 0 || eaten_ < appetite_) {
    auto what = process_->core.next_event(now);
    if (!what) return;
    ++eaten_;
    if (const auto* last = std::get_if<replica::farewell_event>(&*what)) farewell_ = *last;
    around_.record.handle_event(*process_->who, *what);
    if (farewell_) return;
  }
  if (is_meal_due_) return;
  is_meal_due_ = true;
  around_.time.after(meal_, [this] {
    is_meal_due_ = false;
    eaten_ = 0;
    soon();
  });
}

void machine::set_timer(time_point now) {
  const time_point next = process_->core.next_deadline();
  if (next == base::never) return;
  // A deadline that has passed comes again a little later: time must not stand still.
  const time_point when = next > now ? from_local(next) : around_.time.now() + 10us;
  if (process_->wake > around_.time.now() && process_->wake <= when) return;  // that one looks again
  process_->wake = when;
  around_.time.at(when, [this, generation = generation_] {
    if (generation_ != generation) return;
    soon();
  });
}

}  // namespace hauberk::simulator
