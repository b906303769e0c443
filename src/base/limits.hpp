// Every bound on what a peer can make us hold or do, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hauberk::base::limits {

inline constexpr std::size_t members_max = 64;         ///< members in a view
inline constexpr std::size_t name_bytes_max = 255;     ///< group name, member name
inline constexpr std::size_t address_bytes_max = 512;  ///< host:port of a member
inline constexpr std::size_t seats_max = 65536;        ///< seats that a replica remembers facts about
inline constexpr std::size_t removed_max = 1024;       ///< removed seats a view remembers
inline constexpr std::size_t record_seats_max = 4;     ///< seats that a state file proves dead
inline constexpr std::size_t claims_max =
    3 * members_max;                                    ///< members of the views that a re-formation rests on
inline constexpr std::size_t forks_max = 32;            ///< histories before its own that a view remembers
inline constexpr std::size_t bans_max = 64;             ///< names that may not join
inline constexpr std::size_t ban_text_bytes_max = 255;  ///< why
inline constexpr std::size_t policy_bytes_max = 16 * 1024;  ///< a group's policy, as written
inline constexpr std::size_t changes_max = 1024;  ///< changes that a member asks for, or a leader works on
inline constexpr std::size_t frame_head_bytes_max = 256 * 1024;          ///< a frame without its payload
inline constexpr std::size_t frame_payload_bytes_max = 4 * 1024 * 1024;  ///< a frame's payload, decompressed
inline constexpr std::size_t run_payloads_max = 8192;                    ///< small payloads in one frame
inline constexpr std::size_t order_items_max = 4096;                     ///< runs in one order frame
inline constexpr std::size_t boundaries_max = 4096;                      ///< epochs in one history window
inline constexpr std::size_t lists_max =
    64;  ///< revocation lists that a node tells or is told, one an issuer
inline constexpr std::size_t list_bytes_max = 1024 * 1024;       ///< one of them: some 25,000 certificates
inline constexpr std::size_t lists_bytes_max = 3 * 1000 * 1000;  ///< all of them
inline constexpr std::size_t list_number_bytes_max = 20;         ///< RFC 5280 section 5.2.3
inline constexpr std::size_t sha256_bytes = 32;
inline constexpr std::size_t reason_bytes_max = 1024;           ///< text that a peer sends for a person
inline constexpr std::uint64_t payload_bytes_max = 2147483647;  ///< one broadcast

}  // namespace hauberk::base::limits
