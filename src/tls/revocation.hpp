// Revocation lists, from the file of `socket.ssl_crl`: who must have signed them, and what one that is late
// or lacking means. In the profile `standard` such a list goes on to count, with a warning: else one late
// file would stop the whole group at once, and what it revokes stays revoked. `strict` refuses it.
#pragma once

#include <cstdint>
#include <vector>

#include "tls/material.hpp"

namespace hauberk::tls {

using crl_ptr = std::unique_ptr<X509_CRL, freer<X509_CRL_free>>;

/// The lists that count: per issuer the newest in the file. Nothing without `socket.ssl_crl`.
/// Errors: bad_file (unreadable, no list in it), bad_certificate (not signed by the anchor that it names;
/// `strict`: out of date, or an anchor without a list).
[[nodiscard]] result<std::vector<crl_ptr>> read_revocations(const settings& from, const material& read,
                                                            std::int64_t now, const base::logger& words);

/// True for a verdict of OpenSSL's that only says that a list is late or lacking, where that may be.
[[nodiscard]] bool is_forgiven(int code, profile rules);

}  // namespace hauberk::tls
