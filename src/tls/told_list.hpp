// A revocation list that counts without being in the file: one rule, `take_told`, for what peers tell, for
// what was kept over a restart, and for what of the file is told to others. It asks more than OpenSSL does:
// a list that is in force at all nodes must shut out whom it revokes, and nobody else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tls/lists.hpp"
#include "tls/material.hpp"

namespace hauberk::tls {

using crl_ptr = std::unique_ptr<X509_CRL, freer<X509_CRL_free>>;

struct told_list {
  crl_ptr list;
  revocation_list is;
  std::string obstacle;  ///< why it counts nowhere but where its file is, in words that follow its name
};

/// The list, if a CA of ours that may sign lists has signed it. Errors: refused, in words that follow "the
/// list ".
[[nodiscard]] result<told_list> take_told(const base::buffer& der, const material& read);

/// As plain data, without `der`.
[[nodiscard]] revocation_list describe(X509_CRL* list, X509* signer);
[[nodiscard]] base::buffer der_of(const X509_CRL* list);

/// A list that lacks some of its issuer's certificates on purpose says nothing of the others.
enum class scope { all, part, changes };
[[nodiscard]] scope scope_of(const X509_CRL* list);

/// The issuers whose lists `take_told` takes: as in `base::list_id`, each with its name.
[[nodiscard]] std::map<std::string, std::string> list_issuers(const material& read);

}  // namespace hauberk::tls
