#include "net/connection.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <limits>

namespace hauberk::net {
namespace {

using namespace std::chrono_literals;

// How long a closed link may take to hand its last words to the peer.
constexpr base::duration linger_max = 500ms;
// Reads, and writes, in a row before other work of the strand gets its turn.
constexpr int turns_max = 4;

asio::const_buffer as_buffer(std::span<const std::byte> bytes) { return {bytes.data(), bytes.size()}; }
asio::mutable_buffer as_buffer(std::span<std::byte> bytes) { return {bytes.data(), bytes.size()}; }

link::settings settings_for(const hub& shared, bool prepared) {
  link::settings made = shared.make_link_settings();
  made.dials_prepared = prepared;
  return made;
}

bool would_block(const boost::system::error_code& problem) {
  return problem == asio::error::would_block || problem == asio::error::try_again;
}

}  // namespace

connection::connection(hub& shared, socket connected, const tcp::endpoint& remote, connection_id id,
                       std::uint64_t token, bool prepared)
    : hub_(shared),
      socket_(std::move(connected)),
      timer_(socket_.get_executor()),
      remote_(remote),
      id_(id),
      token_(token),
      link_(settings_for(shared, prepared), token != 0 ? tls::role::client : tls::role::server,
            text_of(remote), transport::now()),
      holds_place_(token == 0) {
  prepare(socket_);
}

void connection::start() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->wait_readable();
    self->advance();
  });
}

void connection::send(std::vector<outgoing> frames) {
  {
    const std::lock_guard lock(inbox_mutex_);
    if (inbox_.empty()) {
      inbox_ = std::move(frames);
    } else {
      std::move(frames.begin(), frames.end(), std::back_inserter(inbox_));
    }
    if (std::exchange(is_awake_, true)) return;
  }
  wake();
}

void connection::close(hauberk::error why) {
  {
    const std::lock_guard lock(inbox_mutex_);
    if (!closing_) closing_ = std::move(why);
    if (std::exchange(is_awake_, true)) return;
  }
  wake();
}

void connection::review() {
  {
    const std::lock_guard lock(inbox_mutex_);
    is_reviewed_ = true;
    if (std::exchange(is_awake_, true)) return;
  }
  wake();
}

void connection::wake() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->take_inbox();
    self->advance();
  });
}

void connection::take_inbox() {
  std::vector<outgoing> frames;
  std::optional<hauberk::error> closing;
  bool is_reviewed = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    frames.swap(inbox_);
    closing.swap(closing_);
    is_reviewed = std::exchange(is_reviewed_, false);
    is_awake_ = false;
  }
  if (is_over_) return;
  if (is_reviewed) link_.review(hub_.make_link_settings());
  for (outgoing& each : frames) link_.send(std::move(each.frame), each.replaces);
  if (closing) link_.close(std::move(*closing));
}

void connection::wait_readable() {
  socket_.async_wait(
      socket::wait_read,
      [self = shared_from_this()](const boost::system::error_code& problem) { self->on_readable(problem); });
}

void connection::on_readable(const boost::system::error_code& problem) {
  if (is_finished_) return;
  if (is_over_) return discard();
  const boost::system::error_code end = problem ? problem : read(turns_max);
  if (end) {
    ended(end);
  } else {
    wait_readable();
  }
  advance();
}

// Nothing = the socket has no more for now.
boost::system::error_code connection::read(int turns) {
  boost::system::error_code end;
  for (int turn = 0; turn < turns && !link_.is_down(); ++turn) {
    const auto space = link_.input_space();
    const std::size_t count = socket_.read_some(as_buffer(space), end);
    if (end) break;
    link_.handle_input(transport::now(), count);
    if (count < space.size()) break;
  }
  return would_block(end) ? boost::system::error_code() : end;
}

void connection::ended(const boost::system::error_code& why) {
  peer_is_gone_ = true;
  if (!link_.is_down()) link_.handle_end(why == asio::error::eof ? std::string() : why.message());
}

