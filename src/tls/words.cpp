// Tables of words.
#include "tls/words.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "tls/openssl.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t shown_bytes_max = 8;
constexpr unsigned char record_alert = 0x15, record_handshake = 0x16, record_version_major = 0x03;
constexpr unsigned char hauberk_frame = 0x0a;  // the first tag of a stream, DESIGN section 6

struct token {
  std::string_view starts, means;
};
constexpr std::array<token, 12> tokens{{{"GET ", "an HTTP request"},
                                        {"POST ", "an HTTP request"},
                                        {"HEAD ", "an HTTP request"},
                                        {"PUT ", "an HTTP request"},
                                        {"OPTIONS ", "an HTTP request"},
                                        {"CONNECT ", "an HTTP request"},
                                        {"DELETE ", "an HTTP request"},
                                        {"PATCH ", "an HTTP request"},
                                        {"TRACE ", "an HTTP request"},
                                        {"PRI * HTTP", "an HTTP/2 request"},
                                        {"HTTP/", "an HTTP answer"},
                                        {"SSH-", "SSH"}}};

unsigned char at(std::span<const std::byte> bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

/// Another protocol's greeting; `undecided` while it may still become one, nothing when it cannot.
std::optional<first_bytes> recognise_text(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  bool possible = false;
  for (const auto& [starts, means] : tokens) {
    if (text.starts_with(starts)) return first_bytes{guess::foreign, std::string(means)};
    possible = possible || starts.starts_with(text);
  }
  if (possible) return first_bytes{};
  return std::nullopt;
}

std::string hex_of(std::span<const std::byte> bytes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(bytes.size(), shown_bytes_max); ++i) {
    const unsigned char one = at(bytes, i);
    text += (i == 0 ? "" : " ") + hex(&one, 1);
  }
  return text;
}

struct alert_name {
  int number;
  std::string_view words;
};
constexpr std::array<alert_name, 22> alerts{{
    {SSL_AD_UNEXPECTED_MESSAGE, "unexpected message"},
    {SSL_AD_BAD_RECORD_MAC, "bad record MAC: were bytes changed on the way?"},
    {SSL_AD_RECORD_OVERFLOW, "record overflow"},
    {SSL_AD_HANDSHAKE_FAILURE,
     "handshake failure: do socket.ssl_cipher, socket.ssl_groups and the versions agree with its own?"},
    {SSL_AD_BAD_CERTIFICATE, "bad certificate: is its socket.ssl_ca the same as ours?"},
    {SSL_AD_UNSUPPORTED_CERTIFICATE,
     "unsupported certificate: our certificate may not be used in this role (extended key usage, CA "
     "certificate)"},
    {SSL_AD_CERTIFICATE_REVOKED, "certificate revoked: our certificate needs to be replaced"},
    {SSL_AD_CERTIFICATE_EXPIRED,
     "certificate expired: is our certificate still valid, and do the clocks agree?"},
    {SSL_AD_CERTIFICATE_UNKNOWN, "certificate unknown: it did not accept our certificate"},
    {SSL_AD_ILLEGAL_PARAMETER, "illegal parameter"},
    {SSL_AD_UNKNOWN_CA, "unknown CA: is its socket.ssl_ca the same as ours?"},
    {SSL_AD_ACCESS_DENIED, "access denied"},
    {SSL_AD_DECODE_ERROR, "decode error"},
    {SSL_AD_DECRYPT_ERROR, "decrypt error: do our certificate and its socket.ssl_ca go together?"},
    {SSL_AD_PROTOCOL_VERSION,
     "protocol version: do socket.ssl_min_version and socket.ssl_max_version agree with its own?"},
    {SSL_AD_INSUFFICIENT_SECURITY,
     "insufficient security: do socket.ssl_cipher and socket.ssl_groups agree?"},
    {SSL_AD_INTERNAL_ERROR, "internal error on its side: see its log"},
    {SSL_AD_USER_CANCELLED, "cancelled"},
    {SSL_AD_NO_RENEGOTIATION, "no renegotiation"},
    {SSL_AD_UNRECOGNIZED_NAME, "unrecognised name"},
    {SSL_AD_MISSING_EXTENSION, "missing extension"},
    {SSL_AD_CERTIFICATE_REQUIRED, "certificate required: we presented none"},
}};

/// Our side's reasons, in words that lead to an option.
std::string reason_words(int reason) {
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer presented no certificate: expected one signed by our trust anchor; set "
             "socket.ssl_cert and "
             "socket.ssl_key there";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return "no TLS version in common: make socket.ssl_min_version, socket.ssl_max_version and "
             "socket.ssl_cipher the "
             "same on both sides";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
      return "no cipher in common: make socket.ssl_cipher the same on both sides, and fit for the kind of "
             "both keys";
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_BAD_KEY_SHARE:
    case SSL_R_NO_SHARED_GROUPS:
      return "no key exchange group in common: make socket.ssl_groups the same on both sides";
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return "no signature algorithm in common: the kind or size of one certificate's key does not fit the "
             "other side";
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return "the peer's handshake message is too large: expected a certificate chain of at most 64 KiB";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return "a record could not be authenticated: bytes were changed on the way, or the peer is broken";
    default:
      return {};
  }
}

}  // namespace

first_bytes recognise_tls(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  const unsigned char first = at(bytes, 0);
  if (first == record_handshake || first == record_alert) {
    if (bytes.size() < 2) return {};
    if (at(bytes, 1) == record_version_major) return {guess::expected, {}};
    return {guess::foreign, hex_of(bytes)};
  }
  if (first == hauberk_frame) return {guess::foreign, "a plaintext Hauberk node"};
  if (auto text = recognise_text(bytes)) return *text;
  return {guess::foreign, hex_of(bytes)};
}

first_bytes recognise_plain(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  const unsigned char first = at(bytes, 0);
  if (first == record_handshake || first == record_alert) {
    if (bytes.size() < 2) return {};
    if (at(bytes, 1) != record_version_major) return {guess::expected, {}};
    return {guess::foreign, first == record_handshake ? "TLS" : "a TLS alert"};
  }
  if (auto text = recognise_text(bytes)) return *text;
  return {guess::expected, {}};
}

std::string alert_words(int alert) {
  const auto* found =
      std::find_if(alerts.begin(), alerts.end(), [&](const auto& a) { return a.number == alert; });
  const bool about_certificate = alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_ACCESS_DENIED ||
                                 (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
                                 alert == SSL_AD_CERTIFICATE_REQUIRED;
  return std::string(about_certificate ? "the peer refused our certificate: " : "the peer ended TLS: ") +
         (found != alerts.end() ? std::string(found->words) : "alert " + std::to_string(alert));
}

failure openssl_failure(const std::string& during, const std::string& certificate_words) {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const std::string said = take_openssl_reason();
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && !certificate_words.empty()) {
    return {{errc::bad_certificate, during + ": we refused the peer's " + certificate_words}};
  }
  if (reason >= SSL_AD_REASON_OFFSET) {
    return {{errc::refused, during + ": " + alert_words(reason - SSL_AD_REASON_OFFSET)}, true};
  }
  std::string words = reason_words(reason);
  if (words.empty()) words = "the peer's bytes were refused: OpenSSL says \"" + said + "\"";
  const bool nobody = reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
  return {{nobody ? errc::bad_certificate : errc::refused, during + ": " + words}};
}

}  // namespace hauberk::tls
