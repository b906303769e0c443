#include "tls/revocation.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/limits.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t file_lists_max = 256;

struct reading {
  const settings& from;
  const material& read;
  std::int64_t now;
  const base::logger& words;

  [[nodiscard]] std::string line(const std::string& what) const {
    return from.crl_file.empty() ? what : "socket.ssl_crl: " + from.crl_file + ": " + what;
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

result<void> check_dates(const list_in_force& one, const reading& about) {
  const X509_CRL* const list = one.list.get();
  const std::int64_t begin = seconds_of(X509_CRL_get0_lastUpdate(list));
  const ASN1_TIME* until = X509_CRL_get0_nextUpdate(list);
  std::string what = "the revocation list of " + short_name(X509_CRL_get_issuer(list)) +
                     (one.is_on_file ? "" : ", which peers have told of (node.state_dir keeps it),");
  if (begin > about.now + clock_tolerance) {
    what += " is from the future, " + date_text(begin) + " (it is " + date_text(about.now) +
            " here): check the clocks";
  } else if (until != nullptr && seconds_of(until) < about.now) {
    what += " is out of date since " + date_text(seconds_of(until)) + ": get a new one";
  } else {
    return {};
  }
  const std::string line = one.is_on_file ? about.line(what) : what;
  if (needs_lists(about.from))
    return error(errc::bad_certificate, line + "; socket.ssl_profile=strict takes no such list");
  about.words(base::level::warning,
              line + "; until then whom it revokes is refused, and nobody who was revoked later");
  return {};
}

/// Each anchor that signs for others should have a list.
result<void> check_coverage(const std::vector<list_in_force>& lists, const reading& about) {
  if (about.read.shared_pair || about.from.crl_file.empty()) return {};
  for (const x509_ptr& anchor : about.read.anchors) {
    const X509_NAME* name = X509_get_subject_name(anchor.get());
    const bool is_covered = std::any_of(lists.begin(), lists.end(), [&](const list_in_force& one) {
      return X509_NAME_cmp(X509_CRL_get_issuer(one.list.get()), name) == 0;
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
  while (all.size() <= file_lists_max) {
    crl_ptr next(PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    all.push_back(std::move(next));
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const std::string reason = take_openssl_reason();
  if (all.size() > file_lists_max)
    return about.wrong(errc::bad_file, "more than 256 lists: is it the right file?");
  if (!at_end)
    return about.wrong(errc::bad_file, "revocation list " + std::to_string(all.size() + 1) +
                                           " in the file cannot be read (" + reason +
                                           "): copy the file again");
  if (all.empty()) return about.wrong(errc::bad_file, nothing_found(file));
  return all;
}

crl_ptr shared(X509_CRL* list) {
  HAUBERK_ASSERT(X509_CRL_up_ref(list) == 1, "a count does not overflow");
  return crl_ptr(list);
}

told_list filed(const signed_list& one, const material& read) {
  auto taken = take_told(der_of(one.list.get()), read);
  told_list made{shared(one.list.get()), describe(one.list.get(), one.signer), {}};
  if (!taken)
    made.obstacle = taken.error().text;
  else if (made.obstacle = std::move(taken->obstacle); made.obstacle.empty())
    made.is.der = std::move(taken->is.der);
  made.is.is_on_file = true;
  return made;
}

/// What a node tells and keeps is bounded, and what peers have told it comes first: that is nowhere else
/// here.
void keep_bounds(std::map<std::string, told_list>& all) {
  std::size_t count = 0, bytes = 0;
  for (const bool is_on_file : {false, true}) {
    for (auto& [issuer, one] : all) {
      const std::size_t size = one.is.der.size();
      if (size == 0 || one.is.is_on_file != is_on_file) continue;
      if (count + 1 > base::limits::lists_max || bytes + size > base::limits::lists_bytes_max) {
        one.obstacle = "is beyond what a node tells others: " + std::to_string(base::limits::lists_max) +
                       " lists with " + std::to_string(base::limits::lists_bytes_max) + " bytes";
        one.is.der = {};
        continue;
      }
      ++count;
      bytes += size;
    }
  }
}

/// By the clock that OpenSSL has judged it by.
bool begins_soon(const X509_CRL* list, X509_STORE_CTX* about) {
  if (list == nullptr) return false;
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(about);
  const bool has_own = (X509_VERIFY_PARAM_get_flags(rules) & X509_V_FLAG_USE_CHECK_TIME) != 0;
  std::time_t own = X509_VERIFY_PARAM_get_time(rules);
  const std::unique_ptr<ASN1_TIME, freer<ASN1_TIME_free>> soonest(
      ASN1_TIME_set(nullptr, seconds_of(X509_CRL_get0_lastUpdate(list)) - clock_tolerance));
  return soonest != nullptr && X509_cmp_time(soonest.get(), has_own ? &own : nullptr) < 0;
}

}  // namespace

result<std::vector<signed_list>> read_revocations(const settings& from, const material& read,
                                                  const base::logger& words) {
  std::vector<signed_list> kept;
  if (from.crl_file.empty()) return kept;
  const reading about{from, read, 0, words};
  auto file = read_text("socket.ssl_crl", from.crl_file, words);
  if (!file) return file.error();
  auto all = parse(*file, about);
  if (!all) return all.error();
  for (crl_ptr& list : *all) {
    auto signer = signer_of(list.get(), about);
    if (!signer) return signer.error();
    const std::string issuer = name_text(X509_CRL_get_issuer(list.get()));
    if (scope_of(list.get()) == scope::changes) {
      words(base::level::warning, about.line("a revocation list of " + issuer +
                                             " has only changes since another one (a delta list), and is "
                                             "left out: give the full one"));
      continue;
    }
    if (*signer == nullptr)
      words(base::level::warning,
            about.line("the revocation list of " + issuer +
                       " is of no CA in socket.ssl_ca or socket.ssl_cert here: it counts only where a peer's "
                       "chain has that CA, and does not spread: put it into socket.ssl_crl of every node"));
    kept.push_back({std::move(list), *signer});
  }
  return kept;
}

chosen_lists choose_lists(const std::vector<signed_list>& on_file, const std::vector<base::buffer>& told,
                          const material& read) {
  chosen_lists made;
  std::map<std::string, told_list> newest;  // by issuer
  const auto compete = [&](told_list one) {
    const auto [at, is_first] = newest.try_emplace(one.is.id.issuer);
    if (is_first || is_newer(one.is.id, at->second.is.id)) at->second = std::move(one);
  };
  // Of an issuer's lists OpenSSL would prefer an older one that is not out of date to the newest.
  for (const signed_list& one : on_file) {
    if (one.signer == nullptr || scope_of(one.list.get()) != scope::all)
      made.all.push_back({shared(one.list.get())});
    else
      compete(filed(one, read));
  }
  for (const base::buffer& one : told) {
    auto taken = take_told(one, read);
    if (!taken || !taken->obstacle.empty()) continue;
    const auto known = newest.find(taken->is.id.issuer);
    if (known != newest.end() && known->second.is.is_on_file && is_newer(taken->is.id, known->second.is.id))
      made.remarks.push_back("the revocation list of " + known->second.is.issuer + " in it, " +
                             list_words(known->second.is.id) + ", is older than the group's, " +
                             list_words(taken->is.id) + ", which counts: put that one into the file");
    compete(std::move(*taken));
  }
  keep_bounds(newest);
  for (auto& [issuer, one] : newest) {
    made.all.push_back({std::move(one.list), one.is.is_on_file});
    if (read.shared_pair) continue;
    if (!one.obstacle.empty())
      made.remarks.push_back("the revocation list " + list_words(one.is) + " counts at this node alone: it " +
                             one.obstacle);
    made.known.push_back(std::move(one.is));
  }
  return made;
}

result<void> check_lists(const chosen_lists& chosen, const settings& from, const material& read,
                         std::int64_t now, const base::logger& words) {
  const reading about{from, read, now, words};
  for (const std::string& one : chosen.remarks) words(base::level::warning, about.line(one));
  for (const list_in_force& one : chosen.all)
    if (auto good = check_dates(one, about); !good) return good;
  return check_coverage(chosen.all, about);
}

bool is_forgiven(X509_STORE_CTX* about, bool is_needed) {
  const int code = X509_STORE_CTX_get_error(about);
  if (!is_needed && (code == X509_V_ERR_UNABLE_TO_GET_CRL || code == X509_V_ERR_CRL_HAS_EXPIRED)) return true;
  if (code != X509_V_ERR_CRL_NOT_YET_VALID) return false;
  return !is_needed || begins_soon(X509_STORE_CTX_get0_current_crl(about), about);
}

bool needs_lists(const settings& from) { return from.rules == profile::strict && !from.crl_file.empty(); }

}  // namespace hauberk::tls
