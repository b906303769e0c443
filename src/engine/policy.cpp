#include "engine/policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/options.hpp"
#include "tls/policy.hpp"

namespace hauberk::engine {
namespace {

constexpr std::array<std::string_view, 3> algorithms = {"none", "lz4", "zstd"};
constexpr std::string_view flow_key = "gcs.fc_policy", tls_key = "socket.ssl",
                           compression_key = "socket.ssl_compression", anchors_key = "socket.ssl_anchors";

bool set_compression(wire::compression& to, std::string_view value) {
  const std::string_view name = value.substr(0, value.find(':'));
  const auto at = std::ranges::find(algorithms, name);
  if (at == algorithms.end()) return false;
  to.how = static_cast<wire::algorithm>(at - algorithms.begin());
  to.level = 0;
  if (name.size() == value.size()) return true;
  value.remove_prefix(name.size() + 1);
  const auto done = std::from_chars(value.data(), value.data() + value.size(), to.level);
  return done.ec == std::errc() && done.ptr == value.data() + value.size() && to.level >= 1 && to.level <= 19;
}

bool set_flow(replica::flow_policy& to, std::string_view value) {
  const auto at = std::ranges::find(replica::flow_policy_names, value);
  if (at == replica::flow_policy_names.end()) return false;
  to = static_cast<replica::flow_policy>(at - replica::flow_policy_names.begin());
  return true;
}

}  // namespace

result<wish> read_wish(std::string_view text) {
  auto read = base::options::parse(text);
  if (!read) return read.error();
  if (read->empty()) return error(errc::bad_option, "no option is named that should change");
  wish made;
  for (auto& one : *read) made.emplace_back(std::move(one.key), std::move(one.value));
  return made;
}

std::string policy_of(replica::flow_policy flow, const wire::compression& compression,
                      const std::optional<tls::context>& security) {
  tls::policy_fields made;
  if (security) {
    if (auto read = tls::read_policy(security->policy_text())) made = std::move(*read);
  } else {
    made.emplace(tls_key, "no");
  }
  made.emplace(flow_key, replica::flow_policy_names[static_cast<std::size_t>(flow)]);
  made.emplace(compression_key, std::string(algorithms[static_cast<std::size_t>(compression.how)]) +
                                    (compression.level != 0 ? ":" + std::to_string(compression.level) : ""));
  return tls::policy_text_of(made);
}

result<common_settings> with_policy(common_settings local, std::string_view text) {
  auto wanted = tls::read_policy(text);
  if (!wanted) return wanted.error();
  const auto bad = [](const std::string& what) {
    return error(errc::bad_option, "the group's policy " + what +
                                       ", which this node does not understand: is it of another version?");
  };
  const auto mode = wanted->find(tls_key);
  const auto flow = wanted->find(flow_key), compression = wanted->find(compression_key);
  for (const auto& [at, key] : {std::pair{mode, tls_key}, {flow, flow_key}, {compression, compression_key}})
    if (at == wanted->end()) return bad("has no " + std::string(key));
  if (mode->second != "yes" && mode->second != "no") return bad("has socket.ssl=" + mode->second);
  if (!set_flow(local.flow, flow->second)) return bad("has gcs.fc_policy=" + flow->second);
  if (!set_compression(local.compression, compression->second))
    return bad("has socket.ssl_compression=" + compression->second);
  local.is_encrypted = mode->second == "yes";
  wanted->erase(flow);
  wanted->erase(compression);
  if (!local.is_encrypted) {
    if (wanted->size() > 1) return bad("has " + wanted->rbegin()->first + " beside socket.ssl=no");
    return local;
  }
  auto read = tls::with_policy(std::move(local.security), tls::policy_text_of(*wanted));
  if (!read) return read.error();
  local.security = std::move(*read);
  return local;
}

std::string without_anchors(std::string_view text) {
  auto read = tls::read_policy(text);
  if (!read) return {};
  if (const auto at = read->find(anchors_key); at != read->end()) read->erase(at);
  return tls::policy_text_of(*read);
}

bool is_encrypted(std::string_view text) {
  return ("\n" + std::string(text)).find("\nsocket.ssl=yes\n") != std::string::npos;
}

}  // namespace hauberk::engine
