// The parts that all compared channels share.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <ctime>
#include <stdexcept>

#include "links/channel.hpp"

namespace hauberk::bench {

using boost::asio::ip::tcp;

sockets connect_pair(boost::asio::io_context& io) {
  tcp::acceptor acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  tcp::socket client(io);
  client.connect(acceptor.local_endpoint());
  tcp::socket server = acceptor.accept();
  client.set_option(tcp::no_delay(true));
  server.set_option(tcp::no_delay(true));
  return {std::move(client), std::move(server)};
}

materials::materials()
    : authority_(folder_), client_(authority_.issue("client")), server_(authority_.issue("server")) {}

tls::context materials::ours(const cipher& what, bool is_client) const {
  const tls::pair_files& own = is_client ? client_ : server_;
  tls::settings how;
  how.cert_file = own.cert;
  how.key_file = own.key;
  how.ca_file = authority_.cert();
  how.ciphers = what.list;
  auto made = tls::context::load(how, std::time(nullptr), {});
  if (!made) throw std::runtime_error(made.error().text);
  return std::move(made.value());
}

ssl_ctx_st* materials::openssl(const cipher& what, bool is_client) const {
  const tls::pair_files& own = is_client ? client_ : server_;
  SSL_CTX* made = SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
  const int version = what.is_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  const bool is_good = made != nullptr && SSL_CTX_set_min_proto_version(made, version) == 1 &&
                       SSL_CTX_set_max_proto_version(made, version) == 1 &&
                       (what.is_tls12 ? SSL_CTX_set_cipher_list(made, what.list.c_str())
                                      : SSL_CTX_set_ciphersuites(made, what.list.c_str())) == 1 &&
                       SSL_CTX_use_certificate_chain_file(made, own.cert.c_str()) == 1 &&
                       SSL_CTX_use_PrivateKey_file(made, own.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
                       SSL_CTX_load_verify_locations(made, authority_.cert().c_str(), nullptr) == 1 &&
                       SSL_CTX_set_num_tickets(made, 0) == 1;
  if (!is_good) {
    SSL_CTX_free(made);
    throw std::runtime_error("OpenSSL does not take " + what.label);
  }
  SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  return made;
}

}  // namespace hauberk::bench
