// Conversions from OpenSSL's types to ours.
#include "tls/openssl.hpp"

#include <openssl/asn1.h>

#include <array>
#include <ctime>

#include "base/assert.hpp"

namespace hauberk::tls {

std::string take_openssl_reason() {
  const unsigned long code = ERR_peek_error();
  const char* words = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = words != nullptr ? words
                     : code == 0      ? "no reason given"
                                      : "reason " + std::to_string(code);
  ERR_clear_error();
  return text;
}

std::string name_text(const X509_NAME* name) {
  const bio_ptr out(BIO_new(BIO_s_mem()));
  HAUBERK_ASSERT(out != nullptr, "out of memory");
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  if (size <= 0) return "(empty name)";
  return {bytes, static_cast<std::size_t>(size)};
}

std::string short_name(const X509_NAME* name) {
  constexpr std::size_t most = 255;
  std::string text = name_text(name);
  if (text.size() <= most) return text;
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;  // a whole character
  return text.substr(0, end) + "...";
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  const std::unique_ptr<ASN1_TIME, freer<ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int rest = 0;
  if (epoch == nullptr || ASN1_TIME_diff(&days, &rest, epoch.get(), time) != 1) {
    ERR_clear_error();
    return 0;
  }
  return std::int64_t{days} * 86400 + rest;
}

std::string date_text(std::int64_t seconds) {
  const std::time_t moment = seconds;
  std::tm parts{};
  if (gmtime_r(&moment, &parts) == nullptr) return std::to_string(seconds) + " s since 1970";
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string hex(const unsigned char* bytes, std::size_t count) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HAUBERK_ASSERT(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1, "SHA-256 must work");
  return hex(digest.data(), size);
}

}  // namespace hauberk::tls
