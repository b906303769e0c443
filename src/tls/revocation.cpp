#include "tls/revocation.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace hauberk::tls {
namespace {

constexpr std::size_t lists_max = 256;

struct reading {
  const settings& from;
  const material& read;
  std::int64_t now;
  const base::logger& words;

  [[nodiscard]] std::string line(const std::string& what) const {
    return "socket.ssl_crl: " + from.crl_file + ": " + what;
  }
  [[nodiscard]] error wrong(errc why, const std::string& what) const { return {why, line(what)}; }
};

/// The certificates of ours that may have signed `list`, by their subject.
std::vector<X509*> issuers_of(const X509_CRL* list, const material& read) {
  std::vector<X509*> found;
  for (const auto* from : {&read.anchors, &read.intermediates}) {
    for (const x509_ptr& one : *from) {
      if (X509_NAME_cmp(X509_get_subject_name(one.get()), X509_CRL_get_issuer(list)) == 0)
        found.push_back(one.get());
    }
  }
  return found;
}

/// The one that did, or nothing; without a known issuer there is nobody to ask, and no error.
result<X509*> signer_of(X509_CRL* list, const reading& about) {
  const std::vector<X509*> candidates = issuers_of(list, about.read);
  if (candidates.empty()) return static_cast<X509*>(nullptr);
  const std::string issuer = name_text(X509_CRL_get_issuer(list));
  for (X509* const one : candidates) {
    const bool is_good = X509_CRL_verify(list, X509_get0_pubkey(one)) == 1;
    ERR_clear_error();
    if (!is_good) continue;
    if ((X509_get_key_usage(one) & KU_CRL_SIGN) == 0)
      return about.wrong(errc::bad_certificate,
                         "the certificate of " + issuer +
                             " in socket.ssl_ca may not sign revocation lists: its key "
                             "usage lacks cRLSign; have the CA's certificate renewed with it");
    return one;
  }
  return about.wrong(errc::bad_certificate,
                     "the revocation list of " + issuer +
                         " is not signed by the certificate of that name in socket.ssl_ca: "
                         "expected the list of that very CA; get it again");
}

result<void> check_dates(const X509_CRL* list, const reading& about) {
  const std::string issuer = name_text(X509_CRL_get_issuer(list));
  const std::int64_t begin = seconds_of(X509_CRL_get0_lastUpdate(list));
  const ASN1_TIME* until = X509_CRL_get0_nextUpdate(list);
  std::string what;
  if (begin > about.now) {
    what = "the revocation list of " + issuer + " is from the future, " + date_text(begin) + " (it is " +
           date_text(about.now) + " here): check the clocks";
  } else if (until != nullptr && seconds_of(until) < about.now) {
    what = "the revocation list of " + issuer + " is out of date since " + date_text(seconds_of(until)) +
           ": get a new one";
  }
  if (what.empty()) return {};
  if (about.from.rules == profile::strict)
    return about.wrong(errc::bad_certificate, what + "; socket.ssl_profile=strict takes no such list");
  about.words(base::level::warning,
              about.line(what + "; until then whom it revokes is refused, and nobody who was revoked later"));
  return {};
}

/// Each anchor that signs for others should have a list.
result<void> check_coverage(const std::vector<crl_ptr>& lists, const reading& about) {
  if (about.read.shared_pair) return {};
  for (const x509_ptr& anchor : about.read.anchors) {
    const X509_NAME* name = X509_get_subject_name(anchor.get());
    const bool is_covered = std::any_of(lists.begin(), lists.end(), [&](const crl_ptr& list) {
      return X509_NAME_cmp(X509_CRL_get_issuer(list.get()), name) == 0;
    });
    if (is_covered) continue;
    const std::string what =
        "holds no revocation list of our trust anchor " + name_text(name) + ": what it signed is not checked";
    if (about.from.rules == profile::strict)
      return about.wrong(errc::bad_certificate,
                         what + ", and socket.ssl_profile=strict expects that it is: add one");
    about.words(base::level::warning, about.line(what));
  }
  return {};
}

std::string nothing_found(const std::string& text) {
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string::npos)
    return "holds a certificate, expected a revocation list: are the files swapped?";
  if (text.starts_with('\x30'))
    return "is not PEM but looks like DER: convert it with openssl crl -inform der";
  return "is not PEM: expected a block that starts with -----BEGIN X509 CRL-----";
}

result<std::vector<crl_ptr>> parse(const std::string& file, const reading& about) {
  const bio_ptr text(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  std::vector<crl_ptr> all;
  ERR_clear_error();
  while (all.size() <= lists_max) {
    crl_ptr next(PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    all.push_back(std::move(next));
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const std::string reason = take_openssl_reason();
  if (all.size() > lists_max)
    return about.wrong(errc::bad_file, "more than 256 lists: is it the right file?");
  if (!at_end)
    return about.wrong(errc::bad_file, "revocation list " + std::to_string(all.size() + 1) +
                                           " in the file cannot be read (" + reason +
                                           "): copy the file again");
  if (all.empty()) return about.wrong(errc::bad_file, nothing_found(file));
  return all;
}

}  // namespace

result<std::vector<crl_ptr>> read_revocations(const settings& from, const material& read, std::int64_t now,
                                              const base::logger& words) {
  std::vector<crl_ptr> kept;
  if (from.crl_file.empty()) return kept;
  const reading about{from, read, now, words};
  auto file = read_text("socket.ssl_crl", from.crl_file, words);
  if (!file) return file.error();
  auto all = parse(*file, about);
  if (!all) return all.error();

  // Of an issuer's lists OpenSSL would prefer an older one that is not out of date to the newest.
  std::map<const X509*, crl_ptr> newest;
  for (crl_ptr& list : *all) {
    auto signer = signer_of(list.get(), about);
    if (!signer) return signer.error();
    if (*signer == nullptr) {
      words(base::level::warning,
            about.line("the revocation list of " + name_text(X509_CRL_get_issuer(list.get())) +
                       " is of none of our trust anchors: it counts only where a peer's chain has that CA"));
      kept.push_back(std::move(list));
      continue;
    }
    crl_ptr& best = newest[*signer];
    if (best == nullptr ||
        seconds_of(X509_CRL_get0_lastUpdate(best.get())) < seconds_of(X509_CRL_get0_lastUpdate(list.get())))
      best = std::move(list);
  }
  for (auto& [signer, list] : newest) kept.push_back(std::move(list));
  for (const crl_ptr& list : kept) {
    if (auto good = check_dates(list.get(), about); !good) return good.error();
  }
  if (auto good = check_coverage(kept, about); !good) return good.error();
  return kept;
}

bool is_forgiven(int code, profile rules) {
  if (rules == profile::strict) return false;
  return code == X509_V_ERR_UNABLE_TO_GET_CRL || code == X509_V_ERR_CRL_HAS_EXPIRED ||
         code == X509_V_ERR_CRL_NOT_YET_VALID;
}

}  // namespace hauberk::tls
