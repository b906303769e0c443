// The group: join it, broadcast, receive one ordered stream of messages and views, leave. Standard library
// types only. Safe from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hauberk/config.hpp"
#include "hauberk/result.hpp"
#include "hauberk/types.hpp"

namespace hauberk {

/// Names one broadcast of this process until it is resolved. Grows by one per broadcast; never 0.
using ticket_t = std::uint64_t;

/// What is told of a member's certificate: all of it empty in a plaintext group, and where it is not known.
struct certificate {
  std::string subject;             ///< RFC 2253
  std::vector<std::string> names;  ///< SAN DNS and URI names; the common name where there is none of these
  std::string fingerprint;         ///< SHA-256, lower-case hex
  std::int64_t not_after = 0;      ///< its last second, since 1970 (UTC)
};

/// A member of a view.
struct member {
  std::string name;
  std::string id;           ///< process id, for the life of the process
  std::string address;      ///< host:port that others dial
  unsigned weight = 0;      ///< 0 while catching up, and for observers
  bool arbitrator = false;  ///< votes, but has no data (`pc.arbitrator`)
  /// As this node saw it on its own link with that member (or has it, for itself): no part of what members
  /// agree on. In a view that `receive` hands out as it was then known; `current_view` has the newest.
  hauberk::certificate certificate{};
};

/// A cell of the link matrix: the link between two members, in the words of one of them. Each member tells
/// the others of its own links, whenever these change, so all have the whole matrix about a second after a
/// view. It is not ordered like the stream, members may differ in it for a moment, and nothing is decided by
/// it. A member that lies can do so about its own links alone: what both ends say is compared.
struct link_row {
  enum class check {
    missing,   ///< `from` has told of no link with `to`: there is none, or its word is not here yet
    alone,     ///< `to` has not told of it
    agreed,    ///< both say the same of encryption and policy
    disputed,  ///< they do not: for a moment while a link is made anew; else one of them lies
  };
  std::string from, to;  ///< names: who tells it, and who is at the other end
  check word = check::missing;
  bool encrypted = false;
  std::string version, cipher;      ///< of TLS: "TLSv1.3", "TLS_AES_128_GCM_SHA256"
  std::string key_exchange;         ///< group, as `socket.ssl_groups` has it; empty = not known
  std::string fingerprint;          ///< of the certificate that `to` showed on this link: SHA-256
  std::string policy_digest;        ///< SHA-256 of the policy that it was made by
  std::uint64_t policy_number = 0;  ///< the same, if it is the one in force; 0 = another
  std::int64_t since = 0;           ///< when it came up by the clock of `from`, in seconds since 1970 (UTC)
};

/// A view, in force from position `start` on. With `primary` false: this node lost the quorum; nothing is
/// delivered until a view with `primary` true (the same number, if it came back in time) or a farewell.
struct view {
  uuid history;
  std::uint64_t number = 0;  ///< strictly rising along a history: a fencing token
  std::uint64_t epoch = 0;
  bool primary = false;
  position_t start = 0;
  std::uint32_t protocol = 0;  ///< the version in use: the newest that all members speak
  std::vector<member> members;
  std::vector<std::string> joined, left, lost;  ///< names; left = by their own wish
  std::vector<std::string> evicted;             ///< names; removed because a member asked for it
  std::vector<std::string> banned;              ///< names that may not join (see `group::evict`)
  std::uint64_t policy_number = 0;              ///< of the group's policy in force: see `policy`
  std::string policy;                           ///< its text
};

/// A step in a change of the group's policy: of the settings that are the same at all members. They are
/// changed while the group works, without a new view: *prepared*, every member makes links to all others with
/// them; when all of them have, they are *activated*, in force at all members; or the change is *aborted*.
enum class policy_step { prepared, activated, aborted };
struct policy {
  position_t position = 0;
  policy_step step = policy_step::prepared;
  std::uint64_t number = 0;  ///< of the one in force after this step; it only rises
  std::string text;          ///< prepared: as it is to be; else what is in force. `key=value` lines, sorted
  bool is_trial = false;     ///< ends aborted in any case
  std::string by;            ///< the member that asked for it
  std::string culprit;       ///< of an abort: the member that could not; may be empty
  std::string words;         ///< of an abort: why
};

/// A committed message. `payload` is valid until the next `receive` on this group.
struct message {
  position_t position = 0;
  std::string_view sender;  ///< name; valid as long as `payload`
  ticket_t ticket = 0;      ///< not 0: it is mine
  std::span<const std::byte> payload;

