// The table of names that we allow, and the reading of the four options that choose among them.
#include "tls/algorithms.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace hauberk::tls {
namespace {

enum class kind { suite, cipher };
struct allowed_name {
  std::string_view name;
  kind is;
};

// Authenticated encryption with forward secrecy, nothing else. The order is the order of preference.
constexpr std::array<allowed_name, 13> allowed{{
    {"TLS_AES_128_GCM_SHA256", kind::suite},
    {"TLS_AES_256_GCM_SHA384", kind::suite},
    {"TLS_CHACHA20_POLY1305_SHA256", kind::suite},
    {"TLS_AES_128_CCM_SHA256", kind::suite},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", kind::cipher},
    {"ECDHE-RSA-AES128-GCM-SHA256", kind::cipher},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", kind::cipher},
    {"ECDHE-RSA-AES256-GCM-SHA384", kind::cipher},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", kind::cipher},
    {"ECDHE-RSA-CHACHA20-POLY1305", kind::cipher},
    {"DHE-RSA-AES128-GCM-SHA256", kind::cipher},
    {"DHE-RSA-AES256-GCM-SHA384", kind::cipher},
    {"DHE-RSA-CHACHA20-POLY1305", kind::cipher},
}};

// What people write, upper case, and OpenSSL's name for it.
constexpr std::array<std::array<std::string_view, 2>, 15> group_names{{
    {"X25519MLKEM768", "X25519MLKEM768"},
    {"SECP256R1MLKEM768", "SecP256r1MLKEM768"},
    {"SECP384R1MLKEM1024", "SecP384r1MLKEM1024"},
    {"X25519", "X25519"},
    {"X448", "X448"},
    {"P-256", "P-256"},
    {"PRIME256V1", "P-256"},
    {"SECP256R1", "P-256"},
    {"P-384", "P-384"},
    {"SECP384R1", "P-384"},
    {"P-521", "P-521"},
    {"SECP521R1", "P-521"},
    {"FFDHE2048", "ffdhe2048"},
    {"FFDHE3072", "ffdhe3072"},
    {"FFDHE4096", "ffdhe4096"},
}};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string upper(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return made;
}

std::vector<std::string> split(std::string_view text) {
  constexpr std::string_view separators = ":, \t\r\n";
  std::vector<std::string> parts;
  for (std::size_t at = 0; (at = text.find_first_not_of(separators, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

/// Letters to insert, remove or replace to get from `a` to `b` (Levenshtein 1966).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

bool is_aead(std::string_view name) {
  return contains(name, "GCM") || contains(name, "CHACHA20") || contains(name, "CCM");
}

bool is_ephemeral(std::string_view name) {
  return name.starts_with("ECDHE") || name.starts_with("DHE") || name.starts_with("EDH") ||
         name.starts_with("EECDH") || name.starts_with("TLS_ECDHE") || name.starts_with("TLS_DHE") ||
         name.starts_with("TLS_AES") || name.starts_with("TLS_CHACHA");
}

bool is_anonymous(std::string_view name) {
  return name.starts_with("ADH") || name.starts_with("AECDH") || contains(name, "PSK") ||
         contains(name, "SRP") || contains(name, "ANON");
}

bool looks_like_a_cipher(std::string_view name) {
  constexpr std::array<std::string_view, 9> parts{"AES",  "3DES", "DES-CBC", "RC4", "CAMELLIA",
                                                  "SEED", "ARIA", "CHACHA",  "NULL"};
  return (contains(name, "-") || contains(name, "_")) &&
         std::any_of(parts.begin(), parts.end(), [&](auto part) { return contains(name, part); });
}

std::string_view nearest(std::string_view name) {
  return std::min_element(
             allowed.begin(), allowed.end(),
             [&](const auto& a, const auto& b) { return distance(name, a.name) < distance(name, b.name); })
      ->name;
}

/// The allowed name that comes nearest in strength and key type.
std::string replacement(std::string_view name) {
  const std::string_view near = nearest(name);
  if (distance(name, near) <= 3) return std::string(near);
  if (name.starts_with("TLS_") && !contains(name, "WITH")) return std::string(near);
  if (!looks_like_a_cipher(name)) return "TLS_AES_128_GCM_SHA256";
  const std::string start = contains(name, "ECDSA") ? "ECDHE-ECDSA-" : "ECDHE-RSA-";
  if (contains(name, "CHACHA")) return start + "CHACHA20-POLY1305";
  const bool strong = contains(name, "256") && !contains(name, "AES128") && !contains(name, "AES_128");
  return start + (strong ? "AES256-GCM-SHA384" : "AES128-GCM-SHA256");
}

error bad_cipher(const std::string& written, const std::string& why, const std::string& instead) {
  return {errc::bad_option, "socket.ssl_cipher: \"" + written + "\" is not allowed: " + why + "; write " +
                                instead + " instead"};
}

error refuse_cipher(const std::string& written) {
  const std::string name = upper(written);
  const std::string instead = replacement(name);
  if (written.find_first_of("!+@") != std::string::npos || written.starts_with("-")) {
    return bad_cipher(written, "only plain names are, no OpenSSL list operators", instead);
  }
  if (!looks_like_a_cipher(name)) return bad_cipher(written, "no cipher that we know has this name", instead);
  if (contains(name, "WITH")) return bad_cipher(written, "the list takes OpenSSL's names", instead);
  if (is_anonymous(name)) return bad_cipher(written, "it does not authenticate by certificate", instead);
  if (!is_ephemeral(name))
    return bad_cipher(written, "it has no forward secrecy (static key exchange)", instead);
  if (!is_aead(name)) return bad_cipher(written, "it is not authenticated encryption (no AEAD)", instead);
  return bad_cipher(written, "the name is unknown", instead);
}

result<void> read_ciphers(const settings& from, algorithms& into) {
  for (const std::string& written : split(from.ciphers)) {
    const std::string name = upper(written);
    const auto* found =
        std::find_if(allowed.begin(), allowed.end(), [&](const auto& a) { return a.name == name; });
    if (found == allowed.end()) return refuse_cipher(written);
    if (from.rules == profile::strict && !contains(name, "GCM")) {
      return bad_cipher(written, "socket.ssl_profile=strict takes AES-GCM only",
                        found->is == kind::suite ? "TLS_AES_256_GCM_SHA384" : "ECDHE-RSA-AES256-GCM-SHA384");
    }
    auto& list = found->is == kind::suite ? into.suites : into.ciphers;
    if (std::find(list.begin(), list.end(), name) != list.end()) continue;
    list.push_back(name);
    into.written.push_back(name);
  }
  return {};
}

/// 12, 13, or 0 for nothing written.
result<int> read_version(const char* option, const std::string& written) {
  std::string text = upper(written);
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  for (const std::string_view start : {"TLS", "V"}) {
    if (text.starts_with(start)) text.erase(0, start.size());
  }
  if (text.empty()) return 0;
  if (text == "1.2") return 12;
  if (text == "1.3") return 13;
  return error(errc::bad_option,
               std::string(option) + ": \"" + written + "\" is not allowed: expected 1.2 or 1.3");
}

std::string version_text(int version) { return version == 12 ? "1.2" : "1.3"; }

/// Versions and list must go together: each allowed version needs a name of its own.
result<void> settle_versions(const settings& from, algorithms& into) {
  auto low = read_version("socket.ssl_min_version", from.min_version);
  if (!low) return low.error();
  auto high = read_version("socket.ssl_max_version", from.max_version);
  if (!high) return high.error();
  const bool only_old = into.suites.empty() && !into.ciphers.empty();
  const bool only_new = into.ciphers.empty() && !into.suites.empty();
  into.version_max = *high != 0 ? *high : only_old ? 12 : 13;
  into.version_min = *low != 0 ? *low : into.version_max;
  const std::string range = into.versions_text();
  if (into.version_min > into.version_max) {
    return error(errc::bad_option,
                 "socket.ssl_min_version: " + version_text(into.version_min) +
                     " is above the highest version " + version_text(into.version_max) +
                     (only_old && *high == 0 ? " that the names in socket.ssl_cipher allow" : "") +
                     ": write versions and names that go together");
  }
  if (from.rules == profile::strict && into.version_min != 13) {
    return error(errc::bad_option,
                 "socket.ssl_profile: strict takes TLS 1.3 only, but versions or "
                 "socket.ssl_cipher ask for TLS " +
                     range + ": leave them out or write TLS 1.3 suites");
  }
  if (only_old && into.version_max == 13) {
    return error(errc::bad_option,
                 "socket.ssl_cipher: TLS 1.3 is asked for but the list has no TLS 1.3 suite: add "
                 "TLS_AES_128_GCM_SHA256 or set socket.ssl_max_version=1.2");
  }
  if (only_new && into.version_min == 12) {
    return error(
        errc::bad_option,
        "socket.ssl_cipher: TLS 1.2 is asked for but the list has no TLS 1.2 name: add "
        "ECDHE-RSA-AES128-GCM-SHA256 or leave socket.ssl_min_version and socket.ssl_max_version at 1.3");
  }
  if (only_old && *low == 0 && *high == 0) {
    into.remarks.push_back(
        "socket.ssl_cipher has TLS 1.2 names only, so this group speaks TLS 1.2; add a TLS 1.3 suite such as "
        "TLS_AES_128_GCM_SHA256 for TLS 1.3");
  }
  if (into.version_min == 13 && !into.ciphers.empty()) {
    into.remarks.push_back(
        "socket.ssl_cipher: the TLS 1.2 names are not used, because the lowest version is "
        "1.3; set socket.ssl_min_version=1.2 to allow them");
  }
  if (into.version_max == 12 && !into.suites.empty() && !into.ciphers.empty()) {
    into.remarks.push_back(
        "socket.ssl_cipher: the TLS 1.3 suites are not used, because the highest version is 1.2");
  }
  return {};
}

/// Our defaults where nothing was written; the written list then is what they stand for.
void fill_defaults(const settings& from, algorithms& into) {
  if (!into.written.empty()) return;
  for (const auto& [name, is] : allowed) {
    if (contains(name, "CCM") || name.starts_with("DHE")) continue;
    if (from.rules == profile::strict && !contains(name, "GCM")) continue;
    const bool spoken = is == kind::suite ? into.version_max == 13 : into.version_min == 12;
    if (!spoken) continue;
    (is == kind::suite ? into.suites : into.ciphers).emplace_back(name);
    into.written.emplace_back(name);
  }
}

result<void> read_groups(const settings& from, algorithms& into) {
  const bool strict = from.rules == profile::strict;
  std::vector<std::string> names = split(from.groups);
  into.groups_written = !names.empty();
  if (names.empty()) {
    names = strict ? std::vector<std::string>{"P-256", "P-384"}
                   : std::vector<std::string>{"X25519MLKEM768", "X25519", "P-256", "P-384"};
  }
  if (names.size() > 32) return error(errc::bad_option, "socket.ssl_groups: expected at most 32 names");
  for (const std::string& written : names) {
    const std::string name = upper(written);
    const auto* known =
        std::find_if(group_names.begin(), group_names.end(), [&](const auto& g) { return g[0] == name; });
    const std::string group = known != group_names.end() ? std::string((*known)[1]) : written;
    if (strict && group != "P-256" && group != "P-384") {
      return error(errc::bad_option,
                   "socket.ssl_groups: \"" + written +
                       "\" is not allowed: socket.ssl_profile=strict takes P-256 and P-384 only");
    }
    if (group.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
        std::string::npos) {
      return error(errc::bad_option,
                   "socket.ssl_groups: \"" + written + "\" is not a name: expected a list like X25519:P-256");
    }
    if (std::find(into.groups.begin(), into.groups.end(), group) == into.groups.end())
      into.groups.push_back(group);
  }
  return {};
}

}  // namespace

std::string algorithms::versions_text() const {
  return version_text(version_min) + "-" + version_text(version_max);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

result<algorithms> read_algorithms(const settings& from) {
  algorithms made;
  if (auto good = read_ciphers(from, made); !good) return good.error();
  if (auto good = settle_versions(from, made); !good) return good.error();
  fill_defaults(from, made);
  if (auto good = read_groups(from, made); !good) return good.error();
  return made;
}

std::string group_name(std::string_view openssl) {
  const std::string name = upper(openssl);
  const auto known = std::ranges::find_if(group_names, [&](const auto& one) { return one[0] == name; });
  return std::string(known != group_names.end() ? (*known)[1] : openssl);
}

}  // namespace hauberk::tls
