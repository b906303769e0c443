// One TCP connection and the link machine that speaks over it. Everything happens on the connection's strand
// and all socket calls are non-blocking and made there, so the machine is never touched by two at once and
// no buffer of it is lent to a system call that outlives the handler. Only `send` and `close` come from
// elsewhere; they fill an inbox and wake the strand once for many frames.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/hub.hpp"

namespace hauberk::net {

class connection : public std::enable_shared_from_this<connection> {
 public:
  /// `token` is the dial that made it, 0 for an inbound one (which holds a place at the door); `prepared` as
  /// in transport::dial.
  connection(hub& shared, socket connected, const tcp::endpoint& remote, connection_id id,
             std::uint64_t token, bool prepared = false);

  /// From the creating strand, once the hub knows it.
  void start();
  void send(std::vector<outgoing> frames);
  void close(hauberk::error why);
  /// See link::review.
  void review();

 private:
  void wake();
  void take_inbox();
  void wait_readable();
  void on_readable(const boost::system::error_code& problem);
  boost::system::error_code read(int turns);
  void ended(const boost::system::error_code& why);
  void discard();
  void wait_writable();
  void write();
  void advance();
  void report();
  void flush(std::vector<wire::message>& batch, std::size_t& bulk_bytes);
  void arm();
  void on_timer();
  void begin_linger();
  void finish();
  void release_place(bool greeted);

  hub& hub_;
  socket socket_;
  timer timer_;
  const tcp::endpoint remote_;
  const connection_id id_;
  const std::uint64_t token_;
  link::link link_;

  // On the strand.
  bool holds_place_;
  bool is_writing_ = false;    // a wait for writability or a continuation is under way
  bool is_over_ = false;       // `down` was reported: only the last words are written now
  bool peer_is_gone_ = false;  // end of file or an error: nobody reads our last words
  bool is_shut_ = false;       // all was written and our end of file sent
  bool is_finished_ = false;
  base::time_point armed_ = base::never;
  base::time_point linger_until_ = base::never;

  // From any thread.
  std::mutex inbox_mutex_;
  std::vector<outgoing> inbox_;
  std::optional<hauberk::error> closing_;
  bool is_reviewed_ = false;  // asked for
  bool is_awake_ = false;
};

}  // namespace hauberk::net
