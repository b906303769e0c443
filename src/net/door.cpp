#include "net/door.hpp"

#include <algorithm>

namespace hauberk::net {
namespace {

namespace ip = boost::asio::ip;

// Addresses that are remembered. Whoever comes when the table is full of others that came too often lately
// is turned away; it takes thousands of addresses that send nothing but rubbish.
constexpr std::size_t visitors_max = 4096;
// Of these, those that greeted: more than there can be members.
constexpr std::size_t greeted_max = 256;

std::string host_of(const ip::address& from) {
  if (from.is_v6() && from.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, from.to_v6()).to_string();
  return from.to_string();
}

}  // namespace

void door::bucket::fill(base::time_point now, unsigned each_second) {
  if (now <= filled_at) return;
  tokens = std::min(burst_of(each_second), tokens + base::seconds(now - filled_at) * each_second);
  filled_at = now;
}

// Who has one IPv6 address has the 64 bits behind its network, too.
door::key door::key_of(const ip::address& from) {
  key made = (from.is_v4() ? ip::make_address_v6(ip::v4_mapped, from.to_v4()) : from.to_v6()).to_bytes();
  if (from.is_v6() && !from.to_v6().is_v4_mapped()) std::fill(made.begin() + 8, made.end(), std::uint8_t{0});
  return made;
}

void door::set(door_rules how) {
  const std::lock_guard lock(mutex_);
  how_ = std::move(how);
}

door::verdict door::admit(const ip::address& from, base::time_point now) {
  const std::lock_guard lock(mutex_);
  if (how_.allowed && !how_.allowed->may_allow(host_of(from))) {
    ++counted_.not_allowed;
    return verdict::not_allowed;
  }
  const auto turn_away = [&](verdict why) {
    ++counted_.crowded;
    return why;
  };
  const key address = key_of(from);
  const auto known = visitors_.find(address);
  const bool is_stranger = known == visitors_.end() || known->second.greeted == 0;
  strangers_.fill(now, how_.pending_max);
  if (is_stranger && pending_ >= how_.pending_max) return turn_away(verdict::crowded);
  if (is_stranger && strangers_.tokens < 1) return turn_away(verdict::too_often);
  visitor* const who = visitor_at(address, now);
  if (who == nullptr) return turn_away(verdict::too_often);
  if (who->pending >= how_.pending_per_address_max) return turn_away(verdict::crowded);
  if (who->tokens < 1) return turn_away(verdict::too_often);
  who->tokens -= 1;
  if (is_stranger) strangers_.tokens -= 1;
  ++who->pending;
  ++pending_;
  return verdict::come_in;
}

void door::release(const ip::address& from, bool greeted) {
  const std::lock_guard lock(mutex_);
  const auto at = visitors_.find(key_of(from));
  visitor& who = at->second;
  --who.pending;
  --pending_;
  if (!greeted) return;
  who.tokens += 1;
  if (who.greeted == 0) strangers_.tokens += 1;
  who.greeted = ++greetings_;
}

turned_away door::counted() const {
  const std::lock_guard lock(mutex_);
  return counted_;
}

door::visitor* door::visitor_at(const key& from, base::time_point now) {
  auto at = visitors_.find(from);
  if (at == visitors_.end()) {
    if (visitors_.size() >= visitors_max) forget_some(now);
    if (visitors_.size() >= visitors_max) return nullptr;
    at = visitors_.emplace(from, visitor()).first;
    at->second.tokens = burst_of(how_.pending_per_address_max);
    at->second.filled_at = now;
  }
  at->second.fill(now, each_second(at->second));
  return &at->second;
}

/// Those of which nothing is worth knowing any more, and all but the latest of those that greeted.
void door::forget_some(base::time_point now) {
  const std::uint64_t oldest = greetings_ > greeted_max ? greetings_ - greeted_max : 0;
  std::erase_if(visitors_, [&](const auto& each) {
    visitor who = each.second;
    who.fill(now, each_second(who));
    return who.pending == 0 && who.tokens >= burst_of(each_second(who)) && who.greeted <= oldest;
  });
}

}  // namespace hauberk::net
