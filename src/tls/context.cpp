// From settings to a usable context: algorithms, files, own chain, then one SSL_CTX a role. The own chain is
// verified here as peers will verify it, so that a wrong file is found by the person who made the mistake.
#include "tls/context.hpp"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "tls/algorithms.hpp"
#include "tls/material.hpp"
#include "tls/policy.hpp"
#include "tls/revocation.hpp"
#include "tls/verify.hpp"

namespace hauberk::tls {

/// What a context was made of.
struct context::state::source {
  settings from;
  material read;
  algorithms spoken;
  std::vector<std::string> groups;  ///< those of `spoken` that this OpenSSL has
  std::vector<signed_list> on_file;
  std::map<std::string, std::string> list_issuers;  ///< whose lists may be told to us
};

namespace {

constexpr int security_level = 2;             // 112 bits: RSA 2048, no SHA-1
constexpr int chain_depth_max = 8;            // intermediates between a node and its anchor
constexpr long chain_bytes_max = 64 * 1024L;  // what a peer may send us as its chain

error in_option(errc why, const char* option, const std::string& file, const std::string& what) {
  return {why, std::string(option) + ": " + file + ": " + what};
}

result<void> check_dates(const settings& from, const certificate& own, std::int64_t now) {
  const std::string today = " (it is " + date_text(now) + " here)";
  if (now > own.not_after) {
    return in_option(
        errc::bad_certificate, "socket.ssl_cert", from.cert_file,
        "certificate " + own.subject + " expired on " + date_text(own.not_after) + today + ": renew it");
  }
  if (now < own.not_before) {
    return in_option(errc::bad_certificate, "socket.ssl_cert", from.cert_file,
                     "certificate " + own.subject + " is not valid before " + date_text(own.not_before) +
                         today + ": check the clock, or wait");
  }
  return {};
}

std::string anchors_text(const material& read) {
  std::string text;
  std::size_t shown = 0;
  for (const x509_ptr& anchor : read.anchors) {
    if (++shown > 3) break;
    text += (text.empty() ? "" : " or ") + name_text(X509_get_subject_name(anchor.get()));
  }
  if (read.anchors.size() > 3) text += " or " + std::to_string(read.anchors.size() - 3) + " more";
  return text;
}

std::string pem_of(const std::vector<x509_ptr>& all) {
  const bio_ptr text(BIO_new(BIO_s_mem()));
  HAUBERK_ASSERT(text != nullptr, "out of memory");
  for (const x509_ptr& one : all)
    HAUBERK_ASSERT(PEM_write_bio_X509(text.get(), one.get()) == 1, "out of memory");
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<std::size_t>(count)};
}

void apply_rules(X509_VERIFY_PARAM* rules, const settings& from, bool looks_up) {
  X509_VERIFY_PARAM_set_depth(rules, chain_depth_max);
  X509_VERIFY_PARAM_set_auth_level(rules, security_level);
  if (from.rules == profile::strict) X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  if (looks_up) X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

x509_store_ptr make_store(const material& read, const std::vector<list_in_force>& revoked,
                          const settings& from) {
  x509_store_ptr store(X509_STORE_new());
  if (store == nullptr) return nullptr;
  for (const x509_ptr& anchor : read.anchors) {
    if (X509_STORE_add_cert(store.get(), anchor.get()) != 1) return nullptr;
  }
  for (const list_in_force& one : revoked) {
    if (X509_STORE_add_crl(store.get(), one.list.get()) != 1) return nullptr;
  }
  apply_rules(X509_STORE_get0_param(store.get()), from, !revoked.empty());
  return store;
}

/// The own chain as a peer will see it, for both roles.
result<void> check_own_chain(const settings& from, const material& read, const certificate& own,
                             std::int64_t now, X509_STORE* store, bool looks_up) {
  if (const std::string why = objection(read.own.get(), read.shared_pair, from.rules); !why.empty()) {
    return in_option(errc::bad_certificate, "socket.ssl_cert", from.cert_file,
                     "certificate " + own.subject + " cannot be used: " + why);
  }
  STACK_OF(X509)* untrusted = sk_X509_new_null();
  HAUBERK_ASSERT(untrusted != nullptr, "out of memory");
  for (const x509_ptr& each : read.intermediates) sk_X509_push(untrusted, each.get());
  result<void> good;
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    const std::unique_ptr<X509_STORE_CTX, freer<X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
    HAUBERK_ASSERT(
        check != nullptr && X509_STORE_CTX_init(check.get(), store, read.own.get(), untrusted) == 1,
        "out of memory");
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(check.get());
    X509_VERIFY_PARAM_set_purpose(rules, purpose);
    X509_VERIFY_PARAM_set_time(rules, now);
    apply_rules(rules, from, looks_up);
    X509_STORE_CTX_set_app_data(check.get(), const_cast<settings*>(&from));
    X509_STORE_CTX_set_verify_cb(check.get(), [](int ok, X509_STORE_CTX* about) {
      const auto* by = static_cast<const settings*>(X509_STORE_CTX_get_app_data(about));
      return ok == 1 || is_forgiven(about, needs_lists(*by)) ? 1 : 0;
    });
    if (X509_verify_cert(check.get()) == 1) continue;
    const bool with_ca = !from.ca_file.empty();
    const int code = X509_STORE_CTX_get_error(check.get());
    const char* const remedy =
        code == X509_V_ERR_CERT_REVOKED ? ""
        : with_ca ? "; peers would refuse it: give the certificate and the CA file that go together"
                  : "; without socket.ssl_ca the certificate must be self-signed: set socket.ssl_ca "
                    "to the CA's file";
    good = in_option(errc::bad_certificate, "socket.ssl_cert", from.cert_file,
                     verify_words(code, X509_STORE_CTX_get_current_cert(check.get()),
                                  X509_STORE_CTX_get_error_depth(check.get()),
                                  anchors_text(read) + (with_ca ? " in socket.ssl_ca " + from.ca_file : "")) +
                         remedy);
    break;
  }
  sk_X509_free(untrusted);
  ERR_clear_error();
  return good;
}

bool set_versions(SSL_CTX* ctx, const algorithms& spoken) {
  const auto number = [](int version) { return version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION; };
  return SSL_CTX_set_min_proto_version(ctx, number(spoken.version_min)) == 1 &&
         SSL_CTX_set_max_proto_version(ctx, number(spoken.version_max)) == 1;
}

bool set_ciphers(SSL_CTX* ctx, const algorithms& spoken) {
  if (SSL_CTX_set_ciphersuites(ctx, join(spoken.suites, ":").c_str()) != 1) return false;
  if (spoken.ciphers.empty()) return true;
  return SSL_CTX_set_cipher_list(ctx, join(spoken.ciphers, ":").c_str()) == 1;
}

/// Those of the groups that this OpenSSL has; each is tried alone, since one unknown name spoils a list.
std::vector<std::string> known_groups(SSL_CTX* ctx, const algorithms& spoken, const base::logger& words) {
  std::vector<std::string> known;
  for (const std::string& group : spoken.groups) {
    if (SSL_CTX_set1_groups_list(ctx, group.c_str()) == 1) {
      known.push_back(group);
      continue;
    }
    // Our own default names a group that only newer releases have; that is no news to anybody.
    words(spoken.groups_written ? base::level::warning : base::level::debug,
          "socket.ssl_groups: " + group + " is not known to this OpenSSL (" +
              OpenSSL_version(OPENSSL_VERSION) + ") and left out");
  }
  ERR_clear_error();
  return known;
}

bool set_rules(SSL_CTX* ctx, X509_STORE* store, const settings& from, bool looks_up) {
  SSL_CTX_set_security_level(ctx, security_level);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_max_cert_list(ctx, chain_bytes_max);
  SSL_CTX_set_dh_auto(ctx, 1);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, judge);
  apply_rules(SSL_CTX_get0_param(ctx), from, looks_up);
  static constexpr std::array<unsigned char, 7> id{'h', 'a', 'u', 'b', 'e', 'r', 'k'};
  SSL_CTX_set1_cert_store(ctx, store);
  return SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
         SSL_CTX_set_session_id_context(ctx, id.data(), static_cast<unsigned>(id.size())) == 1;
}

