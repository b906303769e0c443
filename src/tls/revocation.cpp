#include "tls/revocation.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
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
  if (needs_lists(about.from))
    return about.wrong(errc::bad_certificate, what + "; socket.ssl_profile=strict takes no such list");
  about.words(base::level::warning,
              about.line(what + "; until then whom it revokes is refused, and nobody who was revoked later"));
  return {};
}

/// Each anchor that signs for others should have a list.
result<void> check_coverage(const std::vector<crl_ptr>& lists, const reading& about) {
  if (about.read.shared_pair || about.from.crl_file.empty()) return {};
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

/// A list that lacks some of its issuer's certificates on purpose says nothing of the others.
enum class scope { all, part, changes };

scope scope_of(const X509_CRL* list) {
  if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0) return scope::changes;
  return X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point, -1) >= 0 ? scope::part : scope::all;
}

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

/// Nothing where it is longer than it may be, or negative.
std::optional<std::string> number_of(const X509_CRL* list) {
  const std::unique_ptr<ASN1_INTEGER, freer<ASN1_INTEGER_free>> number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list, NID_crl_number, nullptr, nullptr)));
  ERR_clear_error();
  if (number == nullptr) return std::string();
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(number.get()));
  std::string text(bytes, static_cast<std::size_t>(ASN1_STRING_length(number.get())));
  text.erase(0, std::min(text.find_first_not_of('\0'), text.size()));
  const bool is_good = text.size() <= base::limits::list_number_bytes_max &&
                       ASN1_STRING_type(number.get()) != V_ASN1_NEG_INTEGER;
  return is_good ? std::optional(text) : std::nullopt;
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

/// As plain data; without `der` where others cannot be told of it.
revocation_list describe(X509_CRL* list, X509* signer, base::buffer der) {
  revocation_list made;
  made.id.issuer = issuer_id(signer);
  const auto number = number_of(list);
  made.id.number = number.value_or(std::string());
  made.id.this_update = std::max<std::int64_t>(0, seconds_of(X509_CRL_get0_lastUpdate(list)));
  made.id.digest = digest_of(reinterpret_cast<const unsigned char*>(der.data()), der.size());
  made.issuer = name_text(X509_CRL_get_issuer(list));
  if (const ASN1_TIME* until = X509_CRL_get0_nextUpdate(list); until != nullptr)
    made.next_update = seconds_of(until);
  made.revoked = static_cast<std::size_t>(std::max(0, sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list))));
  if (number && !made.id.digest.empty() && der.size() <= base::limits::list_bytes_max)
    made.der = std::move(der);
  return made;
}

crl_ptr parse_der(const base::buffer& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  crl_ptr made(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  return at == end ? std::move(made) : nullptr;
}

/// Who may have signed lists that others tell of. A shared pair vouches for nothing: all nodes have its key.
std::vector<X509*> authorities_of(const material& read) {
  std::vector<X509*> all;
  if (read.shared_pair) return all;
  for (const x509_ptr& one : read.anchors) all.push_back(one.get());
  for (const x509_ptr& one : read.intermediates)
    if (X509_check_ca(one.get()) != 0) all.push_back(one.get());
  std::erase_if(all, [](X509* one) { return (X509_get_key_usage(one) & KU_CRL_SIGN) == 0; });
  return all;
}

struct told_list {
  crl_ptr list;
  revocation_list is;
};

result<told_list> take_told(const base::buffer& der, const std::vector<X509*>& authorities) {
  const auto refused = [](const std::string& why) { return error(errc::refused, why); };
  told_list made{parse_der(der), {}};
  if (made.list == nullptr) return refused("cannot be read: it is no revocation list in DER");
  const std::string issuer = name_text(X509_CRL_get_issuer(made.list.get()));
  if (scope_of(made.list.get()) != scope::all)
    return refused("of " + issuer + " is only a part of what that CA has revoked");
  for (X509* const one : authorities) {
    if (X509_NAME_cmp(X509_get_subject_name(one), X509_CRL_get_issuer(made.list.get())) != 0) continue;
    const bool is_good = X509_CRL_verify(made.list.get(), X509_get0_pubkey(one)) == 1;
    ERR_clear_error();
    if (!is_good) continue;
    made.is = describe(made.list.get(), one, der);
    if (!made.is.der.empty()) return made;
    return refused("of " + issuer + " has a number or a size that no list has");
  }
  return refused("of " + issuer + " is not signed by a CA that is trusted here and may sign lists");
}

crl_ptr shared(X509_CRL* list) {
  HAUBERK_ASSERT(X509_CRL_up_ref(list) == 1, "a count does not overflow");
  return crl_ptr(list);
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
                       " is of none of our trust anchors: it counts only where a peer's chain has that CA"));
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
    if (one.signer == nullptr || scope_of(one.list.get()) != scope::all) {
      made.all.push_back(shared(one.list.get()));
      continue;
    }
    revocation_list about = describe(one.list.get(), one.signer, der_of(one.list.get()));
    about.is_on_file = true;
    compete({shared(one.list.get()), std::move(about)});
  }
  const std::vector<X509*> authorities = authorities_of(read);
  for (const base::buffer& one : told) {
    auto taken = take_told(one, authorities);
    if (!taken) continue;
    const auto known = newest.find(taken->is.id.issuer);
    if (known != newest.end() && is_newer(taken->is.id, known->second.is.id))
      made.remarks.push_back("the revocation list of " + known->second.is.issuer + " in it, " +
                             list_words(known->second.is.id) + ", is older than the group's, " +
                             list_words(taken->is.id) + ", which counts: put that one into the file");
    compete(std::move(*taken));
  }
  for (auto& [issuer, one] : newest) {
    made.all.push_back(std::move(one.list));
    if (!read.shared_pair && !one.is.der.empty()) made.tellable.push_back(std::move(one.is));
  }
  return made;
}

result<void> check_lists(const chosen_lists& chosen, const settings& from, const material& read,
                         std::int64_t now, const base::logger& words) {
  const reading about{from, read, now, words};
  for (const std::string& one : chosen.remarks) words(base::level::warning, about.line(one));
  for (const crl_ptr& list : chosen.all)
    if (auto good = check_dates(list.get(), about); !good) return good;
  return check_coverage(chosen.all, about);
}

result<revocation_list> read_told_list(const base::buffer& der, const material& read) {
  auto taken = take_told(der, authorities_of(read));
  if (!taken) return taken.error();
  return std::move(taken->is);
}

std::map<std::string, std::string> list_issuers(const material& read) {
  std::map<std::string, std::string> all;
  for (X509* const one : authorities_of(read))
    all.emplace(issuer_id(one), name_text(X509_get_subject_name(one)));
  return all;
}

bool is_forgiven(int code, bool is_needed) {
  if (is_needed) return false;
  return code == X509_V_ERR_UNABLE_TO_GET_CRL || code == X509_V_ERR_CRL_HAS_EXPIRED ||
         code == X509_V_ERR_CRL_NOT_YET_VALID;
}

bool needs_lists(const settings& from) { return from.rules == profile::strict && !from.crl_file.empty(); }

}  // namespace hauberk::tls
