#include "tls/told_list.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace hauberk::tls {
namespace {

std::string sha256(const unsigned char* bytes, std::size_t count) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HAUBERK_ASSERT(EVP_Digest(bytes, count, digest.data(), &size, EVP_sha256(), nullptr) == 1,
                 "SHA-256 must work");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// The same for all certificates of one CA with one key.
std::string issuer_id(X509* signer) {
  unsigned char* key = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(signer), &key);
  HAUBERK_ASSERT(size > 0, "a certificate that was read has a key");
  std::string both(reinterpret_cast<const char*>(key), static_cast<std::size_t>(size));
  OPENSSL_free(key);
  both += name_text(X509_get_subject_name(signer));
  return sha256(reinterpret_cast<const unsigned char*>(both.data()), both.size());
}

/// Of what the CA signed, so that nobody else can make another digest of it; nothing for what is no DER.
std::string digest_of(const unsigned char* der, std::size_t count) {
  const unsigned char* inside = der;
  long size = 0;
  int tag = 0, kind = 0;
  constexpr int bad = 0x81;  // 0x80: an error; 0x01: an indefinite length
  if ((ASN1_get_object(&inside, &size, &tag, &kind, static_cast<long>(count)) & bad) != 0) return {};
  const unsigned char* value = inside;
  if ((ASN1_get_object(&value, &size, &tag, &kind, size) & bad) != 0) return {};
  return sha256(inside, static_cast<std::size_t>(value - inside + size));
}

template <typename Kind, auto Free>
struct extension {
  std::unique_ptr<Kind, freer<Free>> is;
  bool is_broken = false;  ///< there, and not to be read, or there twice
};

template <typename Kind, auto Free>
extension<Kind, Free> extension_of(const X509_CRL* list, int which) {
  int found = -1;
  extension<Kind, Free> made;
  made.is.reset(static_cast<Kind*>(X509_CRL_get_ext_d2i(list, which, &found, nullptr)));
  made.is_broken = made.is == nullptr && found != -1;
  ERR_clear_error();
  return made;
}

auto number_ext(const X509_CRL* list) {
  return extension_of<ASN1_INTEGER, ASN1_INTEGER_free>(list, NID_crl_number);
}

/// Big endian, no zeros in front; nothing where there is none, or none that counts.
std::string number_of(const X509_CRL* list) {
  const auto number = number_ext(list);
  if (number.is == nullptr || ASN1_STRING_type(number.is.get()) == V_ASN1_NEG_INTEGER) return {};
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(number.is.get()));
  std::string text(bytes, static_cast<std::size_t>(ASN1_STRING_length(number.is.get())));
  text.erase(0, std::min(text.find_first_not_of('\0'), text.size()));
  return text;
}

bool has_good_number(const X509_CRL* list) {
  const auto number = number_ext(list);
  return !number.is_broken &&
         (number.is == nullptr || ASN1_STRING_type(number.is.get()) != V_ASN1_NEG_INTEGER) &&
         number_of(list).size() <= base::limits::list_number_bytes_max;
}

bool any_critical(const STACK_OF(X509_EXTENSION) * all, int but_for) {
  for (int i = 0; i < sk_X509_EXTENSION_num(all); ++i) {
    X509_EXTENSION* const one = sk_X509_EXTENSION_value(all, i);
    if (X509_EXTENSION_get_critical(one) != 0 && OBJ_obj2nid(X509_EXTENSION_get_object(one)) != but_for)
      return true;
  }
  return false;
}

/// OpenSSL does not look at one either, and refuses every certificate of the CA that has signed the list.
bool has_unknown_demand(X509_CRL* list) {
  if (any_critical(X509_CRL_get0_extensions(list), NID_authority_key_identifier)) return true;
  const STACK_OF(X509_REVOKED)* const entries = X509_CRL_get_REVOKED(list);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i)
    if (any_critical(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(entries, i)), NID_undef)) return true;
  return false;
}

/// All CA certificates that this node has by itself.
std::vector<X509*> all_of(const material& read) {
  std::vector<X509*> all;
  for (const auto* from : {&read.anchors, &read.intermediates})
    for (const x509_ptr& one : *from) all.push_back(one.get());
  return all;
}

/// Whoever may be a node (`objection` refuses a CA) has no word on others. A shared pair has none at all: all
/// nodes have its key.
bool may_sign_lists(X509* one) {
  return X509_check_ca(one) != 0 && (X509_get_key_usage(one) & KU_CRL_SIGN) != 0;
}

