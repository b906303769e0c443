#include "tool/caller.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/options.hpp"

namespace hauberk::tool {
namespace {

using std::chrono::steady_clock;

constexpr std::uint16_t usual_port = 4567;

int milliseconds_until(steady_clock::time_point until) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// Whether `file` is ready for `what` by then.
bool is_ready(int file, short what, steady_clock::time_point until) {
  pollfd watched = {file, what, 0};
  for (;;) {
    const int count = ::poll(&watched, 1, milliseconds_until(until));
    if (count >= 0 || errno != EINTR) return count > 0;
  }
}

/// A connected socket, or -1 with the reason as errno.
int connect_to(const addrinfo& where, steady_clock::time_point until) {
  const int file = ::socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) return -1;
  int reason = ::connect(file, where.ai_addr, where.ai_addrlen) == 0 ? 0 : errno;
  if (reason == EINPROGRESS) {
    socklen_t size = sizeof reason;
    if (!is_ready(file, POLLOUT, until)) {
      reason = ETIMEDOUT;
    } else if (::getsockopt(file, SOL_SOCKET, SO_ERROR, &reason, &size) != 0) {
      reason = errno;
    }
  }
  if (reason == 0) return file;
  ::close(file);
  errno = reason;
  return -1;
}

}  // namespace

result<caller> caller::dial(const std::string& address, std::chrono::milliseconds patience) {
  const auto where = base::options::parse_address(address);
  if (!where || where->host.empty() || where->host == "*")
    return error(errc::bad_address, "'" + address + "': expected host or host:port, IPv6 in brackets");
  const auto until = steady_clock::now() + patience;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(where->port.value_or(usual_port));
  if (const int why = ::getaddrinfo(where->host.c_str(), port.c_str(), &wanted, &found); why != 0)
    return error(errc::bad_address, "'" + where->host + "': " + ::gai_strerror(why));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  int reason = EHOSTUNREACH;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int file = connect_to(*each, until);
    if (file >= 0) return caller(file, until);
    reason = errno;
  }
  return error(reason == ETIMEDOUT ? errc::timed_out : errc::refused, std::strerror(reason));
}

caller::caller(caller&& other) noexcept : file_(std::exchange(other.file_, -1)), until_(other.until_) {}

caller::~caller() {
  if (file_ >= 0) ::close(file_);
}

void caller::set_patience(std::chrono::milliseconds patience) { until_ = steady_clock::now() + patience; }

result<void> caller::wait(short what) const {
  if (is_ready(file_, what, until_)) return {};
  return error(errc::timed_out, "the peer did not answer in time");
}

result<void> caller::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (count < 0 && errno == EAGAIN) {
      if (auto ready = wait(POLLOUT); !ready) return ready;
    } else if (count == 0 || errno != EINTR) {
      return error(errc::closed, std::string("the connection broke: ") + std::strerror(errno));
    }
  }
  return {};
}

result<std::size_t> caller::receive(std::span<std::byte> into) {
  for (;;) {
    const ssize_t count = ::recv(file_, into.data(), into.size(), 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) return error(errc::closed, "the peer closed the connection");
    if (errno == EAGAIN) {
      if (auto ready = wait(POLLIN); !ready) return ready.error();
    } else if (errno != EINTR) {
      return error(errc::closed, std::string("the connection broke: ") + std::strerror(errno));
    }
  }
}

}  // namespace hauberk::tool
