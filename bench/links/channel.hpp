// One direction of one loopback TCP connection, in the ways that link_bench compares: what a program would
// write itself (plain TCP, OpenSSL on the socket, asio::ssl::stream) and ours. All are blocking; the sender
// runs on the benchmark's thread, the receiver on one of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "support/scratch.hpp"
#include "tls/context.hpp"
#include "wire/codec.hpp"

struct ssl_ctx_st;

namespace hauberk::bench {

/// How the bytes are cut. Gathered: messages are collected up to `batch_bytes` before each write.
struct shape {
  std::size_t message_bytes = 1024;
  std::size_t batch_bytes = 0;  ///< 0 = every message on its own
  bool is_text = false;
  wire::compression compression{};

  [[nodiscard]] std::size_t write_bytes() const {
    return batch_bytes <= message_bytes ? message_bytes : batch_bytes / message_bytes * message_bytes;
  }
};

/// A cipher list as OpenSSL and we understand it; empty = no TLS.
struct cipher {
  std::string label, list;
  bool is_tls12 = false;
};

class channel {
 public:
  virtual ~channel() = default;
  /// Sends `writes` times `shape::write_bytes`; all of it has been given to the socket on return.
  virtual void send(std::size_t writes) = 0;
  virtual void end() noexcept = 0;
  /// Payload bytes that came; blocks for at least one; 0 = the end.
  virtual std::size_t receive() = 0;
};

struct sockets {
  boost::asio::ip::tcp::socket client, server;
};
/// Connected over 127.0.0.1, without Nagle's delay.
[[nodiscard]] sockets connect_pair(boost::asio::io_context& io);

/// Certificates for both ends, and OpenSSL contexts that demand as much of the peer as ours do.
class materials {
 public:
  materials();
  [[nodiscard]] tls::context ours(const cipher& what, bool is_client) const;
  /// The caller frees it.
  [[nodiscard]] ssl_ctx_st* openssl(const cipher& what, bool is_client) const;

 private:
  scratch folder_;
  authority authority_;
  tls::pair_files client_, server_;
};

[[nodiscard]] std::unique_ptr<channel> make_tcp(const shape& how);
[[nodiscard]] std::unique_ptr<channel> make_openssl(const shape& how, const cipher& what,
                                                    const materials& from);
[[nodiscard]] std::unique_ptr<channel> make_asio(const shape& how, const cipher& what, const materials& from);
/// Without a cipher: the plaintext group mode.
[[nodiscard]] std::unique_ptr<channel> make_link(const shape& how, const cipher& what, const materials& from);

/// Connect, mutually authenticated handshake, close; the contexts are made once.
class greeter {
 public:
  virtual ~greeter() = default;
  virtual void greet() = 0;
};
[[nodiscard]] std::unique_ptr<greeter> make_openssl_greeter(const cipher& what, const materials& from);
/// With both hellos: until the link is up at both ends.
[[nodiscard]] std::unique_ptr<greeter> make_link_greeter(const cipher& what, const materials& from);

}  // namespace hauberk::bench
