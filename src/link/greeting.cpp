#include "link/greeting.hpp"

#include <algorithm>
#include <map>

#include "mesh/mesh.hpp"

namespace hauberk::link {
namespace {

constexpr std::size_t differences_max = 4;  ///< that are spelled out
constexpr std::size_t value_bytes_max = 100;

/// Values by key; those of a repeated key stand together.
using fields = std::map<std::string_view, std::string>;

fields fields_of(std::string_view policy) {
  fields made;
  while (!policy.empty()) {
    const auto line = policy.substr(0, policy.find('\n'));
    policy.remove_prefix(std::min(policy.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    auto& value = made[line.substr(0, equals)];
    if (!value.empty()) value += ",";
    value += line.substr(equals + 1);
  }
  return made;
}

std::string value_of(const fields& from, std::string_view key) {
  const auto found = from.find(key);
  if (found == from.end()) return "not set";
  return found->second.empty() ? "empty" : printable(found->second, value_bytes_max);
}

std::string policy_mismatch(const mesh::hello& here, const mesh::hello& there) {
  std::string text = policy_difference(here.policy_text, there.policy_text);
  if (text.empty()) {
    text = "its digest is " + printable(here.policy_digest, value_bytes_max) + " here and " +
           printable(there.policy_digest, value_bytes_max) + " there";
  }
  return "policy differs: " + text;
}

std::string quoted(const std::string& name) { return "'" + printable(name, 255) + "'"; }

std::string group_difference(const mesh::hello& here, const mesh::hello& there) {
  return "group.name is " + quoted(here.group) + " here and " + quoted(there.group) + " there";
}

std::string versions_of(const mesh::hello& of) {
  return std::to_string(of.protocol_min) + " to " + std::to_string(of.protocol_max);
}

std::string version_difference(const mesh::hello& here, const mesh::hello& there) {
  return "protocol versions are " + versions_of(here) + " here and " + versions_of(there) +
         " there: none in common";
}

refusal seen_from_both(std::string (*words)(const mesh::hello&, const mesh::hello&), const mesh::hello& mine,
                       const mesh::hello& theirs, tls::check failed) {
  return {errc::refused, words(mine, theirs), words(theirs, mine), failed};
}

refusal plaintext_refusal(bool by_us) {
  const std::string here = "socket.ssl is required here, and the link is plaintext";
  const std::string there = "socket.ssl is required there, and the link is plaintext";
  constexpr auto failed = tls::check::foreign;
  return by_us ? refusal{errc::refused, here, there, failed} : refusal{errc::refused, there, here, failed};
}

}  // namespace

std::string policy_difference(std::string_view here, std::string_view there) {
  const fields ours = fields_of(here), theirs = fields_of(there);
  fields all = ours;
  all.insert(theirs.begin(), theirs.end());
  std::string text;
  std::size_t count = 0;
  for (const auto& [key, ignored] : all) {
    const auto a = ours.find(key), b = theirs.find(key);
    if (a != ours.end() && b != theirs.end() && a->second == b->second) continue;
    if (++count > differences_max) continue;
    text += (count > 1 ? "; " : "") + printable(key, value_bytes_max) + " is " + value_of(ours, key) +
            " here and " + value_of(theirs, key) + " there";
  }
  if (count > differences_max) text += "; and " + std::to_string(count - differences_max) + " more";
  return text;
}

std::string policy_tag(const mesh::hello& mine) {
  constexpr std::size_t digits = 16;
  return "hauberk/1 " + mine.policy_digest.substr(0, digits);
}

std::string printable(std::string_view text, std::size_t most) {
  std::string made(text.substr(0, most));
  for (auto& c : made) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return made;
}

std::optional<refusal> check_hello(const mesh::hello& mine, const mesh::hello& theirs,
                                   const channel& through) {
  if (theirs.process == mine.process) {
    const std::string words = "this is " + std::string(mesh::words_itself);
    return refusal{errc::refused, words, words, tls::check::other};
  }
  if (theirs.process.is_nil() || theirs.name.empty()) {
    const std::string words = "a hello names its process and its member, one of them is empty";
    return refusal{errc::refused, words, words, tls::check::other};
  }
  if (theirs.protocol_min > mine.protocol_max || mine.protocol_min > theirs.protocol_max ||
      theirs.protocol_min > theirs.protocol_max) {
    return seen_from_both(version_difference, mine, theirs, tls::check::version);
  }
  if (theirs.group != mine.group) return seen_from_both(group_difference, mine, theirs, tls::check::group);
  if (through.ours == nullptr) {
    if (!mine.permits_plaintext) return plaintext_refusal(true);
    if (!theirs.permits_plaintext) return plaintext_refusal(false);
  } else {
    const auto mismatch = tls::identity_mismatch(*through.ours, *through.peer, theirs.name);
    if (!mismatch.empty()) {
      return refusal{errc::bad_certificate, printable(mismatch), printable(mismatch), tls::check::identity};
    }
  }
  if (theirs.policy_digest != mine.policy_digest && !theirs.is_visitor && !mine.is_visitor)
    return seen_from_both(policy_mismatch, mine, theirs, tls::check::policy);
  return std::nullopt;
}

}  // namespace hauberk::link
