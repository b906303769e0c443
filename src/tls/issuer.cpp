// Key generation, extensions and signing. A failed call leaves nothing behind.
#include "tls/issuer.hpp"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tls/signing.hpp"
#include "tls/verify.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t common_name_bytes_max = 64;  // ub-common-name of RFC 5280
constexpr std::int64_t clock_skew_seconds = 300;   // a node whose clock is a little behind may start at once

/// The key first: a certificate without its key would look finished.
result<void> save(X509* certificate, EVP_PKEY* key, const pair_files& into) {
  const auto passphrase = read_passphrase(into.password_file);
  if (!passphrase) return passphrase.error();
  const secret_text secret = pem_of(key, *passphrase);
  const std::string open = pem_of(certificate);
  if (secret.text.empty() || open.empty()) return signing_failed("writing PEM");
  auto made = create_file(into.key, secret.text, 0600);
  if (!made) return made;
  made = create_file(into.cert, open, 0644);
  if (!made) ::unlink(into.key.c_str());
  return made;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and always 16 bytes long
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool good =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return good;
}

/// Version, serial, dates and key.
bool fill(X509* certificate, EVP_PKEY* key, std::int64_t now, std::int64_t end) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), now - clock_skew_seconds) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr &&
         X509_set_pubkey(certificate, key) == 1;
}

bool set_common_name(X509_NAME* subject, const std::string& name) {
  if (name.size() > common_name_bytes_max) return true;  // then the SAN alone names it
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX about;
  X509V3_set_ctx(&about, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &about, kind, value);
  const bool good = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return good;
}

using names_ptr = std::unique_ptr<GENERAL_NAMES, freer<GENERAL_NAMES_free>>;

/// The names are set as objects, never as configuration text: a comma in a name must not become a second one.
names_ptr names_of(const std::vector<std::string>& names) {
  names_ptr all(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    GENERAL_NAME* entry = all == nullptr ? nullptr : GENERAL_NAME_new();
    if (entry == nullptr || sk_GENERAL_NAME_push(all.get(), entry) <= 0) return nullptr;
    if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str()); address != nullptr) {
      GENERAL_NAME_set0_value(entry, GEN_IPADD, address);
      continue;
    }
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (text == nullptr || ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) != 1)
      return nullptr;
    GENERAL_NAME_set0_value(entry, name.find("://") == std::string::npos ? GEN_DNS : GEN_URI, text);
  }
  ERR_clear_error();  // a2i_IPADDRESS leaves one for each DNS name
  return all;
}

result<void> check_name(const std::string& what, const std::string& name, std::size_t most) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
  if (!name.empty() && name.size() <= most && (printable || what == "CA name")) return {};
  return error(errc::bad_option, what + " \"" + name + "\": expected 1 to " + std::to_string(most) +
                                     " printable ASCII characters without spaces");
}

key_ptr make_key(key_kind kind) {
  switch (kind) {
    case key_kind::p256:
      return key_ptr(EVP_EC_gen("P-256"));
    case key_kind::p384:
      return key_ptr(EVP_EC_gen("P-384"));
    case key_kind::rsa3072:
      return key_ptr(EVP_RSA_gen(3072));
  }
  return nullptr;
}

/// A certificate is worth nothing beyond the life of its authority.
std::int64_t end_of(const signer& by, std::int64_t now, int days) {
  return std::min(now + std::int64_t{days} * 86400, seconds_of(X509_get0_notAfter(by.certificate.get())));
}

/// Signs a node's certificate; `names` are its subject alternative names.
result<x509_ptr> sign_node(const signer& by, EVP_PKEY* key, const X509_NAME* subject, GENERAL_NAMES* names,
                           std::int64_t now, std::int64_t end) {
  x509_ptr made(X509_new());
  X509* node = made.get();
  X509* from = by.certificate.get();
  const bool nameless = X509_NAME_entry_count(subject) == 0;
  const bool good =
      node != nullptr && fill(node, key, now, end) && X509_set_subject_name(node, subject) == 1 &&
      X509_set_issuer_name(node, X509_get_subject_name(from)) == 1 &&
      extend(node, from, NID_basic_constraints, "critical,CA:FALSE") &&
      extend(node, from, NID_key_usage, "critical,digitalSignature") &&
      extend(node, from, NID_ext_key_usage, "serverAuth,clientAuth") &&
      extend(node, from, NID_subject_key_identifier, "hash") &&
      extend(node, from, NID_authority_key_identifier, "keyid") &&
      X509_add1_ext_i2d(node, NID_subject_alt_name, names, nameless ? 1 : 0, X509V3_ADD_DEFAULT) == 1 &&
      X509_sign(node, by.key.get(), digest_for(by.key.get())) > 0;
  if (!good) return signing_failed("making the node's certificate");
  return made;
}

key_kind kind_of(X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (EVP_PKEY_is_a(key, "RSA") == 1) return key_kind::rsa3072;
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) == 384 ? key_kind::p384 : key_kind::p256;
}

