// Revocation lists between the strand, which talks about them, and the worker, which judges them: one that
// counts is in force for new links when the strand hears of it, and links that are up are judged by it soon.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"

namespace hauberk::engine {
namespace {

constexpr auto hearing = std::chrono::seconds(1);

std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& one : names) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// A peer that reads nothing and asks again and again makes no queue: see replaces_key in effects.cpp.
unsigned key_of(const wire::message& what) { return std::holds_alternative<mesh::list_answer>(what) ? 4 : 0; }

}  // namespace

// True when `said` was about lists. Without encryption there is no CA, and nothing to say about its lists.
bool engine::hear_lists(net::connection_id id, const wire::message& said) {
  const auto* told = std::get_if<mesh::lists>(&said);
  const auto* wanted = std::get_if<mesh::list_request>(&said);
  const auto* answer = std::get_if<mesh::list_answer>(&said);
  if (told == nullptr && wanted == nullptr && answer == nullptr) return false;
  if (!links_.process_of(id)) return true;  // a link that is not in use, or no longer: it is told again
  if (!spread_.knows(id)) {
    transport_->close(
        id, error(errc::bad_certificate, "it speaks of revocation lists on a link without encryption"));
  } else if (told != nullptr) {
    spread_.handle_lists(now_, id, *told);
  } else if (wanted != nullptr) {
    spread_.handle_request(now_, id, *wanted);
  } else if (const auto list = spread_.handle_answer(id, *answer); !list) {
    transport_->close(id, error(errc::bad_certificate, list.error().text));
  } else if (*list) {
    judge_list(id, **list);
  }
  say_lists();
  return true;
}

void engine::judge_list(net::connection_id id, const base::buffer& list) {
  worker_.run([this, id, list, teller = spread_.name_of(id)] {
    tell(list_judged{id, guard_.learn(list, teller)});
  });
}

// What is known may have come into force a moment ago, by a reload that the strand hears of later.
void engine::handle(list_judged& one) {
  if (is_retired_) return;
  const bool is_taken = one.what.what == guard::judgement::taken;
  if (is_taken) {
    material_ = std::max(material_, one.what.number);
    spread_.handle_taken(now_, one.what.id);
  }
  if (is_taken || one.what.what == guard::judgement::known) use_lists();
  if (const auto good = judged(one); !good)
    transport_->close(one.from, error(errc::bad_certificate, good.error().text));
  say_lists();
}

// What the teller has to hear.
result<void> engine::judged(const list_judged& one) {
  switch (one.what.what) {
    case guard::judgement::taken:
    case guard::judgement::known:
      return spread_.handle_good(now_, one.from, one.what.id);
    case guard::judgement::declined: {
      const auto is_first = spread_.handle_declined(now_, one.from);
      if (!is_first) return is_first.error();
      if (*is_first)
        peer_lines_.say(now_, how_.log, base::level::warning,
                        "a revocation list that a peer has is not taken: " + one.what.words);
      return {};
    }
    case guard::judgement::forged:
      return spread_.handle_forged(now_, one.from, one.what.words);
  }
  return {};
}

// Files, peers or the policy have changed what is in force. New links are judged by it at once, those that
// are up a moment later: whoever is cut off has heard of the list by then, and goes by it, too. Else, of a
// group most of which is revoked, that most would go on without the node that knows.
void engine::use_lists() {
  std::vector<tls::revocation_list> now = guard_.lists();
  std::set<std::string> digests;
  for (const tls::revocation_list& one : now) digests.insert(one.id.digest);
  spread_.set_own(now_, std::move(now),
                  [this](const std::string& issuer) { return guard_.takes_lists_of(issuer); });
  if (digests != lists_seen_) {
    lists_seen_ = std::move(digests);
    review_at_ = std::min(review_at_, now_ + hearing);
    tell_cut_off();
  }
  say_lists();
}

void engine::say_lists() {
  for (list_spread::words& one : spread_.take_words())
    transport_->send(one.to, {net::outgoing{wire::encode(one.what), key_of(one.what)}});
}

// The CA's word is obeyed, whomever it shuts out; but somebody should know how many.
void engine::tell_cut_off() {
  const auto in_force = guard_.current();
  if (!in_force->security) return;
  const tls::context& by = *in_force->security;
  std::vector<std::string> names;
  unsigned left = 0, total = 0;
  const auto view = replica_->current_view();
  const auto known = expiry_.names_of([&](const tls::certificate& one) { return by.is_revoked(one); });
  const bool is_self = by.is_revoked(by.own());
  if (is_self)
    how_.log(
        base::level::error,
        "our own certificate, " + by.own().subject +
            ", is on a revocation list: the other members close their links to this node. Have a new one "
            "made, with a new key, put both into socket.ssl_cert and socket.ssl_key, and reload");
  if (!view) return;
  for (const replica::member& one : view->members) {
    total += one.weight;
    if (std::ranges::find(known, one.name) != known.end() || (is_self && one.name == how_.name))
      names.push_back(one.name);
    else
      left += one.weight;
  }
  std::ranges::sort(names);  // the view is in another order each time
  if (std::exchange(cut_off_, names) == names || names.empty()) return;
  const bool is_end = 2 * left <= total;
  how_.log(
      is_end ? base::level::error : base::level::warning,
      "the revocation lists in force cut off " + std::to_string(names.size()) + " of " +
          std::to_string(view->members.size()) + " members: " + joined_names(names) +
          (is_end ? "; the rest is no quorum, and the group stops until they have new certificates" : ""));
}

}  // namespace hauberk::engine
