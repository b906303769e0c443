#include "net/listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "mesh/address.hpp"
#include "net/connection.hpp"

namespace hauberk::net {
namespace {

using namespace std::chrono_literals;

constexpr base::duration pause_after_trouble = 100ms;
constexpr base::duration words_every = 10s;
constexpr int accepts_max = 16;  // in a row
// When nearly all of these were turned away: so many a second cost a few percent of a core, and the rest
// waits in the kernel, which is good at it.
constexpr base::duration pause_in_flood = 4ms;

}  // namespace

listener::listener(hub& shared, asio::io_context& context)
    : hub_(shared),
      context_(context),
      strand_(asio::make_strand(context)),
      acceptor_(strand_),
      timer_(strand_) {}

result<void> listener::open(const tcp::endpoint& at, const std::string& written, bool also_v4) {
  const auto failed = [&](errc code, const std::string& why) {
    return hauberk::error(code, "cannot listen on " + written + ": " + why);
  };
  const int fd = ::socket(at.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (fd < 0) return failed(errc::bad_address, std::system_category().message(errno));
  boost::system::error_code problem;
  acceptor_.assign(at.protocol(), fd, problem);
  if (problem) {
    ::close(fd);
    return failed(errc::internal, problem.message());
  }
  boost::system::error_code ignored;
  acceptor_.set_option(tcp::acceptor::reuse_address(true), ignored);
  if (at.protocol() == tcp::v6()) acceptor_.set_option(asio::ip::v6_only(!also_v4), ignored);
  if (hub_.how.receive_buffer_bytes > 0) {  // accepted sockets inherit them, and the window with them
    acceptor_.set_option(socket::receive_buffer_size(hub_.how.receive_buffer_bytes), ignored);
  }
  if (hub_.how.send_buffer_bytes > 0) {
    acceptor_.set_option(socket::send_buffer_size(hub_.how.send_buffer_bytes), ignored);
  }
  acceptor_.non_blocking(true, ignored);
  acceptor_.bind(at, problem);
  if (!problem) acceptor_.listen(asio::socket_base::max_listen_connections, problem);
  if (!problem) return {};
  acceptor_.close(ignored);
  if (problem == asio::error::address_in_use) {
    return failed(errc::address_in_use,
                  "another program has that port; stop it or set another gmcast.listen_addr");
  }
  if (problem == asio::error::access_denied) {
    return failed(errc::bad_address, problem.message() + "; ports below 1024 need privileges");
  }
  return failed(errc::bad_address, problem.message() + "; use an address of this host, or 0.0.0.0");
}

void listener::start() {
  asio::dispatch(strand_, [self = shared_from_this()] { self->wait(); });
}

void listener::stop() {
  asio::dispatch(strand_, [self = shared_from_this()] {
    self->is_stopped_ = true;
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->timer_.cancel();
  });
}

std::uint16_t listener::port() const {
  boost::system::error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

void listener::wait() {
  if (is_stopped_) return;
  acceptor_.async_wait(tcp::acceptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code&) { self->accept(); });
}

void listener::accept() {
  int welcome = 0;
  for (int i = 0; i < accepts_max && !is_stopped_; ++i) {
    tcp::endpoint remote;
    auto size = static_cast<socklen_t>(remote.capacity());
    const int fd = ::accept4(acceptor_.native_handle(), remote.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      remote.resize(size);
      welcome += admit(fd, remote) ? 1 : 0;
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return wait();
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;  // that one's trouble only
    say_rarely(trouble_, std::string("net: cannot accept a connection now: ") +
                             std::system_category().message(errno) + "; trying again");
    return pause(pause_after_trouble);
  }
  welcome > 0 ? wait() : pause(pause_in_flood);
}

void listener::pause(base::duration span) {
  if (is_stopped_) return;
  set(timer_, transport::now() + span);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->accept(); });
}

bool listener::admit(int fd, const tcp::endpoint& remote) {
  const door::verdict answer = hub_.entry.admit(remote.address(), transport::now());
  if (answer != door::verdict::come_in) {
    ::close(fd);
    const std::string who = "net: refused a connection from " + text_of(remote) + ": ";
    if (answer == door::verdict::not_allowed)
      say_rarely(uninvited_, who + "its address is not in gmcast.allowed");
    else if (answer == door::verdict::crowded)
      say_rarely(crowd_, who + "too many connections that have not greeted yet (handshake.pending_max)");
    else
      say_rarely(crowd_, who + "too many connections that came to nothing lately (handshake.pending_max)");
    return false;
  }
  socket accepted(asio::make_strand(context_));
  boost::system::error_code problem;
  accepted.assign(remote.protocol(), fd, problem);
  if (problem) {
    ::close(fd);
    hub_.entry.release(remote.address(), false);
    return false;
  }
  const connection_id id = hub_.next_inbound();
  const auto made = std::make_shared<connection>(hub_, std::move(accepted), remote, id, 0);
  hub_.add(id, made);
  made->start();
  return true;
}

// A flood must not become a flood of words.
void listener::say_rarely(topic& about, const std::string& line) {
  const base::time_point now = transport::now();
  ++about.unsaid;
  if (about.said_last != base::time_point{} && now - about.said_last < words_every) return;
  hub_.words(base::level::warning,
             about.unsaid > 1 ? line + " (" + std::to_string(about.unsaid) + " times)" : line);
  about.said_last = now;
  about.unsaid = 0;
}

result<std::vector<tcp::endpoint>> endpoints_of(asio::io_context& context, const std::string& written) {
  const auto parts = mesh::split_address(written);
  if (!parts) {
    return hauberk::error(errc::bad_address,
                          "cannot listen on " + written + ": expected host:port, such as 0.0.0.0:4567");
  }
  if (parts->host.empty() || parts->host == "*") {
    return std::vector<tcp::endpoint>{{asio::ip::address_v4::any(), parts->port}};
  }
  boost::system::error_code problem;
  const auto numeric = asio::ip::make_address(parts->host, problem);
  if (!problem) return std::vector<tcp::endpoint>{{numeric, parts->port}};
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(parts->host, std::to_string(parts->port),
                                      tcp::resolver::numeric_service | tcp::resolver::passive, problem);
  if (problem) {
    return hauberk::error(errc::bad_address, "cannot listen on " + written +
                                                 ": the name cannot be resolved: " + problem.message());
  }
  std::vector<tcp::endpoint> all;
  for (const auto& each : found) all.push_back(each.endpoint());
  return all;
}

}  // namespace hauberk::net
