#include "simulator/liveness.hpp"

#include <algorithm>

#include "simulator/describe.hpp"

namespace hauberk::simulator {
namespace {

/// Links that broke are dialled again within this.
constexpr duration relink = 2500ms;
/// Processes that ended come back, are admitted and catch up within this.
/// A link brings one kernel buffer per round trip: who has much to catch up on over far links needs longer.
duration settle_of(const profile& drawn) {
  const bool is_far = drawn.calm.delay_max >= 50ms && drawn.calm.kernel_bytes <= 256 * 1024;
  return is_far ? 120s : 40s;
}
/// Clocks that drift, and our own looking only now and then.
constexpr duration failover_slack = 300ms;

}  // namespace

liveness::liveness(simulation& group, const profile& drawn, operator_in_charge& staff, workload& load)
    : group_(group), drawn_(drawn), staff_(staff), load_(load), healed_(group.time().now()) {
  wait_for_leader();
}

void liveness::wait_for_leader() {
  const auto& how = drawn_.settings;
  wait_at_most(relink + how.suspect_timeout * 3 + how.inactive_timeout + 2s);
}

void liveness::fail(const std::string& text) {
  std::string all =
      text + "; " + std::to_string((group_.time().now() - healed_) / 1ms) + " ms after the healing:";
  for (machine_index i = 0; i < group_.count(); ++i) {
    machine& each = group_.at(i);
    all += "\n    " + each.name() + (staff_.is_abandoned(i) ? " (given up)" : "") + ": " +
           (each.is_running() ? describe(each.core()->current()) : "not running");
  }
  throw violation("liveness", all);
}

bool liveness::has_leader() {
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (staff_.is_abandoned(i) || !group_.at(i).is_running()) continue;
    const auto& status = group_.at(i).who()->status;
    if (status.primary && status.as == replica::role::leader) return true;
  }
  return false;
}

bool liveness::is_anybody_missing() {
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (!staff_.is_abandoned(i) && staff_.is_expected(i)) return true;
  }
  return false;
}

bool liveness::is_connected() {
  std::vector<const witness*> all;
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (staff_.is_abandoned(i)) continue;
    if (!group_.at(i).is_running() || staff_.is_expected(i)) return false;
    all.push_back(group_.at(i).who());
  }
  for (const witness* a : all) {
    for (const witness* b : all) {
      if (a == b) continue;
      const auto link = a->links.find(b->id);
      if (link == a->links.end() || !link->second) return false;
    }
  }
  return true;
}

// Whoever begins a history waits for those who promised to follow; and one of these may be given up by now.
bool liveness::has_founder() {
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (staff_.is_abandoned(i) || !group_.at(i).is_running()) continue;
    const witness& who = *group_.at(i).who();  // its application hears of the new history when it is over
    if (who.status.as == replica::role::leader && !who.status.primary) return true;
  }
  return false;
}

void liveness::judge_failover() {
  if (!is_connected()) {
    connected_ = base::never;
  } else if (connected_ == base::never) {
    connected_ = group_.time().now();
  } else {
    const duration patience = has_founder() ? drawn_.settings.inactive_timeout : duration{};
    const duration bound = patience + drawn_.settings.suspect_timeout * 3 + round_trip() * 2 + failover_slack;
    if (group_.time().now() > connected_ + bound) {
      fail("no primary within " + std::to_string(bound / 1ms) + " ms after all were linked");
    }
  }
}

