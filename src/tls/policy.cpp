#include "tls/policy.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "tls/algorithms.hpp"
#include "tls/material.hpp"

namespace hauberk::tls {
namespace {

error bad(std::string_view key, std::string_view value, const std::string& expected) {
  return {errc::bad_option,
          "policy: " + std::string(key) + "=" + std::string(value.substr(0, 100)) + ": expected " + expected};
}

/// A whole number that `unit` follows.
template <typename Number>
bool take(std::string_view& from, Number& into, std::string_view unit) {
  const auto [end, problem] = std::from_chars(from.data(), from.data() + from.size(), into);
  if (problem != std::errc()) return false;
  from.remove_prefix(static_cast<std::size_t>(end - from.data()));
  if (!from.starts_with(unit)) return false;
  from.remove_prefix(unit.size());
  return true;
}

result<void> read_rekey(std::string_view key, std::string_view value, settings& into) {
  std::string_view rest = value;
  base::duration::rep age = 0;
  if (!take(rest, into.rekey.records, ",") || !take(rest, into.rekey.bytes, "B,") || !take(rest, age, "ns") ||
      !rest.empty() || into.rekey.records == 0 || age <= 0)
    return bad(key, value, "records, bytes and age as in 4194304,0B,3600000000000ns");
  into.rekey.age = base::duration(age);
  return {};
}

std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return parts;
}

/// Leaves unsaid what comes out the same without it. (Our own default may have groups that this OpenSSL
/// lacks: nobody wrote them, so nobody is warned of them.)
void leave_defaults_unsaid(settings& of) {
  const auto said = read_algorithms(of);
  if (!said) return;
  for (const auto what :
       {&settings::groups, &settings::ciphers, &settings::max_version, &settings::min_version}) {
    std::string kept = std::exchange(of.*what, {});
    const auto without = read_algorithms(of);
    if (!without || without->written != said->written || without->groups != said->groups ||
        without->versions_text() != said->versions_text())
      of.*what = std::move(kept);
  }
}

result<void> read_line(std::string_view key, std::string_view value, settings& into) {
  if (key == "socket.ssl") {
    if (value != "yes") return bad(key, value, "yes, where there are other lines about TLS");
  } else if (key == "socket.ssl_cipher") {
    into.ciphers = value;
  } else if (key == "socket.ssl_groups") {
    into.groups = value;
  } else if (key == "socket.ssl_identity") {
    into.identity = value;
  } else if (key == "socket.ssl_profile") {
    if (value != "standard" && value != "strict") return bad(key, value, "standard or strict");
    into.rules = value == "strict" ? profile::strict : profile::standard;
  } else if (key == "socket.ssl_versions") {
    const auto between = value.find('-');
    if (between == std::string_view::npos) return bad(key, value, "two versions such as 1.2-1.3");
    into.min_version = value.substr(0, between);
    into.max_version = value.substr(between + 1);
  } else if (key == "socket.ssl_rekey") {
    return read_rekey(key, value, into);
  } else if (key == "socket.ssl_anchors") {
    into.anchors = parts_of(value, ',');
    if (into.anchors.empty()) return bad(key, value, "the fingerprints of trust anchors");
  } else {
    return error(errc::bad_option, "policy: " + std::string(key.substr(0, 100)) +
                                       " is not known to this release: upgrade this node first");
  }
  return {};
}

}  // namespace

std::string policy_text_of(const settings& from, const material& read, const algorithms& spoken,
                           const std::string& identity) {
  std::set<std::string> anchors;
  for (const x509_ptr& anchor : read.anchors) anchors.insert(fingerprint_of(anchor.get()));
  std::set<std::string> lines;
  lines.insert("socket.ssl=yes");
  lines.insert("socket.ssl_anchors=" + join({anchors.begin(), anchors.end()}, ","));
  lines.insert("socket.ssl_cipher=" + join(spoken.written, ":"));
  lines.insert("socket.ssl_groups=" + join(spoken.groups, ":"));
  lines.insert("socket.ssl_identity=" + identity);
  lines.insert(std::string("socket.ssl_profile=") + (from.rules == profile::strict ? "strict" : "standard"));
  lines.insert("socket.ssl_versions=" + spoken.versions_text());
  if (const rekey_limits& keys = from.rekey; keys != rekey_limits{})  // the default says nothing
    lines.insert("socket.ssl_rekey=" + std::to_string(keys.records) + "," + std::to_string(keys.bytes) +
                 "B," + std::to_string(keys.age.count()) + "ns");
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

result<policy_fields> read_policy(std::string_view text) {
  policy_fields made;
  for (const std::string& line : parts_of(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string::npos ||
        !made.emplace(line.substr(0, equals), line.substr(equals + 1)).second)
      return bad(line, "", "key=value, each key once");
  }
  return made;
}

std::string policy_text_of(const policy_fields& from) {
  std::string text;
  for (const auto& [key, value] : from) text.append(key).append("=").append(value).append("\n");
  return text;
}

result<settings> with_policy(settings local, std::string_view text) {
  local.ciphers = local.min_version = local.max_version = local.groups = local.identity = {};
  local.anchors.clear();
  local.rules = profile::standard;
  local.rekey = {};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos)
      return error(errc::bad_option, "policy: \"" + std::string(line.substr(0, 100)) + "\" is no key=value");
    if (auto read = read_line(line.substr(0, equals), line.substr(equals + 1), local); !read)
      return read.error();
  }
  leave_defaults_unsaid(local);
  return local;
}

}  // namespace hauberk::tls
