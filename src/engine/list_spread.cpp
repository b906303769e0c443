#include "engine/list_spread.hpp"

#include <algorithm>
#include <utility>

namespace hauberk::engine {
namespace {

// A question and a change of what was announced can cross: then an answer comes to nobody.
constexpr unsigned strays_max = 8;

error refused(std::string text) { return {errc::refused, std::move(text)}; }

}  // namespace

const tls::revocation_list* list_spread::own(const std::string& issuer) const {
  const auto at = std::ranges::find(in_force_, issuer, [](const auto& one) { return one.id.issuer; });
  return at == in_force_.end() ? nullptr : &*at;
}

mesh::lists list_spread::in_force() const {
  mesh::lists made;
  for (const tls::revocation_list& one : in_force_) made.in_force.push_back(one.id);
  return made;
}

void list_spread::set_own(std::vector<tls::revocation_list> in_force,
                          std::function<bool(const std::string&)> takes) {
  const mesh::lists before = list_spread::in_force();
  in_force_ = std::move(in_force);
  takes_ = std::move(takes);
  const mesh::lists now = list_spread::in_force();
  for (auto& [id, one] : links_) {
    if (now != before) words_.push_back({id, now});
    ask(id, one);
  }
}

void list_spread::handle_up(net::connection_id id, std::string name) {
  links_.insert_or_assign(id, link{std::move(name)});
  if (!in_force_.empty()) words_.push_back({id, in_force()});
}

void list_spread::handle_lists(net::connection_id id, const mesh::lists& told) {
  const auto at = links_.find(id);
  if (at == links_.end()) return;
  link& from = at->second;
  from.told = told.in_force;
  if (from.asked) {  // frames keep their order: what is answered from here on is what is announced now
    const auto now = std::ranges::find(from.told, from.asked->issuer, &base::list_id::issuer);
    from.asked = now == from.told.end() ? std::nullopt : std::optional(*now);
  }
  ask(id, from);
}

void list_spread::handle_request(net::connection_id id, const mesh::list_request& wanted) {
  const auto at = links_.find(id);
  const tls::revocation_list* const has = own(wanted.issuer);
  if (at == links_.end() || has == nullptr) return;
  std::string& given = at->second.given[wanted.issuer];  // bounded: by the issuers that we have lists of
  if (given == has->id.digest) return;                   // it is on its way
  given = has->id.digest;
  words_.push_back({id, mesh::list_answer{has->der}});
}

result<std::optional<base::buffer>> list_spread::handle_answer(net::connection_id id,
                                                               const mesh::list_answer& what) {
  const auto at = links_.find(id);
  if (at == links_.end()) return std::optional<base::buffer>();
  link& from = at->second;
  if (!from.asked) {
    if (++from.strays > strays_max) return refused("it sends revocation lists that nobody asked for");
    return std::optional<base::buffer>();
  }
  from.judging = std::exchange(from.asked, std::nullopt);
  return std::optional(what.list);
}

result<void> list_spread::handle_good(net::connection_id id, const base::list_id& was) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.judging) return {};
  const base::list_id announced = *std::exchange(at->second.judging, std::nullopt);
  if (was.issuer != announced.issuer || is_newer(announced, was))
    return refused("it announced the revocation list " + tls::list_words(announced) + " and sent " +
                   (was.issuer == announced.issuer ? tls::list_words(was) : "one of another CA"));
  ask(id, at->second);
  return {};
}

result<void> list_spread::handle_declined(net::connection_id id) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.judging) return {};
  link& from = at->second;
  const base::list_id announced = *std::exchange(from.judging, std::nullopt);
  if (from.declined.size() >= base::limits::lists_max)
    return refused("it sends one revocation list after the other that cannot count here");
  from.declined.push_back(announced.digest);
  ask(id, from);
  return {};
}

result<void> list_spread::handle_forged(net::connection_id id, const std::string& why) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.judging) return {};
  if (takes_ && takes_(at->second.judging->issuer))
    return refused("it sent a revocation list that is none: the list " + why);
  return handle_declined(id);
}

bool list_spread::is_wanted(const link& from, const base::list_id& one) const {
  if (!takes_ || !takes_(one.issuer)) return false;
  if (std::ranges::find(from.declined, one.digest) != from.declined.end()) return false;
  const tls::revocation_list* const has = own(one.issuer);
  return has == nullptr || is_newer(one, has->id);
}

// One question at a time, and none while an answer is judged: so a peer can keep us at work with one list.
void list_spread::ask(net::connection_id id, link& from) {
  if (from.asked || from.judging) return;
  const auto wanted =
      std::ranges::find_if(from.told, [&](const base::list_id& one) { return is_wanted(from, one); });
  if (wanted == from.told.end()) return;
  from.asked = *wanted;
  words_.push_back({id, mesh::list_request{wanted->issuer}});
}

}  // namespace hauberk::engine
