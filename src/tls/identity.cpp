#include "tls/identity.hpp"

#include <algorithm>
#include <cctype>

#include "tls/algorithms.hpp"
#include "tls/context.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t entries_max = 1024;
constexpr std::size_t entry_bytes_max = 255;
constexpr std::size_t pin_digits = 64;
constexpr std::size_t shown_max = 8;  ///< names in a sentence

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

bool is_uri(std::string_view name) { return name.find("://") != std::string_view::npos; }

/// A host name's case means nothing, a URI's path has one.
std::string folded(std::string_view name) { return is_uri(name) ? std::string(name) : lower(name); }

error bad(const std::string& entry, const std::string& expected) {
  return {errc::bad_option, "socket.ssl_identity: \"" + entry.substr(0, entry_bytes_max) +
                                "\" is not allowed: expected " + expected};
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    parts.emplace_back(part);
  }
  return parts;
}

result<std::string> read_name(const std::string& entry) {
  const bool is_printable =
      std::none_of(entry.begin(), entry.end(), [](unsigned char c) { return c <= ' ' || c == 127; });
  if (entry.empty() || entry.size() > entry_bytes_max || !is_printable)
    return bad(entry, "names or URIs of certificates, list:db1,db2");
  if (entry.find('*') != std::string::npos) return bad(entry, "whole names, without wildcards");
  return folded(entry);
}

result<std::string> read_pin(const std::string& entry) {
  std::string digits = lower(entry);
  std::erase(digits, ':');
  if (digits.size() != pin_digits || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
    return bad(entry,
               "the SHA-256 fingerprint of a node's certificate, 64 hexadecimal digits (openssl x509 -noout "
               "-fingerprint -sha256 shows it)");
  return digits;
}

result<std::vector<std::string>> read_entries(std::string_view list,
                                              result<std::string> (*read)(const std::string&)) {
  std::vector<std::string> made;
  for (const std::string& entry : split(list)) {
    auto one = read(entry);
    if (!one) return one.error();
    made.push_back(std::move(*one));
  }
  if (made.empty()) return bad(std::string(list), "at least one entry: an empty list lets nobody in");
  if (made.size() > entries_max) return bad("…", "at most 1024 entries");
  std::sort(made.begin(), made.end());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  return made;
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), shown_max); ++i)
    text += (i == 0 ? "\"" : ", \"") + names[i] + "\"";
  if (names.size() > shown_max) text += " and " + std::to_string(names.size() - shown_max) + " more";
  return text.empty() ? "nobody" : text;
}

bool contains(const std::vector<std::string>& sorted, const std::string& one) {
  return std::binary_search(sorted.begin(), sorted.end(), one);
}

}  // namespace

std::string identity_rule::text(bool checks_names) const {
  if (!listed.empty()) return "list:" + join(listed, ",");
  if (!pins.empty()) return "pin:" + join(pins, ",");
  return checks_names ? "name" : "ca";
}

result<identity_rule> read_identity(std::string_view written) {
  identity_rule made;
  if (written.empty()) return made;
  if (written == "name" || written == "ca") {
    made.names = written == "name";
  } else if (written.starts_with("list:")) {
    auto names = read_entries(written.substr(5), read_name);
    if (!names) return names.error();
    made.listed = std::move(*names);
  } else if (written.starts_with("pin:")) {
    auto pins = read_entries(written.substr(4), read_pin);
    if (!pins) return pins.error();
    made.pins = std::move(*pins);
  } else {
    return bad(std::string(written), "name, ca, list:NAME,… or pin:SHA256,…");
  }
  return made;
}

std::string mismatch(const identity_rule& rule, bool checks_names, const certificate& peer,
                     const std::string& name) {
  if (!rule.pins.empty() && !contains(rule.pins, peer.fingerprint)) {
    return "the certificate " + peer.subject + " of \"" + name + "\" has the SHA-256 fingerprint " +
           peer.fingerprint + ": expected one of the " + std::to_string(rule.pins.size()) +
           " in socket.ssl_identity=pin:…; add it in the whole group if it may come in";
  }
  const auto is_listed = [&](const std::string& owned) { return contains(rule.listed, folded(owned)); };
  if (!rule.listed.empty() && std::none_of(peer.names.begin(), peer.names.end(), is_listed)) {
    return "the certificate " + peer.subject + " of \"" + name + "\" names " + names_text(peer.names) +
           ": expected one of socket.ssl_identity=list: " + names_text(rule.listed) +
           "; add it in the whole group if it may come in";
  }
  if (!checks_names) return {};
  const auto is_name = [&](const std::string& owned) {
    return owned.find('*') == std::string::npos && folded(owned) == folded(name);
  };
  if (std::any_of(peer.names.begin(), peer.names.end(), is_name)) return {};
  return "the peer calls itself \"" + name + "\" but its certificate " + peer.subject + " names " +
         names_text(peer.names) +
         ": expected the name in its subject alternative names (or, without any, as its common name); make "
         "node.name and certificate agree, or set socket.ssl_identity=ca in the whole group";
}

}  // namespace hauberk::tls
