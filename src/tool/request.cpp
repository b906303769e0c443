#include "tool/request.hpp"

#include <ctime>
#include <utility>
#include <variant>

#include "api/values.hpp"
#include "base/limits.hpp"
#include "base/options.hpp"
#include "link/greeting.hpp"
#include "tool/conversation.hpp"

namespace hauberk::tool {
namespace {

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

result<void> greet(const visitor& who, conversation& with) {
  with.set_patience(who.patience);
  if (auto done = with.secure(); !done) return done;
  if (auto done = with.say(who.mine); !done) return done;
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
  return with.say(mesh::welcome{});
}

}  // namespace

result<asking> asking_with(const config& options, const std::string& peer) {
  const config::values& node = options.inside();
  std::optional<tls::context> security;
  const std::int64_t now = std::time(nullptr);
  if (node.encrypted) {
    auto loaded = tls::context::load(node.security, now, {});
    if (!loaded) return loaded.error();
    security = std::move(*loaded);
  }
  asking made{visitor_of(options, std::move(security), now), peer.empty() ? address_of(node) : peer};
  made.who.mine.is_visitor = true;
  made.who.mine.address.clear();
  return made;
}

result<answer> ask(const asking& with, const mesh::visitor_request& wish,
                   std::chrono::milliseconds patience) {
  auto line = caller::dial(with.address, with.who.dial_patience);
  if (!line) return line.error();
  conversation open(std::move(*line), with.who.security, with.who.mine);
  if (auto done = greet(with.who, open); !done) return done.error();
  if (auto done = open.say(wish); !done) return done.error();
  open.set_patience(patience);
  answer made;
  for (;;) {
    auto said = open.next_message();
    if (!said)
      return error(said.error().code,
                   said.error().text + "; what came of the request is in the members' logs");
    if (auto* one = std::get_if<mesh::member_report>(&*said);
        one != nullptr && made.members.size() < base::limits::members_max) {
      made.members.push_back(std::move(*one));
    } else if (auto* last = std::get_if<mesh::visitor_answer>(&*said)) {
      made.last = std::move(*last);
      return made;
    } else {
      return unexpected(*said);
    }
  }
}

errc reason_of(const mesh::visitor_answer& said) {
  return said.reason <= static_cast<std::uint32_t>(errc::internal) ? static_cast<errc>(said.reason)
                                                                   : errc::refused;
}

}  // namespace hauberk::tool
