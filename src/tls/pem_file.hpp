// PEM files of authorities and nodes: read to be inspected or signed with, and written so that a crash leaves
// the old file or the new one, never a part of either. Knows nothing of options; a node's own material is
// read by material.hpp, which has words for every mistake.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"
#include "tls/openssl.hpp"

namespace hauberk::tls {

using crl_ptr = std::unique_ptr<X509_CRL, freer<X509_CRL_free>>;

/// "/path: cannot do it: reason", from errno.
[[nodiscard]] error file_failed(const std::string& path, const std::string& what);
/// The whole file, at most 4 MiB.
[[nodiscard]] result<std::string> read_text(const std::string& path);

// Of text that is PEM; `path` is for messages. No block of the kind is no error here, one that cannot be read
// is.
[[nodiscard]] result<std::vector<x509_ptr>> certificates_in(const std::string& text, const std::string& path);
[[nodiscard]] result<std::vector<crl_ptr>> crls_in(const std::string& text, const std::string& path);

/// The first certificate of a file. Errors: bad_file.
[[nodiscard]] result<x509_ptr> read_certificate(const std::string& path);
/// Text that is wiped when it goes.
struct secret_text {
  std::string text;
  secret_text() = default;
  explicit secret_text(std::string from) : text(std::move(from)) {}
  secret_text(secret_text&&) = default;
  secret_text& operator=(secret_text&&) = default;
  ~secret_text() { OPENSSL_cleanse(text.data(), text.size()); }
};

/// The first line of a file, 1 to 1023 bytes; nothing for no file. Errors: bad_file.
[[nodiscard]] result<secret_text> read_passphrase(const std::string& path);
/// A private key, locked or not; nobody is asked for a passphrase. Errors: bad_file.
[[nodiscard]] result<key_ptr> read_private_key(const std::string& path, const secret_text& passphrase = {});

[[nodiscard]] std::string pem_of(const X509* certificate);
[[nodiscard]] std::string pem_of(const X509_CRL* list);
/// PKCS #8, locked with AES-256 where there is a passphrase.
[[nodiscard]] secret_text pem_of(const EVP_PKEY* key, const secret_text& passphrase = {});

/// Between a file's name and the process that is writing it, in the name that it has until it is whole.
inline constexpr std::string_view draft_mark = ".part-";

/// Makes a file that must not exist yet. Errors: bad_file.
result<void> create_file(const std::string& path, std::string_view text, mode_t mode);
/// Puts a whole new file in the place of the old one, if there is one. Errors: bad_file.
result<void> replace_file(const std::string& path, std::string_view text, mode_t mode);
/// One file takes the place of another, for good: the folder is synced. Errors: bad_file.
result<void> move_file(const std::string& from, const std::string& to);

}  // namespace hauberk::tls
