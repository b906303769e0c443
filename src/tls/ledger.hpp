// What an authority has issued and revoked: a text file in the format of `openssl ca` (index.txt), so that
// OpenSSL's own tools can go on with it. One line a certificate, six fields between tabs:
//
//   V|R|E   expires   revoked[,reason]   SERIAL   unknown   /CN=subject
//
// Dates are YYMMDDHHMMSSZ, from 2050 on YYYYMMDDHHMMSSZ.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"
#include "tls/context.hpp"

namespace hauberk::tls {

/// Why a certificate is revoked, as RFC 5280 names it; empty = not said.
inline constexpr std::string_view revocation_reasons[] = {"keyCompromise", "affiliationChanged", "superseded",
                                                          "cessationOfOperation", "privilegeWithdrawn"};

struct ledger_entry {
  std::string serial;  ///< upper-case hex, an even number of digits
  std::string subject;
  std::int64_t expires = 0;
  std::optional<std::int64_t> revoked = std::nullopt;  ///< since when
  std::string reason = {};
};

class ledger {
 public:
  /// No file is an empty ledger. Errors: bad_file with the line.
  static result<ledger> read(const std::string& path);
  static result<ledger> parse(std::string_view text, const std::string& path);

  [[nodiscard]] const std::vector<ledger_entry>& entries() const { return entries_; }
  [[nodiscard]] const ledger_entry* find(std::string_view serial) const;
  /// Takes a certificate in that is not there yet.
  void add(const certificate& issued);
  /// Revokes `serial`, which need not be there. False when it was revoked before: then nothing changes.
  bool revoke(std::string_view serial, std::int64_t when, std::string_view reason);
  [[nodiscard]] std::string text() const;
  /// Errors: bad_file.
  result<void> write(const std::string& path) const;

 private:
  std::vector<ledger_entry> entries_;
};

/// Upper case, an even number of digits, no leading zero byte: one serial, one spelling. Empty when `text` is
/// no hex number of at most 20 bytes.
[[nodiscard]] std::string canonical_serial(std::string_view text);

}  // namespace hauberk::tls
