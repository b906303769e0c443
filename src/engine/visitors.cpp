// Links of those who only have a request: neither mesh nor replica know of them. Whoever has a certificate of
// the group may ask, as any member may.
#include <utility>

#include "engine/engine.hpp"

namespace hauberk::engine {
namespace {

constexpr std::size_t visitors_max = 8;
constexpr int tries_max = 8;  ///< for one visitor, while others change the policy

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
  if (wanted->asks_links) return tell_matrix(id);
  how_.log(base::level::info, "a visitor, " + who.name + ", asks for " +
                                  (wanted->is_trial ? "a trial of " : "") + "another policy");
  who.wanted = *wanted;
  ask_for(id, who);
}

void engine::ask_for(net::connection_id id, visit& who) {
  who.waits = false;
  worker_.run([this, id, options = who.wanted.options] {
    const auto read = read_wish(options);
    tell(policy_asked{id, read ? guard_.propose([&](common_settings& to) { return grant(*read, to); })
                               : result<guard::proposal>(read.error())});
  });
}

// As this node knows it now. Each member is a frame of its own: all of them would not fit into one.
void engine::tell_matrix(net::connection_id id) {
  const auto view = replica_->current_view();
  if (!view)
    return answer_visitor(id, error(errc::not_primary, how_.name + " is in no view of the group yet"));
  const link_knowledge_ptr known = matrix_.known();
  std::vector<net::outgoing> frames;
  for (const replica::member& one : view->members) {
    mesh::member_report made;
    made.process = one.seat.process;
    made.name = one.name;
    if (const auto shown = known->certified.find(made.process); shown != known->certified.end()) {
      made.subject = shown->second->subject;
      made.names = shown->second->names;
      made.fingerprint = shown->second->fingerprint;
      made.not_after = shown->second->not_after;
    }
    if (const auto row = known->told.find(made.process); row != known->told.end()) {
      for (const mesh::told_link& link : row->second->mine)
        if (view->find_process(link.process) != nullptr) made.links.mine.push_back(link);
    }
    frames.push_back({wire::encode(wire::message(std::move(made))), 0});
  }
  transport_->send(id, std::move(frames));
  answer_visitor(id, "view " + std::to_string(view->number) + ", policy number " +
                         std::to_string(view->policy.number) + ", as " + how_.name + " knows it" +
                         (submissions_.is_primary() ? "" : "; it is not in the primary component now"));
}

void engine::handle(policy_asked& one) {
  const auto at = visitors_.find(one.visitor);
  if (at == visitors_.end()) return;  // it has gone
  if (!one.made) return answer_visitor(one.visitor, one.made.error());
  const auto view = replica_->current_view();
  if (is_retired_ || !submissions_.is_primary() || !view)
    return answer_visitor(one.visitor,
                          error(errc::not_primary, how_.name + " is not in the primary component now"));
  auto change = propose(*one.made, at->second.wanted.is_trial, *view);
  if (!change) return answer_visitor(one.visitor, change.error());
  const std::uint64_t id = [&] {
    const std::lock_guard hold(rare_mutex_);
    return rare_.next_change++;
  }();
  visitors_changes_[id] = one.visitor;
  changes_open_.insert(id);
  policy_changes_.insert(id);
  replica_->ask(now_, id, std::move(*change));
}

// What it wants was made from a policy that is not in force any more: it is made again, from the one that is.
bool engine::ask_again(net::connection_id id, visit& who) {
  if (who.tries++ >= tries_max || is_retired_) return false;
  const auto view = replica_->current_view();
  who.waits = !view || guard_.current()->policy_text != view->policy.text;
  if (!who.waits) ask_for(id, who);
  return true;
}

void engine::answer_visitor(net::connection_id id, const result<std::string>& answer) {
  const auto at = visitors_.find(id);
  if (at == visitors_.end()) return;  // it has gone
  if (!answer && answer.error().code == errc::superseded && ask_again(id, at->second)) return;
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