  [[nodiscard]] bool mine() const noexcept { return ticket != 0; }
};

/// A position without content for the application.
struct filler {
  position_t position = 0;
};

/// How a broadcast of mine ended that does not come back as a `message`.
enum class outcome_kind { committed, never, unknown };
struct outcome {
  ticket_t ticket = 0;
  outcome_kind result = outcome_kind::unknown;
  position_t position = 0;  ///< committed: at most here; else 0
};

/// Certificates end: this node watches its own, those of the peers that it has links with, and the trust
/// anchors that signed them, and says so 30, 7 and 1 day ahead and at the end, once each. Like `outcome` it
/// is told to this node alone and has no position: it may come between any two events, other members hear it
/// at another point of the stream or not at all, and nothing that is replicated may depend on it.
enum class expiry_of { own, peer, anchor, quorum };
struct expiry {
  expiry_of what = expiry_of::own;  ///< quorum: then members with half of the weight have none that counts
  std::string member;               ///< own, peer: whose
  std::string subject;              ///< of the certificate or the anchor, RFC 2253
  std::int64_t not_after = 0;       ///< its last second, since 1970 (UTC)
  unsigned days = 0;                ///< 30, 7 or 1: at most so many are left; 0: it is over
  std::string words;                ///< for people: what will happen, and what to do
};

/// The last event. `reason` is errc::ok after `leave`.
struct farewell {
  std::error_code reason;
  std::string text;
};

using event = std::variant<view, policy, message, filler, outcome, expiry, farewell>;

/// Links that did not come up, by the check that failed.
struct refusals {
  std::uint64_t foreign = 0;         ///< TLS where none is expected, none where it is, or another protocol
  std::uint64_t parameters = 0;      ///< no TLS version, cipher or group in common
  std::uint64_t no_certificate = 0;  ///< presented none
  std::uint64_t chain = 0;           ///< no way to a trust anchor, or not fit for a node
  std::uint64_t date = 0;            ///< expired or not yet valid
  std::uint64_t revoked = 0;
  std::uint64_t identity = 0;  ///< name, list or pin
  std::uint64_t version = 0;   ///< of the protocol
  std::uint64_t group = 0;     ///< its name
  std::uint64_t policy = 0;
  std::uint64_t not_allowed = 0;  ///< by gmcast.allowed
  std::uint64_t host = 0;         ///< `host::admit` said no
  std::uint64_t frames = 0;       ///< sent what no node sends, or not then
  std::uint64_t crowded = 0;      ///< too many that had not greeted, at once or lately: not listened to
  std::uint64_t timed_out = 0;    ///< no greeting within handshake.timeout
  std::uint64_t by_peer = 0;      ///< the other side refused this node
  std::uint64_t other = 0;        ///< a connection that broke, most often
};

/// Counters and gauges since `join`. Bytes are payload bytes unless said otherwise.
struct metrics {
  bool primary = false;
  bool leader = false;
  std::uint64_t epoch = 0, view_number = 0, members = 0;
  position_t held = 0, committed = 0, delivered = 0, stable = 0;
  std::uint64_t broadcast_messages = 0, broadcast_bytes = 0;
  std::uint64_t delivered_messages = 0, delivered_bytes = 0;
  std::uint64_t in_flight_bytes = 0, window_bytes = 0;
  std::uint64_t backlog_bytes = 0;  ///< committed, and beyond the queue of `receive` (gcs.fc_limit)
  bool throttled = false;  ///< broadcasts wait: for somebody's application, or for the history window
  std::uint64_t links_up = 0, links_refused = 0, dials_failed = 0;
  refusals refused;                 ///< `links_refused` by reason
  std::uint64_t links_dropped = 0;  ///< that were up, by a check made again, or for what the peer sent
  std::uint64_t reloads = 0, reloads_failed = 0;  ///< of certificates, while running
  /// In seconds since 1970 (UTC), 0 = not known or never: the end of this node's certificate, the first end
  /// among the peers' that it has links with, the first end of a trust anchor that one of these has been
  /// signed by, and when members with half of the weight have no certificate any more, or none that counts.
  /// The log tells 30, 7 and 1 day ahead, as does the event `expiry`.
  std::int64_t certificate_ends = 0, peer_certificates_end = 0, anchors_end = 0, quorum_ends = 0;
  std::uint64_t elections = 0, refused_messages = 0, fetches = 0;
  std::uint64_t mesh_incomplete =
      0;  ///< at the leader: joiners kept out now by a missing link (the log names it)
};

enum class log_level { error, warning, info, debug };

/// Who asks for a link with this node: it has passed every check that the options ask for. What is said of
/// its certificate is empty in a plaintext group.
struct peer {
  std::string name;                ///< of the member
  std::string address;             ///< host:port of the connection, as this node sees it
  std::string subject, issuer;     ///< RFC 2253
  std::vector<std::string> names;  ///< SAN DNS and URI names; the common name where there is none of these
  std::string serial;              ///< hex
  std::string fingerprint;         ///< SHA-256, lower-case hex
  std::int64_t expires = 0;        ///< seconds since 1970 (UTC)
};

/// What the host may hook into. All are called from our threads, several at once, and must not block.
struct host {
  std::function<void(log_level, std::string_view)> log{};  ///< one line at a time; default: standard error
  /// The host's own allow list, asked before a link comes up and again when certificates are reloaded:
  /// nothing lets the peer in, a sentence keeps it out and is told to both sides. Default: whoever passed may
  /// come in. One that throws keeps the peer out.
  std::function<std::optional<std::string>(const peer&)> admit{};
  /// The passphrase of the encrypted private key in this file, where `socket.ssl_password_file` is not set;
  /// empty = not known. Asked by `join` and by each reload. What it returns is kept no longer than needed.
  std::function<std::string(std::string_view key_file)> passphrase{};
};

/// A stay in a group. Movable, not copyable; destroying it without `leave` is like a crash of this member,
/// but orderly for this process. Every member may be called from any thread; `receive` from one at a time.
class group {
 public:
  /// Opens the listening port and starts joining in the background. What this node missed is delivered first,
  /// then the view that admits it; or a farewell.
  /// With option `pc.wait_prim` (default yes) it blocks until the first view, at most `pc.wait_prim_timeout`
  /// (or until so much was caught up on before that view that it must be received first). Errors: bad_file,
  /// bad_certificate, bad_option, address_in_use, bad_address, name_in_use, refused, state_transfer_needed,
  /// timed_out (the text says what each peer answered).
  static result<group> join(const config& options, std::optional<recovered_position> recovered = std::nullopt,
                            host hooks = {});

