// Bounds that only frames have, and the numbers of the frame's own fields; the rest is in base/limits.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"

namespace hauberk::wire {

/// Processes in a list of links or peers: the members, and those who want to be.
inline constexpr std::size_t peers_max = 4 * base::limits::members_max;
inline constexpr std::size_t policy_text_bytes_max = 32 * 1024;
/// What OpenSSL calls a version, a cipher or a group.
inline constexpr std::size_t word_bytes_max = 64;
/// A subject, or one name in a certificate, that is told to a visitor; and how many of these.
inline constexpr std::size_t subject_bytes_max = 1024, certificate_names_max = 32;

inline constexpr std::uint32_t kind_first = 5, kind_last = 1023;
inline constexpr std::uint32_t payload_field = 2047;

/// Heads up to this size are made in memory that is kept from frame to frame.
inline constexpr std::size_t kept_head_bytes_max = 16 * 1024;

}  // namespace hauberk::wire
