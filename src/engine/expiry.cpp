#include "engine/expiry.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "tls/inspect.hpp"

namespace hauberk::engine {
namespace {

constexpr std::int64_t day = 86400;
constexpr std::array<int, 3> stages{1, 7, 30};  ///< days ahead, the nearest first; 0 is the end
constexpr std::size_t told_max = 1024;

std::string in_days(std::int64_t seconds) {
  const std::int64_t days = seconds / day;
  if (days == 0) return "in less than a day";
  return "in " + std::to_string(days) + (days == 1 ? " day" : " days");
}

/// The nearest stage that `left` seconds have reached; nothing while there is time.
std::optional<int> stage_of(std::int64_t left) {
  if (left < 0) return 0;
  for (const int days : stages)
    if (left <= days * day) return days;
  return std::nullopt;
}

}  // namespace

void expiry::set_own(std::string name, tls::certificate shown) {
  own_ = known{std::move(name), std::move(shown)};
}

void expiry::add(net::connection_id id, std::string name, tls::certificate shown) {
  peers_.insert_or_assign(id, known{std::move(name), std::move(shown)});
}

std::vector<std::string> expiry::names_of(const std::function<bool(const tls::certificate&)>& is_such) const {
  std::set<std::string> found;  // a peer has two links for a moment
  for (const auto& [id, one] : peers_)
    if (is_such(one.shown)) found.insert(one.name);
  return {found.begin(), found.end()};
}

expiry::findings expiry::check(std::int64_t now, const replica::view* in) {
  findings made;
  if (!own_) return made;
  made.own = own_->shown.not_after;
  check_one(now, *own_, true, made);
  for (auto& [id, one] : peers_) {
    made.peers = made.peers == 0 ? one.shown.not_after : std::min(made.peers, one.shown.not_after);
    check_one(now, one, false, made);
    check_serial(*own_, one, made);
    for (const auto& [other_id, other] : peers_)
      if (other_id < id) check_serial(other, one, made);
    if (one.shown.not_after >= now || std::exchange(one.is_over, true)) continue;
    made.over.push_back({id, "certificate " + one.shown.subject + " expired on " +
                                 tls::date_words(one.shown.not_after) + ": renew it"});
  }
  check_anchors(now, made);
  if (in != nullptr) check_quorum(now, *in, made);
  return made;
}

void expiry::check_one(std::int64_t now, const known& one, bool is_own, findings& into) {
  const std::int64_t left = one.shown.not_after - now;
  const auto stage = stage_of(left);
  if (!stage || !is_news(one.shown.fingerprint, *stage)) return;
  const std::string whose = is_own ? "our own certificate " : "the certificate of " + one.name + ", ";
  const std::string until = tls::date_words(one.shown.not_after);
  const std::string rest = *stage == 0
                               ? " expired on " + until + ": its links are closed and no new ones come up"
                               : " expires " + in_days(left) + ", on " + until;
  into.lines.push_back({*stage <= 1 ? base::level::error : base::level::warning,
                        whose + one.shown.subject + "," + rest +
                            ": put a new one into its socket.ssl_cert and reload (socket.ssl_reload)",
                        warning{is_own ? subject::own : subject::peer, one.name, one.shown.subject,
                                one.shown.not_after, static_cast<unsigned>(*stage)}});
}

const tls::certificate* expiry::anchor_of(const tls::certificate& shown) const {
  const tls::certificate* found = nullptr;
  for (const tls::certificate& one : anchors_)
    if (one.subject == shown.issuer && (found == nullptr || one.not_after > found->not_after)) found = &one;
  return found;
}

std::int64_t expiry::end_of(const tls::certificate& shown) const {
  const tls::certificate* const anchor = anchor_of(shown);
  return anchor == nullptr ? shown.not_after : std::min(shown.not_after, anchor->not_after);
}

// A shared pair is its own anchor and told of already.
void expiry::check_anchors(std::int64_t now, findings& into) {
  std::set<const tls::certificate*> used{anchor_of(own_->shown)};
  for (const auto& [id, one] : peers_) used.insert(anchor_of(one.shown));
  for (const tls::certificate* one : used) {
    if (one == nullptr || one->fingerprint == own_->shown.fingerprint) continue;
    into.anchors = into.anchors == 0 ? one->not_after : std::min(into.anchors, one->not_after);
    const auto stage = stage_of(one->not_after - now);
    if (!stage || !is_news(one->fingerprint, *stage)) continue;
    const std::string until = tls::date_words(one->not_after);
    into.lines.push_back(
        {*stage <= 1 ? base::level::error : base::level::warning,
         "the trust anchor " + one->subject + " in socket.ssl_ca" +
             (*stage == 0 ? " expired on " + until + ": no new links come up with what it signed"
                          : " expires " + in_days(one->not_after - now) + ", on " + until +
                                ", and with it every certificate that it signed") +
             ": bring in a new authority (hauberk certs rotate-ca)",
         warning{subject::anchor, {}, one->subject, one->not_after, static_cast<unsigned>(*stage)}});
  }
}

// The plain recipe of openssl gives every certificate the serial 01, and a revocation list names serials.
void expiry::check_serial(const known& one, const known& other, findings& into) {
  if (one.shown.serial != other.shown.serial || one.shown.issuer != other.shown.issuer ||
      one.shown.fingerprint == other.shown.fingerprint)
    return;
  if (serials_.size() >= told_max || !serials_.insert(one.shown.issuer + " " + one.shown.serial).second)
    return;
  into.lines.push_back({base::level::warning,
                        "the certificates of " + one.name + " and " + other.name + " have one serial, " +
                            one.shown.serial + " of " + one.shown.issuer +
                            ": a revocation list cannot name one of them alone; to keep one out use "
                            "socket.ssl_identity=list: or pin: in the whole group, or have new ones made"});
}

// A member whose certificate is not known here is taken for one that stays.
void expiry::check_quorum(std::int64_t now, const replica::view& in, findings& into) {
  std::vector<std::pair<std::int64_t, unsigned>> ends;
  unsigned left = 0;
  for (const replica::member& one : in.members) {
    left += one.weight;
    if (one.weight == 0) continue;
    if (own_->name == one.name) ends.emplace_back(end_of(own_->shown), one.weight);
    const auto at = std::ranges::find(peers_, one.name, [](const auto& each) { return each.second.name; });
    if (at != peers_.end()) ends.emplace_back(end_of(at->second.shown), one.weight);
  }
  const unsigned total = left;
  std::ranges::sort(ends);
  for (const auto& [end, weight] : ends) {
    left -= weight;
    if (2 * left > total) continue;
    into.quorum = end;
    break;
  }
  if (into.quorum == 0) return;
  const auto stage = stage_of(into.quorum - now);
  if (!stage || !is_news("quorum", *stage)) {
    if (!stage) told_.erase("quorum");  // renewed meanwhile: the next end is news again
    return;
  }
  into.lines.push_back({base::level::warning,
                        "the group loses its quorum on " + tls::date_words(into.quorum) +
                            ", when the certificates of members with half of its weight "
                            "have expired: renew them before",
                        warning{subject::quorum, {}, {}, into.quorum, static_cast<unsigned>(*stage)}});
}

bool expiry::is_news(const std::string& what, int stage) {
  if (told_.size() > told_max) told_.clear();
  const auto [at, is_new] = told_.emplace(what, stage);
  if (is_new) return true;
  return stage < std::exchange(at->second, std::min(stage, at->second));
}

}  // namespace hauberk::engine