bool has_name_of(const X509* one, const X509_CRL* list) {
  return X509_NAME_cmp(X509_get_subject_name(one), X509_CRL_get_issuer(list)) == 0;
}

bool has_signed(X509* one, X509_CRL* list) {
  const bool is_good = may_sign_lists(one) && X509_CRL_verify(list, X509_get0_pubkey(one)) == 1;
  ERR_clear_error();
  return is_good;
}

/// OpenSSL finds a list's signer by name and key identifier alone: whoever of ours fits has to be it, or all
/// that it has signed would be refused.
std::string key_obstacle(X509_CRL* list, const material& read) {
  const auto key = extension_of<AUTHORITY_KEYID, AUTHORITY_KEYID_free>(list, NID_authority_key_identifier);
  if (key.is_broken) return "has an authority key identifier that cannot be read";
  bool any = false;
  for (X509* const one : all_of(read)) {
    (void)X509_check_ca(one);  // reads its extensions
    if (!has_name_of(one, list) || X509_check_akid(one, key.is.get()) != X509_V_OK) continue;
    if (!has_signed(one, list))
      return std::string(key.is == nullptr ? "has no authority key identifier"
                                           : "has an authority key identifier that fits both") +
             ", and there are two certificates of that name: have it made with the CA's key identifier";
    any = true;
  }
  return any ? "" : "names another certificate of that CA (authority key identifier) than is here";
}

std::string obstacle_of(X509_CRL* list, const base::buffer& der, const material& read) {
  if (scope_of(list) != scope::all) return "is only a part of what that CA has revoked";
  if (der.size() > base::limits::list_bytes_max)
    return "has " + std::to_string(der.size()) + " bytes, expected at most " +
           std::to_string(base::limits::list_bytes_max);
  if (!has_good_number(list))
    return "has a number that no list has: expected none, or a positive one of at most " +
           std::to_string(base::limits::list_number_bytes_max) + " bytes";
  if (has_unknown_demand(list)) return "has a critical extension that is not known here";
  return key_obstacle(list, read);
}

crl_ptr parse_der(const base::buffer& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  crl_ptr made(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return at == end ? std::move(made) : nullptr;
}

}  // namespace

scope scope_of(const X509_CRL* list) {
  if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0) return scope::changes;
  return X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point, -1) >= 0 ? scope::part : scope::all;
}

base::buffer der_of(const X509_CRL* list) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_CRL(list, &bytes);
  HAUBERK_ASSERT(size > 0, "what was read can be written");
  const auto made =
      base::buffer::copy({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  OPENSSL_free(bytes);
  return made;
}

revocation_list describe(X509_CRL* list, X509* signer) {
  const base::buffer der = der_of(list);
  revocation_list made;
  made.id.issuer = issuer_id(signer);
  made.id.number = number_of(list);
  made.id.this_update = std::max<std::int64_t>(0, seconds_of(X509_CRL_get0_lastUpdate(list)));
  made.id.digest = digest_of(reinterpret_cast<const unsigned char*>(der.data()), der.size());
  made.issuer = short_name(X509_CRL_get_issuer(list));
  if (const ASN1_TIME* until = X509_CRL_get0_nextUpdate(list); until != nullptr)
    made.next_update = seconds_of(until);
  made.revoked = static_cast<std::size_t>(std::max(0, sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list))));
  return made;
}

// No name of a list is told before its signature is good: a liar would choose it.
result<told_list> take_told(const base::buffer& der, const material& read) {
  told_list made{parse_der(der), {}, {}};
  if (made.list == nullptr) return error(errc::refused, "cannot be read: it is no revocation list in DER");
  if (!read.shared_pair) {
    for (X509* const one : all_of(read)) {
      if (!has_name_of(one, made.list.get()) || !has_signed(one, made.list.get())) continue;
      made.is = describe(made.list.get(), one);
      made.obstacle = obstacle_of(made.list.get(), der, read);
      if (made.is.id.digest.empty()) made.obstacle = "is not in DER";
      if (made.obstacle.empty()) made.is.der = der;
      return made;
    }
  }
  return error(errc::refused, "is not signed by a CA that is trusted here and may sign lists");
}

std::map<std::string, std::string> list_issuers(const material& read) {
  std::map<std::string, std::string> all;
  if (read.shared_pair) return all;
  for (X509* const one : all_of(read))
    if (may_sign_lists(one)) all.emplace(issuer_id(one), short_name(X509_get_subject_name(one)));
  return all;
}

}  // namespace hauberk::tls
