// Frames with one peer over one connection that waits: TLS if the group has it, then messages one by one. For
// commands that ask a running node something.
#pragma once

#include <optional>
#include <string>

#include "tls/pipe.hpp"
#include "tool/caller.hpp"
#include "wire/codec.hpp"

namespace hauberk::tool {

class conversation {
 public:
  /// As `who` by `security`, nothing = plaintext. Where a node has two policies, one of them prepared, the
  /// policy of `who` says which of them is meant.
  conversation(caller line, const std::optional<tls::context>& security, const mesh::hello& who);

  void set_patience(std::chrono::milliseconds patience) { line_.set_patience(patience); }
  /// The TLS handshake; nothing to do in plaintext.
  result<void> secure();
  result<void> say(const wire::message& what);
  result<wire::message> next_message();

  [[nodiscard]] std::optional<tls::certificate> peer() const { return pipe_.peer(); }
  [[nodiscard]] std::string version() const { return pipe_.version(); }
  [[nodiscard]] std::string cipher() const { return pipe_.cipher(); }

 private:
  result<void> send_all();
  result<void> receive_some();

  caller line_;
  tls::pipe pipe_;
  wire::reader reader_;
};

}  // namespace hauberk::tool
