#include "net/dialling.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include "mesh/address.hpp"
#include "mesh/mesh.hpp"
#include "net/connection.hpp"

namespace hauberk::net {
namespace {

// A name with more addresses than this is no member of ours.
constexpr std::size_t endpoints_max = 16;

// Troubles of our own network, which say nothing about the peer: no IPv6 here, say.
bool is_local(const boost::system::error_code& problem) {
  return problem == asio::error::network_unreachable ||
         problem == asio::error::address_family_not_supported ||
         problem == boost::system::errc::address_not_available;
}

}  // namespace

dialling::dialling(hub& shared, asio::io_context& context, std::uint64_t token, std::string address,
                   bool prepared)
    : hub_(shared),
      context_(context),
      strand_(asio::make_strand(context)),
      resolver_(strand_),
      socket_(strand_),
      timer_(strand_),
      token_(token),
      address_(std::move(address)),
      prepared_(prepared) {}

void dialling::start() {
  asio::post(strand_, [self = shared_from_this()] { self->resolve(); });
}

void dialling::resolve() {
  deadline_ = transport::now() + hub_.how.dial_timeout;
  const auto parts = mesh::split_address(address_);
  if (!parts || parts->host.empty() || parts->port == 0) {
    return fail(dial_failure::unresolved, "not a host:port that can be dialled");
  }
  boost::system::error_code not_numeric;
  const auto numeric = asio::ip::make_address(parts->host, not_numeric);
  if (!not_numeric) {  // the resolver's one thread may be busy with a slow name
    is_resolving_ = false;
    endpoints_.emplace_back(numeric, parts->port);
    return try_next();
  }
  set(timer_, deadline_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& problem) {
    if (!problem && self->is_resolving_) self->on_timer();
  });
  resolver_.async_resolve(parts->host, std::to_string(parts->port), tcp::resolver::numeric_service,
                          [self = shared_from_this()](const boost::system::error_code& problem,
                                                      const tcp::resolver::results_type& found) {
                            self->on_resolved(problem, found);
                          });
}

void dialling::on_resolved(const boost::system::error_code& problem,
                           const tcp::resolver::results_type& found) {
  if (is_done_ || hub_.is_stopping()) return;
  timer_.cancel();
  is_resolving_ = false;
  if (problem) return fail(dial_failure::unresolved, "the name cannot be resolved: " + problem.message());
  for (const auto& each : found) {
    const tcp::endpoint at = each.endpoint();
    const bool is_known = std::ranges::find(endpoints_, at) != endpoints_.end();
    if (!is_known && endpoints_.size() < endpoints_max) endpoints_.push_back(at);
  }
  try_next();
}

void dialling::try_next() {
  while (next_ < endpoints_.size()) {
    const base::time_point now = transport::now();
    const tcp::endpoint& to = endpoints_[next_];
    const boost::system::error_code problem = open(socket_, to, hub_.how);
    if (problem) {
      note(problem, false);
      continue;
    }
    is_late_ = false;
    const auto share = (deadline_ - now) / static_cast<std::int64_t>(endpoints_.size() - next_);
    set(timer_, now + std::max<base::duration>(share, std::chrono::milliseconds(10)));
    timer_.async_wait([self = shared_from_this(), turn = next_](const boost::system::error_code& failed) {
      if (!failed && turn == self->next_) self->on_timer();
    });
    socket_.async_connect(to, [self = shared_from_this()](const boost::system::error_code& failed) {
      self->on_connected(failed);
    });
    return;
  }
  fail();
}

void dialling::on_timer() {
  if (is_done_ || hub_.is_stopping()) return;
  if (is_resolving_) {
    resolver_.cancel();
    return fail(dial_failure::timed_out, "the name was not resolved in time");
  }
  is_late_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);  // on_connected goes on with the next one
}

void dialling::on_connected(const boost::system::error_code& problem) {
  timer_.cancel();
  if (is_done_ || hub_.is_stopping()) return;
  boost::system::error_code here, there;
  if (!problem && !is_late_) {
    const tcp::endpoint mine = socket_.local_endpoint(here), theirs = socket_.remote_endpoint(there);
    // A dial of a port of this host may meet itself (TCP's simultaneous open): nobody listens there.
    if (!here && !there && mine == theirs) {
      note(asio::error::connection_refused, false);
      return try_next();
    }
    if (!here && !there) return succeed();
  }
  note(problem ? problem : here ? here : there, is_late_);
  try_next();
}

void dialling::note(const boost::system::error_code& problem, bool late) {
  const tcp::endpoint& to = endpoints_[next_++];
  boost::system::error_code ignored;
  socket_.close(ignored);
  late = late || problem == asio::error::timed_out;
  if (late) {
    saw_late_ = true;
  } else if (problem == asio::error::connection_refused) {
    saw_refusal_ = true;
  } else if (!is_local(problem)) {
    saw_distant_trouble_ = true;
  }
  if (!reasons_.empty()) reasons_ += "; ";
  reasons_ += host_of(to) + ": " + (late ? std::string("no answer") : problem.message());
}

void dialling::succeed() {
  is_done_ = true;
  boost::system::error_code ignored;
  const tcp::endpoint remote = socket_.remote_endpoint(ignored);
  const connection_id id = mesh::id_of_dial(token_);
  const auto made = std::make_shared<connection>(hub_, std::move(socket_), remote, id, token_, prepared_);
  hub_.add(id, made);
  made->start();
}

// A refusal may be taken for a death, so it counts only when no other address left room for doubt.
void dialling::fail() {
  if (saw_late_) return fail(dial_failure::timed_out, reasons_);
  if (saw_refusal_ && !saw_distant_trouble_) return fail(dial_failure::refused, reasons_);
  fail(dial_failure::unreachable, reasons_);
}

void dialling::fail(dial_failure why, const std::string& reason) {
  is_done_ = true;
  if (!hub_.is_stopping()) hub_.owner.on_dial_failed(token_, why, "cannot reach " + address_ + ": " + reason);
}

}  // namespace hauberk::net