  group(group&&) noexcept;
  group& operator=(group&&) noexcept;
  ~group();

  /// Copies `payload` and queues it for total order; never blocks. Errors: not_primary, window_full,
  /// payload_too_large, refused (this node is an arbitrator), closed.
  result<ticket_t> broadcast(std::span<const std::byte> payload);
  /// The same for many, all or none: tickets are the returned one and its successors.
  result<ticket_t> broadcast(std::span<const std::span<const std::byte>> payloads);
  /// Blocks until a broadcast of `bytes` would fit the send window, at most `timeout`. Errors: not_primary,
  /// timed_out, closed.
  result<void> wait_writable(std::size_t bytes, std::chrono::milliseconds timeout);

  /// The next event; blocks. Asking says that the event before is done with. Nothing after a farewell.
  std::optional<event> receive();
  /// The same with a limit: nothing when `timeout` passed (or after a farewell: see `closed`).
  std::optional<event> receive(std::chrono::milliseconds timeout);

  /// Leaves once every accepted broadcast is ordered; at most `timeout`, then as if crashed. The farewell
  /// comes through `receive`.
  result<void> leave(std::chrono::milliseconds timeout = std::chrono::seconds(10));
  /// A position that covers everything committed anywhere before this call, confirmed by a quorum. Deliver
  /// up to it, then read: linearizable. Errors: not_primary, timed_out, closed.
  result<position_t> fence(std::chrono::milliseconds timeout = std::chrono::seconds(10));

