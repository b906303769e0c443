// From OpenSSL's objects to the plain data of inspect.hpp; stays inside the room.
#pragma once

#include "tls/inspect.hpp"
#include "tls/openssl.hpp"

namespace hauberk::tls {

[[nodiscard]] certificate_card card_of(X509* from);
[[nodiscard]] crl_card card_of(X509_CRL* from);

}  // namespace hauberk::tls
