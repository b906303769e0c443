// group_bench: a whole group of real processes on the loopback interface, over TLS, through the public face.
// Prints throughput, CPU, latency, commit gaps and memory; fails when the nodes' streams differ.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "group/coordinator.hpp"
#include "group/node.hpp"
#include "group/report.hpp"

namespace {

using namespace hauberk::bench;

void describe(CLI::App& app, parameters& to) {
  app.add_option("--nodes", to.nodes, "processes")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--senders", to.senders, "how many of them broadcast; 0 = an idle group")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  app.add_option("--size", to.size, "bytes of a message, from 16 on")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_option("--seconds", to.seconds, "measured time")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_option("--warm-up", to.warm_up, "seconds before it")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  app.add_option("--latency-seconds", to.latency_seconds,
                 "length of the second pass with one message in flight, 0 = none; only without --in-flight, "
                 "--rate and --fault")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--window", to.window, "evs.send_window in bytes")->transform(CLI::AsSizeValue(false));
  auto* loop = app.add_option("--in-flight", to.in_flight, "closed loop: so many messages of each sender");
  app.add_option("--rate", to.rate, "open loop: so many messages a second of each sender")
      ->check(CLI::PositiveNumber)
      ->excludes(loop);
  app.add_option("--batch", to.batch, "messages in a call of broadcast, but in a closed loop")
      ->check(CLI::Range(1, 8192))
      ->capture_default_str();
  app.add_flag("--plain", to.plain, "without TLS (socket.ssl=no)");
  app.add_option("--cipher", to.cipher, "socket.ssl_cipher");
  app.add_option("--compression", to.compression, "socket.ssl_compression");
  app.add_flag("--text", to.text, "payloads that can be compressed");
  app.add_option("--options", to.options, "further options for all nodes, as 'key=value; key=value'");
  app.add_option("--fault", to.what,
                 "in the middle of the measured time: kill a node, stop (freeze) one, or let others join")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, fault>{{"kill", fault::kill}, {"stop", fault::stop}, {"join", fault::join}}));
  app.add_option("--target", to.hits_leader, "whom --fault kill or stop hits: follower or leader")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, bool>{{"follower", false}, {"leader", true}}));
  app.add_option("--joiners", to.joiners, "how many nodes --fault join adds at once")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  app.add_option("--freeze-seconds", to.freeze_seconds, "how long --fault stop freezes")
      ->check(CLI::Range(0.01, 60.0))
      ->capture_default_str();
  app.add_option("--logs", to.logs,
                 "keep the nodes' logs in this folder, with the moment of the fault in them")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--json", to.json, "one JSON object");
}

/// What no single option can check; empty when all is well.
std::string contradiction(const parameters& what) {
  const unsigned victims = what.what == fault::kill || what.what == fault::stop ? 1 : 0;
  if (what.size < 16 || what.size > 2147483647) return "--size: expected 16 to 2147483647 bytes";
  if (what.senders > what.nodes - victims)
    return "--senders " + std::to_string(what.senders) + ": at most " + std::to_string(what.nodes - victims) +
           " nodes can send (the victim of a --fault does not)";
  if (victims != 0 && what.nodes < 3)
    return "--fault: a group of fewer than 3 nodes has no quorum without one";
  if (what.hits_leader && victims == 0) return "--target: only with --fault kill or stop";
  if (what.what == fault::stop && what.freeze_seconds > what.seconds / 2)
    return "--freeze-seconds: at most half of --seconds";
  return {};
}

int run(const parameters& what) {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) load = 0;
  try {
    catch_interruptions();
    const auto made = report(what, coordinator(what).run(), load);
    std::cout << (what.json ? made.dump(2) + "\n" : table(made));
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "group_bench: " << problem.what() << "\n";
    return 1;
  }
}

}  // namespace

int main(int count, char** words) {
  if (count == 3 && std::string(words[1]) == "--node") return run_node(words[2]);
  if (count == 3 && std::string(words[1]) == "--joiner") return run_joiner(words[2]);
  CLI::App app(
      "Measures a whole Hauberk group: N processes on the loopback interface.\n"
      "Exit codes: 0 measured and all nodes agree, 1 something went wrong, 2 bad arguments.");
  parameters what;
  describe(app, what);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  if (const std::string wrong = contradiction(what); !wrong.empty()) {
    std::cerr << "group_bench: " << wrong << "\n";
    return 2;
  }
  return run(what);
}
