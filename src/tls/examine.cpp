// One function a point. A file that cannot be read fails its own point; the others go on with what is left.
#include "tls/examine.hpp"

#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include "tls/algorithms.hpp"
#include "tls/material.hpp"
#include "tls/verify.hpp"

namespace hauberk::tls {
namespace {

constexpr std::int64_t day = 86400;
constexpr std::int64_t forecast_days = 30, soon_days = 7;
constexpr int security_bits_min = 112;            // what the node itself asks for: RSA 2048, no SHA-1
constexpr std::size_t counted_serial_digits = 4;  // shorter ones were not drawn at random
constexpr int chain_depth_max = 8;

finding good(std::string check, std::string got) {
  return {grade::good, std::move(check), {}, std::move(got)};
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

class examination {
 public:
  examination(const settings& from, std::string name, std::int64_t now)
      : from_(from), name_(std::move(name)), now_(now) {}

  std::vector<finding> run() {
    examine_files();
    examine_material();
    if (!own_.empty()) {
      examine_chain();
      examine_usage();
      examine_name();
      examine_strength();
      examine_life();
      examine_serial();
    }
    examine_lists();
    examine_algorithms();
    examine_start();
    return std::move(all_);
  }

 private:
  void add(finding one) { all_.push_back(std::move(one)); }
  [[nodiscard]] bool is_strict() const { return from_.rules == profile::strict; }

  void examine_files();
  void examine_mode(const char* option, const std::string& path, bool is_secret);
  void examine_material();
  void examine_chain();
  void examine_usage();
  void examine_name();
  void examine_strength();
  void examine_life();
  void examine_serial();
  void examine_lists();
  void examine_list(const crl_card& list);
  void examine_algorithms();
  void examine_start();

  const settings& from_;
  const std::string name_;
  const std::int64_t now_;
  std::vector<finding> all_;
  std::vector<certificate_card> own_,
      anchors_;  ///< as far as they can be read; own first, then the intermediates
  std::optional<material> read_;
};

// ---- files and key ----

void examination::examine_files() {
  examine_mode("socket.ssl_cert", from_.cert_file, false);
  examine_mode("socket.ssl_key", from_.key_file, true);
  if (!from_.ca_file.empty()) examine_mode("socket.ssl_ca", from_.ca_file, false);
  if (!from_.password_file.empty()) examine_mode("socket.ssl_password_file", from_.password_file, true);
  if (!from_.crl_file.empty()) examine_mode("socket.ssl_crl", from_.crl_file, false);
}

void examination::examine_mode(const char* option, const std::string& path, bool is_secret) {
  const std::string what = std::string(option) + " " + path;
  struct stat about {};
  if (path.empty())
    return add({grade::bad, "file", "a PEM file", "nothing is set", "set " + std::string(option)});
  if (::stat(path.c_str(), &about) != 0)
    return add({grade::bad, "file", what, std::generic_category().message(errno),
                "check the path, and that this user may read it"});
  const std::string mode = "mode " + octal(about.st_mode);
  if (!is_secret) {
    if ((about.st_mode & 0002U) == 0) return add(good("file", what + ", " + mode));
    return add({grade::warning, "file", what + " that only its owner can write", mode,
                "chmod o-w " + path + ", or anybody here can choose whom this node trusts"});
  }
  if ((about.st_mode & 0077U) == 0) return add(good("file", what + ", " + mode));
  const bool is_open = (about.st_mode & 0007U) != 0 && path == from_.key_file;
  add({is_open ? grade::bad : grade::warning, "file", what + " with mode 0600 or less", mode,
       "chmod 600 " + path + (is_open ? "; a node does not start with a key that is open to all" : "")});
}

void examination::examine_material() {
  for (const auto& [path, into] :
       {std::pair{&from_.cert_file, &own_}, std::pair{&from_.ca_file, &anchors_}}) {
    if (path->empty()) continue;
    if (auto cards = inspect_file(*path)) *into = std::move(cards->certificates);
  }
  if (from_.ca_file.empty() && !own_.empty()) anchors_ = {own_.front()};
  auto read = read_material(from_, {});
  if (read) {
    read_ = std::move(*read);
    return add(good("key", "belongs to the certificate"));
  }
  add({grade::bad, "key", "a certificate, its key and trust anchors", read.error().text,
       "put the file right that is named here"});
}

// ---- the certificate ----

void examination::examine_chain() {
  if (!read_) return;
  x509_store_ptr store(X509_STORE_new());
  for (const x509_ptr& anchor : read_->anchors) X509_STORE_add_cert(store.get(), anchor.get());
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  for (const x509_ptr& each : read_->intermediates) sk_X509_push(untrusted, each.get());
  std::string trouble;
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    const std::unique_ptr<X509_STORE_CTX, freer<X509_STORE_CTX_free>> about(X509_STORE_CTX_new());
    if (X509_STORE_CTX_init(about.get(), store.get(), read_->own.get(), untrusted) != 1) break;
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(about.get());
    X509_VERIFY_PARAM_set_purpose(rules, purpose);
    X509_VERIFY_PARAM_set_depth(rules, chain_depth_max);
    // Dates, strength and revocation have points of their own.
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_auth_level(rules, 0);
    if (is_strict()) X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    if (X509_verify_cert(about.get()) == 1) continue;
    const std::string anchors =
        anchors_.empty() ? "(none)"
                         : anchors_.front().is.subject + (anchors_.size() > 1 ? " or another" : "");
    trouble =
        verify_words(X509_STORE_CTX_get_error(about.get()), X509_STORE_CTX_get_current_cert(about.get()),
                     X509_STORE_CTX_get_error_depth(about.get()), anchors);
    break;
  }
  sk_X509_free(untrusted);
  ERR_clear_error();
  if (trouble.empty()) {
    std::string to = read_->shared_pair ? "itself (a shared pair)" : own_.front().is.issuer;
    return add(good("chain", own_.front().is.subject + " chains to " + to));
  }
  add({grade::bad, "chain", "a certificate that chains to socket.ssl_ca", trouble,
       "give the certificate and the CA file that go together"});
}

void examination::examine_usage() {
  const certificate_card& own = own_.front();
  if (read_) {
    if (const std::string why = objection(read_->own.get(), read_->shared_pair, from_.rules); !why.empty())
      return add(
          {grade::bad, "usage", "a node's certificate", why, "have the CA sign one: hauberk certs --node"});
  }
  if (own.serves && own.dials)
    return add(good("usage", own.has_usages ? "serverAuth and clientAuth" : "any (no extended key usage)"));
  add({grade::bad, "usage", "serverAuth and clientAuth, or no extended key usage at all",
       own.serves  ? "serverAuth alone"
       : own.dials ? "clientAuth alone"
                   : "neither of the two",
       "nodes dial and listen: have the certificate issued for both"});
}

void examination::examine_name() {
  const certificate& own = own_.front().is;
  const bool by_chain = from_.identity == "ca" || (from_.identity.empty() && read_ && read_->shared_pair);
  if (by_chain) return add(good("name", "'" + name_ + "'; the chain alone decides (socket.ssl_identity=ca)"));
  const auto same = [&](const std::string& one) {
    return std::equal(one.begin(), one.end(), name_.begin(), name_.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  if (std::any_of(own.names.begin(), own.names.end(), same))
    return add(good("name", "'" + name_ + "' is in the certificate"));
  add({grade::bad, "name", "node.name '" + name_ + "' in the certificate " + own.subject,
       own.names.empty() ? "no name" : "'" + join(own.names, "', '") + "'",
       "set node.name to one of these, or have a certificate made for '" + name_ + "'"});
}

void examination::examine_strength() {
  std::string weak;
  for (const auto* cards : {&own_, &anchors_}) {
    for (const certificate_card& one : *cards) {
      if (one.security_bits < security_bits_min)
        weak += (weak.empty() ? "" : "; ") + one.is.subject + ": " + one.key;
      const bool is_old = one.signature.find("sha1") != std::string::npos ||
                          one.signature.find("SHA1") != std::string::npos ||
                          one.signature.find("md5") != std::string::npos;
      if (is_old && !one.is_self_signed)  // nobody checks an anchor's own signature
        weak += (weak.empty() ? "" : "; ") + one.is.subject + ": " + one.signature;
    }
  }
  if (weak.empty())
    return add(good("strength", own_.front().key + ", signed with " + own_.front().signature));
  add({grade::bad, "strength", "keys of 112 bits of security (RSA 2048, EC 224) and SHA-256 or better", weak,
       "have the certificate made anew: hauberk certs"});
}

void examination::examine_life() {
  add(examine_dates("certificate " + own_.front().is.subject, own_.front().is, now_));
  const certificate_card* first = &own_.front();
  for (std::size_t i = 1; i < own_.size(); ++i) {
    add(examine_dates("CA certificate " + own_[i].is.subject, own_[i].is, now_));
    if (own_[i].is.not_after < first->is.not_after) first = &own_[i];
  }
  for (const certificate_card& anchor : anchors_) {
    if (anchor.is.fingerprint == own_.front().is.fingerprint) continue;
    finding one = examine_dates("trust anchor " + anchor.is.subject, anchor.is, now_);
    const bool is_ours = anchor.is.subject == own_.back().is.issuer;
    if (!is_ours && one.how == grade::bad) one.how = grade::warning;
    add(std::move(one));
    if (is_ours && anchor.is.not_after < first->is.not_after) first = &anchor;
  }
  if (first->is.not_after > now_)
    add(good("forecast", "this node can join until " + date_text(first->is.not_after) + ": then " +
                             first->is.subject + " expires, in " + span_words(first->is.not_after - now_)));
}

void examination::examine_serial() {
  const certificate_card& own = own_.front();
  if ((read_ && read_->shared_pair) || own.is.serial.size() > counted_serial_digits)
    return add(good("serial", own.is.serial));
  add({grade::warning, "serial", "a serial of its own, drawn at random", own.is.serial,
       "the plain openssl recipe gives each node the same; then none can be revoked without the others: have "
       "it "
       "renewed (hauberk certs renew), or set socket.ssl_identity=pin:… or list:… in the whole group"});
}

// ---- revocation lists ----

void examination::examine_lists() {
  if (from_.crl_file.empty())
    return add({grade::good,
                "crl",
                {},
                "no socket.ssl_crl: nobody is revoked",
                "to be ready: hauberk certs revoke makes one"});
  const auto read = inspect_file(from_.crl_file);
  if (!read || read->crls.empty())
    return add({grade::bad, "crl", "revocation lists in PEM",
                read ? from_.crl_file + " holds none" : read.error().text, "get the file again"});
  for (const crl_card& list : read->crls) examine_list(list);
  for (const certificate_card& anchor : anchors_) {
    const bool is_covered = std::any_of(read->crls.begin(), read->crls.end(),
                                        [&](const crl_card& one) { return one.issuer == anchor.is.subject; });
    if (is_covered || !anchor.is_ca) continue;
    add({is_strict() ? grade::bad : grade::warning, "crl", "a list of each trust anchor",
         "none of " + anchor.is.subject,
         "add it to " + from_.crl_file + ": what that CA signed is not checked"});
  }
}

void examination::examine_list(const crl_card& list) {
  const std::string whose = "the list of " + list.issuer;
  const grade late = is_strict() ? grade::bad : grade::warning;
  if (!own_.empty()) {
    if (const auto* found = find_revoked(list, own_.front()))
      return add({grade::bad, "crl", "a certificate that is not revoked",
                  own_.front().is.subject + " is, since " + date_text(found->when),
                  "get a new one: hauberk certs renew"});
  }
  if (list.this_update > now_)
    return add({late, "crl", whose + " to be of the past", date_text(list.this_update), "check the clocks"});
  const std::int64_t left = list.next_update - now_;
  if (list.next_update != 0 && left < soon_days * day)
    return add({left < 0 ? late : grade::warning, "crl", whose + " to be fresh",
                left < 0 ? "out of date for " + span_words(-left) : "out of date in " + span_words(left),
                "make the next one: hauberk certs revoke, without a name"});
  add(good("crl", whose + " of " + date_text(list.this_update) + " revokes " +
                      std::to_string(list.revoked.size()) +
                      (list.next_update == 0 ? "" : "; the next is due in " + span_words(left))));
}

// ---- what is spoken ----

/// Those of `names` that this OpenSSL does not take, tried one by one.
template <typename Try>
std::vector<std::string> missing(const std::vector<std::string>& names, Try take) {
  std::vector<std::string> made;
  const ssl_ctx_ptr probe(SSL_CTX_new(TLS_method()));
  for (const std::string& one : names)
    if (probe == nullptr || take(probe.get(), one.c_str()) != 1) made.push_back(one);
  ERR_clear_error();
  return made;
}

void examination::examine_algorithms() {
  const auto spoken = read_algorithms(from_);
  if (!spoken)
    return add({grade::bad, "versions", "versions, ciphers and groups that go together", spoken.error().text,
                "write them as it says"});
  if (spoken->version_min < 13) {
    add({grade::warning, "versions", "TLS 1.3", "TLS " + spoken->versions_text(),
         "in the whole group: leave socket.ssl_min_version out, and TLS 1.2 names out of socket.ssl_cipher"});
  } else {
    add(good("versions", "TLS 1.3"));
  }
  const std::string here = OpenSSL_version(OPENSSL_VERSION);
  auto lacking = missing(spoken->suites,
                         [](SSL_CTX* on, const char* name) { return SSL_CTX_set_ciphersuites(on, name); });
  const auto lacking_12 = missing(
      spoken->ciphers, [](SSL_CTX* on, const char* name) { return SSL_CTX_set_cipher_list(on, name); });
  lacking.insert(lacking.end(), lacking_12.begin(), lacking_12.end());
  if (lacking.empty()) {
    add(good("ciphers", join(spoken->written, ":")));
  } else {
    add({grade::warning, "ciphers", join(spoken->written, ":"), here + " lacks " + join(lacking, ":"),
         "take them out of socket.ssl_cipher in the whole group, or use another OpenSSL here"});
  }
  const auto no_groups = missing(spoken->groups, [](SSL_CTX* on, const char* name) {
    return SSL_CTX_set1_groups_list(on, name) == 1 ? 1 : 0;
  });
  if (no_groups.size() == spoken->groups.size()) {
    add({grade::bad, "groups", join(spoken->groups, ":"), here + " has none of them",
         "add X25519 or P-256 to socket.ssl_groups in the whole group"});
  } else if (no_groups.empty() || !spoken->groups_written) {
    add(good("groups", join(spoken->groups, ":") +
                           (no_groups.empty() ? "" : "; " + here + " does without " + join(no_groups, ":"))));
  } else {
    add({grade::warning, "groups", join(spoken->groups, ":"), here + " lacks " + join(no_groups, ":"),
         "another OpenSSL here, or leave them out in the whole group"});
  }
}

void examination::examine_start() {
  const auto loaded = context::load(from_, now_, {});
  if (!loaded)
    return add({grade::bad, "start", "a node that starts with these options", loaded.error().text,
                "put right what it names"});
  const std::string why = identity_mismatch(*loaded, loaded->own(), name_);
  if (!why.empty())
    return add({grade::bad, "start", "a certificate by which this node may be a member", why,
                "put right what it names"});
  add(good("start", "a node starts with these options"));
}

}  // namespace

std::vector<finding> examine(const settings& from, const std::string& name, std::int64_t now) {
  return examination(from, name, now).run();
}

finding examine_dates(const std::string& whose, const certificate& of, std::int64_t now) {
  const std::string expected =
      whose + " to be valid, and for " + std::to_string(forecast_days) + " days more";
  if (now < of.not_before)
    return {grade::bad, "dates", expected,
            "not valid before " + date_text(of.not_before) + ", in " + span_words(of.not_before - now),
            "check the clock here (it says " + date_text(now) + "), or wait"};
  const std::int64_t left = of.not_after - now;
  if (left <= 0)
    return {grade::bad, "dates", expected,
            "expired on " + date_text(of.not_after) + ", " + span_words(-left) + " ago",
            "renew it: hauberk certs renew"};
  if (left < forecast_days * day)
    return {grade::warning, "dates", expected,
            "expires on " + date_text(of.not_after) + ", in " + span_words(left),
            left < soon_days * day ? "renew it now" : "renew it"};
  return good("dates", whose + " is valid until " + date_text(of.not_after) + ", for " + span_words(left));
}

std::string span_words(std::int64_t seconds) {
  const auto words = [](std::int64_t count, const char* unit) {
    return std::to_string(count) + ' ' + unit + (count == 1 ? "" : "s");
  };
  if (seconds >= 2 * day) return words(seconds / day, "day");
  if (seconds >= 2 * 3600) return words(seconds / 3600, "hour");
  return seconds >= 120 ? words(seconds / 60, "minute") : words(seconds, "second");
}

}  // namespace hauberk::tls
