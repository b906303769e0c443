#include "scenario/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

namespace hauberk::scenario {

namespace {

/// Every direction takes exactly one millisecond.
simulator::weather still_air() {
  simulator::weather calm;
  calm.delay_min = calm.delay_max = 1ms;
  return calm;
}

replica::settings ordinary() {
  replica::settings how;
  how.window_bytes = 1U << 20U;
  return how;
}

/// What a person wants to see: decisions and deliveries, not the frames between them.
bool is_told(const std::string& line) {
  static constexpr std::array marks = {
      " app: ",     "starts as",    "crashes",    "freezes",       "thaws",       " leaves",
      " leads ",    "steps down",   "re-form",    "is in history", " says that ", "asks for",
      "hands over", "cannot admit", "refuses to", "refused a",     "forced",      "pc.bootstrap"};
  return std::any_of(marks.begin(), marks.end(),
                     [&](const char* mark) { return line.find(mark) != std::string::npos; });
}

std::vector<std::string> lines_of(std::istream& from) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(from, line);) lines.push_back(line);
  return lines;
}

}  // namespace

script::script(std::string name, std::size_t machines)
    : name_(std::move(name)), group_(1, machines, ordinary(), still_air(), 0, true) {
  group_.mesh().set_retry(50ms, 50ms);
  group_.time().listen([this](const std::string& line) { hear(line); });
}

void script::hear(const std::string& line) {
  if (line.find(" app: message ") != std::string::npos) {
    arrivals_.push_back({line.substr(11, 2), group_.time().now()});
  }
  if (is_told(line)) lines_.push_back(line);
}

// Messages of one sender that follow each other on one machine become one line.
std::vector<std::string> script::folded() const {
  struct run {
    std::size_t at = 0;  // its line
    std::string head, sender, first;
  };
  static constexpr std::string_view mark = " app: message at ";
  std::map<std::string, run> open;
  std::vector<std::string> told;
  for (const std::string& raw : lines_) {
    const std::string line = named(raw);
    if (line.starts_with("-- ")) open.clear();
    const std::size_t at = line.find(mark);
    if (at == std::string::npos) {
      if (line.size() > 13) open.erase(line.substr(11, 2));
      told.push_back(line);
      continue;
    }
    const std::size_t number = at + mark.size(), from = line.find(" from ", number) + 6;
    const std::string position = line.substr(number, line.find(' ', number) - number);
    const std::string sender = line.substr(from, line.find(',', from) - from);
    run& last = open[line.substr(11, 2)];
    if (last.sender == sender) {
      told[last.at] = last.head + " app: messages at " + last.first + " to " + position + " from " + sender +
                      ", the last at " + line.substr(2, 8);
    } else {
      last = {told.size(), line.substr(0, at), sender, position};
      told.push_back(line);
    }
  }
  return told;
}

void script::note(const std::string& words) { lines_.push_back("-- " + words); }

void script::bootstrap(machine_index first) {
  start_mode how;
  how.is_bootstrap = true;
  at(first).start(how);
}

void script::found(machine_index count) {
  bootstrap(1);
  for (machine_index i = 2; i <= count; ++i) start({i});
  const auto all_weigh = [&] {
    const auto v = core(1).current_view();
    return v && v->members.size() == count &&
           std::all_of(v->members.begin(), v->members.end(), [](const auto& m) { return m.weight > 0; });
  };
  ASSERT_TRUE(run_until(all_weigh)) << "the group forms";
  run(300ms);
}

void script::start(const std::vector<machine_index>& which, bool with_proof) {
  for (const machine_index one : which) {
    start_mode how;
    how.has_state_file = with_proof;
    how.is_arbitrator = one == arbitrator_;
    at(one).start(how);
  }
}

void script::restart(const std::vector<machine_index>& which) {
  for (const machine_index one : which) {
    start_mode how;
    how.recovered = at(one).durable();
    at(one).start(how);
  }
}

void script::crash(machine_index which) { at(which).crash(false); }
void script::freeze(machine_index which) { at(which).pause(); }
void script::thaw(machine_index which) { at(which).resume(); }
void script::leave(machine_index which) { at(which).leave(); }

bool script::force(machine_index which) { return !at(which).force(); }

std::optional<errc> script::end_of(machine_index which) {
  const auto& end = at(which).farewell();
  return end ? std::optional(end->reason) : std::nullopt;
}

void script::set_weight(machine_index asker, machine_index whose, std::uint8_t weight) {
  at(asker).ask(replica::weight_change{at(whose).core()->current().self, weight});
}

