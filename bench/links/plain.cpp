// What a program would write without us: plain TCP, SSL_write and SSL_read on the socket, asio::ssl::stream.
// None of them frames anything. Gathering costs them one copy into the batch, as it would in real life.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <future>
#include <stdexcept>
#include <vector>

#include "links/channel.hpp"
#include "support/payload.hpp"

namespace hauberk::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t read_bytes = 256 * 1024;

struct ssl_free {
  void operator()(SSL* one) const { SSL_free(one); }
};
using ssl_ptr = std::unique_ptr<SSL, ssl_free>;

/// The next write's bytes: the message itself, or messages copied side by side.
class gatherer {
 public:
  explicit gatherer(const shape& how)
      : message_(make_payload(how.message_bytes, how.is_text)), batch_(how.write_bytes()) {}
  std::span<const std::byte> next() {
    if (batch_.size() == message_.size()) return message_;
    for (std::size_t at = 0; at < batch_.size(); at += message_.size())
      std::memcpy(batch_.data() + at, message_.data(), message_.size());
    return batch_;
  }

 private:
  std::vector<std::byte> message_, batch_;
};

/// Counts and throws away; the end of the stream, in whatever words, is 0.
class tcp_channel final : public channel {
 public:
  explicit tcp_channel(const shape& how) : pair_(connect_pair(io_)), from_(how) {}
  void send(std::size_t writes) override {
    for (std::size_t i = 0; i < writes; ++i) {
      const auto bytes = from_.next();
      asio::write(pair_.client, asio::buffer(bytes.data(), bytes.size()));
    }
  }
  void end() noexcept override {
    boost::system::error_code ignored;
    pair_.client.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  std::size_t receive() override {
    boost::system::error_code end;
    return pair_.server.read_some(asio::buffer(into_), end);
  }

 private:
  asio::io_context io_;
  sockets pair_;
  gatherer from_;
  std::vector<std::byte> into_ = std::vector<std::byte>(read_bytes);
};

class openssl_channel final : public channel {
 public:
  openssl_channel(const shape& how, const cipher& what, const materials& from)
      : pair_(connect_pair(io_)), from_(how) {
    client_ = make(from.openssl(what, true), pair_.client);
    server_ = make(from.openssl(what, false), pair_.server);
    auto accepted = std::async(std::launch::async, [this] { return SSL_accept(server_.get()); });
    const int connected = SSL_connect(client_.get());
    if (accepted.get() != 1 || connected != 1) throw std::runtime_error("handshake failed: " + what.label);
  }
  void send(std::size_t writes) override {
    for (std::size_t i = 0; i < writes; ++i) {
      const auto bytes = from_.next();
      if (SSL_write(client_.get(), bytes.data(), static_cast<int>(bytes.size())) !=
          static_cast<int>(bytes.size()))
        throw std::runtime_error("SSL_write failed");
    }
  }
  void end() noexcept override { SSL_shutdown(client_.get()); }
  std::size_t receive() override {
    const int count = SSL_read(server_.get(), into_.data(), static_cast<int>(into_.size()));
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

 private:
  static ssl_ptr make(SSL_CTX* context, asio::ip::tcp::socket& over) {
    ssl_ptr made(SSL_new(context));
    SSL_CTX_free(context);  // the connection keeps it
    SSL_set_fd(made.get(), static_cast<int>(over.native_handle()));
    return made;
  }

  asio::io_context io_;
  sockets pair_;
  gatherer from_;
  ssl_ptr client_, server_;
  std::vector<std::byte> into_ = std::vector<std::byte>(read_bytes);
};

class asio_channel final : public channel {
 public:
  asio_channel(const shape& how, const cipher& what, const materials& from)
      : pair_(connect_pair(io_)),
        client_context_(from.openssl(what, true)),
        server_context_(from.openssl(what, false)),
        client_(std::move(pair_.client), client_context_),
        server_(std::move(pair_.server), server_context_),
        from_(how) {
    auto accepted = std::async(std::launch::async, [this] { server_.handshake(stream::server); });
    client_.handshake(stream::client);
    accepted.get();
  }
  void send(std::size_t writes) override {
    for (std::size_t i = 0; i < writes; ++i) {
      const auto bytes = from_.next();
      asio::write(client_, asio::buffer(bytes.data(), bytes.size()));
    }
  }
  void end() noexcept override {
    boost::system::error_code ignored;
    client_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  std::size_t receive() override {
    boost::system::error_code end;
    return server_.read_some(asio::buffer(into_), end);
  }

 private:
  using stream = asio::ssl::stream<asio::ip::tcp::socket>;
  asio::io_context io_;
  sockets pair_;
  asio::ssl::context client_context_, server_context_;
  stream client_, server_;
  gatherer from_;
  std::vector<std::byte> into_ = std::vector<std::byte>(read_bytes);
};

class openssl_greeter final : public greeter {
 public:
  openssl_greeter(const cipher& what, const materials& from)
      : client_(from.openssl(what, true)), server_(from.openssl(what, false)) {}
  openssl_greeter(const openssl_greeter&) = delete;
  openssl_greeter& operator=(const openssl_greeter&) = delete;
  ~openssl_greeter() override {
    SSL_CTX_free(client_);
    SSL_CTX_free(server_);
  }
  // Both ends take turns on one thread: what counts is their work, not the scheduler's.
  void greet() override {
    sockets pair = connect_pair(io_);
    pair.client.native_non_blocking(true);
    pair.server.native_non_blocking(true);
    const ssl_ptr client(SSL_new(client_)), server(SSL_new(server_));
    SSL_set_fd(client.get(), static_cast<int>(pair.client.native_handle()));
    SSL_set_fd(server.get(), static_cast<int>(pair.server.native_handle()));
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
    for (bool is_done = false; !is_done;) {
      is_done = step(client.get());
      is_done = step(server.get()) && is_done;
    }
  }

 private:
  static bool step(SSL* one) {
    const int done = SSL_do_handshake(one);
    if (done == 1) return true;
    if (SSL_get_error(one, done) != SSL_ERROR_WANT_READ) throw std::runtime_error("handshake failed");
    return false;
  }
  asio::io_context io_;
  SSL_CTX *client_, *server_;
};

}  // namespace

std::unique_ptr<channel> make_tcp(const shape& how) { return std::make_unique<tcp_channel>(how); }
std::unique_ptr<channel> make_openssl(const shape& how, const cipher& what, const materials& from) {
  return std::make_unique<openssl_channel>(how, what, from);
}
std::unique_ptr<channel> make_asio(const shape& how, const cipher& what, const materials& from) {
  return std::make_unique<asio_channel>(how, what, from);
}
std::unique_ptr<greeter> make_openssl_greeter(const cipher& what, const materials& from) {
  return std::make_unique<openssl_greeter>(what, from);
}

}  // namespace hauberk::bench
