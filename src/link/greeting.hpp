// The checks that a peer's hello has to pass before the link carries anything for the group.
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

/// Bytes that a peer sent, fit for one line of a log: control characters become '?', at most `most` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 1024);

}  // namespace hauberk::link
