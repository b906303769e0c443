// The few socket calls that Asio makes differently from how we want them: close-on-exec from the first
// moment, no Nagle, addresses as people write them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <string>

#include "net/transport.hpp"

namespace hauberk::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using strand = asio::strand<asio::io_context::executor_type>;
using socket = asio::basic_stream_socket<tcp, strand>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, strand>;

/// "10.0.0.1:4567" or "[fe80::1%eth0]:4567"; an IPv4 peer of an IPv6 socket shows as IPv4.
[[nodiscard]] std::string host_of(const tcp::endpoint& at);
[[nodiscard]] std::string text_of(const tcp::endpoint& at);

/// A fresh socket for `to`, close-on-exec and with the kernel buffers of `how`.
[[nodiscard]] boost::system::error_code open(socket& made, const tcp::endpoint& to, const settings& how);
/// What every established connection wants: no delay, no blocking.
void prepare(socket& connected);

/// Waits until `when` on the process's clock.
void set(timer& alarm, base::time_point when);

}  // namespace hauberk::net