result<ssl_ctx_ptr> make_ctx(const context::state::source& by, X509_STORE* store, bool looks_up,
                             const SSL_METHOD* method) {
  const auto& [from, read, spoken, groups, on_file, list_issuers] = by;
  ssl_ctx_ptr ctx(SSL_CTX_new(method));
  HAUBERK_ASSERT(ctx != nullptr, "out of memory");
  const auto failed = [](const std::string& step) {
    return error(errc::internal, step + " failed: OpenSSL says \"" + take_openssl_reason() + "\"");
  };
  if (!set_rules(ctx.get(), store, from, looks_up)) return failed("setting up TLS");
  if (!set_versions(ctx.get(), spoken))
    return failed("socket.ssl_min_version: setting TLS " + spoken.versions_text());
  if (!set_ciphers(ctx.get(), spoken))
    return failed("socket.ssl_cipher: setting " + join(spoken.written, ":"));
  if (SSL_CTX_set1_groups_list(ctx.get(), join(groups, ":").c_str()) != 1) {
    return failed("socket.ssl_groups: setting " + join(groups, ":"));
  }
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const x509_ptr& each : read.intermediates) sk_X509_push(chain, each.get());
  const bool taken = SSL_CTX_use_cert_and_key(ctx.get(), read.own.get(), read.key.get(), chain, 1) == 1;
  sk_X509_free(chain);
  if (!taken) {
    return in_option(errc::bad_certificate, "socket.ssl_cert", from.cert_file,
                     "OpenSSL does not take certificate and key: " + take_openssl_reason());
  }
  return ctx;
}

