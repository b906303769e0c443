// Groups that die at the worst moment: while a view is on some disks and not on others.
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

std::vector<machine_index> shuffled(stage& s) {
  std::vector<machine_index> all(s.count());
  for (machine_index i = 0; i < all.size(); ++i) {
    all[i] = i;
    std::swap(all[i], all[s.chance().below(i + 1)]);
  }
  return all;
}

void restart(stage& s, machine_index which, const recovered_position& recovered) {
  start_mode how;
  how.recovered = recovered;
  s.at(which).start(how);
}

std::uint64_t newest_number(stage& s, machine_index of) { return s.at(of).core()->newest_view()->number; }
std::uint64_t decided_number(stage& s, machine_index of) { return s.at(of).core()->current_view()->number; }

/// Everybody is primary in one history. Whoever was told that it is too far behind takes the state of one
/// who is primary, and asks again.
bool is_whole(stage& s) {
  const witness* donor = nullptr;
  for (machine_index i = 0; i < s.count(); ++i) {
    const bool is_fit = s.at(i).is_running() && s.at(i).who()->status.primary &&
                        !s.group().seen().forced.contains(s.at(i).who()->status.history);
    if (is_fit) donor = s.at(i).who();
  }
  if (donor == nullptr) return false;
  bool is_so = true;
  for (machine_index i = 0; i < s.count(); ++i) {
    if (!s.at(i).is_running()) restart(s, i, {donor->status.history, donor->delivered()});
    is_so = is_so && s.status(i).primary && s.status(i).history == donor->status.history;
  }
  return is_so;
}

/// A group of three dies and comes back: who founds its next history, before the others are in.
machine_index crash_and_found(stage& s) {
  s.form(3);
  s.broadcast_some(s.chance().below(3), 5);
  s.wait(50ms);
  for (const machine_index i : shuffled(s)) s.crash(i);
  for (const machine_index i : shuffled(s)) {
    restart(s, i, s.at(i).durable());
    s.wait_below(500ms);
  }
  s.expect([&] { return s.leader() < 3; });
  return s.leader();
}

}  // namespace

void crash_while_a_view_is_pending(stage& s) {
  s.form(3);
  s.broadcast_some(s.chance().below(3), 5);
  s.wait_below(50ms);
  s.start(3);
  s.expect([&] {
    for (machine_index i = 0; i < 3; ++i) {
      const auto* core = s.at(i).core();
      if (core->newest_view()->number > core->current_view()->number) return true;
    }
    return false;
  });
  s.arrive();
  for (const machine_index i : shuffled(s)) {
    if (s.chance().percent(30)) {  // perhaps while it writes its file
      s.at(i).crash_after_effects(1 + s.chance().below(3), [] { return true; });
      s.wait_below(500us);
    }
    s.crash(i);
    s.wait_below(200us);
  }
  s.wait_below(2s);
  for (const machine_index i : shuffled(s)) {
    restart(s, i, s.chance().percent(20) ? recovered_position{} : s.at(i).durable());
    s.wait_below(3s);
  }
  s.demand([&] { return is_whole(s); }, "who was in a group that crashed re-forms it", 40s);
  s.settle();
}

void majority_dies_while_a_view_is_pending(stage& s) {
  s.form(3);
  s.start(3);
  s.wait_below(20ms);
  s.broadcast_some(s.chance().below(3), 5);
  s.expect([&] {
    for (machine_index i = 0; i < 3; ++i) {
      const auto* core = s.at(i).core();
      if (core->newest_view()->number > core->current_view()->number) return true;
    }
    return false;
  });
  s.arrive();
  const machine_index spared = s.chance().below(3);
  for (const machine_index i : shuffled(s)) {
    if (i == spared) continue;
    s.crash(i);
    s.wait_below(300us);
  }
  for (const machine_index i : shuffled(s)) {
    if (i == spared) continue;
    s.wait_below(3s);
    restart(s, i, s.at(i).durable());
  }
  s.demand([&] { return is_whole(s); }, "the one who lives and those who return re-form the group", 40s);
  s.settle();
}

// An operator is wrong about the other side: it lives, and goes on. What it committed since then is void, its
// members learn that, and nobody mixes the two.
void forced_minority_then_heal(stage& s) {
  s.form(5);
  s.broadcast_some(s.chance().below(5), 5);
  s.wait_below(10ms);
  s.split({0, 1}, {2, 3, 4});
  s.broadcast_some(s.chance().below(5), 3);
  s.wait_below(20ms);
  const machine_index forced = s.chance().below(2);
  s.expect([&] { return !s.status(0).primary && !s.status(1).primary; });
  s.wait_below(3s);
  if (s.chance().percent(30)) s.crash(1 - forced);
  if (s.at(forced).force()) throw missed();  // the other one has more: it would be done there
  s.broadcast_some(2 + s.chance().below(3), 3);
  s.wait_below(2s);
  s.broadcast_some(forced, 3);
  s.arrive();
  s.note("the other side is found again");
  s.group().heal();
  s.demand([&] { return is_whole(s); }, "the members of both sides come together in the forced history", 60s);
  s.settle();
}

