#include "tool/rotate.hpp"

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "link/greeting.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"
#include "tool/options.hpp"
#include "tool/request.hpp"

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
  const auto with = asking_with(*options, what.peer);
  if (!with) return failed(with.error());
  const auto began = std::chrono::steady_clock::now();
  const auto said = ask(*with, {*changes, what.is_trial}, decision_patience);
  if (!said) return log.said(not_admitted, with->address + ": " + said.error().text);
  const errc reason = reason_of(said->last);
  print(what, with->address, reason, said->last.text, std::chrono::steady_clock::now() - began);
  return exit_code_of(reason == errc::ok ? std::error_code() : make_error_code(reason));
}

}  // namespace hauberk::tool
