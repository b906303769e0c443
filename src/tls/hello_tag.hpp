// A name in the clear at the front of a TLS connection, by which a server with several contexts knows which
// of them the client means: the protocol name of ALPN (RFC 7301), that the server reads and never answers.
// Stays inside the room.
#pragma once

#include <string>

#include "tls/openssl.hpp"

namespace hauberk::tls {

/// All our tags begin so; what else a ClientHello lists is nothing to us.
inline constexpr std::string_view tag_prefix = "hauberk/";

struct hello_tag {
  bool is_wanted = false;  ///< the handshake is to stop once it is read
  std::string text;
};

void send_tag(SSL* client, const std::string& tag);

/// OpenSSL's callback for a ClientHello; wants the `findings` as app data of the SSL object.
int read_tag(SSL* server, int* alert, void*) noexcept;

}  // namespace hauberk::tls