// After the end: the peer may still be sending, and closing with unread bytes would reset the connection and
// take our last words from it.
void connection::discard() {
  std::array<std::byte, 16 * 1024> waste;
  boost::system::error_code end;
  for (int turn = 0; turn < turns_max && !end; ++turn) {
    (void)socket_.read_some(asio::buffer(waste), end);
  }
  if (end && !would_block(end)) return finish();
  wait_readable();
}

void connection::wait_writable() {
  is_writing_ = true;
  socket_.async_wait(socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& problem) {
                       self->is_writing_ = false;
                       if (!problem && !self->is_finished_) self->advance();
                     });
}

void connection::write() {
  for (int turn = 0; !is_writing_; ++turn) {
    const auto bytes = link_.output();
    if (bytes.empty()) return;
    if (turn == turns_max) {  // let what was read meanwhile have its turn
      is_writing_ = true;
      asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->is_writing_ = false;
        if (!self->is_finished_) self->advance();
      });
      return;
    }
    boost::system::error_code problem;
    const std::size_t count = socket_.write_some(as_buffer(bytes), problem);
    if (would_block(problem)) return wait_writable();
    if (problem) {  // the peer may have said why before it closed: that is still there to be read
      boost::system::error_code end;
      if (!is_over_) end = read(std::numeric_limits<int>::max());
      return ended(end ? end : problem);
    }
    link_.handle_output_written(count);
  }
}

// What follows every input: tell the owner, write what there is to write, end when all is said.
void connection::advance() {
  if (is_finished_) return;
  report();
  if (!peer_is_gone_) write();
  report();
  if (!is_over_) return arm();
  if (peer_is_gone_) return finish();
  begin_linger();
}

void connection::flush(std::vector<wire::message>& batch, std::size_t& bulk_bytes) {
  if (!batch.empty()) hub_.owner.on_messages(id_, std::exchange(batch, {}));
  if (bulk_bytes != 0) hub_.owner.on_written(id_, std::exchange(bulk_bytes, 0));
}

void connection::report() {
  std::vector<wire::message> batch;
  std::size_t bulk_bytes = 0;
  while (auto next = link_.next_event()) {
    if (std::holds_alternative<link::down>(*next)) is_over_ = true;
    if (hub_.is_stopping()) continue;
    if (auto* message = std::get_if<wire::message>(&*next)) {
      batch.push_back(std::move(*message));
    } else if (auto* done = std::get_if<link::written>(&*next)) {
      bulk_bytes += done->bulk_bytes;
    } else if (std::holds_alternative<link::worn>(*next)) {
      hub_.owner.on_worn(id_);
    } else if (auto* up = std::get_if<link::up>(&*next)) {
      release_place(true);
      hub_.owner.on_up(id_, token_ != 0, host_of(remote_), std::move(*up));
    } else {
      flush(batch, bulk_bytes);
      hub_.owner.on_down(id_, token_, std::move(std::get<link::down>(*next)));
    }
  }
  flush(batch, bulk_bytes);
}

// The timer is moved only when it would fire too late: most deadlines recede with every byte.
void connection::arm() {
  const base::time_point when = is_over_ ? linger_until_ : link_.next_deadline();
  if (when >= armed_) return;
  armed_ = when;
  set(timer_, when);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& problem) {
    if (!problem && !self->is_finished_) self->on_timer();
  });
}

void connection::on_timer() {
  armed_ = base::never;
  const base::time_point now = transport::now();
  if (now >= linger_until_) return finish();
  if (!is_over_ && now >= link_.next_deadline()) link_.handle_time(now);
  advance();
}

void connection::begin_linger() {
  if (linger_until_ == base::never) linger_until_ = transport::now() + linger_max;
  if (!is_shut_ && !is_writing_ && link_.output().empty()) {
    is_shut_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(socket::shutdown_send, ignored);
  }
  arm();
}

void connection::release_place(bool greeted) {
  if (std::exchange(holds_place_, false)) hub_.entry.release(remote_.address(), greeted);
}

void connection::finish() {
  if (std::exchange(is_finished_, true)) return;
  boost::system::error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
  release_place(false);
  hub_.remove(id_);
}

}  // namespace hauberk::net
