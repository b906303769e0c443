// Own certificate, key, trust anchors and allowed algorithms, loaded and validated once and then shared by
// all links. A context is never half good: `load` gives a usable one or says in one line what is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "hauberk/result.hpp"
#include "tls/lists.hpp"
#include "tls/settings.hpp"

struct ssl_ctx_st;

namespace hauberk::tls {

/// What a certificate says, for people and for the identity rule.
struct certificate {
  std::string subject;  ///< one line, RFC 2253
  std::string issuer;
  std::vector<std::string>
      names;                ///< SAN DNS and URI names; the common name where there is no SAN of these kinds
  std::string serial;       ///< hex
  std::string fingerprint;  ///< SHA-256, lower-case hex
  std::int64_t not_before = 0, not_after = 0;  ///< seconds since 1970 (UTC)
};

/// For people: subject, names, serial, end of validity.
[[nodiscard]] std::string summary(const certificate& of);

class context {
 public:
  /// Reads and checks everything at once. `now` is seconds since 1970 (UTC): an expired or not yet valid own
  /// certificate is an error. Errors: bad_file, bad_certificate, bad_option.
  static result<context> load(const settings& from, std::int64_t now, const base::logger& words);

  [[nodiscard]] const certificate& own() const;
  /// One certificate copied to all nodes (it is its own trust anchor): then the chain alone decides.
  [[nodiscard]] bool is_shared_pair() const;
  /// True when a peer must be named in its certificate (`socket.ssl_identity`).
  [[nodiscard]] bool checks_names() const;
  /// The TLS part of the group's policy as written, one `key=value` per line, sorted; equal at all members.
  [[nodiscard]] const std::string& policy_text() const;

  /// The trust anchors in force, PEM.
  [[nodiscard]] const std::string& anchors_pem() const;

  /// The trust anchors (socket.ssl_ca); of a shared pair, the certificate itself.
  [[nodiscard]] const std::vector<certificate>& anchors() const;
  [[nodiscard]] const rekey_limits& rekey() const;

  /// The newest revocation lists in force of CAs of ours, sorted by issuer, each whole; not all may be told.
  [[nodiscard]] const std::vector<revocation_list>& lists() const;
  /// The name of this issuer (as in `base::list_id`) when it is a CA of ours that may sign lists, so that we
  /// can be told of them; else nullptr.
  [[nodiscard]] const std::string* list_issuer(const std::string& id) const;
  /// One that somebody told of: whether it counts here, that it is newer than what we have aside. Errors:
  /// refused (no CA of ours has signed it; in words that follow "the list "), bad_certificate (one has, but
  /// it cannot count here: it is a part of a list, say, or out of date, and `strict` takes no such list).
  [[nodiscard]] result<revocation_list> judge_list(const base::buffer& der, std::int64_t now) const;
  /// The same context, with no file read again, but with these lists told. Our own certificate may be on one.
  [[nodiscard]] context with_lists(const std::vector<base::buffer>& told) const;
  /// Whether a list has the certificate of this issuer and serial.
  [[nodiscard]] bool is_revoked(const certificate& shown) const;

  struct state;
  [[nodiscard]] const state& inside() const { return *state_; }

 private:
  explicit context(std::shared_ptr<const state> s) : state_(std::move(s)) {}
  std::shared_ptr<const state> state_;
};

/// nothing when `name` may be spoken by the owner of `peer`, else the sentence that says why not.
[[nodiscard]] std::string identity_mismatch(const context& ours, const certificate& peer,
                                            const std::string& name);

/// SHA-256 of `bytes` in lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace hauberk::tls
