// Strangers: a bare client socket, a bare listener, and a go-between that cuts a link in mid-frame.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace hauberk::net::test {

/// A blocking TCP socket, for saying wrong things.
class raw_socket {
 public:
  /// `from` is the address that the other side sees, one of 127.0.0.0/8; empty = 127.0.0.1.
  explicit raw_socket(const std::string& from = {});
  raw_socket(raw_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~raw_socket() { close(); }

  [[nodiscard]] bool connect(std::uint16_t port);
  void send(std::string_view bytes);
  /// What there is, at least a byte; empty at the end.
  std::string read_some();
  /// Everything that comes until the other side closes or resets; `ended` false when 20 s were not enough.
  std::string read_to_end(bool& ended);
  /// True when the other side has closed or reset already.
  [[nodiscard]] bool is_ended();
  void close();
  void reset();  ///< closes without a word more: the other side sees the connection break

 private:
  int fd_;
};

/// A port on 127.0.0.1 that nobody listens on, as far as one can know.
std::uint16_t free_port();

/// Listens and never accepts; its queue is full, so that a further connect gets no answer.
class dead_end {
 public:
  dead_end();
  ~dead_end();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_ = -1, fillers_[4] = {-1, -1, -1, -1};
  std::uint16_t port_ = 0;
};

/// Carries bytes both ways between whoever connects and `port`; after `bytes` it drops both connections.
class go_between {
 public:
  go_between(std::uint16_t port, std::size_t bytes);
  ~go_between();
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  void run(std::uint16_t to, std::size_t bytes) const;

  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace hauberk::net::test
