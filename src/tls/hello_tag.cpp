#include "tls/hello_tag.hpp"

#include <vector>

#include "base/assert.hpp"
#include "tls/verify.hpp"

namespace hauberk::tls {

void send_tag(SSL* client, const std::string& tag) {
  HAUBERK_ASSERT(!tag.empty() && tag.size() <= 255, "ALPN names have 1 to 255 bytes");
  std::vector<unsigned char> list{static_cast<unsigned char>(tag.size())};
  list.insert(list.end(), tag.begin(), tag.end());
  HAUBERK_ASSERT(SSL_set_alpn_protos(client, list.data(), static_cast<unsigned>(list.size())) == 0,
                 "out of memory");
}

// The list: two bytes of length, then each name behind a byte of length. One that does not add up has no tag:
// OpenSSL refuses it a little later, in its own words.
int read_tag(SSL* server, int*, void*) noexcept {
  auto* found = static_cast<findings*>(SSL_get_app_data(server));
  if (found == nullptr || !found->tag.is_wanted) return SSL_CLIENT_HELLO_SUCCESS;
  found->tag.is_wanted = false;
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(server, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &size) ==
          1 &&
      size >= 2) {
    const std::string_view list(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    for (std::size_t at = 0; at < list.size();) {
      const auto count = static_cast<std::size_t>(static_cast<unsigned char>(list[at]));
      const std::string_view name = list.substr(at + 1, count);
      at += 1 + count;
      if (name.size() != count || !name.starts_with(tag_prefix)) continue;
      found->tag.text = name;
      break;
    }
  }
  return SSL_CLIENT_HELLO_RETRY;
}

}  // namespace hauberk::tls
