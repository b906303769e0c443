// Certificate revocation lists: what a ledger says is revoked, signed by the authority and put into the
// group's CRL file, which holds the newest list of each authority (PEM, one after the other).
#pragma once

#include <cstdint>
#include <string>

#include "hauberk/result.hpp"
#include "tls/issuer.hpp"
#include "tls/ledger.hpp"

namespace hauberk::tls {

struct crl_request {
  pair_files ca;
  std::string ledger_file;
  std::string crl_file;
  int days = 365;  ///< until the next list is promised
};

struct crl_made {
  std::size_t revoked = 0;       ///< certificates on it
  std::int64_t next_update = 0;  ///< seconds since 1970
};

/// Writes the authority's list anew into the CRL file; lists of other authorities in it stay. What an older
/// list of this authority holds and the ledger does not know is taken over into both: nothing that was
/// revoked comes back. The number rises with each list. Errors: bad_file, bad_certificate.
result<crl_made> write_crl(const crl_request& what, std::int64_t now);

/// Takes out of the CRL file what was not signed by the authority in `ca_cert`. Errors: bad_file.
result<void> keep_crls_of(const std::string& ca_cert, const std::string& crl_file);

}  // namespace hauberk::tls
