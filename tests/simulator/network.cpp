#include "simulator/network.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "simulator/codec_check.hpp"

namespace hauberk::simulator {

network::network(world& time, machines& ends, sometimes& seen, std::size_t count)
    : time_(time),
      ends_(ends),
      seen_(seen),
      count_(count),
      current_(count * count, none),
      blocked_(count * count) {
  for (machine_index a = 0; a < count; ++a) {
    for (machine_index b = 0; b < count; ++b) {
      chances_.push_back(time.stream(part::network, a * machines_max + b));
    }
  }
}

void network::draw_delays() {
  for (machine_index a = 0; a < count_; ++a) {
    for (machine_index b = 0; b < count_; ++b) {
      blocked_[pair(a, b)].delay =
          weather_.delay_min + chance(a, b).below(weather_.delay_max - weather_.delay_min + 1us);
    }
  }
}

bool network::is_live(const connection& c, std::size_t end) const {
  return ends_.process_on(c.machine[end]) == c.process[end];
}

bool network::is_connected(machine_index a, machine_index b) const {
  const connection_index which = current_[pair(a, b)];
  if (which == none) return false;
  const connection& c = connections_[which];
  return !c.is_broken || (c.state[0] != end_state::down && c.state[1] != end_state::down);
}

// Both ends may have moved on since the greeting began.
bool network::is_accepted(const connection& c) const {
  return std::ranges::all_of(c.machine, [&](machine_index end) {
    const auto policies = ends_.policies_of(end);
    return std::ranges::find(policies, c.policy) != policies.end();
  });
}

const std::string& network::policy_of(machine_index a, machine_index b) const {
  static const std::string nothing;
  const connection_index which = current_[pair(a, b)];
  return which == none ? nothing : connections_[which].policy;
}

void network::connect(machine_index a, machine_index b, const std::string& policy, bool is_greeted) {
  const connection_index old = current_[pair(a, b)];
  const auto which = static_cast<connection_index>(connections_.size());
  connections_.emplace_back();
  connection& c = connections_.back();
  c.machine = {a, b};
  c.policy = policy;
  c.process = {ends_.process_on(a), ends_.process_on(b)};
  const duration round_trip = blocked_[pair(a, b)].delay + blocked_[pair(b, a)].delay;
  for (std::size_t end = 0; end < 2; ++end) {
    c.up_at[end] = time_.now();
    if (!is_greeted) c.up_at[end] += round_trip * 2 + chance(a, b).below(round_trip + 1us);
    time_.at(c.up_at[end], [this, code = which * 2U + static_cast<connection_index>(end)] {
      come_up(code / 2U, code % 2U);
    });
  }
  if (old != none) {  // an end that does not know yet learns it by the new connection
    connection& before = connections_[old];
    before.is_broken = true;
    if (is_live(before, 0) && is_live(before, 1)) seen_.reach(state::link_replaced);
    for (std::size_t end = 0; end < 2; ++end) {
      if (before.state[end] == end_state::up && is_live(before, end)) {
        mark_down(before, end);
      }
      before.state[end] = end_state::down;
    }
  }
  current_[pair(a, b)] = current_[pair(b, a)] = which;
}

void network::connect_beside(machine_index a, machine_index b, const std::string& policy) {
  const duration round_trip = blocked_[pair(a, b)].delay + blocked_[pair(b, a)].delay;
  const connection_index old = current_[pair(a, b)];
  const auto one = static_cast<std::uint32_t>(a), other = static_cast<std::uint32_t>(b);
  time_.after(round_trip * 2 + chance(a, b).below(round_trip + 1us), [this, one, other, old, policy] {
    const connection& before = connections_[old];
    const bool is_cut = is_blocked(one, other) || is_blocked(other, one) || before.is_broken;
    if (current_[pair(one, other)] == old && !is_cut && is_live(before, 0) && is_live(before, 1))
      connect(one, other, policy, true);
  });
}

void network::come_up(connection_index which, std::size_t end) {
  connection& c = connections_[which];
  if (c.is_broken || c.state[end] != end_state::waiting) return;
  const bool is_stuck = is_blocked(c.machine[0], c.machine[1]) || is_blocked(c.machine[1], c.machine[0]);
  if (is_stuck || !is_live(c, 0) || !is_live(c, 1) || !is_accepted(c)) {  // the greeting got lost half-way
    base::random& dice = chance(c.machine[0], c.machine[1]);
    sever(which, {dice.below(duration(2s)), dice.below(duration(2s))});
    return;
  }
  c.state[end] = end_state::up;
  input up;
  up.kind = input::what::link_up;
  up.process = c.process[1 - end];
  up.from = c.machine[1 - end];
  ends_.arrive(c.machine[end], std::move(up));
}

void network::send(machine_index from, const uuid& to, machine_index to_machine, const message_ptr& message,
                   std::uint64_t credit) {
  const connection_index which = current_[pair(from, to_machine)];
  if (which == none) return;
  connection& c = connections_[which];
  const std::size_t end = c.machine[0] == from ? 0 : 1;
  if (c.process[1 - end] != to || c.state[end] != end_state::up) return;
  channel& out = c.out[end];
  parcel what{message, credit, credit + 64};
  if (credit != 0) {
    out.bulk.push_back(std::move(what));
  } else {
    // Of the beats and holdings that did not leave yet only the newest is of use, as in the real link.
    const std::size_t kind = message->what.index();
    if (!message->by.is_set() && (std::holds_alternative<replica::beat>(message->what) ||
                                  std::holds_alternative<replica::held>(message->what))) {
      std::erase_if(out.control, [&](const parcel& each) {
        return each.message->what.index() == kind && !each.message->by.is_set();
      });
    }
    out.control.push_back(std::move(what));
  }
  pump(which, end);
}

void network::pump(connection_index which, std::size_t end) {
  connection& c = connections_[which];
  channel& out = c.out[end];
  if (c.is_broken) return;  // what is sent into a broken connection goes nowhere
  while (!out.control.empty() || !out.bulk.empty()) {
    auto& lane = out.control.empty() ? out.bulk : out.control;
    if (out.buffered >= weather_.kernel_bytes) return;
    parcel what = std::move(lane.front());
    lane.pop_front();
    out.buffered += what.bytes;
    if (what.credit != 0) {
      out.credit += what.credit;
      if (!out.is_crediting) {
        out.is_crediting = true;
        time_.after(chance(c.machine[end], c.machine[1 - end]).below(duration(200us)),
                    [this, which, side = static_cast<std::uint32_t>(end)] { give_credit(which, side); });
      }
    }
    const auto line = std::chrono::nanoseconds(what.bytes * 1000000000U / weather_.bytes_per_second);
    out.line_free = std::max(out.line_free, time_.now()) + line;
    const direction& way = blocked_[pair(c.machine[end], c.machine[1 - end])];
    time_point due = out.line_free + way.delay;
    if (weather_.jitter > 0us) due += chance(c.machine[end], c.machine[1 - end]).below(weather_.jitter);
    out.last_due = std::max({out.last_due, due, c.up_at[1 - end]});
    out.wire.push_back({out.last_due, std::move(what)});
    if (!out.is_ticking) tick(which, end, out.last_due);
  }
}

void network::give_credit(connection_index which, std::size_t end) {
  connection& c = connections_[which];
  channel& out = c.out[end];
  out.is_crediting = false;
  if (c.state[end] != end_state::up || !is_live(c, end) || out.credit == 0) return;
  input gone;
  gone.kind = input::what::written;
  gone.process = c.process[1 - end];
  gone.bytes = std::exchange(out.credit, 0);
  ends_.arrive(c.machine[end], std::move(gone));
}

void network::tick(connection_index which, std::size_t end, time_point when) {
  connections_[which].out[end].is_ticking = true;
  time_.at(when, [this, which, side = static_cast<std::uint32_t>(end)] { deliver(which, side); });
}

void network::deliver(connection_index which, std::size_t end) {
  connection& c = connections_[which];
  channel& out = c.out[end];
  out.is_ticking = false;
  const std::size_t there = 1 - end;
  if (c.state[there] == end_state::down || !is_live(c, there)) {
    out.wire.clear();
    return;
  }
  if (is_blocked(c.machine[end], c.machine[there])) return;  // `block` starts it again
  while (!out.wire.empty() && out.wire.front().due <= time_.now()) {
    if (c.state[there] == end_state::waiting) {
      out.wire.clear();
      return;
    }
    input got;
    got.process = c.process[end];
    got.from = c.machine[end];
    got.message = std::move(out.wire.front().what.message);
    got.bytes = out.wire.front().what.bytes;
    got.connection = which;
    out.wire.pop_front();
    ends_.arrive(c.machine[there], std::move(got));
  }
  if (!out.wire.empty()) tick(which, end, out.wire.front().due);
}

void network::consumed(const input& what, machine_index by) {
  connection& c = connections_[what.connection];
  const std::size_t sender = c.machine[0] == by ? 1 : 0;
  channel& out = c.out[sender];
  out.buffered -= std::min(out.buffered, what.bytes);
  if (!out.control.empty() || !out.bulk.empty()) pump(what.connection, sender);
}

void network::mark_down(connection& c, std::size_t end) {
  c.state[end] = end_state::down;
  c.out[end].control.clear();
  c.out[end].bulk.clear();
  input gone;
  gone.kind = input::what::link_down;
  gone.process = c.process[1 - end];
  gone.from = c.machine[1 - end];
  ends_.arrive(c.machine[end], std::move(gone));
}

// The connection breaks in the middle of the frame after the first `whole` ones: the reader must find them,
// and nothing else.
void network::cut_off(const channel& out, std::size_t whole, base::random& dice) {
  constexpr std::size_t looked_at_max = 4;
  if (whole >= out.wire.size()) return;
  std::vector<message_ptr> before;
  for (std::size_t i = whole - std::min(whole, looked_at_max); i < whole; ++i) {
    before.push_back(out.wire[i].what.message);
  }
  cut_in_frame(before, out.wire[whole].what.message, dice);
  seen_.reach(state::cut_in_frame);
}

void network::sever(connection_index which, std::array<duration, 2> notice_after) {
  connection& c = connections_[which];
  if (c.is_broken) return;
  c.is_broken = true;
  base::random& dice = chance(c.machine[0], c.machine[1]);
  for (std::size_t end = 0; end < 2; ++end) {
    channel& out = c.out[end];
    out.control.clear();
    out.bulk.clear();
    // A prefix of what is under way may still come through before the other end learns of the break.
    const std::size_t whole = dice.percent(50) ? 0 : dice.below(out.wire.size() + 1);
    if (dice.percent(10)) cut_off(out, whole, dice);
    out.wire.resize(whole);
    c.give_up[end] = time_.now() + notice_after[end] + weather_.give_up_min +
                     dice.below(weather_.give_up_max - weather_.give_up_min + 1us);
    time_.after(notice_after[end],
                [this, which, side = static_cast<std::uint32_t>(end)] { notice(which, side); });
  }
}

void network::notice(connection_index which, std::size_t end) {
  connection& c = connections_[which];
  if (c.state[end] == end_state::down) return;
  const bool was_up = c.state[end] == end_state::up;
  const bool is_stuck = is_blocked(c.machine[1 - end], c.machine[end]);
  if (was_up && is_stuck && time_.now() < c.give_up[end]) {
    time_.after(100ms, [this, which, side = static_cast<std::uint32_t>(end)] { notice(which, side); });
    return;
  }
  if (was_up && is_live(c, end)) {
    mark_down(c, end);
  } else {
    c.state[end] = end_state::down;
  }
  ends_.lost_touch(c.machine[0], c.machine[1]);
}

void network::reset(machine_index a, machine_index b) {
  const connection_index which = current_[pair(a, b)];
  if (which == none) return;
  const duration far = blocked_[pair(a, b)].delay + blocked_[pair(b, a)].delay;
  base::random& dice = chance(a, b);
  sever(which, {dice.below(far + 1us), dice.below(far + 1us)});
}

void network::handle_gone(machine_index which, bool is_silent) {
  for (machine_index other = 0; other < count_; ++other) {
    const connection_index at = current_[pair(which, other)];
    if (other == which || at == none) continue;
    connection& c = connections_[at];
    const std::size_t dead = c.machine[0] == which ? 0 : 1;
    c.state[dead] = end_state::down;
    std::array<duration, 2> wait{};
    wait[1 - dead] = is_silent
                         ? weather_.give_up_min + chance(which, other).below(weather_.give_up_max)
                         : blocked_[pair(which, other)].delay + chance(which, other).below(duration(1ms));
    const channel& out = c.out[dead];
    if (!out.wire.empty()) wait[1 - dead] = std::max(wait[1 - dead], out.last_due - time_.now() + 1us);
    if (is_silent) c.out[dead].wire.clear();
    sever(at, wait);
  }
}

void network::block(machine_index from, machine_index to, bool is_on) {
  direction& way = blocked_[pair(from, to)];
  if (way.is_on == is_on) return;
  way.is_on = is_on;
  const std::uint64_t changes = ++way.changes;
  if (is_on) {
    const duration wait =
        weather_.give_up_min + chance(from, to).below(weather_.give_up_max - weather_.give_up_min + 1us);
    time_.after(wait, [this, from, to, changes] { give_up(from, to, changes); });
    return;
  }
  const connection_index which = current_[pair(from, to)];
  if (which == none) return;
  connection& c = connections_[which];
  const std::size_t end = c.machine[0] == from ? 0 : 1;
  channel& out = c.out[end];
  if (!out.wire.empty() && !out.is_ticking) {  // the kernel sends again what was never acknowledged
    const time_point again = time_.now() + way.delay + chance(from, to).below(duration(200ms));
    for (auto& each : out.wire) each.due = std::max(each.due, again);
    out.last_due = std::max(out.last_due, again);
    tick(which, end, out.wire.front().due);
  }
}

void network::give_up(machine_index from, machine_index to, std::uint64_t changes) {
  const direction& way = blocked_[pair(from, to)];
  if (!way.is_on || way.changes != changes) return;
  const connection_index which = current_[pair(from, to)];
  if (which == none || connections_[which].is_broken) return;
  connection& c = connections_[which];
  base::random& dice = chance(from, to);
  sever(which, {dice.below(duration(500ms)), dice.below(duration(500ms))});
  c.give_up = {time_.now() + 500ms, time_.now() + 500ms};  // both kernels count for themselves
}

}  // namespace hauberk::simulator
