// The command line of `hauberk`: what can be asked for; node.cpp and certs.cpp do it.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "tool/certs.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"
#include "tool/node.hpp"

namespace {

using namespace hauberk::tool;

constexpr const char* node_footer =
    "Standard input is broadcast line by line; its end leaves the group, unless --stay is given.\n"
    "Ordered events come out on standard output, the log on standard error.\n"
    "Signals: TERM, INT and HUP leave the group gracefully; USR1 prints the digest of all messages so far\n"
    "(SHA-256 over position and length, each as 8 bytes big-endian, and the payload).\n"
    "Example, the first of three nodes:\n"
    "  hauberk node --bootstrap --options 'group.name=ledger; node.name=db1; gmcast.peers=db2,db3;\n"
    "    socket.ssl_cert=db1.pem; socket.ssl_key=db1-key.pem; socket.ssl_ca=ca.pem'\n";

void describe(CLI::App& command, node_request& node) {
  command.footer(node_footer);
  command.add_option("--options", node.options, "options, as 'key=value; key=value'; the last of two counts")
      ->type_name("TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--config", node.config_file, "read options from this file first, one per line")
      ->type_name("FILE");
  command.add_flag("--json", node.json, "one JSON object per event");
  command.add_flag("--stay", node.stay, "stay in the group at the end of the input");
  command.add_flag("--digest", node.digest, "print position and SHA-256 of all messages at the end");
  command.add_flag("--bootstrap", node.bootstrap, "start a new history (pc.bootstrap=yes)");
  auto* send =
      command.add_option("--send", node.send_file, "broadcast the lines of this file, not of standard input")
          ->type_name("FILE");
  auto* count = command.add_option("--count", node.count, "broadcast so many generated messages instead")
                    ->check(CLI::PositiveNumber)
                    ->excludes(send);
  command.add_option("--size", node.size, "bytes of a generated message")
      ->needs(count)
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{2147483647}))
      ->capture_default_str();
  command.add_option("--rate", node.rate, "generated messages a second; 0 = as fast as the group takes them")
      ->needs(count)
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1000000000}))
      ->capture_default_str();
  command.add_option("--log-level", node.log_level, "error, warning, info or debug")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}))
      ->capture_default_str();
}

void describe(CLI::App& command, certs_request& certs) {
  command.footer(
      "Writes ca.pem and ca-key.pem, and NAME.pem and NAME-key.pem for each node: EC P-256, the names as "
      "SAN,\n"
      "both extended key usages, keys with mode 0600. Nothing is overwritten.\n"
      "Example: hauberk certs --ca --node db1,10.0.0.1 db2 db3 --dir certs\n");
  command.add_flag("--ca", certs.ca, "make a certificate authority");
  command.add_option("--ca-name", certs.ca_name, "its common name")->capture_default_str();
  command
      .add_option("--node", certs.nodes, "make certificates for these nodes: NAME or NAME,OTHER-NAME,ADDRESS")
      ->type_name("NAME...");
  command.add_option("--dir", certs.folder, "the folder of all these files")->capture_default_str();
  command
      .add_option("--days", certs.days,
                  "how long they are valid (default 3650 for an authority, 825 for a node)")
      ->check(CLI::Range(1, 365000));
}

int run(int argc, char** argv) {
  CLI::App app("One member of a Hauberk group as a process, and certificates for its nodes.", "hauberk");
  app.set_version_flag("--version", "hauberk " HAUBERK_VERSION);
  app.footer(std::string(exit_codes_help));
  app.require_subcommand(0, 1);  // one is needed, but then a misspelt one is named
  node_request node;
  certs_request certs;
  auto* node_command = app.add_subcommand("node", "be a member: broadcast lines, print the ordered stream");
  describe(*node_command, node);
  auto* certs_command = app.add_subcommand("certs", "make a certificate authority and node certificates");
  describe(*certs_command, certs);

  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("a command, node or certs,");
    if (node_command->parsed() && node.options.empty() && node.config_file.empty())
      throw CLI::RequiredError("--options or --config");
  } catch (const CLI::Success& wanted) {  // help or version
    return app.exit(wanted);
  } catch (const CLI::ParseError& problem) {
    return logger("info").said(bad_usage, std::string(problem.what()) + " (see hauberk --help)");
  }
  return node_command->parsed() ? run_node(node) : run_certs(certs);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {  // out of memory, mostly
    return logger("info").said(broken, problem.what());
  }
}
