#include "loopback/net/raw_socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace hauberk::net::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

int connect_to(int fd, std::uint16_t port) {
  const sockaddr_in at = loopback(port);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
}

int listen_anywhere(int backlog, std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  if (backlog >= 0) {
    EXPECT_EQ(::listen(fd, backlog), 0);
  }
  socklen_t size = sizeof at;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size), 0);
  port = ntohs(at.sin_port);
  return fd;
}

// Moves what there is; false at the end of either side or when the budget is used up.
bool carry(int from, int to, std::size_t& budget) {
  char bytes[4096];
  const ssize_t count = ::recv(from, bytes, std::min(sizeof bytes, budget), 0);
  if (count <= 0) return false;
  budget -= static_cast<std::size_t>(count);
  return ::send(to, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count && budget > 0;
}

}  // namespace

raw_socket::raw_socket(const std::string& from) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  EXPECT_GE(fd_, 0);
  const timeval patience{20, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (from.empty()) return;
  sockaddr_in at = loopback(0);
  EXPECT_EQ(::inet_pton(AF_INET, from.c_str(), &at.sin_addr), 1);
  EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
}

bool raw_socket::connect(std::uint16_t port) { return connect_to(fd_, port) == 0; }

void raw_socket::send(std::string_view bytes) {
  (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);  // the other side may be gone: that is a test
}

std::string raw_socket::read_some() {
  char bytes[4096];
  const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
  return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
}

std::string raw_socket::read_to_end(bool& ended) {
  std::string all;
  for (;;) {
    char bytes[4096];
    const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) {
      ended = count == 0 || errno == ECONNRESET;
      return all;
    }
    all.append(bytes, static_cast<std::size_t>(count));
  }
}

bool raw_socket::is_ended() {
  char byte;
  const ssize_t count = ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

void raw_socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void raw_socket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(listen_anywhere(-1, port));
  return port;
}

dead_end::dead_end() {
  listener_ = listen_anywhere(0, port_);
  for (int& each : fillers_) {
    each = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)connect_to(each, port_);
  }
}

dead_end::~dead_end() {
  for (const int each : fillers_) ::close(each);
  ::close(listener_);
}

go_between::go_between(std::uint16_t port, std::size_t bytes) : listener_(listen_anywhere(4, port_)) {
  thread_ = std::thread([this, port, bytes] { run(port, bytes); });
}

go_between::~go_between() {
  is_stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void go_between::run(std::uint16_t to, std::size_t bytes) const {
  pollfd door{listener_, POLLIN, 0};
  while (::poll(&door, 1, 10) == 0) {
    if (is_stopping_) return;
  }
  const int here = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const int there = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool goes_on = connect_to(there, to) == 0;
  while (goes_on && !is_stopping_) {
    pollfd both[2] = {{here, POLLIN, 0}, {there, POLLIN, 0}};
    if (::poll(both, 2, 10) <= 0) continue;
    if (both[0].revents != 0) goes_on = carry(here, there, bytes);
    if (goes_on && both[1].revents != 0) goes_on = carry(there, here, bytes);
  }
  ::close(here);
  ::close(there);
}

}  // namespace hauberk::net::test
