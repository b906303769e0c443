#include "tls/inspect.hpp"

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <map>

#include "tls/cards.hpp"
#include "tls/pem_file.hpp"
#include "tls/verify.hpp"

namespace hauberk::tls {
namespace {

std::string key_words(X509* of) {
  const EVP_PKEY* key = X509_get0_pubkey(of);
  if (key == nullptr) return "unknown";
  const char* type = EVP_PKEY_get0_type_name(key);
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    const char* nist = EC_curve_nid2nist(OBJ_txt2nid(group.data()));
    return "EC " + std::string(nist == nullptr ? group.data() : nist);
  }
  const std::string name = type == nullptr ? "unknown" : type;
  return name.starts_with("RSA") ? name + " " + std::to_string(EVP_PKEY_get_bits(key)) : name;
}

/// "10.0.0.1" or "fd00:0:0:0:0:0:0:1"; empty for what is neither.
std::string address_words(const ASN1_OCTET_STRING* from) {
  const unsigned char* bytes = ASN1_STRING_get0_data(from);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(from));
  std::string made;
  if (size == 4) {
    for (std::size_t i = 0; i < size; ++i) made += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
  } else if (size == 16) {
    for (std::size_t i = 0; i < size; i += 2) {
      const std::string group = hex(bytes + i, 2);
      made += (i == 0 ? "" : ":") + group.substr(std::min<std::size_t>(group.find_first_not_of('0'), 3));
    }
  }
  return made;
}

std::vector<std::string> addresses_of(const GENERAL_NAMES* names) {
  std::vector<std::string> made;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_IPADD) continue;
    std::string text = address_words(name->d.ip);
    if (!text.empty()) made.push_back(std::move(text));
  }
  return made;
}

std::string octets(const ASN1_OCTET_STRING* from) {
  if (from == nullptr) return {};
  return hex(ASN1_STRING_get0_data(from), static_cast<std::size_t>(ASN1_STRING_length(from)));
}

std::string number_words(const ASN1_INTEGER* from) {
  BIGNUM* number = from == nullptr ? nullptr : ASN1_INTEGER_to_BN(from, nullptr);
  char* text = number == nullptr ? nullptr : BN_bn2dec(number);
  const std::string made = text == nullptr ? std::string() : text;
  OPENSSL_free(text);
  BN_free(number);
  return made;
}

}  // namespace

certificate_card card_of(X509* from) {
  certificate_card made;
  made.is = describe(from);
  made.key = key_words(from);
  const EVP_PKEY* key = X509_get0_pubkey(from);
  made.security_bits = key == nullptr ? 0 : EVP_PKEY_get_security_bits(key);
  const char* signature = OBJ_nid2ln(X509_get_signature_nid(from));
  made.signature = signature == nullptr ? "unknown" : signature;
  made.version = static_cast<int>(X509_get_version(from)) + 1;
  made.is_ca = X509_check_ca(from) != 0;
  made.is_self_signed = X509_self_signed(from, 1) == 1;
  made.has_san = X509_get_ext_by_NID(from, NID_subject_alt_name, -1) >= 0;
  made.has_usages = (X509_get_extension_flags(from) & EXFLAG_XKUSAGE) != 0;
  const std::uint32_t usages = X509_get_extended_key_usage(from);  // all of them when there is no extension
  made.serves = (usages & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
  made.dials = (usages & (XKU_SSL_CLIENT | XKU_ANYEKU)) != 0;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(from, NID_subject_alt_name, nullptr, nullptr));
  made.addresses = addresses_of(names);
  GENERAL_NAMES_free(names);
  ERR_clear_error();
  return made;
}

crl_card card_of(X509_CRL* from) {
  crl_card made;
  made.issuer = name_text(X509_CRL_get_issuer(from));
  auto* number = static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(from, NID_crl_number, nullptr, nullptr));
  made.number = number_words(number);
  ASN1_INTEGER_free(number);
  made.this_update = seconds_of(X509_CRL_get0_lastUpdate(from));
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(from);
  made.next_update = next == nullptr ? 0 : seconds_of(next);
  const STACK_OF(X509_REVOKED)* all = X509_CRL_get_REVOKED(from);
  for (int i = 0; i < sk_X509_REVOKED_num(all); ++i) {
    const X509_REVOKED* each = sk_X509_REVOKED_value(all, i);
    made.revoked.push_back(
        {octets(X509_REVOKED_get0_serialNumber(each)), seconds_of(X509_REVOKED_get0_revocationDate(each))});
  }
  ERR_clear_error();
  return made;
}

result<file_cards> inspect_file(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return text.error();
  file_cards made;
  made.has_key = text->find("PRIVATE KEY-----") != std::string::npos;
  const auto certificates = certificates_in(*text, path);
  if (!certificates) return certificates.error();
  for (const x509_ptr& one : *certificates) made.certificates.push_back(card_of(one.get()));
  const auto lists = crls_in(*text, path);
  if (!lists) return lists.error();
  for (const crl_ptr& one : *lists) made.crls.push_back(card_of(one.get()));
  return made;
}

result<bool> is_issued_by(const std::string& cert_file, const std::string& ca_file) {
  const auto certificate = read_certificate(cert_file);
  if (!certificate) return certificate.error();
  const auto ca = read_certificate(ca_file);
  if (!ca) return ca.error();
  const bool yes = X509_verify(certificate->get(), X509_get0_pubkey(ca->get())) == 1;
  ERR_clear_error();
  return yes;
}

std::vector<std::vector<std::size_t>> shared_serials(const std::vector<certificate>& all) {
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_serial;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& group = by_serial[{all[i].issuer, all[i].serial}];
    const bool is_copy = std::any_of(group.begin(), group.end(), [&](std::size_t other) {
      return all[other].fingerprint == all[i].fingerprint;
    });
    if (!is_copy) group.push_back(i);
  }
  std::vector<std::vector<std::size_t>> made;
  for (auto& [serial, group] : by_serial)
    if (group.size() > 1) made.push_back(std::move(group));
  return made;
}

const revoked_card* find_revoked(const crl_card& list, const certificate_card& of) {
  if (list.issuer != of.is.issuer) return nullptr;
  const auto at = std::find_if(list.revoked.begin(), list.revoked.end(),
                               [&](const revoked_card& one) { return one.serial == of.is.serial; });
  return at == list.revoked.end() ? nullptr : &*at;
}

std::string date_words(std::int64_t seconds) { return date_text(seconds); }

}  // namespace hauberk::tls
