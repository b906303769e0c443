// A visitor's link (see proto/README.md): greeted with the node's own certificate, one request, one answer.
#include "tool/rotate.hpp"

#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <variant>

#include "api/values.hpp"
#include "base/options.hpp"
#include "link/greeting.hpp"
#include "tool/conversation.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"
#include "tool/options.hpp"
#include "tool/visit.hpp"

namespace hauberk::tool {
namespace {

using namespace std::chrono_literals;

/// Longer than the group takes for a change, also when one is before it.
constexpr auto decision_patience = 60s;

/// The changes as one text in the grammar of options.
result<std::string> text_of(const rotate_request& what) {
  std::string text = what.anchors ? "socket.ssl_anchors=file\n" : "";
  for (const std::string& one : what.changes) {
    const auto equals = one.find('=');
    if (equals == 0 || equals == std::string::npos)
      return error(errc::bad_option, "'" + one + "': expected KEY=VALUE, such as socket.ssl_profile=strict");
    text += one.substr(0, equals + 1) + '"';
    for (const char c : one.substr(equals + 1))
      text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    text += "\"\n";
  }
  if (text.empty()) return error(errc::bad_option, "nothing to change: give KEY=VALUE, or --ca");
  return text;
}

/// Where the node of these options listens, seen from its own machine.
std::string address_of(const config::values& node) {
  auto where = base::options::parse_address(node.listen.front());
  const std::uint16_t port = where->port.value_or(4567);
  if (where->host == "::" || where->host.empty()) where->host = "localhost";
  if (where->host == "0.0.0.0") where->host = "127.0.0.1";
  return base::options::join_address(where->host, port);
}

/// What the peer said that is no answer.
error unexpected(const wire::message& got) {
  if (const auto* refused = std::get_if<mesh::goodbye>(&got))
    return {errc::refused, "the peer says: " + link::printable(refused->text)};
  return {errc::refused, "the peer sent a frame out of turn: is it of this version?"};
}

result<mesh::visitor_answer> ask(const visitor& who, const std::string& address,
                                 const mesh::visitor_request& wish) {
  auto line = caller::dial(address, who.dial_patience);
  if (!line) return line.error();
  conversation with(std::move(*line), who.security, who.mine);
  with.set_patience(who.patience);
  if (auto done = with.secure(); !done) return done.error();
  if (auto done = with.say(who.mine); !done) return done.error();
  const auto greeting = with.next_message();
  if (!greeting)
    return error(greeting.error().code,
                 greeting.error().text +
                     (who.security ? "" : "; if it speaks TLS by now, say so: --options socket.ssl=yes"));
  const auto* theirs = std::get_if<mesh::hello>(&*greeting);
  if (theirs == nullptr) return unexpected(*greeting);
  const auto peer = with.peer();
  const link::channel through{who.security ? &*who.security : nullptr, peer ? &*peer : nullptr};
  if (const auto why = link::check_hello(who.mine, *theirs, through)) return error(why->code, why->here);
  for (const wire::message& frame : {wire::message(mesh::welcome{}), wire::message(wish)})
    if (auto done = with.say(frame); !done) return done.error();
  with.set_patience(decision_patience);
  const auto decided = with.next_message();
  if (!decided)
    return error(decided.error().code,
                 decided.error().text + "; what became of the change is in the members' logs");
  if (const auto* answer = std::get_if<mesh::visitor_answer>(&*decided)) return *answer;
  return unexpected(*decided);
}

void print(const rotate_request& what, const std::string& address, errc reason, const std::string& text,
           std::chrono::duration<double> took) {
  if (what.json) {
    const nlohmann::ordered_json line = {
        {"event", "rotate"},
        {"peer", address},
        {"dry_run", what.is_trial},
        {"ok", reason == errc::ok},
        {"reason", reason == errc::ok ? "ok" : make_error_code(reason).message()},
        {"text", text},
        {"seconds", took.count()}};
    std::cout << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  } else {
    std::cout << (reason == errc::ok ? (what.is_trial ? "possible: " : "done: ") : "nothing has changed: ")
              << link::printable(text) << '\n';
  }
}

}  // namespace

int run_rotate(const rotate_request& what) {
  logger log("info");
  const auto failed = [&](const error& why) { return log.said(exit_code_of(why.code), why.text); };
  const auto options = read_options(what.config_file, what.options);
  if (!options) return failed(options.error());
  const auto changes = text_of(what);
  if (!changes) return failed(changes.error());
  const config::values& node = options->inside();
  std::optional<tls::context> security;
  const std::int64_t now = std::time(nullptr);
  if (node.encrypted) {
    auto loaded = tls::context::load(node.security, now, {});
    if (!loaded) return failed(loaded.error());
    security = std::move(*loaded);
  }
  visitor who = visitor_of(*options, std::move(security), now);
  who.mine.is_visitor = true;
  who.mine.address.clear();
  const std::string address = what.peer.empty() ? address_of(node) : what.peer;
  const auto began = std::chrono::steady_clock::now();
  const auto answer = ask(who, address, {*changes, what.is_trial});
  if (!answer) return log.said(not_admitted, address + ": " + answer.error().text);
  const auto reason = answer->reason <= static_cast<std::uint32_t>(errc::internal)
                          ? static_cast<errc>(answer->reason)
                          : errc::refused;
  print(what, address, reason, answer->text, std::chrono::steady_clock::now() - began);
  return exit_code_of(reason == errc::ok ? std::error_code() : make_error_code(reason));
}

}  // namespace hauberk::tool
