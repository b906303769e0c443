#include "api/option_change.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/options.hpp"

namespace hauberk::options {
namespace {

error bad(std::string words) { return {errc::bad_option, std::move(words)}; }

std::string shown(std::string_view key, std::string_view value) {
  return "option " + std::string(key) + "=" + std::string(value);
}

result<const row*> known(std::string_view key) {
  if (const row* found = find(key)) return found;
  return bad("unknown option '" + std::string(key) + "': did you mean '" + std::string(nearest(key)) + "'?");
}

std::string tls::settings::*file_of(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string tls::settings::*>, 4> files{
      {{"socket.ssl_cert", &tls::settings::cert_file},
       {"socket.ssl_key", &tls::settings::key_file},
       {"socket.ssl_ca", &tls::settings::ca_file},
       {"socket.ssl_crl", &tls::settings::crl_file}}};
  const auto* at = std::ranges::find(files, key, &decltype(files)::value_type::first);
  return at == files.end() ? nullptr : at->second;
}

/// What strangers may cost, and who is allowed.
result<change> entry_change(const row& of, std::string_view key, const std::string& value) {
  draft read;
  const verdict outcome = of.apply(read, value);
  if (outcome.what == verdict::kind::refused) return bad(shown(key, value) + ": " + outcome.words);
  if (outcome.what != verdict::kind::good)
    return bad(shown(key, value) + " is not allowed: expected " + std::string(of.allowed));
  change made{change_kind::entry};
  if (of.key == "handshake.timeout") {
    made.entry = [is = read.handshake_timeout](auto& rules) { rules.handshake_timeout = is; };
  } else if (of.key == "gmcast.allowed") {
    made.entry = [is = read.sockets.door.allowed](auto& rules) { rules.door.allowed = is; };
  } else {
    made.entry = [is = read.sockets.door](auto& rules) {
      rules.door.pending_max = is.pending_max;
      rules.door.pending_per_address_max = is.pending_per_address_max;
    };
  }
  return made;
}

}  // namespace

result<change> read_change(std::string_view key, std::string_view value) {
  const auto found = known(key);
  if (!found) return found.error();
  const row& of = **found;
  if (of.change == change_kind::refused)
    return bad(shown(key, value) + ": cannot be changed while the node runs: set it at the next start");
  if (of.change == change_kind::group) return change{of.change};
  if (of.change == change_kind::file) return change{of.change, false, file_of(of.key)};
  if (of.change == change_kind::entry) return entry_change(of, key, std::string(value));
  const auto wanted = base::options::parse_boolean(value);
  if (!wanted) return bad(shown(key, value) + " is not allowed: expected " + std::string(of.allowed));
  return change{of.change, *wanted};
}

result<void> set_common(engine::common_settings& to, const std::string& key, const std::string& value) {
  if (key == "socket.ssl_anchors") {
    if (value != "file")
      return bad(shown(key, value) + " is not allowed: expected file, as what is in socket.ssl_ca");
    to.security.anchors.clear();
    return {};
  }
  const auto found = known(key);
  if (!found) return found.error();
  if ((*found)->change != change_kind::group)
    return bad(shown(key, value) + ": is not one that the members share: set it at each node");
  draft changed;
  changed.security = to.security;
  changed.compression = to.compression;
  changed.replication.policy = to.flow;
  changed.wants_tls = to.is_encrypted;
  const verdict outcome = (*found)->apply(changed, value);
  if (outcome.what == verdict::kind::not_allowed)
    return bad(shown(key, value) + " is not allowed: expected " + std::string((*found)->allowed));
  if (outcome.what == verdict::kind::refused) return bad(shown(key, value) + ": " + outcome.words);
  to.security = std::move(changed.security);
  to.compression = changed.compression;
  to.flow = changed.replication.policy;
  to.is_encrypted = *changed.wants_tls;
  return {};
}

}  // namespace hauberk::options