// A dies. The view without it is decided at C, which dies as well, while B only holds it: to B the view
// before has a say, and of that two of three are dead. C and A come back: no election can help B, only
// founding anew.
void decided_by_the_dead_alone(stage& s) {
  s.form(3);
  s.expect([&] { return s.leader() < 3; });
  const machine_index b = s.leader(), a = (b + 1 + s.chance().below(2)) % 3, c = 3 - a - b;
  s.broadcast_some(s.chance().below(3), 3);
  s.wait(50ms);
  const std::uint64_t number = newest_number(s, b);
  s.crash(a);
  s.expect([&] { return newest_number(s, b) > number; });
  s.hold({c}, {b});
  s.expect([&] { return decided_number(s, c) > number; }, s.suspect());
  if (decided_number(s, b) > number) throw missed();
  s.crash(c, true);
  s.arrive();
  s.wait_below(s.suspect() * 2);
  s.release({c}, {b});
  const bool is_c_first = s.chance().percent(50);
  for (const machine_index i : {is_c_first ? c : a, is_c_first ? a : c}) {
    restart(s, i, s.at(i).durable());
    s.wait_below(s.suspect() * 2);
  }
  s.demand([&] { return is_whole(s); }, "a view that only the dead knew to be decided is re-formed", 40s);
  s.settle();
}

// A and B decided the view that admits E, and A alone has the next one, which gives E its weight, when A and
// E die. By that next one the group is dead, and B plans to found it anew; but E goes before it can promise.
// A's proof of death is enough for B to lead the view that is decided: it must not wait for E.
void plan_of_a_founder_falls_apart(stage& s) {
  const machine_index a = 0, b = 1, e = 2;
  s.form(2);
  s.expect([&] { return s.leads(a); });
  s.start(e);
  s.expect([&] { return s.weight_in_log(e, a) == 1; });
  s.hold({a}, {b, e});
  const std::uint64_t number = newest_number(s, a);
  s.expect([&] { return decided_number(s, b) + 1 == number; }, s.suspect() / 4);
  s.crash(e);
  s.crash(a, true);
  s.release({a}, {b, e});
  if (newest_number(s, b) == number) throw missed();
  s.wait(s.suspect() * 2);
  s.wait_below(s.suspect());
  s.at(b).pause();  // it hears of both at once, when they have said all that a plan needs
  s.start(a);
  s.start(e);
  s.wait(s.suspect() * 3 / 2);
  s.hold({a}, {e});  // E never learns that A has a link with B: it does not promise
  s.at(b).resume();
  s.wait(20ms);
  s.wait_below(60ms);
  if (s.leads(b)) throw missed();
  s.arrive();
  s.crash(e);
  s.demand([&] { return s.status(b).primary && s.status(a).primary; },
           "who was to found goes on when the others can go on without", s.suspect() * 5);
  s.group().heal();
  s.start(e);
  s.settle();
}

// B outweighs A, goes on without it, and is alone when an operator forces A. B has what is void, and comes
// back with A's state beside its own old file: what that says is over, although it names nobody but B.
void state_outruns_its_file(stage& s) {
  const machine_index a = 0, b = 1;
  s.bootstrap(a);
  s.start(b, 2);
  s.expect([&] { return s.weight(b, a) == 2 && s.status(b).primary && s.weight(b, b) == 2; });
  s.broadcast_some(s.chance().below(2), 3);
  s.wait(20ms);
  s.split({a}, {b});
  s.expect([&] { return s.at(b).core()->current_view()->members.size() == 1 && !s.status(a).primary; });
  s.broadcast_some(b, 3 + s.chance().below(10));
  s.wait_below(20ms);
  if (s.at(a).force()) throw missed();
  s.expect([&] { return s.status(a).primary; });
  s.broadcast_some(a, s.chance().below(10));
  s.wait_below(20ms);
  s.group().heal();
  s.expect([&] { return !s.at(b).is_running(); });
  s.split({a}, {b});
  const recovered_position copy{s.status(a).history, s.delivered(a)};
  s.broadcast_some(a, 1 + s.chance().below(10));
  s.expect([&] { return s.delivered(a) > copy.position; }, 1s);
  s.arrive();
  restart(s, b, copy);
  s.wait(s.suspect() * 2);
  s.wait_below(s.suspect() * 2);
  s.settle();
}

