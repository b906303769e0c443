// One TLS connection as a pipe in memory: ciphertext on one side, plaintext on the other, no socket in
// sight. Our own BIO_METHOD lets OpenSSL write many records into one large output span, and read them from
// one large input span; a plain pipe (socket.ssl=no) has the same face and passes bytes through.
//
// Not thread safe; used on one link's strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hauberk/result.hpp"
#include "tls/check.hpp"
#include "tls/context.hpp"

namespace hauberk::tls {

enum class role { client, server };

/// One of the things that an accepted connection may turn out to be.
struct choice {
  std::optional<context> security;  ///< nothing = without TLS
  std::string tag;                  ///< by which a TLS client asks for it
};

class pipe {
 public:
  /// A TLS pipe; both sides must present a certificate that chains to an anchor of `ours`. A client's `tag`
  /// (1 to 255 bytes) goes out in the clear, as its ALPN protocol name.
  pipe(const context& ours, role as, const std::string& tag = {});
  /// A server's pipe that the client's first bytes make one of several: without TLS, or of those with TLS the
  /// one whose tag its ClientHello has; the first of them when it has another tag or none.
  explicit pipe(std::vector<choice> among);
  /// A pipe without TLS (the explicit group mode socket.ssl=no).
  pipe();
  pipe(pipe&&) noexcept;
  pipe& operator=(pipe&&) noexcept;
  ~pipe();

  // Ciphertext side.

  /// Where received bytes go; at least 1 byte, usually 256 KiB. Valid until the next call of any other
  /// member.
  [[nodiscard]] std::span<std::byte> input_space();
  void input_filled(std::size_t bytes);
  /// What is to be sent now, at most 256 KiB: after it was consumed there may be more. Stays valid and in its
  /// place, and grows only at its end, until `output_consumed`.
  [[nodiscard]] std::span<const std::byte> output() const;
  /// All bytes that wait to be sent.
  [[nodiscard]] std::size_t output_size() const;
  void output_consumed(std::size_t bytes);

  // Handshake: call after construction and after each input until it answers `true` (done). An error is
  // final and says in one line what was checked, expected and got (including a TLS alert from the peer and
  // first bytes that are not TLS: HTTP, SSH, a plaintext Hauberk node).
  [[nodiscard]] result<bool> handshake();
  [[nodiscard]] bool is_ready() const;
  /// True when the error was an alert from the peer: it refused us, not we it.
  [[nodiscard]] bool told_by_peer() const;
  /// Which check the error was about.
  [[nodiscard]] check failed_check() const;

  // Plaintext side, once ready.

  /// Encrypts all of `bytes` into the output. The caller bounds the output by looking at its size first.
  result<void> write(std::span<const std::byte> bytes);
  /// Decrypts up to `into.size()` bytes; 0 = nothing more until more input. End of stream: error
  /// errc::closed.
  result<std::size_t> read(std::span<std::byte> into);
  /// Has both directions use new keys from here on (TLS 1.3; nothing otherwise): queues a KeyUpdate and asks
  /// the peer for its own. `write` does so by itself for our direction at the context's limits.
  result<void> renew_keys();
  /// True when our direction's keys have been used enough and TLS 1.2 has no others: take a new connection.
  [[nodiscard]] bool is_worn() const;
  /// How often the keys of each direction have changed.
  struct key_changes {
    std::uint64_t ours = 0, theirs = 0;
  };
  [[nodiscard]] key_changes keys_changed() const;
  /// Queues close_notify.
  void shut_down();

  // Who is at the other end, once ready.

  [[nodiscard]] std::optional<certificate> peer() const;  ///< nothing on a plain pipe
  [[nodiscard]] std::string version() const;              ///< "TLSv1.3", or "none"
  [[nodiscard]] std::string cipher() const;               ///< OpenSSL's name, or "none"
  /// Of the key exchange, as `socket.ssl_groups` names it; empty where there was none.
  [[nodiscard]] std::string group() const;
  [[nodiscard]] bool is_encrypted() const;
  /// Which of several choices it became; once ready. 0 where there was none.
  [[nodiscard]] std::size_t chosen() const;
  /// Judges the peer's chain again, by `now` instead of what the handshake went by. Once ready; a plain
  /// pipe's peer always passes.
  [[nodiscard]] verdict judge_peer(const context& now) const;

 private:
  struct machine;
  std::unique_ptr<machine> machine_;
};

}  // namespace hauberk::tls