/// Who the renewed certificate is for: its SAN, or its common name where it has none.
result<names_ptr> names_to_keep(X509* old, const std::string& path) {
  names_ptr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(old, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  if (names != nullptr) return names;
  const std::vector<std::string> common = describe(old).names;
  if (common.empty()) return error(errc::bad_file, path + ": the certificate names nobody: make a new one");
  if (auto good = check_name("node name", common.front(), 255); !good) return good.error();
  return names_of(common);
}

/// What `renew_node` writes first and then moves into place, key before certificate.
pair_files drafts_of(const pair_files& files) { return {files.cert + ".new", files.key + ".new"}; }

/// After a crash of an earlier renewal: its certificate, whose key is in place already, follows it; anything
/// less is thrown away.
result<void> make_good(const pair_files& files) {
  const pair_files drafts = drafts_of(files);
  if (::access(drafts.cert.c_str(), F_OK) == 0) {
    const auto certificate = read_certificate(drafts.cert);
    const auto key = read_private_key(files.key);
    const bool fits = certificate && key && X509_check_private_key(certificate->get(), key->get()) == 1;
    ERR_clear_error();
    if (fits) return move_file(drafts.cert, files.cert);
  }
  ::unlink(drafts.cert.c_str());
  ::unlink(drafts.key.c_str());
  return {};
}

}  // namespace

result<certificate> make_ca(const ca_request& what, const pair_files& into, std::int64_t now) {
  if (auto good = check_name("CA name", what.name, common_name_bytes_max); !good) return good.error();
  if (what.days < 1) return error(errc::bad_option, "days: expected 1 or more");
  const key_ptr key = make_key(what.key);
  const x509_ptr made(X509_new());
  X509* ca = made.get();
  const bool good = key != nullptr && ca != nullptr &&
                    fill(ca, key.get(), now, now + std::int64_t{what.days} * 86400) &&
                    set_common_name(X509_get_subject_name(ca), what.name) &&
                    X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
                    extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE") &&
                    extend(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(ca, ca, NID_subject_key_identifier, "hash") &&
                    X509_sign(ca, key.get(), digest_for(key.get())) > 0;
  if (!good) return signing_failed("making the CA certificate");
  if (auto saved = save(ca, key.get(), into); !saved) return saved.error();
  return describe(ca);
}

result<certificate> make_node(const node_request& what, const pair_files& ca, const pair_files& into,
                              std::int64_t now) {
  std::vector<std::string> names{what.name};
  names.insert(names.end(), what.alternatives.begin(), what.alternatives.end());
  for (const std::string& name : names) {
    if (auto good = check_name("node name", name, 255); !good) return good.error();
  }
  if (what.days < 1) return error(errc::bad_option, "days: expected 1 or more");
  const auto by = read_signer(ca, now);
  if (!by) return by.error();
  const key_ptr key = make_key(what.key);
  const names_ptr all = names_of(names);
  const std::unique_ptr<X509_NAME, freer<X509_NAME_free>> subject(X509_NAME_new());
  if (key == nullptr || all == nullptr || subject == nullptr || !set_common_name(subject.get(), what.name))
    return signing_failed("making the node's key");
  const std::int64_t end =
      what.may_outlive_ca ? now + std::int64_t{what.days} * 86400 : end_of(*by, now, what.days);
  const auto made = sign_node(*by, key.get(), subject.get(), all.get(), now, end);
  if (!made) return made.error();
  if (auto saved = save(made->get(), key.get(), into); !saved) return saved.error();
  return describe(made->get());
}

result<certificate> renew_node(const renewal& how, const pair_files& ca, const pair_files& files,
                               std::int64_t now) {
  if (how.days < 1) return error(errc::bad_option, "days: expected 1 or more");
  if (auto good = make_good(files); !good) return good.error();
  const auto old = read_certificate(files.cert);
  if (!old) return old.error();
  auto names = names_to_keep(old->get(), files.cert);
  if (!names) return names.error();
  const auto by = read_signer(ca, now);
  if (!by) return by.error();
  auto key = how.keeps_key ? read_private_key(files.key)
                           : result<key_ptr>(make_key(how.key.value_or(kind_of(old->get()))));
  if (!key) return key.error();
  if (how.keeps_key && X509_check_private_key(old->get(), key->get()) != 1) {
    ERR_clear_error();
    return error(errc::bad_file, files.key + ": this key does not belong to the certificate " + files.cert);
  }
  const auto made = sign_node(*by, key->get(), X509_get_subject_name(old->get()), names->get(), now,
                              end_of(*by, now, how.days));
  if (!made) return made.error();
  if (how.keeps_key) {
    if (auto put = replace_file(files.cert, pem_of(made->get()), 0644); !put) return put.error();
    return describe(made->get());
  }
  const pair_files drafts = drafts_of(files);
  if (auto saved = save(made->get(), key->get(), drafts); !saved) return saved.error();
  if (auto put = move_file(drafts.key, files.key); !put) return put.error();
  if (auto put = move_file(drafts.cert, files.cert); !put) return put.error();
  return describe(made->get());
}

}  // namespace hauberk::tls
