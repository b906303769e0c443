// The command line of `hauberk`: what can be asked for; node.cpp, certs*.cpp, doctor.cpp, links.cpp and
// rotate.cpp do it.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "tls/ledger.hpp"
#include "tool/certs.hpp"
#include "tool/doctor.hpp"
#include "tool/exit_codes.hpp"
#include "tool/links.hpp"
#include "tool/log.hpp"
#include "tool/node.hpp"
#include "tool/rotate.hpp"

namespace {

using namespace hauberk::tool;

constexpr const char* node_footer =
    "Standard input is broadcast line by line; its end leaves the group, unless --stay is given.\n"
    "Ordered events come out on standard output, the log on standard error.\n"
    "Signals: TERM and INT leave the group gracefully; HUP loads certificate, key, CA and revocation files\n"
    "again (those that --config names by then) and makes every link anew; USR1 prints the digest of all "
    "messages so far (SHA-256 over position\n"
    "and length, each as 8 bytes big-endian, and the payload).\n"
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

struct certs_command {
  certs_request where;
  renew_request renewal;
  revoke_request revocation;
  show_request shown;
  std::string step;
  CLI::App *renew = nullptr, *revoke = nullptr, *rotate = nullptr, *show = nullptr;
};

void describe_making(CLI::App& command, certs_request& where) {
  command.footer(
      "Writes ca.pem and ca-key.pem, and NAME.pem and NAME-key.pem for each node: EC P-256 unless --key "
      "says\n"
      "otherwise, the names as SAN, both extended key usages, random serials, keys with mode 0600. Files "
      "are\n"
      "written whole or not at all, and nothing is overwritten but by renew and revoke. ca-index.txt lists "
      "what\n"
      "was issued and revoked, in the format of openssl ca.\n"
      "Example: hauberk certs --ca --node db1,10.0.0.1 db2 db3 --dir certs\n");
  command.add_flag("--ca", where.ca, "make a certificate authority");
  command.add_option("--ca-name", where.ca_name, "its common name (default hauberk-ca; rotate-ca counts on)");
  command
      .add_option("--node", where.nodes,
                  "make certificates for these nodes: NAME or NAME,OTHER-NAME,ADDRESS,URI")
      ->type_name("NAME...");
  command.add_option("--dir", where.folder, "the folder of all these files")->capture_default_str();
  command
      .add_option("--days", where.days,
                  "how long they are valid (default 3650 for an authority, 825 for a node)")
      ->check(CLI::Range(1, 365000));
  command
      .add_option("--ca-password-file", where.password_file,
                  "the first line of this file locks the authority's key (AES-256)")
      ->type_name("FILE");
  command.add_option("--key", where.key, "kind of new keys: p256 (default), p384 or rsa (3072 bits)")
      ->check(CLI::IsMember({"p256", "p384", "rsa"}));
}

void describe(CLI::App& command, certs_command& certs) {
  describe_making(command, certs.where);
  certs.renew =
      command.add_subcommand("renew", "new key and certificate, same names, in the place of the old");
  certs.renew->footer(
      "The old certificate goes on to be valid until it expires or is revoked. Example:\n"
      "  hauberk certs renew db1 --dir certs\n");
  certs.renew->add_option("NAME", certs.renewal.nodes, "the nodes");
  certs.renew->add_flag("--all", certs.renewal.all, "all nodes in the folder");
  certs.renew->add_flag("--keep-key", certs.renewal.keeps_key, "make the certificate anew, not the key");

  certs.revoke = command.add_subcommand("revoke", "put certificates on the revocation list crl.pem");
  certs.revoke->add_option(
      "WHAT", certs.revocation.what,
      "a node's NAME (all that it has), a certificate's FILE, or serial:HEX; none = make "
      "the list anew with a later date");
  std::vector<std::string> reasons;
  for (const auto& one : hauberk::tls::revocation_reasons) reasons.emplace_back(one);
  certs.revoke->add_option("--reason", certs.revocation.reason, "why, for those who read the list")
      ->check(CLI::IsMember(reasons));
  certs.revoke->add_option("--crl-days", certs.revocation.crl_days, "when the next list is due")
      ->check(CLI::Range(1, 36500))
      ->capture_default_str();

  certs.rotate = command.add_subcommand("rotate-ca", "hand over to a new authority without an outage");
  certs.rotate->footer(
      "begin   makes ca-next.pem, and ca-bundle.pem with both: all nodes come to trust both\n"
      "switch  the new one becomes ca.pem and signs from now on: renew all nodes\n"
      "end     ca-bundle.pem has the new one alone: all nodes drop the old\n"
      "Each step says what to do before the next; one that was cut short is finished by the same words.\n");
  certs.rotate->add_option("STEP", certs.step, "begin, switch or end")
      ->required()
      ->check(CLI::IsMember({"begin", "switch", "end"}));

  certs.show = command.add_subcommand("show", "what is in certificates and revocation lists");
  certs.show->footer(
      "Says also which are revoked (by the lists shown), and which share a serial. Keys are not shown.\n");
  certs.show->add_option("FILE", certs.shown.files, "PEM files; none = all of the folder");
  certs.show->add_flag("--json", certs.shown.json, "one JSON object per certificate and list");
  for (auto* one : {certs.renew, certs.revoke, certs.rotate, certs.show}) one->fallthrough();
  command.require_subcommand(0, 1);
}

void describe(CLI::App& command, doctor_request& doctor) {
  command.footer(
      "Checks files and their modes, key, chain, usage, name, strength, dates, serial, revocation lists,\n"
      "versions, ciphers, groups and the clock, and says of each whether it is good. It asks the running "
      "nodes\n"
      "of gmcast.peers, or those of --peer, as a member would, up to the moment before the link is up: the\n"
      "group notices nothing.\n"
      "Ends with 0 when nothing is bad, 3 when something here is, 5 when only a peer stands against it.\n"
      "Example: hauberk doctor --config db1.cnf --peer db2:4567\n");
  command.add_option("--options", doctor.options, "the node's options, as 'key=value; key=value'")
      ->type_name("TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--config", doctor.config_file, "read options from this file first, one per line")
      ->type_name("FILE");
  command.add_option("--peer", doctor.peers, "ask the node at this address, not those of gmcast.peers")
      ->type_name("HOST:PORT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--json", doctor.json, "one JSON object per check");
}

void describe(CLI::App& command, rotate_request& rotate) {
  command.footer(
      "Asks a member to have the group change settings that all members share, while it works: every member\n"
      "prepares them and makes a link to every other with them; when all have, they are in force at all. If\n"
      "one cannot, nothing changes and it is named. Any member may be asked; without --peer it is the one "
      "that\n"
      "the options are of. The files that a change needs lie at each member before.\n"
      "KEY: socket.ssl (no to yes, never back), socket.ssl_cipher, _groups, _min_version, _max_version, "
      "_profile,\n"
      "_identity, _rekey, _compression (all of socket.), gcs.fc_policy.\n"
      "Examples: hauberk rotate --config db1.cnf --dry-run socket.ssl=yes\n"
      "          hauberk rotate --config db1.cnf socket.ssl_compression=zstd\n"
      "          hauberk rotate --config db1.cnf --ca\n");
  command.add_option("--options", rotate.options, "the node's options, as 'key=value; key=value'")
      ->type_name("TEXT")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--config", rotate.config_file, "read options from this file first, one per line")
      ->type_name("FILE");
  command.add_option("--peer", rotate.peer, "the member to ask")->type_name("HOST:PORT");
  command.add_flag("--ca", rotate.anchors, "the trust anchors that this member has in socket.ssl_ca by now");
  command.add_flag("--dry-run", rotate.is_trial, "let all members prove that they can, then change nothing");
  command.add_flag("--json", rotate.json, "the answer as one JSON object");
  command.add_option("KEY=VALUE", rotate.changes, "what is to be different");
}

void describe(CLI::App& command, links_request& links) {
  command.footer(
      "Asks a member of a running group for every member's certificate and for the links between them, as "
      "the\n"
      "member at each end tells it: TLS version, cipher, key exchange, policy. Any member may be asked; "
      "without\n"
      "--peer it is the one that the options are of. The last line sums up.\n"
      "Ends with 0 when every two members have a link, both ends tell the same of each, and all links are\n"
      "encrypted or none is; else with 8.\n"
      "Example: hauberk links --config db1.cnf\n");
  command.add_option("--options", links.options, "the node's options, as 'key=value; key=value'")
      ->type_name("TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--config", links.config_file, "read options from this file first, one per line")
      ->type_name("FILE");
  command.add_option("--peer", links.peer, "the member to ask")->type_name("HOST:PORT");
  command.add_flag("--json", links.json, "one JSON object per member and direction of a link");
}

int run(const certs_command& certs) {
  if (certs.renew->parsed()) return run_renew(certs.where, certs.renewal);
  if (certs.revoke->parsed()) return run_revoke(certs.where, certs.revocation);
  if (certs.rotate->parsed()) return run_rotate_ca(certs.where, certs.step);
  if (certs.show->parsed()) return run_show(certs.where, certs.shown);
  return run_certs(certs.where);
}

int run(int argc, char** argv) {
  CLI::App app(
      "One member of a Hauberk group as a process, certificates for its nodes, a check before joining, "
      "changes of\n"
      "what all members share, and a look at how they are linked.",
      "hauberk");
  app.set_version_flag("--version", "hauberk " HAUBERK_VERSION);
  app.footer(std::string(exit_codes_help));
  app.require_subcommand(0, 1);  // one is needed, but then a misspelt one is named
  node_request node;
  certs_command certs;
  auto* node_command = app.add_subcommand("node", "be a member: broadcast lines, print the ordered stream");
  describe(*node_command, node);
  auto* certs_app = app.add_subcommand("certs", "make, renew, revoke and show certificates");
  describe(*certs_app, certs);
  doctor_request doctor;
  auto* doctor_command =
      app.add_subcommand("doctor", "before joining: check options, certificates and peers");
  describe(*doctor_command, doctor);
  rotate_request rotate;
  auto* rotate_command =
      app.add_subcommand("rotate", "change ciphers, authorities, or plaintext to TLS in a running group");
  describe(*rotate_command, rotate);
  links_request links;
  auto* links_command =
      app.add_subcommand("links", "who is linked with whom in a running group, and how it is encrypted");
  describe(*links_command, links);

  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty())
      throw CLI::RequiredError("a command, node, certs, doctor, rotate or links,");
    if (node_command->parsed() && node.options.empty() && node.config_file.empty())
      throw CLI::RequiredError("--options or --config");
    if (doctor_command->parsed() && doctor.options.empty() && doctor.config_file.empty())
      throw CLI::RequiredError("--options or --config");
    if (rotate_command->parsed() && rotate.options.empty() && rotate.config_file.empty())
      throw CLI::RequiredError("--options or --config");
    if (links_command->parsed() && links.options.empty() && links.config_file.empty())
      throw CLI::RequiredError("--options or --config");
  } catch (const CLI::Success& wanted) {  // help or version
    return app.exit(wanted);
  } catch (const CLI::ParseError& problem) {
    return logger("info").said(bad_usage, std::string(problem.what()) + " (see hauberk --help)");
  }
  if (doctor_command->parsed()) return run_doctor(doctor);
  if (rotate_command->parsed()) return run_rotate(rotate);
  if (links_command->parsed()) return run_links(links);
  return node_command->parsed() ? run_node(node) : run(certs);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {  // out of memory, mostly
    return logger("info").said(broken, problem.what());
  }
}
