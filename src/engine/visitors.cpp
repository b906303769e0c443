// Links of those who only have a request: neither mesh nor replica know of them. Whoever has a certificate of
// the group may ask, as any member may.
#include <utility>

#include "engine/engine.hpp"

namespace hauberk::engine {
namespace {

constexpr std::size_t visitors_max = 8;

}  // namespace

void engine::welcome_visitor(const link_up& one) {
  if (is_retired_ || one.dialled)
    return transport_->close(one.id, error(errc::refused, "node " + how_.name + " takes no visitors now"));
  if (visitors_.size() >= visitors_max)  // ids rise: the one that has been here longest
    transport_->close(visitors_.begin()->first, error(errc::closed, "other visitors wait"));
  visitors_.try_emplace(one.id, visit{one.peer.peer.name + " at " + one.remote});
}

void engine::hear_visitor(net::connection_id id, visit& who, wire::message& said) {
  const auto* wanted = std::get_if<mesh::visitor_request>(&said);
  if (wanted == nullptr || who.has_asked)
    return transport_->close(id, error(errc::refused, "a visitor has one request, and nothing else to say"));
  who.has_asked = true;
  how_.log(base::level::info, "a visitor, " + who.name + ", asks for " +
                                  (wanted->is_trial ? "a trial of " : "") + "another policy");
  worker_.run([this, id, options = wanted->options, is_trial = wanted->is_trial] {
    policy_asked asked{id, {}, is_trial, {}};
    const auto read = read_wish(options);
    const auto text = read ? guard_.propose([&](common_settings& to) { return grant(*read, to); })
                           : result<std::string>(read.error());
    if (text)
      asked.text = *text;
    else
      asked.obstacle = text.error();
    tell(std::move(asked));
  });
}

void engine::handle(policy_asked& one) {
  if (one.obstacle) return answer_visitor(one.visitor, *one.obstacle);
  if (is_retired_ || !submissions_.is_primary())
    return answer_visitor(one.visitor,
                          error(errc::not_primary, how_.name + " is not in the primary component now"));
  const std::uint64_t id = [&] {
    const std::lock_guard hold(rare_mutex_);
    return rare_.next_change++;
  }();
  visitors_changes_[id] = one.visitor;
  changes_open_.insert(id);
  policy_changes_.insert(id);
  replica_->ask(now_, id, replica::change(replica::policy_change{std::move(one.text), one.is_trial}));
}

void engine::answer_visitor(net::connection_id id, const result<std::string>& answer) {
  if (!visitors_.contains(id)) return;  // it has gone
  mesh::visitor_answer said;
  if (answer) {
    said.text = *answer;
  } else {
    const auto& code = answer.error().code;
    said.reason = code.category() == error_category() ? static_cast<std::uint32_t>(code.value())
                                                      : static_cast<std::uint32_t>(errc::internal);
    said.text = answer.error().text;
  }
  transport_->send(id, {net::outgoing{wire::encode(wire::message(std::move(said))), 0}});
}

}  // namespace hauberk::engine