void script::evict(machine_index asker, machine_index whom, const std::string& why) {
  at(asker).ask(replica::eviction{at(whom).core()->current().self, at(whom).name(), why});
}

void script::allow(machine_index asker, machine_index whom) {
  at(asker).ask(replica::permission{at(whom).name()});
}

void script::propose(machine_index asker, const std::string& policy, bool is_trial) {
  at(asker).ask(replica::policy_change{policy, at(asker).core()->current_view()->policy.number, is_trial});
}

void script::cut(const std::vector<machine_index>& side, const std::vector<machine_index>& other) {
  for (const machine_index a : side) {
    for (const machine_index b : other) group_.partition({a - 1}, {b - 1});
  }
}

void script::cut_one_way(machine_index from, machine_index to) { group_.block(from - 1, to - 1, true); }
void script::heal() { group_.heal(); }

bool script::broadcast(machine_index from, const std::string& text) {
  // The integrity oracle wants to tell every broadcast from every other: a mark stands before the text.
  const std::uint64_t mark = at(from).who()->broadcasts.size() | static_cast<std::uint64_t>(from) << 56U;
  std::string payload(sizeof mark, ' ');
  std::memcpy(payload.data(), &mark, sizeof mark);
  return !at(from).broadcast({base::buffer::copy(payload + text)}).has_value();
}

void script::broadcast_for(machine_index from, const std::string& text, duration span) {
  for (int n = 1; span > 0ms; ++n, span -= 10ms) {
    broadcast(from, text + " " + std::to_string(n));
    run(10ms);
  }
}

void script::run(duration span) { group_.time().run_until(group_.time().now() + span); }

bool script::run_until(const std::function<bool()>& is_so, duration most) {
  for (const auto end = group_.time().now() + most; group_.time().now() < end; run(50us)) {
    if (is_so()) return true;
  }
  return is_so();
}

const replica::replica& script::core(machine_index which) { return *at(which).core(); }

std::vector<std::string> script::texts(machine_index which) {
  std::vector<std::string> seen;
  const simulator::witness* who = at(which).who();
  for (position_t p = who->recovered.position + 1; p < who->next; ++p) {
    const simulator::entry* e = group_.seen().at(p);
    if (e != nullptr && e->what == simulator::kind::message)
      seen.emplace_back(e->payload.text().substr(sizeof(std::uint64_t)));
  }
  return seen;
}

duration script::longest_gap(machine_index which) {
  duration longest{};
  std::optional<simulator::time_point> last;
  for (const arrival& one : arrivals_) {
    if (one.who != at(which).name()) continue;
    if (last) longest = std::max(longest, one.when - *last);
    last = one.when;
  }
  arrivals_.clear();
  return longest;
}

// Process ids are random to the eye: the first life of machine 1 is n1, the second n1', and so on.
std::string script::named(std::string line) const {
  std::map<std::string, std::string> lives;
  for (const simulator::witness& who : group_.seen().processes) {
    std::string& last = lives[who.name];
    last = last.empty() ? who.name : last + "'";
    const std::string id = to_string(who.id).substr(0, 8);
    for (std::size_t p = line.find(id); p != std::string::npos; p = line.find(id)) line.replace(p, 8, last);
  }
  return line;
}

void script::check() {
  const std::vector<std::string> told = folded();
  const std::string path = std::string(HAUBERK_GOLDEN_DIR) + "/" + name_ + ".txt";
  if (const char* mode = std::getenv("HAUBERK_GOLDEN"); mode != nullptr && std::string(mode) == "write") {
    std::ofstream out(path);
    for (const std::string& line : told) out << line << '\n';
    ASSERT_TRUE(out.good()) << "cannot write " << path;
    return;
  }
  std::ifstream in(path);
  ASSERT_TRUE(in.good()) << "no golden transcript " << path
                         << ": run once with HAUBERK_GOLDEN=write and read it";
  const std::vector<std::string> golden = lines_of(in);
  for (std::size_t i = 0; i < std::max(golden.size(), told.size()); ++i) {
    const std::string expected = i < golden.size() ? golden[i] : "(the end)";
    const std::string got = i < told.size() ? told[i] : "(the end)";
    ASSERT_EQ(expected, got) << "line " << i + 1 << " of " << path
                             << "; if the change is meant: HAUBERK_GOLDEN=write, and read the diff";
  }
}

}  // namespace hauberk::scenario
