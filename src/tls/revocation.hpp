// Revocation lists: those in the file of `socket.ssl_crl` and those that other nodes told of, who must have
// signed them, which of several counts, and what one that is late or lacking means. In the profile `standard`
// such a list goes on to count, with a warning: else one late file would stop the whole group at once, and
// what it revokes stays revoked. `strict` refuses it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tls/told_list.hpp"

namespace hauberk::tls {

/// What the clocks of CA and nodes may differ by: a list that begins so little later is none of the future.
inline constexpr std::int64_t clock_tolerance = 300;

/// A list of the file, and the CA of ours that signed it; nothing: none of ours did.
struct signed_list {
  crl_ptr list;
  X509* signer = nullptr;
};

struct list_in_force {
  crl_ptr list;
  bool is_on_file = true;
};

/// What a store is filled with.
struct chosen_lists {
  std::vector<list_in_force> all;
  /// Of these the whole ones of CAs of ours; with `der` those that other nodes can be told.
  std::vector<revocation_list> known;
  std::vector<std::string> remarks;  ///< what is worth a line, about lists in the file
};

/// What is in the file; nothing without `socket.ssl_crl`. Errors: bad_file (unreadable, no list in it),
/// bad_certificate (not signed by the anchor that it names).
[[nodiscard]] result<std::vector<signed_list>> read_revocations(const settings& from, const material& read,
                                                                const base::logger& words);

/// Per issuer the newest, from wherever; of those told only what `take_told` takes.
[[nodiscard]] chosen_lists choose_lists(const std::vector<signed_list>& on_file,
                                        const std::vector<base::buffer>& told, const material& read);

/// Dates, and whether all anchors have a list, where the node has a file. Errors: bad_certificate (`strict`:
/// out of date, or an anchor without a list).
[[nodiscard]] result<void> check_lists(const chosen_lists& chosen, const settings& from, const material& read,
                                       std::int64_t now, const base::logger& words);

/// Each certificate has to be looked up in a list that is in date: `strict`, where the node has a file. One
/// without a file only hears of lists, and may not have heard of all.
[[nodiscard]] bool needs_lists(const settings& from);

/// True when OpenSSL's verdict only says that a list is late or lacking, where that may be, or that it begins
/// a moment later. `is_needed`: see `needs_lists`.
[[nodiscard]] bool is_forgiven(X509_STORE_CTX* about, bool is_needed);

}  // namespace hauberk::tls
