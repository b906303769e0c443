// The transport itself: threads, the engine's strand and alarm, and the way from the public calls to
// connections, dials and listeners.
#include "net/transport.hpp"

#include <time.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "base/assert.hpp"
#include "net/connection.hpp"
#include "net/dialling.hpp"
#include "net/listener.hpp"
#include "net/signals.hpp"

namespace hauberk::net {
namespace {

using namespace std::chrono_literals;

// A little longer than a connection may linger.
constexpr base::duration stop_max = 700ms;

}  // namespace

struct transport::inside {
  inside(settings how, std::function<link::settings()> make, handler& owner, base::logger words)
      : shared(std::move(how), std::move(make), owner, std::move(words)),
        threads_count(static_cast<int>(std::max(1U, shared.how.io_threads)) + 1),
        context(threads_count),
        engine(asio::make_strand(context)),
        alarm(engine) {}

  hub shared;  // first: whatever the context still holds when it ends refers to it
  const int threads_count;
  asio::io_context context;
  strand engine;
  timer alarm;
  std::uint64_t alarm_number = 0;  // on the engine's strand: tells an alarm from the one that replaced it
  std::vector<std::shared_ptr<listener>> listeners;
  std::uint16_t port = 0;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::vector<std::thread> threads;

  result<void> listen(const std::string& written);
  result<std::shared_ptr<listener>> bind(const tcp::endpoint& at, const std::string& written);
  void run_threads();
  void set_alarm(base::time_point when, std::function<void()> task);
  void stop();
};

result<std::shared_ptr<listener>> transport::inside::bind(const tcp::endpoint& at,
                                                          const std::string& written) {
  const auto made = std::make_shared<listener>(shared, context);
  const bool any_v6 = at.address().is_v6() && at.address().is_unspecified();
  auto opened = made->open(at, written, any_v6);
  if (opened) return made;
  if (any_v6 && opened.error().code != errc::address_in_use) {  // a host without IPv6
    const auto v4 = std::make_shared<listener>(shared, context);
    if (v4->open({asio::ip::address_v4::any(), at.port()}, written, false)) return v4;
  }
  return opened.error();
}

result<void> transport::inside::listen(const std::string& written) {
  auto found = endpoints_of(context, written);
  if (!found) return found.error();
  for (tcp::endpoint at : *found) {
    if (at.port() == 0) at.port(port);  // a name with two addresses gets one port
    auto made = bind(at, written);
    if (!made) return made.error();
    if (port == 0) port = (*made)->port();
    listeners.push_back(std::move(*made));
  }
  return {};
}

void transport::inside::run_threads() {
  const signals_left_to_host while_they_start;
  work.emplace(context.get_executor());
  for (int i = 0; i < threads_count; ++i) threads.emplace_back([this] { context.run(); });
}

void transport::inside::set_alarm(base::time_point when, std::function<void()> task) {
  const std::uint64_t number = ++alarm_number;
  alarm.cancel();
  if (when == base::never) return;
  set(alarm, when);
  alarm.async_wait([this, number, task = std::move(task)](const boost::system::error_code& problem) {
    if (!problem && number == alarm_number && !shared.is_stopping()) task();
  });
}

void transport::inside::stop() {
  shared.stop();
  for (const auto& each : listeners) each->stop();
  for (const auto& each : shared.everyone()) {
    each->close(hauberk::error(errc::closed, "this node is shutting down"));
  }
  if (!threads.empty()) (void)shared.wait_until_empty(stop_max);
  context.stop();
  for (std::thread& each : threads) {
    HAUBERK_ASSERT(each.get_id() != std::this_thread::get_id(), "no handler call destroys its transport");
    each.join();
  }
  shared.clear();
}

transport::transport(settings how, std::function<link::settings()> make_link_settings, handler& owner,
                     base::logger words)
    : inside_(
          std::make_shared<inside>(std::move(how), std::move(make_link_settings), owner, std::move(words))) {}

transport::~transport() { inside_->stop(); }

result<void> transport::start() {
  for (const std::string& each : inside_->shared.how.listen) {
    if (auto listening = inside_->listen(each); !listening) {
      inside_->listeners.clear();
      return listening.error();
    }
  }
  inside_->run_threads();
  for (const auto& each : inside_->listeners) each->start();
  return {};
}

void transport::stop_listening() {
  for (const auto& each : inside_->listeners) each->stop();
}

std::uint16_t transport::port() const { return inside_->port; }

void transport::dial(std::uint64_t token, std::string address, bool prepared) {
  std::make_shared<dialling>(inside_->shared, inside_->context, token, std::move(address), prepared)->start();
}

void transport::send(connection_id id, std::vector<outgoing> frames) {
  if (frames.empty()) return;
  if (const auto to = inside_->shared.find(id)) to->send(std::move(frames));
}

void transport::close(connection_id id, hauberk::error why) {
  if (const auto which = inside_->shared.find(id)) which->close(std::move(why));
}

void transport::review() {
  for (const auto& each : inside_->shared.everyone()) each->review();
}

void transport::review(connection_id id) {
  if (const auto which = inside_->shared.find(id)) which->review();
}

void transport::set_door(door_rules how) { inside_->shared.entry.set(std::move(how)); }

net::turned_away transport::turned_away() const { return inside_->shared.entry.counted(); }

void transport::post(std::function<void()> task) {
  asio::post(inside_->engine, [inside = inside_.get(), task = std::move(task)] {
    if (!inside->shared.is_stopping()) task();
  });
}

void transport::set_alarm(base::time_point when, std::function<void()> task) {
  asio::dispatch(inside_->engine, [inside = inside_.get(), when, task = std::move(task)]() mutable {
    inside->set_alarm(when, std::move(task));
  });
}

base::time_point transport::now() {
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return base::time_point(std::chrono::seconds(boot.tv_sec) + std::chrono::nanoseconds(boot.tv_nsec));
}

}  // namespace hauberk::net
