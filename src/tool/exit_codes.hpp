// How the tool ends: one number for each kind of thing to do about it. `hauberk --help` prints the list.
#pragma once

#include <string_view>

#include "hauberk/error.hpp"

namespace hauberk::tool {

enum exit_code : int {
  done = 0,
  bad_usage = 2,
  bad_material = 3,
  bad_listen_address = 4,
  not_admitted = 5,
  removed = 6,
  broken = 7,
  incomplete = 8,
};

inline constexpr std::string_view exit_codes_help =
    "Exit codes:\n"
    "  0  left the group gracefully, or there was nothing more to do; doctor: nothing is bad\n"
    "  2  bad usage or a bad option\n"
    "  3  a file or certificate is missing, unreadable, wrong or expired; doctor: something here is bad\n"
    "  4  the listening address is in use or cannot be bound\n"
    "  5  refused, the name is in use, or the group was not reached in time; doctor: only a peer objects\n"
    "  6  removed from the group, or what was missed no longer fits its history window\n"
    "  7  the operating system or a library failed us\n"
    "  8  links: one is missing or disputed, or only some are encrypted\n";

[[nodiscard]] inline exit_code exit_code_of(const std::error_code& code) {
  if (!code) return done;
  if (code.category() != error_category()) return broken;
  switch (static_cast<errc>(code.value())) {
    case errc::ok:
      return done;
    case errc::bad_option:
    case errc::payload_too_large:
      return bad_usage;
    case errc::bad_file:
    case errc::bad_certificate:
      return bad_material;
    case errc::address_in_use:
    case errc::bad_address:
      return bad_listen_address;
    case errc::name_in_use:
    case errc::refused:
    case errc::timed_out:
    case errc::not_primary:
    case errc::superseded:
      return not_admitted;
    case errc::state_transfer_needed:
    case errc::evicted:
    case errc::closed:
      return removed;
    case errc::window_full:
    case errc::internal:
      return broken;
  }
  return broken;
}

}  // namespace hauberk::tool
