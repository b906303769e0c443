#include "group/report.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <thread>

#include "support/histogram.hpp"

namespace hauberk::bench {
namespace {

using nlohmann::ordered_json;

constexpr double mib = 1024.0 * 1024.0, gib = 1024.0 * mib;

double rounded(double value) {
  return static_cast<double>(static_cast<std::int64_t>(value * 1000 + 0.5)) / 1000;
}

void merge(histogram& into, const nlohmann::json& done) {
  const auto most = done["latency_most"].get<std::uint64_t>();
  for (const auto& bucket : done["latency"])
    into.add(bucket[0].get<std::size_t>(), bucket[1].get<std::uint64_t>(), most);
}

ordered_json quantiles(const histogram& from) {
  if (from.total() == 0) return nullptr;
  const auto at = [&](double fraction) {
    return rounded(static_cast<double>(from.quantile(fraction)) / 1e3);
  };
  return {{"p50", at(0.5)},
          {"p99", at(0.99)},
          {"p999", at(0.999)},
          {"max", rounded(static_cast<double>(from.most()) / 1e3)},
          {"count", from.total()}};
}

const char* name_of(fault what) {
  switch (what) {
    case fault::kill:
      return "kill";
    case fault::stop:
      return "stop";
    case fault::join:
      return "join";
    case fault::none:
      break;
  }
  return "none";
}

ordered_json parameters_of(const parameters& what) {
  const char* mode = what.in_flight != 0 ? "closed loop"
                     : what.rate > 0     ? "open loop"
                                         : "as fast as possible";
  return {{"nodes", what.nodes},
          {"senders", what.senders},
          {"size", what.size},
          {"seconds", what.seconds},
          {"warm_up_seconds", what.warm_up},
          {"mode", mode},
          {"window", what.window},
          {"in_flight", what.in_flight},
          {"rate", what.rate},
          {"batch", what.batch},
          {"tls", !what.plain},
          {"cipher", what.cipher},
          {"compression", what.compression},
          {"payload", what.text ? "text" : "random"},
          {"options", what.options},
          {"fault", name_of(what.what)},
          {"target", what.hits_leader ? "leader" : "follower"},
          {"freeze_seconds", what.freeze_seconds},
          {"joiners", what.joiners}};
}

double milliseconds(const nlohmann::json& done, const char* key) {
  return rounded(done[key].get<double>() / 1e6);
}

/// One node's line: what it used and delivered in the measured time.
ordered_json node_of(const node_result& node, std::uint64_t middle) {
  ordered_json line{{"name", node.name},
                    {"leader", node.was_leader},
                    {"sender", node.is_sender},
                    {"victim", node.is_victim},
                    {"joiner", node.is_joiner}};
  if (node.is_joiner) {
    line["joined_after_ms"] = rounded(node.joined_ms);
    line["weighted_after_ms"] = rounded(node.weighted_ms);
  }
  if (!node.done) return line;
  const auto& done = *node.done;
  const double seconds = done["seconds"];
  line["messages_per_second"] = rounded(done["messages"].get<double>() / seconds);
  line["cpu_seconds"] = rounded(done["cpu_seconds"]);
  line["cores"] = rounded(done["cpu_seconds"].get<double>() / seconds);
  line["longest_commit_gap_before_ms"] = milliseconds(done, "longest_gap_before");
  line["longest_commit_gap_ms"] = milliseconds(done, "longest_gap");
  for (const auto& gap : done["gaps"]) {
    const double end = gap[0].get<double>() - static_cast<double>(middle), length = gap[1].get<double>();
    line["commit_gaps"].push_back({{"at_ms", rounded((end - length) / 1e6)}, {"ms", rounded(length / 1e6)}});
  }
  line["max_rss_mib"] = rounded(done["peak_memory"].get<double>() / mib);
  return line;
}

}  // namespace

ordered_json report(const parameters& what, const group_result& from, double load) {
  histogram loaded, alone;
  double rate = -1, cpu = 0, gap_before = 0, gap = 0, memory = 0, bytes = 0, joined = -1, weighted = -1;
  ordered_json lines = ordered_json::array();
  for (const node_result& node : from.nodes) {
    lines.push_back(node_of(node, from.middle));
    joined = std::max(joined, node.joined_ms);
    weighted = std::max(weighted, node.weighted_ms);
    if (node.latency) merge(alone, *node.latency);
    if (!node.done) continue;
    const auto& done = *node.done;
    merge(loaded, done);
    cpu += done["cpu_seconds"].get<double>();
    memory = std::max(memory, done["peak_memory"].get<double>());
    if (node.is_victim) continue;
    const double messages = done["messages"];
    bytes = std::max(bytes, messages * static_cast<double>(what.size));
    const double own = messages / done["seconds"].get<double>();
    rate = rate < 0 ? own : std::min(rate, own);
    gap_before = std::max(gap_before, milliseconds(done, "longest_gap_before"));
    gap = std::max(gap, milliseconds(done, "longest_gap"));
  }
  const bool has_second_phase = alone.total() != 0;
  ordered_json made{{"bench", "group"},
                    {"messages_per_second", rounded(rate)},
                    {"mib_per_second", rounded(rate * static_cast<double>(what.size) / mib)},
                    {"cpu_seconds_per_gib", bytes > 0 ? rounded(cpu / (bytes / gib)) : 0},
                    {"latency_us", quantiles(has_second_phase ? alone : loaded)},
                    {"latency_of", has_second_phase ? "one in flight, after the load" : "the load"},
                    {"loaded_latency_us", quantiles(loaded)},
                    {"longest_commit_gap_before_ms", gap_before},
                    {"longest_commit_gap_ms", gap},
                    {"max_rss_mib", rounded(memory / mib)}};
  if (!from.victim_end.empty()) made["victim"] = from.victim_end;
  if (what.what == fault::join) {
    made["joined_after_ms"] = rounded(joined);
    made["weighted_after_ms"] = rounded(weighted);
  }
  made["agreed"] = {{"messages", from.messages}, {"digest", from.digest}};
  made["per_node"] = lines;
  made["parameters"] = parameters_of(what);
  made["machine"] = {{"cores", std::thread::hardware_concurrency()}, {"load_average_before", rounded(load)}};
  return made;
}

std::string table(const ordered_json& report) {
  std::ostringstream text;
  text << std::fixed;
  const auto row = [&](const std::string& name) -> std::ostream& {
    return text << std::left << std::setw(22) << name << std::right;
  };
  const auto number = [&](const ordered_json& from, const char* key, int digits) -> std::ostream& {
    return text << std::setprecision(digits) << from.value(key, 0.0);
  };
  const auto& asked = report["parameters"];
  row("work") << asked["nodes"] << " nodes, " << asked["senders"] << " sending " << asked["size"]
              << " bytes, " << asked["mode"].get<std::string>() << ", TLS "
              << (asked["tls"].get<bool>() ? "on" : "off") << "\n";
  row("throughput");
  number(report, "messages_per_second", 0) << " messages/s, ";
  number(report, "mib_per_second", 1) << " MiB/s\n";
  row("CPU, all nodes");
  number(report, "cpu_seconds_per_gib", 2) << " s per GiB replicated\n";
  for (const std::string which : {"latency_us", "loaded_latency_us"}) {
    const auto& one = report[which];
    if (one.is_null()) continue;
    row(which == "latency_us" ? "commit latency" : "  under the load");
    for (const char* key : {"p50", "p99", "p999", "max"}) {
      text << key << " ";
      number(one, key, 0) << "  ";
    }
    text << "µs\n";
  }
  row("longest commit gap");
  number(report, "longest_commit_gap_ms", 1) << " ms (in the half before: ";
  number(report, "longest_commit_gap_before_ms", 1) << " ms)\n";
  if (report.contains("joined_after_ms")) {
    row("all have joined") << "after ";
    number(report, "joined_after_ms", 0) << " ms, with weight after ";
    number(report, "weighted_after_ms", 0) << " ms\n";
  }
  if (report.contains("victim")) row("victim") << report["victim"].get<std::string>() << "\n";
  for (const auto& node : report["per_node"]) {
    std::string name = node["name"];
    for (const char* role : {"leader", "sender", "victim", "joiner"})
      if (node[role].get<bool>()) name += std::string(" ") + role;
    row(name);
    number(node, "cores", 3) << " cores, ";
    number(node, "max_rss_mib", 0) << " MiB resident at most\n";
  }
  row("agreed") << report["agreed"]["messages"] << " messages\n";
  return text.str();
}

}  // namespace hauberk::bench