// All die and come back; who founds the group anew is cut off from the others before they are in, and dies
// once more. What it had committed alone by then, its application would have, and nobody else could ever get.
void founder_dies_before_the_others_are_in(stage& s) {
  const machine_index f = crash_and_found(s);
  const std::vector<machine_index> rest{(f + 1) % 3, (f + 2) % 3};
  s.split({f}, rest);
  s.arrive();
  s.broadcast_some(f, s.chance().below(3));
  s.wait_below(s.suspect() * 2);
  s.crash(f);
  s.group().heal();
  s.wait_below(s.suspect());
  restart(s, f, s.at(f).durable());
  s.settle();
  for (const machine_index i : rest) {
    if (!s.at(i).is_running())
      throw violation("reform", s.at(i).name() + " promised to follow, and needs a full state transfer");
  }
}

// The same, and its application has lost everything meanwhile: what the others have must not be given up for
// that. It is told whose state it needs, and goes on from there.
void founder_comes_back_with_nothing(stage& s) {
  const machine_index f = crash_and_found(s);
  const std::vector<machine_index> rest{(f + 1) % 3, (f + 2) % 3};
  s.split({f}, rest);
  if (s.status(f).delivered > s.status(rest[0]).delivered) throw missed();  // what it lost, nobody has
  s.crash(f);
  s.group().heal();
  s.wait_below(s.suspect());
  const position_t most = std::max(s.at(rest[0]).durable().position, s.at(rest[1]).durable().position);
  restart(s, f, {});
  s.expect([&] { return s.at(f).is_running(); });
  s.arrive();
  s.demand([&] { return !s.at(f).is_running(); }, "who has nothing founds nothing beside those who have it");
  if (s.at(f).farewell()->reason != errc::state_transfer_needed)
    throw violation("reform", s.at(f).name() + " is not told that it needs a state transfer");
  for (const machine_index i : rest) {
    if (s.at(i).durable().position == most) restart(s, f, s.at(i).durable());
    if (s.at(f).is_running()) break;
  }
  s.settle();
  for (machine_index i = 0; i < s.count(); ++i) {
    if (s.delivered(i) < most) throw violation("reform", s.at(i).name() + " has lost what others had");
  }
}

// A is forced with a tail that nobody else got; what the others committed since then, at the same positions,
// is something else, and less. A history that went on from all of that tail would take them in with the wrong
// one.
void forced_with_a_tail(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.wait_below(20ms);
  s.hold({0}, {1, 2});
  s.broadcast_some(0, 15 + s.chance().below(10));
  const position_t tail = s.status(0).log_end;
  s.split({0}, {1, 2});
  s.expect([&] { return !s.status(0).primary && (s.leads(1) || s.leads(2)); });
  s.broadcast_some(1 + s.chance().below(2), 1 + s.chance().below(4));
  s.wait(20ms);
  if (s.at(0).force()) throw missed();
  s.expect([&] { return s.status(0).primary; });
  if (s.status(1).committed >= tail || s.status(0).history == s.status(1).history) throw missed();
  s.arrive();
  s.group().heal();
  s.demand([&] { return is_whole(s); }, "the others come in to the forced history", 60s);
  s.settle();
}

// A lives on with a tail that nobody else got. B and C had gone on without it, with something else at these
// positions, and died before their applications had made it durable: the group re-forms by A. What they
// delivered in the place of that tail was of the old history, so the new one must not claim to share it.
void reformed_with_a_tail(stage& s) {
  s.form(3);
  s.expect([&] { return s.leads(0); });
  s.broadcast_some(0, 3);
  s.wait(100ms);
  const std::vector<machine_index> rest{1, 2};
  const std::vector<recovered_position> durable{{}, s.at(1).durable(), s.at(2).durable()};
  s.hold({0}, {1, 2});
  s.broadcast_some(0, 15 + s.chance().below(10));
  const position_t tail = s.status(0).log_end;
  s.split({0}, {1, 2});
  s.expect([&] { return !s.status(0).primary && (s.leads(1) || s.leads(2)); });
  const std::uint64_t before = s.at(0).core()->newest_view()->number;
  s.broadcast_some(1 + s.chance().below(2), 1 + s.chance().below(4));
  s.until([&] { return s.delivered(1) > durable[1].position + 2; }, 50ms);
  const bool is_same_view = newest_number(s, 1) == before && newest_number(s, 2) == before;
  if (!is_same_view || s.status(1).committed >= tail) throw missed();  // else A is no member any more
  for (const machine_index i : rest) s.crash(i);
  s.group().heal();
  for (const machine_index i : rest) restart(s, i, durable[i]);
  s.arrive();
  s.demand([&] { return is_whole(s); }, "the group re-forms", 60s);
  s.settle();
}

}  // namespace hauberk::simulator::directed
