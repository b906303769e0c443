// What the mesh says: the greeting that opens every link, and where other peers can be reached.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/list_id.hpp"
#include "hauberk/types.hpp"

namespace hauberk::mesh {

/// First frame in each direction. A link is up only when both sides have accepted the other's.
struct hello {
  std::uint32_t protocol_min = 0, protocol_max = 0;
  std::string group;
  std::string name;  ///< member name, bound to the certificate
  uuid process;
  std::string address;        ///< host:port where this process listens; empty host = "as you see me"
  std::string policy_digest;  ///< SHA-256 in hex over the policy as written
  std::string policy_text;    ///< the same policy, field by field, to explain a difference
  bool permits_plaintext = false;
  bool is_visitor = false;  ///< only has a request: never a member, so its policy does not matter
  std::int64_t clock = 0;   ///< the sender's calendar when it began: seconds since 1970 (UTC), 0 = not told
  std::vector<base::list_id> lists;  ///< revocation lists in force when it began; for `hauberk doctor`

  bool operator==(const hello&) const = default;
};
/// The dialling side's last word of the greeting: it has accepted the other's hello. (That hello itself says
/// that the dialling side's was accepted: see link.)
struct welcome {
  bool operator==(const welcome&) const = default;
};
/// Last frame before a link is closed on purpose: which check failed, expected and got.
struct goodbye {
  std::uint32_t reason = 0;  ///< an `errc`
  std::string text;

  bool operator==(const goodbye&) const = default;
};
/// A visitor asks a member to propose a policy to the group, as a change of the one in force; or for what it
/// knows of the members and their links.
struct visitor_request {
  std::string options;      ///< `key=value; key=value`
  bool is_trial = false;    ///< see what would come of it
  bool asks_links = false;  ///< for the link matrix instead

  bool operator==(const visitor_request&) const = default;
};
/// The last word of the answer: for a policy, when the group has decided.
struct visitor_answer {
  std::uint32_t reason = 0;  ///< an `errc`
  std::string text;

  bool operator==(const visitor_answer&) const = default;
};
/// A process that the sender has an up link with.
struct peer_address {
  uuid process;
  std::string name;
  std::string address;

  bool operator==(const peer_address&) const = default;
};
/// All of them: sent when a link comes up and when the set changes.
struct peers {
  std::vector<peer_address> known;

  bool operator==(const peers&) const = default;
};

/// What was agreed on for the link in use between the sender and `process`.
struct told_link {
  uuid process;
  std::string version;      ///< of TLS; empty = plaintext, as are the next two then
  std::string cipher;       ///< OpenSSL's name
  std::string group;        ///< of the key exchange; empty = not known
  std::string policy;       ///< the digest of the one that it was made by, 64 hexadecimal digits
  std::string fingerprint;  ///< SHA-256 of the certificate that `process` showed, the same; empty = none
  std::int64_t since = 0;   ///< when it came up by the sender's calendar: seconds since 1970 (UTC)

  bool operator==(const told_link&) const = default;
};
/// All of them, at most limits::members_max: the sender's row of the link matrix, told to every peer whenever
/// it changes. Information for people; nothing is decided by it.
struct link_report {
  std::vector<told_link> mine;

  bool operator==(const link_report&) const = default;
};
/// A visitor asks for the link matrix: this for every member, and then the answer.
struct member_report {
  uuid process;
  std::string name;
  std::string subject;             ///< of its certificate; empty, with all below, in a plaintext group
  std::vector<std::string> names;  ///< in it
  std::string fingerprint;         ///< SHA-256, 64 hexadecimal digits
  std::int64_t not_after = 0;      ///< seconds since 1970 (UTC)
  link_report links;               ///< its row; empty = it has told none

  bool operator==(const member_report&) const = default;
};
/// The revocation lists in force at the sender, one an issuer: sent when a link comes up and when they
/// change.
struct lists {
  std::vector<base::list_id> in_force;

  bool operator==(const lists&) const = default;
};
/// Asks for one of them.
struct list_request {
  std::string issuer;

  bool operator==(const list_request&) const = default;
};
/// The answer: the list as its CA signed it, in DER.
struct list_answer {
  base::buffer list;

  bool operator==(const list_answer&) const = default;
};

/// Clocks may be this far apart without a word; a greeting takes some seconds itself.
inline constexpr std::int64_t clock_seconds_most = 10;

/// "75 s ahead of ours", for a clock that is; nothing for one that agrees.
[[nodiscard]] inline std::string clock_words(std::int64_t ahead) {
  if (ahead >= -clock_seconds_most && ahead <= clock_seconds_most) return {};
  return std::to_string(ahead > 0 ? ahead : -ahead) + " s " + (ahead > 0 ? "ahead of" : "behind") + " ours";
}

}  // namespace hauberk::mesh
