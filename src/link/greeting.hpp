// What a link says and checks before it carries anything for the group: the tag, and the peer's hello.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hauberk/error.hpp"
#include "mesh/messages.hpp"
#include "tls/check.hpp"
#include "tls/context.hpp"

namespace hauberk::link {

/// Why a hello is not accepted, in the words of this side ("here" is we) and of the other's.
struct refusal {
  errc code = errc::refused;
  std::string here, there;
  tls::check failed = tls::check::other;
};

/// What is known of the channel that a hello came through; both null on a plaintext link.
struct channel {
  const tls::context* ours = nullptr;
  const tls::certificate* peer = nullptr;
};

/// Nothing when `theirs` passes.
[[nodiscard]] std::optional<refusal> check_hello(const mesh::hello& mine, const mesh::hello& theirs,
                                                 const channel& through);

/// The lines in which two policies differ, for people: "key is X here and Y there; …", at most four of them
/// and then how many more. Empty: in none.
[[nodiscard]] std::string policy_difference(std::string_view here, std::string_view there);

/// What a dialler's ClientHello says in the clear, so that the accepting side knows which policy is meant.
/// The digest is cut: it need only tell two policies apart, and a stranger learns the less.
[[nodiscard]] std::string policy_tag(const mesh::hello& mine);

/// Bytes that a peer sent, fit for one line of a log: control characters become '?', at most `most` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 1024);

}  // namespace hauberk::link
