// One dial: from host:port to a connection or to the reason why there is none. All addresses of a name are
// tried in turn; the time left is shared among those not tried yet, so a dead one leaves some to the others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/hub.hpp"

namespace hauberk::net {

class dialling : public std::enable_shared_from_this<dialling> {
 public:
  dialling(hub& shared, asio::io_context& context, std::uint64_t token, std::string address, bool prepared);
  void start();

 private:
  void resolve();
  void on_resolved(const boost::system::error_code& problem, const tcp::resolver::results_type& found);
  void try_next();
  void on_connected(const boost::system::error_code& problem);
  void on_timer();
  void note(const boost::system::error_code& problem, bool late);
  void succeed();
  void fail();
  void fail(dial_failure why, const std::string& reason);

  hub& hub_;
  asio::io_context& context_;
  strand strand_;
  asio::ip::basic_resolver<tcp, strand> resolver_;
  socket socket_;
  timer timer_;
  const std::uint64_t token_;
  const std::string address_;
  const bool prepared_;

  base::time_point deadline_{};
  std::vector<tcp::endpoint> endpoints_;
  std::size_t next_ = 0;
  bool is_resolving_ = true, is_late_ = false, is_done_ = false;
  bool saw_refusal_ = false, saw_late_ = false, saw_distant_trouble_ = false;
  std::string reasons_;  // "10.0.0.1: connection refused; …"
};

}  // namespace hauberk::net
