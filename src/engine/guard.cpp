#include "engine/guard.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/limits.hpp"
#include "engine/policy.hpp"
#include "link/greeting.hpp"

namespace hauberk::engine {
namespace {

error no_way_back() {
  return {errc::refused,
          "socket.ssl=no is refused: this group is encrypted, and within its history there is no way back to "
          "plaintext (stop all nodes and bootstrap a new one for that)"};
}

}  // namespace

common_settings guard::local() const {
  const std::lock_guard hold(mutex_);
  common_settings made = local_;
  made.security.lists_told = told();
  return made;
}

result<common_settings> guard::settings_for(const std::string& policy_text) const {
  auto made = with_policy(local(), policy_text);
  const auto before = current();
  if (made && before != nullptr && before->security)
    made->security.anchors_kept = before->security->anchors_pem();
  return made;
}

result<protection> guard::make(const common_settings& from) const {
  protection made;
  if (from.is_encrypted) {
    auto loaded = tls::context::load(from.security, std::time(nullptr), how_.log);
    if (!loaded) return loaded.error();
    made.security = std::move(loaded.value());
    const tls::certificate& own = made.security->own();
    if (std::string why = tls::identity_mismatch(*made.security, own, how_.name); !why.empty())
      return error(errc::bad_certificate,
                   "our own certificate " + from.security.cert_file + " is not for us: " + why);
  }
  made.compression = from.compression;
  made.flow = from.flow;
  made.policy_text = policy_of(from.flow, from.compression, made.security);
  made.policy_digest = tls::sha256_hex(made.policy_text);
  if (made.policy_text.size() > base::limits::policy_bytes_max)
    return error(errc::bad_option, "the policy has " + std::to_string(made.policy_text.size()) +
                                       " bytes, expected at most " +
                                       std::to_string(base::limits::policy_bytes_max) +
                                       ": list fewer names or pins in socket.ssl_identity");
  return made;
}

result<protection> guard::make(const std::string& policy_text) const {
  const auto from = settings_for(policy_text);
  if (!from) return from.error();
  auto made = make(*from);
  if (made && made->policy_text != policy_text)
    return error(errc::bad_option, "this node makes another policy of what is wanted: " +
                                       link::policy_difference(made->policy_text, policy_text));
  return made;
}

protection_ptr guard::put(protection_ptr& where, protection&& made) {
  const std::lock_guard hold(mutex_);
  made.number = ++newest_;
  changed_.notify_all();
  return where = std::make_shared<const protection>(std::move(made));
}

// In its place, wherever that is by now: what was prepared may have come into force meanwhile, or be dropped.
std::uint64_t guard::replace(const protection_ptr& before, protection&& made) {
  const std::lock_guard hold(mutex_);
  made.number = ++newest_;
  const auto renewed = std::make_shared<const protection>(std::move(made));
  for (protection_ptr* const each : {&faces_.now, &faces_.prepared})
    if (*each == before) *each = renewed;
  changed_.notify_all();
  return newest_;
}

result<protection_ptr> guard::load() {
  const std::lock_guard one_at_a_time(loading_);
  auto made = make(local());
  if (!made) return made.error();
  return put(faces_.now, std::move(*made));
}

result<protection_ptr> guard::load(const std::string& policy_text) {
  const std::lock_guard one_at_a_time(loading_);
  auto made = make(policy_text);
  if (!made) return made.error();
  return put(faces_.now, std::move(*made));
}

// For the policy in force, by those of its anchors that are on file, too: who is no longer trusted here goes
// at once. With none left all of them stay.
result<protection> guard::make_narrow(common_settings wanted, const std::string& on_file,
                                      const protection& before) const {
  const auto wide = with_policy(local(), on_file);
  if (!wide) return wide.error();
  std::vector<std::string> both;
  for (const std::string& one : wanted.security.anchors)
    if (std::ranges::find(wide->security.anchors, one) != wide->security.anchors.end()) both.push_back(one);
  if (!both.empty()) wanted.security.anchors = std::move(both);
  auto made = make(wanted);
  if (!made) return made;
  made->policy_text = before.policy_text;
  made->policy_digest = before.policy_digest;
  return made;
}

// The strand may activate or drop what is prepared at any moment of it.
result<guard::reloaded> guard::reload() {
  const std::lock_guard one_at_a_time(loading_);
  const auto [before, next] = both();
  auto wanted = settings_for(before->policy_text);
  if (!wanted) return wanted.error();
  common_settings wide = *wanted;
  wide.security.anchors.clear();
  auto made = make(wide);
  if (!made) return made.error();
  reloaded found;
  if (made->policy_text != before->policy_text) {
    found.proposal = made->policy_text;
    made = make_narrow(std::move(*wanted), found.proposal, *before);
    if (!made) {
      found.obstacle = made.error().text;
      return found;
    }
  }
  std::optional<protection> again;
  if (next != nullptr) {
    auto loaded = make(next->policy_text);
    if (!loaded) return loaded.error();
    again = std::move(*loaded);
  }
  replace(before, std::move(*made));
  if (again) replace(next, std::move(*again));  // its links have to be newer than those of what is in force
  found.now = current();
  if (found.proposal == found.now->policy_text) found.proposal.clear();
  follow_lists();
  return found;
}

result<guard::proposal> guard::propose(const std::function<result<void>(common_settings&)>& edit) {
  const std::lock_guard one_at_a_time(loading_);
  const protection_ptr before = current();
  auto wanted = settings_for(before->policy_text);
  if (!wanted) return wanted.error();
  if (auto done = edit(*wanted); !done) return done.error();
  if (before->security && !wanted->is_encrypted) return no_way_back();
  auto made = make(*wanted);
  if (!made) return made.error();
  return proposal{std::move(made->policy_text), before->policy_text};
}

bool guard::wait_for_another(const std::string& than, std::chrono::steady_clock::time_point until) {
  std::unique_lock hold(mutex_);
  return changed_.wait_until(hold, until, [&] { return faces_.now->policy_text != than; });
}

result<protection_ptr> guard::prepare(const std::string& policy_text) {
  const std::lock_guard one_at_a_time(loading_);
  if (current()->security && !is_encrypted(policy_text)) return no_way_back();
  auto made = make(policy_text);
  if (!made) return made.error();
  return put(faces_.prepared, std::move(*made));
}

void guard::activate() {
  const std::lock_guard hold(mutex_);
  faces_.now = std::exchange(faces_.prepared, nullptr);
  changed_.notify_all();
}

void guard::drop() {
  const std::lock_guard hold(mutex_);
  faces_.prepared = nullptr;
}

guard::faces guard::both() const {
  const std::lock_guard hold(mutex_);
  return faces_;
}

void guard::set_file(std::string tls::settings::*which, std::string path) {
  const std::lock_guard hold(mutex_);
  local_.security.*which = std::move(path);
}

std::vector<std::string> guard::files() const {
  const tls::settings from = local().security;
  std::vector<std::string> all;
  for (const auto* one :
       {&from.cert_file, &from.key_file, &from.ca_file, &from.password_file, &from.crl_file})
    if (!one->empty()) all.push_back(*one);
  return all;
}

}  // namespace hauberk::engine
