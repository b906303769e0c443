// Revocation lists: those in the file of `socket.ssl_crl` and those that other nodes told of, who must have
// signed them, which of several counts, and what one that is late or lacking means. In the profile `standard`
// such a list goes on to count, with a warning: else one late file would stop the whole group at once, and
// what it revokes stays revoked. `strict` refuses it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tls/lists.hpp"
#include "tls/material.hpp"

namespace hauberk::tls {

using crl_ptr = std::unique_ptr<X509_CRL, freer<X509_CRL_free>>;

/// A list and the CA of ours that signed it; nothing: none of ours did.
struct signed_list {
  crl_ptr list;
  X509* signer = nullptr;
};

/// What a store is filled with.
struct chosen_lists {
  std::vector<crl_ptr> all;
  std::vector<revocation_list> tellable;  ///< of these, what other nodes can be told
  std::vector<std::string> remarks;       ///< what is worth a line, about lists in the file
};

/// What is in the file; nothing without `socket.ssl_crl`. Errors: bad_file (unreadable, no list in it),
/// bad_certificate (not signed by the anchor that it names).
[[nodiscard]] result<std::vector<signed_list>> read_revocations(const settings& from, const material& read,
                                                                const base::logger& words);

/// Per issuer the newest, from wherever; of those told only what a CA of ours has signed.
[[nodiscard]] chosen_lists choose_lists(const std::vector<signed_list>& on_file,
                                        const std::vector<base::buffer>& told, const material& read);

/// Dates, and whether all anchors have a list, where the node has a file. Errors: bad_certificate (`strict`:
/// out of date, or an anchor without a list).
[[nodiscard]] result<void> check_lists(const chosen_lists& chosen, const settings& from, const material& read,
                                       std::int64_t now, const base::logger& words);

/// One that somebody told. Errors: refused, in words that follow "the list ".
[[nodiscard]] result<revocation_list> read_told_list(const base::buffer& der, const material& read);

/// The issuers whose lists `read_told_list` takes: as in `base::list_id`, each with its name.
[[nodiscard]] std::map<std::string, std::string> list_issuers(const material& read);

/// Each certificate has to be looked up in a list that is in date: `strict`, where the node has a file. One
/// without a file only hears of lists, and may not have heard of all.
[[nodiscard]] bool needs_lists(const settings& from);

/// True for a verdict of OpenSSL's that only says that a list is late or lacking, where that may be.
/// `is_needed`: see `needs_lists`.
[[nodiscard]] bool is_forgiven(int code, bool is_needed);

}  // namespace hauberk::tls
