// The checks on a leaf, the words for OpenSSL's verdicts, and the names that a certificate carries.
#include "tls/verify.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "tls/revocation.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t names_max = 256;

/// A name that can be shown and compared: no NUL and no control character inside.
void add_name(std::vector<std::string>& names, const ASN1_STRING* from) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, from);
  if (size > 0 && std::none_of(bytes, bytes + size, [](unsigned char c) { return c < ' ' || c == 127; }) &&
      names.size() < names_max) {
    names.emplace_back(bytes, bytes + size);
  }
  OPENSSL_free(bytes);
}

std::vector<std::string> names_of(const X509* from) {
  std::vector<std::string> names;
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(from, NID_subject_alt_name, nullptr, nullptr));
  bool of_our_kinds = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS && name->type != GEN_URI) continue;
    of_our_kinds = true;
    add_name(names, name->d.ia5);
  }
  GENERAL_NAMES_free(alternatives);
  ERR_clear_error();
  if (of_our_kinds) return names;
  const X509_NAME* subject = X509_get_subject_name(from);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    names.clear();  // the last one is the most specific
    add_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  }
  return names;
}

bool is_issuer_trouble(int code) {
  constexpr std::array<int, 8> codes{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
                                     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                     X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
                                     X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                                     X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                                     X509_V_ERR_CERT_SIGNATURE_FAILURE,
                                     X509_V_ERR_CERT_UNTRUSTED,
                                     X509_V_ERR_AKID_SKID_MISMATCH};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string revocation_words(int code) {
  switch (code) {
    case X509_V_ERR_CERT_REVOKED:
      return "was revoked by its CA (on a list in force here): have a new one made with a new key";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return "was not looked up: socket.ssl_crl here has no list of its issuer, and "
             "socket.ssl_profile=strict "
             "wants one";
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return "cannot be looked up: its issuer's list in socket.ssl_crl here is not in date, and "
             "socket.ssl_profile=strict wants one that is";
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
      return "cannot be looked up: its issuer's list in socket.ssl_crl here is not signed by that CA";
    default:
      return {};
  }
}

/// Once for each certificate of a chain, as OpenSSL asks; 1 = go on.
int judge_one(int good, X509_STORE_CTX* about, findings& found) {
  X509* at = X509_STORE_CTX_get_current_cert(about);
  const int depth = X509_STORE_CTX_get_error_depth(about);
  if (good == 1 && depth == 0 && at != nullptr) {
    const std::string why = objection(at, found.ours->shared_pair, found.ours->rules);
    if (why.empty()) return 1;
    X509_STORE_CTX_set_error(about, X509_V_ERR_INVALID_PURPOSE);
    found.code = X509_V_ERR_INVALID_PURPOSE;
    found.words = "certificate " + name_text(X509_get_subject_name(at)) + " was refused: " + why;
    return 0;
  }
  if (good == 1) return 1;
  const int code = X509_STORE_CTX_get_error(about);
  if (is_forgiven(about, found.ours->needs_lists)) {
    X509_STORE_CTX_set_error(about, X509_V_OK);
    return 1;
  }
  found.code = code;
  found.words = verify_words(code, at, depth, found.ours->anchors);
  return 0;
}

}  // namespace

check check_of(int code) {
  if (code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID) return check::date;
  return code == X509_V_ERR_CERT_REVOKED ? check::revoked : check::chain;
}

certificate describe(const X509* from) {
  certificate made;
  made.subject = name_text(X509_get_subject_name(from));
  made.issuer = name_text(X509_get_issuer_name(from));
  made.names = names_of(from);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(from);
  made.serial = hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
  made.fingerprint = fingerprint_of(from);
  made.not_before = seconds_of(X509_get0_notBefore(from));
  made.not_after = seconds_of(X509_get0_notAfter(from));
  return made;
}

