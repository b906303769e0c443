// One listening socket. No error ends it: where the system is out of descriptors or memory it pauses and
// looks again a moment later, since an unaccepted connection would otherwise wake it without end. A flood
// that the door turns away is taken in small sips.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/hub.hpp"

namespace hauberk::net {

class listener : public std::enable_shared_from_this<listener> {
 public:
  listener(hub& shared, asio::io_context& context);

  /// Binds and listens; port 0 = any.
  result<void> open(const tcp::endpoint& at, const std::string& written, bool also_v4);
  void start();
  void stop();
  [[nodiscard]] std::uint16_t port() const;

 private:
  void wait();
  void accept();
  bool admit(int fd, const tcp::endpoint& remote);
  void pause(base::duration span);
  /// What is said again and again, of one kind.
  struct topic {
    base::time_point said_last{};
    unsigned unsaid = 0;
  };
  void say_rarely(topic& about, const std::string& line);

  hub& hub_;
  asio::io_context& context_;
  strand strand_;
  asio::basic_socket_acceptor<tcp, strand> acceptor_;
  timer timer_;
  bool is_stopped_ = false;
  topic trouble_, uninvited_, crowd_;
};

/// The endpoints that "host:port" means for listening; a name may mean several.
[[nodiscard]] result<std::vector<tcp::endpoint>> endpoints_of(asio::io_context& context,
                                                              const std::string& written);

}  // namespace hauberk::net
