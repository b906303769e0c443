// Gathers findings from the options, the node's material (tls/examine), this machine's clock, and the peers
// named (visit), prints each as it comes, and sums up.
#include "tool/doctor.hpp"

#include <sys/timex.h>

#include <array>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "api/values.hpp"
#include "hauberk/config.hpp"
#include "tls/digest.hpp"
#include "tls/examine.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"
#include "tool/options.hpp"
#include "tool/visit.hpp"

namespace hauberk::tool {
namespace {

using json = nlohmann::ordered_json;
using tls::finding;
using tls::grade;

constexpr std::array grades = {"good", "warning", "bad"};

/// Prints and counts.
class report {
 public:
  explicit report(bool as_json) : json_(as_json) {}

  void add(const std::string& where, const finding& one) {
    ++counts_[static_cast<std::size_t>(one.how)];
    const char* how = grades[static_cast<std::size_t>(one.how)];
    if (json_) {
      print({{"event", "check"},
             {"where", where},
             {"check", one.check},
             {"grade", how},
             {"expected", one.expected},
             {"got", one.got},
             {"change", one.change}});
      return;
    }
    std::string line = std::string(how) + std::string(9 - std::string(how).size(), ' ') +
                       (where == here ? "" : where + ": ") + one.check + ": ";
    if (one.how != grade::good && !one.expected.empty()) line += "expected " + one.expected + ", got ";
    line += one.got;
    if (!one.change.empty())
      line += (one.how == grade::good ? " (" : "; ") + one.change + (one.how == grade::good ? ")" : "");
    std::cout << line << '\n';
  }
  void add_policy(const std::string& text, const std::string& digest) {
    if (json_) return print({{"event", "policy"}, {"digest", digest}, {"text", text}});
    std::cout << "         policy, the same at all members; digest " << digest << '\n';
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) std::cout << "           " << line << '\n';
  }
  void sum_up() const {
    if (json_) {
      print({{"event", "summary"}, {"good", counts_[0]}, {"warning", counts_[1]}, {"bad", counts_[2]}});
      return;
    }
    std::cout << counts_[0] << " good, " << counts_[1] << (counts_[1] == 1 ? " warning, " : " warnings, ")
              << counts_[2] << " bad: "
              << (counts_[2] == 0 ? "nothing stands against joining" : "as it is, this node cannot join")
              << '\n';
  }
  [[nodiscard]] std::size_t bad() const { return counts_[2]; }

  static constexpr const char* here = "here";

 private:
  static void print(const json& what) {
    std::cout << what.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  }

  bool json_;
  std::array<std::size_t, 3> counts_{};
};

/// Certificates are judged by the clock: a wrong one makes good ones expired or not yet valid.
finding examine_clock(std::int64_t now) {
  timex about{};
  const std::string time = tls::date_words(now);
  if (::adjtimex(&about) == TIME_ERROR || (about.status & STA_UNSYNC) != 0)
    return {grade::warning, "clock", "a clock that a time service keeps",
            "it says " + time + ", and none does",
            "run one (chrony, systemd-timesyncd); certificates are judged by this clock"};
  return {grade::good, "clock", {}, time + ", kept by a time service"};
}

void examine_here(const config& options, std::int64_t now, report& into) {
  const config::values& values = options.inside();
  for (const std::string& note : options.notes())
    into.add(report::here,
             {grade::warning, "options", "only options that have an effect", note, "remove it"});
  if (!values.encrypted) {
    into.add(report::here, {grade::warning, "encryption", "socket.ssl=yes",
                            "socket.ssl=no: everybody on the way "
                            "can read and change what the group says",
                            "give certificates: hauberk certs"});
    return;
  }
  for (const finding& one : tls::examine(values.security, values.name, now)) into.add(report::here, one);
  into.add(report::here, examine_clock(now));
}

/// All of gmcast.peers. One that is not there is no fault: the group may be about to start.
void ask_configured(const std::vector<std::string>& peers, const visitor& who, report& into) {
  for (const std::string& peer : peers) {
    for (finding& one : visit(who, peer)) {
      if (one.check == "reach" && one.how == grade::bad) {
        one.how = grade::warning;
        one.change = "nothing, if it is not started yet; else " + one.change;
      }
      into.add(peer, one);
    }
  }
}

}  // namespace

int run_doctor(const doctor_request& what) {
  const auto options = read_options(what.config_file, what.options);
  if (!options) return logger("info").said(exit_code_of(options.error().code), options.error().text);
  const std::int64_t now = std::time(nullptr);
  const config::values& values = options->inside();
  report all(what.json);
  examine_here(*options, now, all);
  const std::size_t bad_here = all.bad();

  std::optional<tls::context> security;
  if (values.encrypted) {
    if (auto loaded = tls::context::load(values.security, now, {})) security = std::move(*loaded);
  }
  const bool can_ask = security.has_value() || !values.encrypted;
  if (can_ask) {
    const visitor who = visitor_of(*options, std::move(security), now);
    all.add_policy(who.mine.policy_text, who.mine.policy_digest);
    for (const std::string& peer : what.peers)
      for (const finding& one : visit(who, peer)) all.add(peer, one);
    if (what.peers.empty()) ask_configured(values.peers, who, all);
  } else {
    for (const std::string& peer : what.peers)
      all.add(peer,
              {grade::warning, "reach", "to ask it", "not asked: a node does not start with these options",
               "put right what is bad here, then ask again"});
  }
  all.sum_up();
  if (bad_here > 0) return bad_material;
  return all.bad() > 0 ? not_admitted : done;
}

}  // namespace hauberk::tool
