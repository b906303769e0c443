#include "tls/crl.hpp"

#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>

#include "tls/signing.hpp"
#include "tls/verify.hpp"

namespace hauberk::tls {
namespace {

constexpr std::int64_t clock_skew_seconds = 300;  // a node whose clock is a little behind takes it at once

using integer_ptr = std::unique_ptr<ASN1_INTEGER, freer<ASN1_INTEGER_free>>;
using time_ptr = std::unique_ptr<ASN1_TIME, freer<ASN1_TIME_free>>;
using revoked_ptr = std::unique_ptr<X509_REVOKED, freer<X509_REVOKED_free>>;

struct known_lists {
  std::vector<crl_ptr> mine, others;
};

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

result<known_lists> read_lists(const std::string& path, X509* ca) {
  known_lists made;
  if (!exists(path)) return made;
  const auto text = read_text(path);
  if (!text) return text.error();
  auto all = crls_in(*text, path);
  if (!all) return all.error();
  for (crl_ptr& one : *all) {
    const bool is_mine = X509_CRL_verify(one.get(), X509_get0_pubkey(ca)) == 1;
    (is_mine ? made.mine : made.others).push_back(std::move(one));
  }
  ERR_clear_error();
  return made;
}

integer_ptr integer_of(std::int64_t value) {
  integer_ptr made(ASN1_INTEGER_new());
  if (made != nullptr && ASN1_INTEGER_set_int64(made.get(), value) != 1) made.reset();
  return made;
}

/// Seconds since 1970, so that the numbers rise even after the file was lost.
std::int64_t next_number(const known_lists& known, std::int64_t now) {
  std::int64_t number = now;
  for (const crl_ptr& one : known.mine) {
    const integer_ptr last(
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(one.get(), NID_crl_number, nullptr, nullptr)));
    std::int64_t value = 0;
    if (last != nullptr && ASN1_INTEGER_get_int64(&value, last.get()) == 1)
      number = std::max(number, value + 1);
  }
  ERR_clear_error();
  return number;
}

/// What lists of ours revoke that the ledger has never heard of.
bool take_over(const known_lists& known, ledger& book) {
  bool is_new = false;
  for (const crl_ptr& one : known.mine) {
    const STACK_OF(X509_REVOKED)* all = X509_CRL_get_REVOKED(one.get());
    for (int i = 0; i < sk_X509_REVOKED_num(all); ++i) {
      const X509_REVOKED* each = sk_X509_REVOKED_value(all, i);
      const ASN1_INTEGER* serial = X509_REVOKED_get0_serialNumber(each);
      const std::string text =
          hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
      is_new = book.revoke(text, seconds_of(X509_REVOKED_get0_revocationDate(each)), {}) || is_new;
    }
  }
  return is_new;
}

int reason_code(const std::string& reason) {
  if (reason == "keyCompromise") return 1;
  if (reason == "affiliationChanged") return 3;
  if (reason == "superseded") return 4;
  if (reason == "cessationOfOperation") return 5;
  return reason == "privilegeWithdrawn" ? 9 : 0;
}

bool add_revoked(X509_CRL* list, const ledger_entry& entry) {
  BIGNUM* number = nullptr;
  const bool is_read = BN_hex2bn(&number, entry.serial.c_str()) > 0;
  const integer_ptr serial(is_read ? BN_to_ASN1_INTEGER(number, nullptr) : nullptr);
  BN_free(number);
  revoked_ptr made(X509_REVOKED_new());
  const time_ptr when(ASN1_TIME_set(nullptr, entry.revoked.value_or(0)));
  if (serial == nullptr || made == nullptr || when == nullptr ||
      X509_REVOKED_set_serialNumber(made.get(), serial.get()) != 1 ||
      X509_REVOKED_set_revocationDate(made.get(), when.get()) != 1)
    return false;
  if (const int code = reason_code(entry.reason); code != 0) {
    const std::unique_ptr<ASN1_ENUMERATED, freer<ASN1_ENUMERATED_free>> reason(ASN1_ENUMERATED_new());
    if (reason == nullptr || ASN1_ENUMERATED_set(reason.get(), code) != 1 ||
        X509_REVOKED_add1_ext_i2d(made.get(), NID_crl_reason, reason.get(), 0, X509V3_ADD_DEFAULT) != 1)
      return false;
  }
  if (X509_CRL_add0_revoked(list, made.get()) != 1) return false;
  [[maybe_unused]] const X509_REVOKED* taken = made.release();
  return true;
}

bool set_frame(X509_CRL* list, X509* ca, std::int64_t number, std::int64_t now, std::int64_t next) {
  const time_ptr from(ASN1_TIME_set(nullptr, now - clock_skew_seconds)), until(ASN1_TIME_set(nullptr, next));
  const integer_ptr count = integer_of(number);
  X509V3_CTX about;
  X509V3_set_ctx(&about, ca, nullptr, nullptr, list, 0);
  const std::unique_ptr<X509_EXTENSION, freer<X509_EXTENSION_free>> issuer(
      X509V3_EXT_conf_nid(nullptr, &about, NID_authority_key_identifier, "keyid"));
  return from != nullptr && until != nullptr && count != nullptr && issuer != nullptr &&
         X509_CRL_set_version(list, X509_CRL_VERSION_2) == 1 &&
         X509_CRL_set_issuer_name(list, X509_get_subject_name(ca)) == 1 &&
         X509_CRL_set1_lastUpdate(list, from.get()) == 1 &&
         X509_CRL_set1_nextUpdate(list, until.get()) == 1 && X509_CRL_add_ext(list, issuer.get(), -1) == 1 &&
         X509_CRL_add1_ext_i2d(list, NID_crl_number, count.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

}  // namespace

result<crl_made> write_crl(const crl_request& what, std::int64_t now) {
  const auto by = read_signer(what.ca, now);
  if (!by) return by.error();
  X509* ca = by->certificate.get();
  if ((X509_get_key_usage(ca) & X509v3_KU_CRL_SIGN) == 0)
    return error(errc::bad_certificate,
                 what.ca.cert +
                     ": this authority may not sign CRLs (its key usage lacks cRLSign): make a new "
                     "authority (hauberk certs rotate-ca begin)");
  auto book = ledger::read(what.ledger_file);
  if (!book) return book.error();
  auto known = read_lists(what.crl_file, ca);
  if (!known) return known.error();
  if (take_over(*known, *book)) {
    if (auto written = book->write(what.ledger_file); !written) return written.error();
  }

  crl_made made;
  made.next_update = std::min(now + std::int64_t{what.days} * 86400, seconds_of(X509_get0_notAfter(ca)));
  const crl_ptr list(X509_CRL_new());
  bool good = list != nullptr && set_frame(list.get(), ca, next_number(*known, now), now, made.next_update);
  for (const ledger_entry& one : book->entries()) {
    if (!one.revoked) continue;
    good = good && add_revoked(list.get(), one);
    ++made.revoked;
  }
  good = good && X509_CRL_sort(list.get()) == 1 &&
         X509_CRL_sign(list.get(), by->key.get(), digest_for(by->key.get())) > 0;
  if (!good) return signing_failed("making the CRL");
  std::string text = pem_of(list.get());
  for (const crl_ptr& other : known->others) text += pem_of(other.get());
  if (auto written = replace_file(what.crl_file, text, 0644); !written) return written.error();
  return made;
}

result<void> keep_crls_of(const std::string& ca_cert, const std::string& crl_file) {
  const auto ca = read_certificate(ca_cert);
  if (!ca) return ca.error();
  const auto known = read_lists(crl_file, ca->get());
  if (!known) return known.error();
  if (known->others.empty()) return {};
  std::string text;
  for (const crl_ptr& one : known->mine) text += pem_of(one.get());
  return replace_file(crl_file, text, 0644);
}

}  // namespace hauberk::tls
