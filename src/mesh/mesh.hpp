// Whom to dial and which links may stay: the full mesh between the processes of a group, decided without
// I/O, clock or thread. Addresses come from the option `gmcast.peers` and from what linked peers tell.
// Between any two processes one link stays: of two crossed dials the one dialled by the smaller process id,
// of two in the same direction the newer. The process with the smaller id decides and closes the loser; its
// `peers`, the first frame on the link it uses, tells the other one. So both use the same link, and each
// announces it to its replica (`peer_up`) before any frame that the other's replica sends on it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "hauberk/error.hpp"
#include "mesh/messages.hpp"

namespace hauberk::mesh {

using base::time_point;
using connection_id = std::uint64_t;

/// Links and dials share one space of numbers: the link that a dial makes is known by the dial's token with
/// the highest bit set, so whoever sees a link knows the address that led to it. Tokens are never reused;
/// those of the mesh count up from 1.
[[nodiscard]] constexpr connection_id id_of_dial(std::uint64_t token) {
  return token | std::uint64_t{1} << 63;
}

// Words that one side's mesh or link says when it closes and the other side's mesh understands.
inline constexpr std::string_view words_itself = "this node itself";
inline constexpr std::string_view words_duplicate = "duplicate link";

struct settings {
  uuid self;
  std::vector<std::string> seeds;                            ///< host:port from gmcast.peers
  base::duration retry_min = std::chrono::milliseconds(50);  ///< first pause between dials of one address
  base::duration retry_max = std::chrono::seconds(1);        ///< doubles up to this, with jitter
};

/// What links may be made by, as digests: the policy in force, and while the group changes it, the one to
/// come.
struct policies {
  std::string active;
  std::optional<std::string> prepared = std::nullopt;

  bool operator==(const policies&) const = default;
};

enum class failure { refused, unreachable, timed_out, unresolved, rejected };

// ---- effects ----
struct dial {
  std::uint64_t token = 0;
  std::string address;
  bool prepared = false;  ///< by the policy that is prepared, not by the one in force
};
struct close_link {
  connection_id id = 0;
  hauberk::error why;
};
/// The one link to this process is now `id`: tell the replica.
struct peer_up {
  uuid process;
  std::string name;
  connection_id id = 0;
};
struct peer_down {
  uuid process;
};
/// The process's address refuses connections, or answers as another process: evidence of death.
struct peer_refused {
  uuid process;
};
/// Send to this connection, ahead of what the replica says after the `peer_up` that follows.
struct tell {
  connection_id id = 0;
  peers what;
};
using effect = std::variant<dial, close_link, peer_up, peer_down, peer_refused, tell>;

class mesh {
 public:
  mesh(settings how, std::uint64_t seed, base::logger words);
  mesh(mesh&&) noexcept;
  mesh& operator=(mesh&&) noexcept;
  ~mesh();

  void start(time_point now);
  void add_seeds(time_point now, const std::vector<std::string>& addresses);
  /// A greeted link. `remote` is the peer's host as seen by the socket (used when its hello has no host).
  /// `material` numbers the certificates that this side used (see `renew`); its policy is the hello's.
  void handle_up(time_point now, connection_id id, bool dialled, const std::string& remote, const hello& peer,
                 std::uint64_t material = 0);
  void handle_down(time_point now, connection_id id, const hauberk::error& why);
  /// A dial that never became a greeted link (`rejected`: connected, but TLS or hello failed).
  void handle_dial_failed(time_point now, std::uint64_t token, failure why, const std::string& text);
  /// Carry out the effects before the next frame of this link is looked at: it may be the one in use from now
  /// on.
  void handle_peers(time_point now, connection_id id, const peers& told);
  void handle_time(time_point now);
  /// Certificates were loaded again, as number `material`: each link made with older ones is replaced by a
  /// new one, make before break, one after the other, and not before it is some seconds old. Tried until it
  /// is done.
  void renew(time_point now, std::uint64_t material);
  /// The same for one link, whose keys have been used enough.
  void renew_link(time_point now, connection_id id);
  /// From now on links are made by these, and by no other. While one is prepared, every link is replaced by
  /// one made by that, make before break, as soon as the other side takes it. What then becomes active needs
  /// nothing more, and links by what was active before end at once. If instead nothing is prepared any more,
  /// all move back in the same way. Before the first call any policy will do.
  void use_policies(time_point now, policies which);
  /// No longer a member: stop dialling its address unless it is a seed.
  void forget(time_point now, uuid process);

  [[nodiscard]] std::optional<effect> next_effect();
  [[nodiscard]] time_point next_deadline() const;
  [[nodiscard]] std::optional<connection_id> connection_of(uuid process) const;
  [[nodiscard]] std::optional<uuid> process_of(connection_id id) const;
  /// The link in use to `process` was made by the policy with this digest.
  [[nodiscard]] bool is_linked_by(const uuid& process, const std::string& policy) const;
  /// Why the last dial to `process`, or its last link, came to nothing, for people; may be empty.
  [[nodiscard]] std::string trouble_with(const uuid& process) const;
  /// Last reason why each address could not be linked, for `join` that times out: lines for people.
  [[nodiscard]] std::vector<std::string> troubles() const;

 private:
  struct machine;
  std::unique_ptr<machine> machine_;
};

}  // namespace hauberk::mesh
