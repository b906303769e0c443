// Judging certificates: OpenSSL checks chain, dates and purpose; we add what it does not (a CA is no node,
// the strict profile's names and usages) and keep the reasons, so that a refusal can be told in words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tls/check.hpp"
#include "tls/context.hpp"
#include "tls/hello_tag.hpp"
#include "tls/identity.hpp"
#include "tls/openssl.hpp"
#include "tls/revocation.hpp"

namespace hauberk::tls {

/// The one state behind all copies of a context.
struct context::state {
  certificate own;
  bool shared_pair = false;
  bool checks_names = true;
  identity_rule who;
  profile rules = profile::standard;
  bool needs_lists = false;  ///< see tls/revocation.hpp
  rekey_limits rekey;
  std::string policy;
  std::string anchors;  ///< their subjects, for messages
  std::string anchors_pem;
  std::vector<certificate> trusted;
  std::vector<revocation_list> lists;  ///< see `context::lists`
  std::vector<list_in_force> revoked;  ///< all that are in force
  ssl_ctx_ptr client, server;
  struct source;
  std::shared_ptr<const source> from;  ///< to be made again with other lists
};

/// What a handshake finds out while it runs: what went wrong with the peer's certificate, and its tag.
struct findings {
  const context::state* ours = nullptr;
  int code = X509_V_OK;
  std::string words;  ///< whose certificate, which check, expected and got
  hello_tag tag;
};

/// Which check OpenSSL's verdict on a certificate is about.
[[nodiscard]] check check_of(int code);

[[nodiscard]] certificate describe(const X509* from);

/// Nothing, or why `leaf` cannot be a node's certificate whatever its chain says.
[[nodiscard]] std::string objection(X509* leaf, bool shared_pair, profile rules);

/// In words, why OpenSSL refused `at` with `code`; `anchors` is what should have signed it.
[[nodiscard]] std::string verify_words(int code, X509* at, int depth, const std::string& anchors);

/// OpenSSL's verify callback; wants the `findings` as app data of the SSL object.
int judge(int good, X509_STORE_CTX* about) noexcept;

/// Judges a chain anew that was accepted before, `leaf` first, as a server's or a client's.
[[nodiscard]] verdict judge_again(const context::state& ours, X509* leaf, STACK_OF(X509) * chain,
                                  bool of_server);

}  // namespace hauberk::tls
