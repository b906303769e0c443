#include "engine/list_spread.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace hauberk::engine {
namespace {

// A question and a change of what was announced can cross: then an answer comes to nobody.
constexpr unsigned strays_max = 8;
// Who asks twice for one list has it on its way. A peer that may ask again (`list_spread::again`) is later.
constexpr auto on_its_way = std::chrono::seconds(30);

error refused(std::string text) { return {errc::refused, std::move(text)}; }

}  // namespace

const tls::revocation_list* list_spread::own(const std::string& issuer) const {
  const auto at = std::ranges::find(in_force_, issuer, [](const auto& one) { return one.id.issuer; });
  return at == in_force_.end() ? nullptr : &*at;
}

mesh::lists list_spread::in_force() const {
  mesh::lists made;
  for (const tls::revocation_list& one : in_force_)
    if (one.may_be_told()) made.in_force.push_back(one.id);
  return made;
}

void list_spread::set_own(base::time_point now, std::vector<tls::revocation_list> in_force,
                          std::function<bool(const std::string&)> takes) {
  const mesh::lists before = list_spread::in_force();
  in_force_ = std::move(in_force);
  takes_ = std::move(takes);
  const mesh::lists told = list_spread::in_force();
  for (auto& [id, one] : links_) {
    if (told != before) words_.push_back({id, told});
    std::erase_if(one.good, [&](const auto& each) { return !takes_ || !takes_(each.first); });
    ask(now, id, one);
  }
}

void list_spread::handle_up(net::connection_id id, std::string name) {
  links_.insert_or_assign(id, link{std::move(name)});
  if (mesh::lists told = in_force(); !told.in_force.empty()) words_.push_back({id, std::move(told)});
}

void list_spread::handle_lists(base::time_point now, net::connection_id id, const mesh::lists& told) {
  const auto at = links_.find(id);
  if (at == links_.end()) return;
  link& from = at->second;
  from.told = told.in_force;
  if (from.asked) {  // frames keep their order: what is answered from here on is what is announced now
    const auto as = std::ranges::find(from.told, from.asked->issuer, &base::list_id::issuer);
    from.asked = as == from.told.end() ? std::nullopt : std::optional(*as);
  }
  ask(now, id, from);
}

void list_spread::handle_request(base::time_point now, net::connection_id id,
                                 const mesh::list_request& wanted) {
  const auto at = links_.find(id);
  const tls::revocation_list* const has = own(wanted.issuer);
  if (at == links_.end() || has == nullptr || !has->may_be_told()) return;
  given& sent = at->second.sent[wanted.issuer];  // bounded: by the issuers that we have lists of
  if (sent.digest == has->id.digest && now < sent.at + on_its_way) return;
  sent = {has->id.digest, now};
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

void list_spread::handle_taken(base::time_point now, const base::list_id& was) {
  rests_[was.issuer] = now + rest;  // bounded: by our CAs
  next_ = std::min(next_, now + rest);
}

result<void> list_spread::handle_good(base::time_point now, net::connection_id id, const base::list_id& was) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.judging) return {};
  const base::list_id announced = *std::exchange(at->second.judging, std::nullopt);
  if (was.issuer != announced.issuer || is_newer(announced, was))
    return refused("it announced the revocation list " + tls::list_words(announced) + " and sent " +
                   (was.issuer == announced.issuer ? tls::list_words(was) : "one of another CA"));
  at->second.good[announced.issuer] = announced.digest;
  ask(now, id, at->second);
  return {};
}

result<bool> list_spread::handle_declined(base::time_point now, net::connection_id id) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.judging) return false;
  link& from = at->second;
  const base::list_id announced = *std::exchange(from.judging, std::nullopt);
  const bool is_first = !from.declined.contains(announced.digest);
  if (is_first && from.declined.size() >= base::limits::lists_max)
    return refused("it sends one revocation list after the other that cannot count here");
  from.declined[announced.digest] = now + again;
  next_ = std::min(next_, now + again);
  ask(now, id, from);
  return is_first;
}

result<void> list_spread::handle_forged(base::time_point now, net::connection_id id, const std::string& why) {
  const auto at = links_.find(id);
  if (at == links_.end() || !at->second.judging) return {};
  if (takes_ && takes_(at->second.judging->issuer))
    return refused("it sent a revocation list that is none: the list " + why);
  if (const auto done = handle_declined(now, id); !done) return done.error();
  return {};
}

// Whoever rests or was declined may be asked for now.
void list_spread::handle_time(base::time_point now) {
  if (now < next_) return;
  next_ = base::never;
  std::erase_if(rests_, [&](const auto& one) { return one.second <= now; });
  for (const auto& [issuer, until] : rests_) next_ = std::min(next_, until);
  for (auto& [id, one] : links_) {
    ask(now, id, one);
    for (const auto& [digest, until] : one.declined)
      if (until > now) next_ = std::min(next_, until);
  }
}

bool list_spread::is_wanted(base::time_point now, const link& from, const base::list_id& one) const {
  if (!takes_ || !takes_(one.issuer)) return false;
  const tls::revocation_list* const has = own(one.issuer);
  if (has != nullptr && !is_newer(one, has->id)) return false;
  const auto is_later = [&](const auto& all, const std::string& key) {
    const auto at = all.find(key);
    return at != all.end() && at->second > now;
  };
  if (is_later(from.declined, one.digest) || is_later(rests_, one.issuer)) return false;
  const auto good = from.good.find(one.issuer);
  return good == from.good.end() || good->second != one.digest;
}

// One question at a time, and none while an answer is judged: so a peer can keep us at work with one list.
void list_spread::ask(base::time_point now, net::connection_id id, link& from) {
  if (from.asked || from.judging) return;
  const auto wanted =
      std::ranges::find_if(from.told, [&](const base::list_id& one) { return is_wanted(now, from, one); });
  if (wanted == from.told.end()) return;
  from.asked = *wanted;
  words_.push_back({id, mesh::list_request{wanted->issuer}});
}

}  // namespace hauberk::engine
