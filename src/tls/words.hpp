// What went wrong on a connection, in one sentence for a person: first bytes that are no TLS, alerts from
// the peer, and OpenSSL's reasons, each with what to do about it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "hauberk/result.hpp"

namespace hauberk::tls {

enum class guess { undecided, expected, foreign };

/// What the first bytes of a stream are. `seen` names them when they are foreign.
struct first_bytes {
  guess is = guess::undecided;
  std::string seen;
};

/// For a TLS pipe: expects a TLS handshake or alert record.
[[nodiscard]] first_bytes recognise_tls(std::span<const std::byte> bytes);
/// For a plain pipe: everything passes that is not clearly another protocol.
[[nodiscard]] first_bytes recognise_plain(std::span<const std::byte> bytes);

/// A TLS alert (RFC 8446 section 6) that the peer sent us.
[[nodiscard]] std::string alert_words(int alert);

struct failure {
  error why;
  bool told_by_peer = false;  ///< an alert that came in
};

/// What OpenSSL's oldest error means; empties its queue. `during` is "TLS handshake", say.
[[nodiscard]] failure openssl_failure(const std::string& during, const std::string& certificate_words);

}  // namespace hauberk::tls
