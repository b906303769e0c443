#include "group/coordinator.hpp"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "support/usage.hpp"

namespace hauberk::bench {
namespace {

using nlohmann::json;

constexpr std::uint64_t second = 1000000000;
/// How long anything may take that is not the load itself.
constexpr std::uint64_t patience = 40 * second;

std::uint64_t nanoseconds(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

}  // namespace

phase phase_of(const parameters& what, double warm_up, double seconds) {
  phase made;
  made.begin = now_ns() + second / 10;
  made.from = made.begin + nanoseconds(warm_up);
  made.to = made.from + nanoseconds(seconds);
  made.middle = made.from + (made.to - made.from) / 2;
  made.size = what.size;
  made.batch = what.batch;
  made.in_flight = what.in_flight;
  made.rate = what.rate;
  made.text = what.text;
  return made;
}

group_result coordinator::run() {
  start();
  wait_formed();
  cast();
  start_joiners();
  load();
  if (what_.what == fault::none && what_.senders != 0 && what_.in_flight == 0 && what_.rate == 0 &&
      what_.latency_seconds > 0)
    measure_latency();
  compare();
  leave();
  for (member& one : members_) result_.nodes.push_back(std::move(one.result));
  return std::move(result_);
}

std::string coordinator::options_of(const std::string& name, const std::string& peers) {
  std::string text = "group.name=bench; node.name=" + name +
                     "; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=" + peers +
                     "; pc.wait_prim_timeout=PT30S";
  if (peers.empty()) text += "; pc.bootstrap=yes";
  if (what_.plain) {
    text += "; socket.ssl=no";
  } else {
    const auto files = authority_.issue(name);
    text += "; socket.ssl_cert=" + files.cert + "; socket.ssl_key=" + files.key +
            "; socket.ssl_ca=" + authority_.cert();
  }
  if (!what_.cipher.empty()) text += "; socket.ssl_cipher=" + what_.cipher;
  if (!what_.compression.empty()) text += "; socket.ssl_compression=" + what_.compression;
  if (what_.window != 0) text += "; evs.send_window=" + std::to_string(what_.window);
  if (!what_.options.empty()) text += "; " + what_.options;
  return text;
}

coordinator::member& coordinator::spawn(const std::string& mode, const std::string& peers) {
  member& made = members_.emplace_back();
  made.result.name = "n" + std::to_string(members_.size());
  made.program =
      std::make_unique<process>(std::vector<std::string>{mode, options_of(made.result.name, peers)},
                                what_.logs.empty() ? folder_ / (made.result.name + ".log")
                                                   : what_.logs + "/" + made.result.name + ".log");
  return made;
}

void coordinator::start() {
  for (unsigned i = 1; i <= what_.nodes; ++i) {
    member& made = spawn("--node", peers_);
    const auto ready = await(made, "ready", now_ns() + patience);
    if (!ready) throw std::runtime_error("node " + made.result.name + " did not join: " + made.farewell);
    peers_ +=
        (peers_.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string((*ready)["port"].get<unsigned>());
  }
}

// Joiners are processes already, with their certificates made, and wait for the word: what is measured then
// is the join alone.
void coordinator::start_joiners() {
  for (unsigned i = 0; what_.what == fault::join && i < what_.joiners; ++i)
    spawn("--joiner", peers_).result.is_joiner = true;
}

void coordinator::wait_formed() {
  for (member& one : members_) {
    while (one.members_seen != what_.nodes)
      if (!await(one, "view", now_ns() + patience))
        throw std::runtime_error("node " + one.result.name + " left while the group formed: " + one.farewell);
  }
}

// Who leads, who sends, who suffers. A victim is the last node that fits, senders are the first ones that are
// not it.
void coordinator::cast() {
  for (member& one : members_) {
    one.program->write_line(json{{"do", "leader?"}}.dump());
    const auto answer = await(one, "leader", now_ns() + patience);
    one.result.was_leader = answer && (*answer)["leader"].get<bool>();
  }
  if (what_.what == fault::kill || what_.what == fault::stop) {
    const bool leads = what_.hits_leader;
    const auto victim = std::find_if(members_.rbegin(), members_.rend(),
                                     [&](const member& one) { return one.result.was_leader == leads; });
    if (victim == members_.rend()) throw std::runtime_error("no node fits the fault");
    victim->result.is_victim = true;
  }
  unsigned wanted = what_.senders;
  for (member& one : members_) {
    if (one.result.is_victim || wanted == 0) continue;
    one.result.is_sender = true;
    --wanted;
  }
}

void coordinator::begin_phase(const phase& how, bool all_send) {
  bool is_first = true;
  for (member& one : members_) {
    const bool sends = one.result.is_sender && (all_send || is_first);
    if (sends) is_first = false;
    const json command{{"do", "phase"},        {"begin", how.begin}, {"from", how.from},
                       {"middle", how.middle}, {"to", how.to},       {"sends", sends},
                       {"size", how.size},     {"batch", how.batch}, {"in_flight", how.in_flight},
                       {"rate", how.rate},     {"text", how.text}};
    if (one.program->is_running() && !one.result.is_joiner) one.program->write_line(command.dump());
  }
}

void coordinator::strike(const phase& how, member& victim) {
  sleep_until(how.middle);
  if (what_.what != fault::stop) {
    victim.program->end();
    result_.victim_end = "killed (-9)";
    return;
  }
  victim.program->send_signal(SIGSTOP);
  sleep_until(how.middle + nanoseconds(what_.freeze_seconds));
  victim.program->send_signal(SIGCONT);
  result_.victim_end = "frozen and thawed";
}

// A joiner starts from the state of the first member, as if an application had brought it: what came after is
// its catch-up.
void coordinator::let_join(const phase& how) {
  sleep_until(how.middle);
  member& donor = members_.front();
  donor.program->write_line(json{{"do", "where?"}}.dump());
  auto state = await(donor, "here", now_ns() + patience);
  if (!state) throw std::runtime_error("node " + donor.result.name + " ended: " + donor.farewell);
  (*state)["do"] = "join";
  const std::uint64_t since = now_ns();
  for (member& one : members_)
    if (one.result.is_joiner) one.program->write_line(state->dump());
  for (member& one : members_)
    if (one.result.is_joiner) await_weight(one, since);
}

void coordinator::await_weight(member& joiner, std::uint64_t since) {
  const auto milliseconds = [&] { return static_cast<double>(joiner.view_at - since) * 1e-6; };
  while (!joiner.has_weight) {
    if (!await(joiner, "view", now_ns() + patience))
      throw std::runtime_error("node " + joiner.result.name + " did not join: " + joiner.farewell);
    if (joiner.result.joined_ms < 0) joiner.result.joined_ms = milliseconds();
  }
  joiner.result.weighted_ms = milliseconds();
}

void coordinator::load() {
  const phase how = phase_of(what_, what_.warm_up, what_.seconds);
  result_.middle = how.middle;
  begin_phase(how, true);
  if (what_.what == fault::join) let_join(how);
  for (member& one : members_)
    if (one.result.is_victim) strike(how, one);
  for (member& one : members_) {
    if (!one.program->is_running() || one.result.is_joiner) continue;
    one.result.done = await(one, "done", std::max(how.to, now_ns()) + patience);
    if (one.result.done) continue;
    if (!one.result.is_victim)
      throw std::runtime_error("node " + one.result.name + " ended under load: " + one.farewell +
                               log_tail(one));
    result_.victim_end = one.farewell;
    one.program->end();
  }
}

void coordinator::measure_latency() {
  phase how = phase_of(what_, 0.2, what_.latency_seconds);
  how.in_flight = 1;
  begin_phase(how, false);
  for (member& one : members_) {
    one.result.latency = await(one, "done", how.to + patience);
    if (!one.result.latency)
      throw std::runtime_error("node " + one.result.name + " ended: " + one.farewell + log_tail(one));
  }
}

void coordinator::compare() {
  std::uint64_t newest = 0;
  for (const member& one : members_) {
    const auto& last = one.result.latency ? one.result.latency : one.result.done;
    if (last) newest = std::max(newest, (*last)["position"].get<std::uint64_t>());
  }
  bool is_first = true;
  for (member& one : members_) {
    if (!one.program->is_running()) continue;
    one.program->write_line(json{{"do", "until"}, {"position", newest}}.dump());
    const auto agreed = await(one, "agreed", now_ns() + patience);
    if (!agreed && one.result.is_victim) {
      result_.victim_end = one.farewell;
      continue;
    }
    if (!agreed)
      throw std::runtime_error("node " + one.result.name +
                               " ended before it had everything: " + one.farewell);
    const auto count = (*agreed)["count"].get<std::uint64_t>();
    const auto digest = (*agreed)["digest"].get<std::uint64_t>();
    if (is_first) {
      result_.messages = count;
      result_.digest = digest;
    } else if (count != result_.messages || digest != result_.digest) {
      throw std::runtime_error("the nodes disagree: up to position " + std::to_string(newest) + " " +
                               one.result.name + " delivered " + std::to_string(count) +
                               " messages (digest " + std::to_string(digest) + "), others " +
                               std::to_string(result_.messages) + " (digest " +
                               std::to_string(result_.digest) + ")");
    }
    is_first = false;
  }
}

void coordinator::leave() {
  for (member& one : members_)
    if (one.program->is_running()) one.program->write_line(json{{"do", "leave"}}.dump());
  for (member& one : members_)
    if (one.program->is_running()) one.program->wait_exit(now_ns() + 10 * second);
}

std::optional<json> coordinator::await(member& from, const std::string& event, std::uint64_t deadline) {
  for (;;) {
    const auto line = from.program->read_line(deadline);
    if (!line) {
      if (now_ns() >= deadline)
        throw std::runtime_error("node " + from.result.name + " did not say '" + event + "' in time" +
                                 log_tail(from));
      from.farewell = "its process has ended" + log_tail(from);
      return std::nullopt;
    }
    json said = json::parse(*line);
    const auto& kind = said["event"].get_ref<const std::string&>();
    if (kind == "view") {
      from.members_seen = said["members"].get<std::uint64_t>();
      const auto& without = said["weightless"];
      from.has_weight = said["primary"].get<bool>() &&
                        std::find(without.begin(), without.end(), from.result.name) == without.end();
      from.view_at = said["at"].get<std::uint64_t>();
    }
    if (kind == event) return said;
    if (kind == "error") {
      from.farewell = said["text"].get<std::string>();
      return std::nullopt;
    }
  }
}

std::string coordinator::log_tail(const member& of) const {
  std::ifstream log(of.program->log());
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  std::string text = "; its log ends:";
  for (std::size_t i = lines.size() > 8 ? lines.size() - 8 : 0; i < lines.size(); ++i)
    text += "\n  " + lines[i];
  return text;
}

}  // namespace hauberk::bench
