// Every key that we know: one row each, with its default, what is allowed and how it is applied.
// config.cpp walks the rows; nothing else knows a key by name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/values.hpp"

namespace hauberk::options {

/// Values on their way: with what was written, where its meaning depends on other options.
struct draft : config::values {
  std::string base_host, base_port = "4567", node_address;
  std::optional<bool> wants_tls;
  bool listens_on_ssl = false;  ///< gmcast.listen_addr says ssl://
  std::optional<std::uint64_t> send_window;
};

/// What became of a value.
struct verdict {
  enum class kind { good, not_allowed, refused, no_effect };
  kind what = kind::good;
  std::string words = {};  ///< refused: the whole reason; no_effect: why, or empty
};

using setter = std::function<verdict(draft&, const std::string&)>;

/// What becomes of a change while the node runs.
enum class change_kind {
  refused,
  group,  ///< proposed to the group, and in force at all members at once
  file,   ///< of this node, read by the next reload
  reload,
  watch,
  entry  ///< of this node: what strangers may cost, and who is allowed
};

struct row {
  std::string_view key;
  std::string_view fallback;  ///< the default as text; empty = none, or worked out from the other options
  std::string_view allowed;   ///< completes "allowed: ..."
  setter apply;
  change_kind change = change_kind::refused;
};

[[nodiscard]] const std::vector<row>& rows();
/// The row of `key` or of the key that it is another name for; nullptr when we know neither.
[[nodiscard]] const row* find(std::string_view key);
/// The key of ours that looks most like `key`.
[[nodiscard]] std::string_view nearest(std::string_view key);
/// True for keys of Galera's other subsystems, which existing option lines carry.
[[nodiscard]] bool is_elsewhere(std::string_view key);

}  // namespace hauberk::options
