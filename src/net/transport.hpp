// Sockets, timers and threads: the only room that knows Boost.Asio. It accepts and dials TCP connections,
// drives one link machine per connection on a strand of its own, and reports what happened.
//
// Threads: all `handler` calls for one connection are serialised (its strand), different connections run in
// parallel on `io_threads`. `send`, `close` and `dial` may be called from any thread and never block.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "link/link.hpp"
#include "net/door_rules.hpp"

namespace hauberk::net {

struct settings {
  std::vector<std::string> listen;  ///< host:port; "[::]:4567" listens on both IPv4 and IPv6 where it can
  unsigned io_threads = 2;
  base::duration dial_timeout = std::chrono::seconds(3);  ///< resolve and connect
  door_rules door;
  int receive_buffer_bytes = 0, send_buffer_bytes = 0;  ///< kernel buffers; 0 = the system's
};

/// Names a connection for its whole life; never reused.
using connection_id = std::uint64_t;

struct outgoing {
  std::shared_ptr<const wire::encoded> frame;
  unsigned replaces = 0;  ///< see link::send
};

/// Why a dial came to nothing.
enum class dial_failure { refused, unreachable, timed_out, unresolved };

/// Called from the I/O threads. Must not block.
class handler {
 public:
  virtual ~handler() = default;
  /// `remote` is the peer's host as the socket sees it, without port.
  virtual void on_up(connection_id id, bool dialled, std::string remote, link::up peer) = 0;
  virtual void on_messages(connection_id id, std::vector<wire::message> batch) = 0;
  virtual void on_written(connection_id id, std::size_t bulk_bytes) = 0;
  /// See link::worn.
  virtual void on_worn(connection_id) {}
  /// The end of a connection, up or not. `dial` is the token of the dial that made it, 0 for inbound ones.
  virtual void on_down(connection_id id, std::uint64_t dial, link::down why) = 0;
  /// No connection was made. `text` is one line for people.
  virtual void on_dial_failed(std::uint64_t dial, dial_failure why, std::string text) = 0;
};

class transport {
 public:
  /// `make_link_settings` is asked for each new connection (so that reloaded certificates, and another policy
  /// in force or prepared, apply to new links). It may be called from any of the threads.
  transport(settings how, std::function<link::settings()> make_link_settings, handler& owner,
            base::logger words);
  /// Stops: says goodbye to all peers (for half a second at most), closes everything, joins the threads. The
  /// handler is not called any more once this has begun, but for calls under way, and tasks are dropped. Not
  /// from a handler call.
  ~transport();

  /// Binds and starts listening and the threads. Errors: address_in_use, bad_address.
  result<void> start();
  /// Closes the listening ports: from now on who dials is refused, which tells him that nobody is here.
  void stop_listening();
  /// The port really bound (for a listen port of 0).
  [[nodiscard]] std::uint16_t port() const;
  /// Resolves (all addresses, IPv6 and IPv4, tried in turn) and connects to host:port; the outcome comes as
  /// on_up, on_down or on_dial_failed with this token. Tokens are never reused: the connection's id is
  /// `mesh::id_of_dial(token)`, so whoever sees it knows the dial that made it.
  /// With `prepared` the link is made by the prepared policy, if there still is one when the connection is.
  void dial(std::uint64_t token, std::string address, bool prepared = false);
  void send(connection_id id, std::vector<outgoing> frames);
  void close(connection_id id, hauberk::error why);
  /// Certificates were loaded again: every connection judges its peer anew by what `make_link_settings` says
  /// now. Those that do not pass end.
  void review();
  void review(connection_id id);
  /// From now on: links that are up are left alone.
  void set_door(door_rules how);
  /// Connections that were closed before a word was said.
  [[nodiscard]] net::turned_away turned_away() const;
  /// Runs `task` on the engine's strand: one at a time, in order of posting.
  void post(std::function<void()> task);
  /// Runs `task` on the engine's strand at `when`, replacing the alarm set before.
  void set_alarm(base::time_point when, std::function<void()> task);
  /// Boot time: the one clock of the process.
  [[nodiscard]] static base::time_point now();

 private:
  struct inside;
  std::shared_ptr<inside> inside_;
};

}  // namespace hauberk::net
