#include "tls/glimpse.hpp"

#include "base/assert.hpp"
#include "tls/cards.hpp"
#include "tls/openssl.hpp"

namespace hauberk::tls {

struct glimpse::machine {
  ssl_ctx_ptr rules;
  ssl_ptr connection;  ///< owns the two ends below
  BIO *in = nullptr, *out = nullptr;
  bool is_done = false;
};

glimpse::glimpse() : machine_(std::make_unique<machine>()) {
  machine& my = *machine_;
  my.rules.reset(SSL_CTX_new(TLS_client_method()));
  HAUBERK_ASSERT(my.rules != nullptr, "out of memory");
  // Whoever only looks takes what is offered, so that weak and strange things are seen, too.
  SSL_CTX_set_security_level(my.rules.get(), 0);
  SSL_CTX_set_min_proto_version(my.rules.get(), TLS1_VERSION);
  SSL_CTX_set_verify(my.rules.get(), SSL_VERIFY_NONE, nullptr);
  my.connection.reset(SSL_new(my.rules.get()));
  my.in = BIO_new(BIO_s_mem());
  my.out = BIO_new(BIO_s_mem());
  HAUBERK_ASSERT(my.connection != nullptr && my.in != nullptr && my.out != nullptr, "out of memory");
  BIO_set_mem_eof_return(my.in, -1);
  SSL_set_bio(my.connection.get(), my.in, my.out);
  SSL_set_connect_state(my.connection.get());
  handle_input({});
}

glimpse::glimpse(glimpse&&) noexcept = default;
glimpse& glimpse::operator=(glimpse&&) noexcept = default;
glimpse::~glimpse() = default;

std::vector<std::byte> glimpse::take_output() {
  std::vector<std::byte> made(BIO_ctrl_pending(machine_->out));
  std::size_t got = 0;
  if (!made.empty() && BIO_read_ex(machine_->out, made.data(), made.size(), &got) != 1) got = 0;
  made.resize(got);
  return made;
}

void glimpse::handle_input(std::span<const std::byte> bytes) {
  machine& my = *machine_;
  if (my.is_done) return;
  std::size_t taken = 0;
  ERR_clear_error();
  if (!bytes.empty() && BIO_write_ex(my.in, bytes.data(), bytes.size(), &taken) != 1) my.is_done = true;
  const int done = SSL_do_handshake(my.connection.get());
  const int why = SSL_get_error(my.connection.get(), done);
  my.is_done = my.is_done || done == 1 || (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE);
  ERR_clear_error();
}

bool glimpse::is_done() const { return machine_->is_done; }

std::vector<certificate_card> glimpse::chain() const {
  std::vector<certificate_card> made;
  const STACK_OF(X509)* all = SSL_get_peer_cert_chain(machine_->connection.get());
  for (int i = 0; i < sk_X509_num(all); ++i) made.push_back(card_of(sk_X509_value(all, i)));
  return made;
}

std::string glimpse::version() const {
  return chain().empty() ? std::string() : SSL_get_version(machine_->connection.get());
}

std::string glimpse::cipher() const {
  const SSL_CIPHER* agreed = SSL_get_current_cipher(machine_->connection.get());
  return agreed == nullptr ? std::string() : SSL_CIPHER_get_name(agreed);
}

}  // namespace hauberk::tls