  /// Makes this member, which has no quorum, and those that it reaches the group: `pc.bootstrap` at run time.
  /// For an operator who knows that the others are gone for good. It is the one call that can make two
  /// primaries: if the others live after all, what they commit is void from here on, and once they see this
  /// side again they part with state_transfer_needed (or join it, where they have nothing of their own). The
  /// view number rises by 2^32. Errors: refused (this member is primary, or not in a group, or a member in
  /// reach has more: the text says which), timed_out, closed.
  result<void> force_primary(std::chrono::milliseconds timeout = std::chrono::seconds(10));
  /// Gives the member called `name` (this one or another) the weight 0 to 255 in every quorum from a new view
  /// on; 0 makes it an observer, which gets everything and never counts. A weight that rises from 0 is in
  /// force by a second view, once its member has caught up. Blocks until the first of these views is
  /// committed, at most `timeout`. Errors: bad_option (no such member), refused (no weight would be left),
  /// not_primary, timed_out (it may still come), closed.
  result<void> set_weight(std::string_view name, unsigned weight,
                          std::chrono::milliseconds timeout = std::chrono::seconds(10));

  /// Removes the member called `name` now, and bans that name from joining until `allow`. It is told first
  /// and gives up being primary; one that does not answer is removed when its lease has run out. Its
  /// application gets a farewell (errc::evicted) with this node's name and `why` (at most 255 bytes). Blocks
  /// until the view is committed, at most `timeout`. Errors: bad_option (no such member), refused (nobody who
  /// has the data and counts would be left; too many bans), not_primary, timed_out (it may still come),
  /// closed.
  result<void> evict(std::string_view name, std::string_view why,
                     std::chrono::milliseconds timeout = std::chrono::seconds(10));
  /// Lifts the ban on `name`. Errors: not_primary, timed_out, closed.
  result<void> allow(std::string_view name, std::chrono::milliseconds timeout = std::chrono::seconds(10));

  /// Changes an option while the node runs.
  ///
  /// Of the whole group: `socket.ssl` (no to yes, never back within a history), `socket.ssl_cipher`,
  /// `_groups`, `_min_version`, `_max_version`, `_profile`, `_identity`, `_rekey`, `_compression`, and
  /// `gcs.fc_policy`.
  /// Blocks until the change is in force at all members or has come to nothing (see `policy`), at most
  /// `timeout`. Each member needs what the change takes before: files, above all. Errors: bad_option,
  /// bad_file, bad_certificate (this node cannot), refused (the text names the member that cannot, and why),
  /// not_primary, timed_out (it may still come), superseded (others went on changing the policy), closed.
  /// What several members ask for at the same time is all in force in the end; of one option, one of the
  /// values.
  ///
  /// Of this node: `socket.ssl_cert`, `_key`, `_ca` and `_crl` are files that the next reload reads, or the
  /// next change of the group. `socket.ssl_reload=1` reads these files again. All of it is checked first, and
  /// what is wrong leaves the old ones in force. Then each peer is judged by the new ones (who is revoked, or
  /// no longer has an anchor, loses its link at once) and each link is made anew beside the old one, one
  /// after the other, within about 12 s; the view does not change and no message is lost. Other anchors in
  /// `socket.ssl_ca` are a change of the whole group, as above: they have to be on file at all members.
  /// `socket.ssl_watch=yes|no` does so by itself whenever one of these files changes.
  /// `gmcast.allowed`, `handshake.timeout` and `handshake.pending_max` are in force for everybody who comes
  /// from now on; a peer that has a link and is not allowed any more loses it.
  /// Errors: bad_option (not known, or not to be changed while running), bad_file, bad_certificate, refused
  /// (a plaintext group has no certificates), closed.
  result<void> set_option(std::string_view key, std::string_view value,
                          std::chrono::milliseconds timeout = std::chrono::seconds(30));
  /// The same for several options of the group at once, `key=value; key=value`; `is_trial`: everything but
  /// the last step, so that nothing changes. `socket.ssl_anchors=file` stands for the anchors that this node
  /// has on file. Answers in words for people.
  result<std::string> change_policy(std::string_view options, bool is_trial = false,
                                    std::chrono::milliseconds timeout = std::chrono::seconds(30));

  [[nodiscard]] bool closed() const noexcept;
  /// The newest delivered view, with `primary` as it is now; nothing before the first.
  [[nodiscard]] std::optional<view> current_view() const;
  /// The link matrix, newest word: for each ordered pair of members of `current_view` one cell, row by row.
  [[nodiscard]] std::vector<link_row> links() const;
  [[nodiscard]] hauberk::metrics metrics() const;
  /// The port listened on (useful with port 0).
  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  class impl;
  explicit group(std::unique_ptr<impl> inside) noexcept;
  std::unique_ptr<impl> impl_;
};

}  // namespace hauberk
