#include "net/sockets.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include "mesh/address.hpp"

namespace hauberk::net {

std::string host_of(const tcp::endpoint& at) {
  const asio::ip::address address = at.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

std::string text_of(const tcp::endpoint& at) { return mesh::join_address(host_of(at), at.port()); }

boost::system::error_code open(socket& made, const tcp::endpoint& to, const settings& how) {
  const int fd = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return {errno, boost::system::system_category()};
  boost::system::error_code problem;
  made.assign(to.protocol(), fd, problem);
  if (problem) {
    ::close(fd);
    return problem;
  }
  boost::system::error_code ignored;  // the kernel's own sizes are no reason not to connect
  if (how.receive_buffer_bytes > 0) {
    made.set_option(socket::receive_buffer_size(how.receive_buffer_bytes), ignored);
  }
  if (how.send_buffer_bytes > 0) {
    made.set_option(socket::send_buffer_size(how.send_buffer_bytes), ignored);
  }
  return {};
}

void prepare(socket& connected) {
  boost::system::error_code ignored;  // a socket that is dead already says so when it is read
  connected.set_option(tcp::no_delay(true), ignored);
  connected.non_blocking(true, ignored);
}

void set(timer& alarm, base::time_point when) {
  const auto pause = std::max(base::duration::zero(), when - transport::now());
  // The steady clock does not like `never`; nothing of ours is that far away.
  alarm.expires_after(std::min<base::duration>(pause, std::chrono::hours(24)));
}

}  // namespace hauberk::net
