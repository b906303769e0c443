// What can go wrong, as the caller sees it: a code to act on and a sentence to read.
#pragma once

#include <string>
#include <system_error>
#include <utility>

namespace hauberk {

/// Why a call was refused. Compare with a `condition` to learn what to do about it.
enum class errc {
  ok = 0,
  not_primary,            ///< no quorum in reach now; nothing was accepted
  window_full,            ///< too many uncommitted bytes in flight; try again after a commit
  payload_too_large,      ///< above `repl.max_ws_size`
  timed_out,              ///< the wait given by the caller ended
  bad_option,             ///< unknown key, or a value that is not allowed
  bad_file,               ///< a certificate, key, CA or state file is missing, unreadable or wrong
  bad_certificate,        ///< expired, not ours, does not name this member
  address_in_use,         ///< the listening port is taken
  bad_address,            ///< an address that cannot be parsed or bound
  name_in_use,            ///< a live member of the group already has this node's name
  refused,                ///< a member refused us; the text says which check failed
  state_transfer_needed,  ///< what we miss no longer fits any member's history window
  evicted,                ///< the group removed this member and does not want it back
  closed,                 ///< the group was left or this handle is closed
  superseded,             ///< the group's policy was changed while this was asked for: look, and ask again
  internal,               ///< the operating system or a library failed us; the text says how
};

/// What a caller can do about an `errc`: `code == condition::retry` and so on.
enum class condition { retry = 1, reconfigure, rejoin };

[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] const std::error_category& condition_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}
[[nodiscard]] inline std::error_condition make_error_condition(condition what) noexcept {
  return {static_cast<int>(what), condition_category()};
}

/// A code to act on and one line for a person: what, where, expected and got, what to do.
struct error {
  std::error_code code;
  std::string text;

  error(errc why, std::string words) : code(make_error_code(why)), text(std::move(words)) {}
  error(std::error_code why, std::string words) : code(why), text(std::move(words)) {}
};

}  // namespace hauberk

template <>
struct std::is_error_code_enum<hauberk::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<hauberk::condition> : std::true_type {};