/// What depends on the lists in force.
result<void> fill(context::state& made, X509_STORE* store, chosen_lists&& chosen) {
  made.lists = std::move(chosen.known);
  made.revoked = std::move(chosen.all);
  for (const auto& [side, method] :
       {std::pair{&made.client, TLS_client_method()}, std::pair{&made.server, TLS_server_method()}}) {
    auto ctx = make_ctx(*made.from, store, !made.revoked.empty(), method);
    if (!ctx) return ctx.error();
    *side = std::move(*ctx);
  }
  SSL_CTX_set_client_hello_cb(made.server.get(), read_tag, nullptr);
  return {};
}

/// A list of TLS 1.2 names that none of our keys can serve is a mistake that would show only at the peer.
result<void> check_key_type(const material& read, const algorithms& spoken) {
  if (spoken.version_max != 12) return {};
  const char* type = EVP_PKEY_get0_type_name(read.key.get());
  const bool rsa = EVP_PKEY_get_base_id(read.key.get()) == EVP_PKEY_RSA;
  const bool fits = std::any_of(spoken.ciphers.begin(), spoken.ciphers.end(), [&](const std::string& name) {
    return rsa == (name.find("ECDSA") == std::string::npos);
  });
  if (fits) return {};
  return error(errc::bad_option, "socket.ssl_cipher: no name in the list fits the " +
                                     std::string(type == nullptr ? "own" : type) +
                                     " key in socket.ssl_key: add " +
                                     (rsa ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256"));
}

}  // namespace

result<context> context::load(const settings& from, std::int64_t now, const base::logger& words) {
  auto spoken = read_algorithms(from);
  if (!spoken) return spoken.error();
  auto who = read_identity(from.identity);
  if (!who) return who.error();
  auto read = read_material(from, words);
  if (!read) return read.error();
  auto on_file = read_revocations(from, *read, words);
  if (!on_file) return on_file.error();
  chosen_lists chosen = choose_lists(*on_file, from.lists_told, *read);
  if (auto good = check_lists(chosen, from, *read, now, words); !good) return good.error();

  auto made = std::make_shared<state>();
  made->own = describe(read->own.get());
  made->shared_pair = read->shared_pair;
  made->checks_names = who->names.value_or(!read->shared_pair);
  made->who = std::move(*who);
  made->rules = from.rules;
  made->needs_lists = needs_lists(from);
  made->rekey = from.rekey;
  made->policy = policy_text_of(from, *read, *spoken, made->who.text(made->checks_names));
  made->anchors = anchors_text(*read);
  made->anchors_pem = pem_of(read->anchors);
  for (const x509_ptr& anchor : read->anchors) made->trusted.push_back(describe(anchor.get()));
  if (auto good = check_dates(from, made->own, now); !good) return good.error();
  const x509_store_ptr store = make_store(*read, chosen.all, from);
  HAUBERK_ASSERT(store != nullptr, "out of memory");
  if (auto good = check_own_chain(from, *read, made->own, now, store.get(), !chosen.all.empty()); !good)
    return good.error();
  if (auto good = check_key_type(*read, *spoken); !good) return good.error();

  const ssl_ctx_ptr scratch(SSL_CTX_new(TLS_method()));
  HAUBERK_ASSERT(scratch != nullptr, "out of memory");
  std::vector<std::string> groups = known_groups(scratch.get(), *spoken, words);
  if (groups.empty()) {
    return error(errc::bad_option, "socket.ssl_groups: this OpenSSL (" +
                                       std::string(OpenSSL_version(OPENSSL_VERSION)) + ") knows none of " +
                                       join(spoken->groups, ":") + ": add X25519 or P-256");
  }
  for (const std::string& remark : spoken->remarks) words(base::level::info, remark);
  auto issuers = list_issuers(*read);
  made->from = std::make_shared<const state::source>(state::source{from, std::move(*read), std::move(*spoken),
                                                                   std::move(groups), std::move(*on_file),
                                                                   std::move(issuers)});
  if (auto good = fill(*made, store.get(), std::move(chosen)); !good) return good.error();
  return context(std::move(made));
}

context context::with_lists(const std::vector<base::buffer>& told) const {
  auto made = std::make_shared<state>();
  made->own = state_->own;
  made->shared_pair = state_->shared_pair;
  made->checks_names = state_->checks_names;
  made->who = state_->who;
  made->rules = state_->rules;
  made->needs_lists = state_->needs_lists;
  made->rekey = state_->rekey;
  made->policy = state_->policy;
  made->anchors = state_->anchors;
  made->anchors_pem = state_->anchors_pem;
  made->trusted = state_->trusted;
  made->from = state_->from;
  chosen_lists chosen = choose_lists(made->from->on_file, told, made->from->read);
  const x509_store_ptr store = make_store(made->from->read, chosen.all, made->from->from);
  HAUBERK_ASSERT(store != nullptr && fill(*made, store.get(), std::move(chosen)),
                 "what was good goes on to be");
  return context(std::move(made));
}

result<revocation_list> context::judge_list(const base::buffer& der, std::int64_t now) const {
  auto taken = take_told(der, state_->from->read);
  if (!taken) return taken.error();
  const revocation_list& is = taken->is;
  std::string why = taken->obstacle;
  if (why.empty() && state_->needs_lists) {
    if (is.id.this_update > now + clock_tolerance) why = "is from the future (check the clocks)";
    if (is.next_update != 0 && is.next_update < now) why = "is out of date";
    if (!why.empty()) why += ", and socket.ssl_profile=strict takes no such list";
  }
  if (why.empty()) return is;
  return error(errc::bad_certificate, list_words(is) + " " + why);
}

bool context::is_revoked(const certificate& shown) const {
  BIGNUM* number = nullptr;
  if (BN_hex2bn(&number, shown.serial.c_str()) == 0) return false;
  const std::unique_ptr<ASN1_INTEGER, freer<ASN1_INTEGER_free>> serial(BN_to_ASN1_INTEGER(number, nullptr));
  BN_free(number);
  return std::any_of(state_->revoked.begin(), state_->revoked.end(), [&](const list_in_force& one) {
    X509_REVOKED* found = nullptr;
    return name_text(X509_CRL_get_issuer(one.list.get())) == shown.issuer &&
           X509_CRL_get0_by_serial(one.list.get(), &found, serial.get()) == 1;
  });
}

std::string summary(const certificate& of) {
  return "certificate " + of.subject + " (" + (of.names.empty() ? "no names" : join(of.names, ", ")) +
         "), serial " + of.serial + ", valid until " + date_text(of.not_after);
}

const certificate& context::own() const { return state_->own; }
const std::vector<certificate>& context::anchors() const { return state_->trusted; }
bool context::is_shared_pair() const { return state_->shared_pair; }
bool context::checks_names() const { return state_->checks_names; }
const std::string& context::anchors_pem() const { return state_->anchors_pem; }
const std::vector<revocation_list>& context::lists() const { return state_->lists; }
const std::string* context::list_issuer(const std::string& id) const {
  const auto at = state_->from->list_issuers.find(id);
  return at == state_->from->list_issuers.end() ? nullptr : &at->second;
}
const rekey_limits& context::rekey() const { return state_->rekey; }
const std::string& context::policy_text() const { return state_->policy; }

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HAUBERK_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
                 "SHA-256 must work");
  return hex(digest.data(), size);
}

}  // namespace hauberk::tls