std::string objection(X509* leaf, bool shared_pair, profile rules) {
  if (!shared_pair && X509_check_ca(leaf) != 0) {
    return "it is a CA certificate, expected a node's: have the CA sign one for the node";
  }
  if (rules == profile::standard) return {};
  const std::uint32_t both = XKU_SSL_SERVER | XKU_SSL_CLIENT;
  if ((X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) == 0 ||
      (X509_get_extended_key_usage(leaf) & both) != both) {
    return "socket.ssl_profile=strict expects the extended key usages serverAuth and clientAuth";
  }
  if (X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0) {
    return "socket.ssl_profile=strict expects a subject alternative name";
  }
  return {};
}

std::string verify_words(int code, X509* at, int depth, const std::string& anchors) {
  const std::string whose = at == nullptr ? "(none)" : name_text(X509_get_subject_name(at));
  const std::string issuer = at == nullptr ? "(none)" : name_text(X509_get_issuer_name(at));
  const std::string which = (depth > 0 ? "CA certificate " : "certificate ") + whose;
  const std::string said = std::string(" (") + X509_verify_cert_error_string(code) + ")";
  if (is_issuer_trouble(code)) {
    return which + " with issuer " + issuer + " does not chain to our trust anchor " + anchors + said;
  }
  if (at != nullptr && code == X509_V_ERR_CERT_HAS_EXPIRED) {
    return which + " expired on " + date_text(seconds_of(X509_get0_notAfter(at))) + ": renew it";
  }
  if (at != nullptr && code == X509_V_ERR_CERT_NOT_YET_VALID) {
    return which + " is not valid before " + date_text(seconds_of(X509_get0_notBefore(at))) +
           ": check the clocks, or wait";
  }
  if (const std::string words = revocation_words(code); !words.empty())
    return which + " with issuer " + issuer + " " + words + said;
  if (code == X509_V_ERR_INVALID_PURPOSE) {
    return which + " may not be used for this role" + said +
           ": nodes dial and listen, so its extended key usage must be absent or have serverAuth and "
           "clientAuth";
  }
  if (code == X509_V_ERR_EE_KEY_TOO_SMALL || code == X509_V_ERR_CA_KEY_TOO_SMALL) {
    return which + " has too short a key" + said +
           ": expected RSA of 2048 bits or more, or EC of 224 or more";
  }
  if (code == X509_V_ERR_CA_MD_TOO_WEAK) {
    return which + " is signed with too weak a digest" + said + ": expected SHA-256 or better";
  }
  return which + " with issuer " + issuer + " was refused" + said;
}

int judge(int good, X509_STORE_CTX* about) noexcept {
  auto* connection =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(about, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* found = connection == nullptr ? nullptr : static_cast<findings*>(SSL_get_app_data(connection));
  return found == nullptr ? 0 : judge_one(good, about, *found);  // never trust without a witness
}

verdict judge_again(const context::state& ours, X509* leaf, STACK_OF(X509) * chain, bool of_server) {
  SSL_CTX* const ctx = (of_server ? ours.client : ours.server).get();
  const std::unique_ptr<X509_STORE_CTX, freer<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
  HAUBERK_ASSERT(
      check != nullptr && X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(ctx), leaf, chain) == 1,
      "out of memory");
  findings found;
  found.ours = &ours;
  X509_STORE_CTX_set_app_data(check.get(), &found);
  X509_STORE_CTX_set_verify_cb(check.get(), [](int good, X509_STORE_CTX* about) {
    return judge_one(good, about, *static_cast<findings*>(X509_STORE_CTX_get_app_data(about)));
  });
  X509_STORE_CTX_set_default(check.get(), of_server ? "ssl_server" : "ssl_client");
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(check.get()), SSL_CTX_get0_param(ctx));
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  return {found.words.empty() ? "the certificate was refused" : found.words, check_of(found.code)};
}

std::string identity_mismatch(const context& ours, const certificate& peer, const std::string& name) {
  return mismatch(ours.inside().who, ours.checks_names(), peer, name);
}

}  // namespace hauberk::tls
