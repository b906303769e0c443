// The PEM files of an authority as whole files, for who knows nothing of OpenSSL: joined, copied, renamed.
// Each is written so that a crash leaves the old file or the new one, never a part of either.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"

namespace hauberk::tls {

/// The first certificate of each file, one after the other, into `into`, whatever was there. Errors:
/// bad_file.
result<void> bundle(const std::vector<std::string>& cert_files, const std::string& into);

/// Copies a file that is not at `to` yet; if it is, nothing happens. Errors: bad_file.
result<void> copy_file(const std::string& from, const std::string& to, mode_t mode);

/// `to` is replaced. Errors: bad_file.
result<void> rename_file(const std::string& from, const std::string& to);

/// Whether a file of this name is one that was being written when its writer was killed.
[[nodiscard]] bool is_draft(std::string_view file_name);

/// Whether both hold the same bytes; false when `b` is not there. Errors: bad_file.
[[nodiscard]] result<bool> is_same_file(const std::string& a, const std::string& b);

}  // namespace hauberk::tls
