#include "simulator/describe.hpp"

namespace hauberk::simulator {
namespace {

using std::to_string;

std::string words(const replica::view& v) {
  std::string text = "view " + to_string(v.number) + " {";
  for (const auto& each : v.members) {
    text += (text.back() == '{' ? "" : " ") + each.name + "/" + base::to_string(each.seat) + ":w" +
            to_string(each.weight) +
            (each.weight_wanted != each.weight ? "/" + to_string(each.weight_wanted) : "") +
            (each.catching_up ? "c" : "") + (each.arbitrator ? "a" : "");
  }
  const replica::group_policy& p = v.policy;
  if (p != replica::group_policy()) text += " policy " + to_string(p.number) + " " + p.text;
  if (!p.prepared.empty()) text += " prepared in " + to_string(p.prepared_in) + " " + p.prepared;
  if (p.step == replica::policy_step::abort) text += " aborted";
  return text + "}";
}
std::string words(const replica::order_run& run) {
  return base::to_string(run.sender) + " " + to_string(run.first) + "+" + to_string(run.count);
}
std::string words(const replica::order_view& item) { return words(*item.what); }
std::string words(const replica::order_noop& item) {
  std::string text = "noop";
  for (const auto& each : item.dead) text += " dead " + base::to_string(each);
  return text;
}

std::string words(const replica::weight_change& c) {
  return base::to_string(c.seat) + " shall weigh " + to_string(c.weight);
}

std::string words(const replica::eviction& c) { return c.name + " shall go: " + c.text; }
std::string words(const replica::permission& c) { return c.name + " may come back"; }

std::string words(const replica::policy_change& c) {
  return std::string(c.is_trial ? "try" : "put in force") + " policy " + c.text;
}

struct teller {
  std::string operator()(const replica::data& m) const {
    return "data " + to_string(m.first) + "+" + to_string(m.payloads.size()) +
           (m.total != 0 ? " chunk at " + to_string(m.offset) + " of " + to_string(m.total) : "");
  }
  std::string operator()(const replica::order& m) const {
    std::string text = "order e" + to_string(m.epoch) + " at " + to_string(m.first) + " (made e" +
                       to_string(m.entry_epoch) + ", before e" + to_string(m.previous_epoch) + "):";
    for (const auto& each : m.items) {
      text += " [" + std::visit([](const auto& item) { return words(item); }, each) + "]";
    }
    return text;
  }
  std::string operator()(const replica::held& m) const {
    return "held e" + to_string(m.epoch) + " upto " + to_string(m.upto) + " committed " +
           to_string(m.committed);
  }
  std::string operator()(const replica::beat& m) const {
    return "beat " + to_string(m.number) + " echo " + to_string(m.echo) + " e" + to_string(m.epoch) +
           " view " + to_string(m.view_number) + " links " + to_string(m.links.size()) + " direct " +
           to_string(m.direct);
  }
  std::string operator()(const replica::resume& m) const {
    return "resume e" + to_string(m.epoch) + " of " + base::to_string(m.of) + " have " + to_string(m.have) +
           (m.partial != 0 ? " and " + to_string(m.partial) + " bytes" : "") +
           (m.next != 0 ? " misses " + to_string(m.next) : "") + (m.asks_payloads ? ": send" : "");
  }
  std::string operator()(const replica::vote_request& m) const {
    return std::string(m.pre ? "pre-" : "") + "vote? e" + to_string(m.epoch) + " last e" +
           to_string(m.last_epoch) + "@" + to_string(m.last_position) + (m.handover ? " handover" : "");
  }
  std::string operator()(const replica::vote& m) const {
    return std::string(m.pre ? "pre-" : "") + "vote e" + to_string(m.epoch) + (m.granted ? " yes" : " no");
  }
  std::string operator()(const replica::epoch_start& m) const {
    std::string text = "epoch_start e" + to_string(m.epoch) + " seat " + to_string(m.seat_number) +
                       " window " + to_string(m.window_start) + ".." + to_string(m.log_end) + " boundaries";
    for (const auto& each : m.boundaries) text += " e" + to_string(each.epoch) + "@" + to_string(each.first);
    return text;
  }
  std::string operator()(const replica::fetch& m) const {
    return "fetch e" + to_string(m.epoch) + " " + to_string(m.first) + ".." + to_string(m.last);
  }
  std::string operator()(const replica::fetched& m) const {
    return "fetched e" + to_string(m.epoch) + " " + to_string(m.first) + "+" + to_string(m.payloads.size()) +
           (m.total != 0 ? " chunk at " + to_string(m.offset) + " of " + to_string(m.total) : "");
  }
  std::string operator()(const replica::join& m) const {
    return "join " + m.name + " seat " + base::to_string(m.seat) + " recovered " +
           to_string(m.recovered.position) +
           (m.succeeds.empty() ? "" : " succeeds " + base::to_string(m.succeeds.front()));
  }
  std::string operator()(const replica::join_refused& m) const {
    return std::string("join refused") + (m.final ? " for good" : "") + ": " + m.text;
  }
  std::string operator()(const replica::leave& m) const { return "leave after " + to_string(m.last); }
  std::string operator()(const replica::removed& m) const {
    return "removed " + base::to_string(m.what.seat) + " last " + to_string(m.what.last) + " by view " +
           to_string(m.what.view_number) + (m.known ? " at " + to_string(m.at) : " (forgotten)");
  }
  std::string operator()(const replica::claim& m) const {
    if (!m.is_open) return "claim " + to_string(m.version) + " closed";
    std::string text = "claim " + to_string(m.version) + " weight " + to_string(m.weight) + " epoch " +
                       to_string(m.known.epoch);
    for (const auto& each : m.known.seats) text += " " + base::to_string(each);
    if (m.known.decided) text += ", decided " + words(*m.known.decided);
    if (m.known.pending)
      text += ", pending e" + to_string(m.known.pending_epoch) + "@" + to_string(m.known.pending_at) + " " +
              words(*m.known.pending);
    if (!m.is_alive) return text + ", recovered " + to_string(m.recovered.position);
    return text + ", alive, held e" + to_string(m.held_epoch) + "@" + to_string(m.held) + " committed " +
           to_string(m.committed);
  }
  std::string operator()(const replica::promise& m) const {
    return "promise upon " + to_string(m.upon.size()) + " claims";
  }
  std::string operator()(const replica::handover& m) const {
    return "handover e" + to_string(m.epoch) + " at " + to_string(m.log_end);
  }
  std::string operator()(const replica::change_request& m) const {
    return "change? " + to_string(m.id) + " " + describe(m.what);
  }
  std::string operator()(const replica::change_answer& m) const {
    return "change " + to_string(m.id) + (m.reason == 0 ? " is made" : " refused: " + m.text);
  }
  std::string operator()(const replica::evict_notice& m) const {
    return "about to be evicted e" + to_string(m.epoch);
  }
  std::string operator()(const replica::evict_consent& m) const {
    return "consents to be evicted e" + to_string(m.epoch);
  }
  std::string operator()(const replica::policy_proof& m) const {
    static constexpr const char* states[] = {"pending", "proved", "cannot"};
    return std::string(states[static_cast<std::size_t>(m.state)]) + " what is prepared in " +
           to_string(m.prepared_in) + (m.text.empty() ? "" : ": " + m.text);
  }
  std::string operator()(const replica::fence_request& m) const { return "fence? " + to_string(m.id); }
  std::string operator()(const replica::fence_answer& m) const {
    return "fence " + to_string(m.id) + " e" + to_string(m.epoch) + " at " + to_string(m.position);
  }
};

struct event_teller {
  std::string operator()(const replica::view_event& what) const {
    std::string words = !what.primary ? "primary lost" : what.resumed ? "primary resumed" : "view ";
    if (!what.what) return words;
    words += (what.primary && !what.resumed ? "" : ", view ") + to_string(what.what->number) + " epoch " +
             to_string(what.epoch) + " at " + to_string(what.position) + ":";
    for (const auto& each : what.what->members) {
      words += " " + each.name + "(" + base::to_string(each.seat) + " w" + to_string(each.weight) + ")";
    }
    return words;
  }
  std::string operator()(const replica::policy_event& what) const {
    static constexpr const char* steps[] = {"none", "prepared", "activated", "aborted"};
    const replica::group_policy& p = what.what->policy;
    return "policy " + to_string(p.number) + " at " + to_string(what.position) + " " +
           steps[static_cast<std::size_t>(p.step)] + " " + (p.prepared.empty() ? p.text : p.prepared) +
           (p.is_trial ? " (trial)" : "") + (p.words.empty() ? "" : ": " + p.words);
  }
  std::string operator()(const replica::message_event& what) const {
    return "message at " + to_string(what.position) + " from " + base::to_string(what.sender) + ", " +
           to_string(what.payload.size()) + " bytes" +
           (what.ticket != 0 ? ", my ticket " + to_string(what.ticket) : "");
  }
  std::string operator()(const replica::filler_event& what) const {
    return "filler at " + to_string(what.position);
  }
  std::string operator()(const replica::outcome_event& what) const {
    static constexpr const char* words[] = {"committed", "never", "unknown"};
    return "ticket " + to_string(what.ticket) + " " + words[static_cast<std::size_t>(what.result)] +
           " at most " + to_string(what.position);
  }
  std::string operator()(const replica::fence_event& what) const {
    return "fence " + to_string(what.id) + " at " + to_string(what.position);
  }
  std::string operator()(const replica::change_event& what) const {
    return "change " + to_string(what.id) +
           (what.reason == errc::ok ? " is made" : " is refused: " + what.text);
  }
  std::string operator()(const replica::farewell_event& what) const {
    return "farewell " + to_string(static_cast<int>(what.reason)) + " " + what.text;
  }
};

}  // namespace

std::string describe(const replica::change& what) {
  return std::visit([](const auto& each) { return words(each); }, what);
}

std::string describe(const replica::envelope& message) {
  const auto name = [](const uuid& process) { return to_string(process).substr(0, 8); };
  const std::string way = message.by.is_set() ? "relayed from " + name(message.by.origin) + " to " +
                                                    name(message.by.target) + ": "
                                              : "";
  return way + "s" + to_string(message.seat) + " " + std::visit(teller{}, message.what);
}

std::string describe(const replica::event& told) { return "app: " + std::visit(event_teller{}, told); }

std::string describe(const replica::status& now) {
  static constexpr const char* roles[] = {"idle", "joiner", "follower", "candidate", "leader", "gone"};
  return std::string(roles[static_cast<std::size_t>(now.as)]) + (now.primary ? " primary" : "") + " e" +
         to_string(now.epoch) + " view " + to_string(now.view_number) + " log " + to_string(now.log_start) +
         ".." + to_string(now.log_end) + " held " + to_string(now.held) + " committed " +
         to_string(now.committed) + " delivered " + to_string(now.delivered) + " stable " +
         to_string(now.stable);
}

}  // namespace hauberk::simulator