std::string liveness::complaint() {
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (staff_.is_abandoned(i)) continue;
    machine& each = group_.at(i);
    if (!each.is_running()) {
      if (each.durable().position == 0 && !each.farewell() && each.file().is_empty())
        continue;  // never started
      return each.name() + " does not run";
    }
    const witness& who = *each.who();
    if (!who.status.primary) return each.name() + " is not primary";
    if (who.open != 0) return each.name() + " waits for " + std::to_string(who.open) + " broadcasts";
    if (!who.fences.empty() && !who.is_leaving) return each.name() + " waits for a fence";
    for (const auto& [id, change] : who.changes) {
      if (std::holds_alternative<replica::policy_change>(change) && !who.is_leaving)
        return each.name() + " waits for an answer about a policy";
    }
    if (who.delivered() != group_.seen().newest()) {
      return each.name() + " has delivered " + std::to_string(who.delivered()) + " of " +
             std::to_string(group_.seen().newest());
    }
    if (who.status.log_end != who.delivered()) return each.name() + " has more in its log than was delivered";
    // Until then the group may have to wait for what a silent member lacks.
    for (machine_index gone = 0; gone < group_.count(); ++gone) {
      if (staff_.is_abandoned(gone) && who.view->find_name(group_.at(gone).name()) != nullptr)
        return each.name() + " has " + group_.at(gone).name() + " in its view, which was given up";
    }
  }
  return {};
}

// No broadcast may wait longer than a failover takes, and what the greedy one has on its way.
void liveness::begin_calm() {
  group_.time().say("", "-- calm --");
  const duration suspect = drawn_.settings.suspect_timeout;
  group_.record().handle_calm(suspect * 3 + round_trip() * 4 + 500ms);
  base::random chance = group_.time().stream(part::calm, 0);
  // A middle keeps nothing: over links that take a few KiB, what many chunks need is a matter of throughput.
  const bool is_cut = group_.reached().of(state::pair_cut_for_ever) != 0;
  const machine_index greedy = chance.below(group_.count());
  load_.start_calm(is_cut && drawn_.settings.credit_bytes < (512U << 10U) ? group_.count() : greedy);
  wait_at_most(std::min<duration>(suspect * 2, 1500ms));
  bool is_whole = group_.count() > 1 && !is_cut;
  for (machine_index i = 0; i < group_.count(); ++i)
    is_whole = is_whole && group_.at(i).is_running() && !staff_.is_abandoned(i);
  if (!is_whole || !chance.percent(50)) return;
  machine_index who = chance.below(group_.count());
  for (machine_index i = 0; i < group_.count() && chance.percent(60); ++i) {
    if (group_.at(i).who()->status.as == replica::role::leader) who = i;
  }
  // The last one that has the data and counts stays, where the others would go on without.
  const auto* view = group_.at(who).who()->view.get();
  const bool is_replaced =
      view != nullptr && std::ranges::any_of(view->members, [&](const auto& m) {
        return m.seat.process != group_.at(who).who()->id && m.weight_wanted > 0 && !m.arbitrator;
      });
  if (is_replaced || group_.count() == 1) group_.at(who).leave();
}

bool liveness::probe() {
  for (machine_index i = 0; i < group_.count(); ++i) {
    if (staff_.is_abandoned(i) || !group_.at(i).is_running()) continue;
    if (!load_.probe(i)) return false;
  }
  return true;
}

bool liveness::check() {
  const bool is_late = group_.time().now() > deadline_;
  switch (stage_) {
    case stage::leader:
      if (has_leader()) {
        stage_ = stage::working;
        wait_at_most(1s);
      } else if (is_anybody_missing()) {
        wait_for_leader();  // it may take the proof that its successor brings
      } else if (is_late) {
        fail("no leader");
      } else {
        judge_failover();
      }
      return false;
    case stage::working:
      if (!is_late) return false;
      load_.stop();
      stage_ = stage::settling;
      wait_at_most(settle_of(drawn_));
      return false;
    case stage::settling:
    case stage::settling_again: {
      const std::string missing = complaint();
      if (missing.empty()) {
        if (stage_ == stage::settling_again) return true;
        stage_ = stage::calm;
        begin_calm();
      } else if (is_late) {
        fail(missing);
      }
      return false;
    }
    case stage::calm:
      if (!is_late) return false;
      load_.stop();
      stage_ = stage::probing;
      wait_at_most(settle_of(drawn_));  // who left comes back, and catches up
      return false;
    case stage::probing:
      if (probe()) {
        stage_ = stage::settling_again;
        wait_at_most(settle_of(drawn_));
      } else if (is_late) {
        fail("a broadcast of one small message is not accepted");
      }
      return false;
  }
  return true;
}

}  // namespace hauberk::simulator
