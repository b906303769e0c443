// Reading the PEM files: own certificate, intermediates, key and trust anchors. Every way in which a file
// can be wrong gets a sentence of its own that names option, file, fault and remedy.
#pragma once

#include <string>
#include <vector>

#include "base/log.hpp"
#include "hauberk/result.hpp"
#include "tls/openssl.hpp"
#include "tls/settings.hpp"

namespace hauberk::tls {

struct material {
  x509_ptr own;
  std::vector<x509_ptr> intermediates;
  key_ptr key;
  std::vector<x509_ptr> anchors;
  bool shared_pair = false;  ///< the anchors are exactly the own certificate
};

/// Reads all files; the key is checked against the certificate, no signature is verified yet.
/// Errors: bad_option, bad_file, bad_certificate.
[[nodiscard]] result<material> read_material(const settings& from, const base::logger& words);

/// A whole file that is no secret. `option` leads the error's words. Errors: bad_file.
[[nodiscard]] result<std::string> read_text(const char* option, const std::string& path,
                                            const base::logger& words);

}  // namespace hauberk::tls
