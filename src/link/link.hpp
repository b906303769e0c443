// One secured, framed, greeted channel to one peer, as a machine without I/O: bytes in and out on one side,
// messages on the other. It is up only when both hellos were accepted; no group byte flows before that.
// Not thread safe: it lives on its connection's strand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "hauberk/result.hpp"
#include "mesh/messages.hpp"
#include "tls/pipe.hpp"
#include "wire/codec.hpp"

namespace hauberk::link {

using base::time_point;

/// What this node shows on links made by one policy.
struct face {
  mesh::hello mine;                      ///< with the policy's digest and text
  std::optional<tls::context> security;  ///< nothing = plaintext (socket.ssl=no)
  std::uint64_t material = 0;            ///< numbers the certificates in `security`
};

/// The face of the policy in force, and, while the group changes its policy, that of the one to come. A link
/// has one face for its life. Who dials chooses; who accepts knows by the first bytes (no TLS: the face
/// without it), by the tag in the ClientHello, or, between two faces without TLS, by the hello. Who has no
/// tag or another gets the face in force.
struct settings : face {
  std::optional<face> prepared{};
  bool dials_prepared = false;  ///< of a link that is dialled: by `prepared`, where there is one
  base::duration handshake_timeout = std::chrono::seconds(5);  ///< for TLS and hellos together
  std::size_t output_bytes = 256 * 1024;                       ///< ciphertext gathered for one write
  /// A word on a peer that passed the checks above, at its address: nothing, or why not.
  using opinion = std::function<std::string(const mesh::hello&, const std::string&, const tls::certificate*)>;
  opinion allow{};  ///< of gmcast.allowed
  opinion admit{};  ///< of the host, which is asked last
};

/// Both hellos passed.
struct up {
  mesh::hello peer;  ///< its policy is that of our face
  std::optional<tls::certificate> certificate;
  std::string version, cipher, group;  ///< see tls::pipe
  std::uint64_t material = 0;          ///< of the face that the link was made with
};
/// Bulk bytes (`encoded::bytes` of bulk frames) whose last byte was handed to the socket.
struct written {
  std::size_t bulk_bytes = 0;
};
/// The keys of this link have been used enough, and it cannot have others (TLS 1.2): a new link should take
/// its place. Said once.
struct worn {};
/// The end. `text` names side, check, expected and got; `told_by_peer` = a goodbye or TLS alert came in.
struct down {
  hauberk::error why;
  bool told_by_peer = false;
  bool was_up = false;
  tls::check failed = tls::check::other;  ///< the check that the link did not pass
};
using event = std::variant<up, wire::message, written, worn, down>;

class link {
 public:
  /// `as` is client for the side that dialled. `remote` is host:port, for messages to people only.
  link(settings how, tls::role as, std::string remote, time_point now);
  link(link&&) noexcept;
  link& operator=(link&&) noexcept;
  ~link();

  // The socket's side.
  [[nodiscard]] std::span<std::byte> input_space();
  void handle_input(time_point now, std::size_t bytes);
  void handle_end(std::string reason);  ///< end of file or a socket error; empty reason = clean end
  /// Bytes to send now: encrypts from the outbox, control frames first, up to `output_bytes` at a time. Valid
  /// until `handle_output_written`.
  [[nodiscard]] std::span<const std::byte> output();
  void handle_output_written(std::size_t bytes);
  [[nodiscard]] time_point next_deadline() const;
  void handle_time(time_point now);

  // The group's side.
  /// Queues a frame; dropped silently when not up. Of queued `beat` and `held` frames that were not yet
  /// begun only the newest is sent: pass the same non-zero `replaces` key for those.
  void send(std::shared_ptr<const wire::encoded> frame, unsigned replaces = 0);
  /// Certificates were loaded again, or policies changed: judges the peer by the face that has this link's
  /// policy now (by the one in force where none has), now or when it has greeted. One that is not accepted is
  /// told so, and the link ends; otherwise it goes on with the keys that it has. A link that is not up yet
  /// ends when its policy has no face any more; one that is up stays, its owner knows how long.
  void review(settings newest);
  /// Says goodbye with the reason, then ends.
  void close(hauberk::error why);
  [[nodiscard]] std::optional<event> next_event();

  [[nodiscard]] bool is_up() const;
  [[nodiscard]] bool is_down() const;  ///< `down` was produced; when the output is empty, close the socket
  [[nodiscard]] std::size_t queued_bytes() const;

 private:
  struct machine;
  std::unique_ptr<machine> machine_;
};

}  // namespace hauberk::link
