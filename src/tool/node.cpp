// Threads: this one receives and prints; one reads input and broadcasts, then leaves; one takes signals.
#include "tool/node.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "base/options.hpp"
#include "hauberk/group.hpp"
#include "tls/digest.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"
#include "tool/options.hpp"
#include "tool/output.hpp"
#include "tool/printer.hpp"
#include "tool/sender.hpp"
#include "tool/signals.hpp"
#include "tool/source.hpp"
#include "tool/stop.hpp"

namespace hauberk::tool {
namespace {

using namespace std::chrono_literals;

result<int> open_to_read(const std::string& path, const char* what) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0) return file;
  return error{errc::bad_file,
               std::string("cannot open ") + what + " '" + path + "': " + std::strerror(errno)};
}

result<std::unique_ptr<source>> open_source(const node_request& what, const config& options) {
  using made = std::unique_ptr<source>;
  if (what.count > 0)
    return made(std::make_unique<generated_source>(options.get("node.name").value(), what.count,
                                                   static_cast<std::size_t>(what.size), what.rate));
  const auto line_bytes_max = base::options::parse_size(options.get("repl.max_ws_size").value()).value();
  if (what.send_file.empty())
    return made(std::make_unique<line_source>(::dup(STDIN_FILENO), "standard input", line_bytes_max));
  const auto file = open_to_read(what.send_file, "the file to send");
  if (!file) return file.error();
  return made(std::make_unique<line_source>(*file, what.send_file, line_bytes_max));
}

/// What the threads tell each other.
struct shared {
  stop leave;  // requested: stop sending and leave
  std::atomic<bool> wants_digest = false, wants_reload = false, is_member = false, has_left = false;
};

/// The sum over messages: position and length, each as 8 bytes big-endian, then the payload.
class message_digest {
 public:
  void add(const message& what) {
    std::array<std::byte, 16> head{};
    for (std::size_t i = 0; i < 8; ++i) {
      head[i] = static_cast<std::byte>(what.position >> (56 - 8 * i));
      head[8 + i] = static_cast<std::byte>(what.payload.size() >> (56 - 8 * i));
    }
    sum_.add(head);
    sum_.add(what.payload);
    position_ = what.position;
  }
  [[nodiscard]] position_t position() const { return position_; }
  [[nodiscard]] std::string hex() const { return sum_.hex(); }

 private:
  tls::digest sum_;
  position_t position_ = 0;
};

class node {
 public:
  node(const node_request& what, shared& state, logger& log)
      : what_(what), state_(state), log_(log), out_(STDOUT_FILENO), print_(what.json) {}

  int run(group& seat, source& input) {
    std::thread sender([&] { send_and_leave(seat, input); });
    const int code = receive(seat);
    state_.leave.request();
    sender.join();
    return code == done ? send_failure_.load() : code;
  }

 private:
  void send_and_leave(group& seat, source& input) {
    const auto total = send_all(seat, input, state_.leave, log_.hook());
    if (!total) {
      send_failure_ = log_.said(exit_code_of(total.error().code), total.error().text);
    } else if (total->given_up > 0) {
      log_(log_level::warning, "leaving before " + std::to_string(total->given_up) +
                                   " messages that were read had been accepted: they are not sent");
    }
    if (what_.stay && total) (void)state_.leave.wait(-1ms);
    // Who asked to leave by a signal does not wait long; the end of the input may, for what is in flight.
    const auto limit = state_.leave.requested() ? 10s : 60s;
    if (const auto left = seat.leave(limit); !left && left.error().code != errc::closed)
      log_(log_level::warning, "leaving: " + left.error().text);
    state_.has_left = true;
  }

  /// Prints events until the farewell, and writes whenever there is nothing more to print at once.
  int receive(group& seat) {
    while (true) {
      auto next = seat.receive(0ms);
      if (!next) {
        flush();
        const bool had_left = state_.has_left;
        next = seat.receive(100ms);
        if (!next && had_left) return log_.said(broken, "left, but without a farewell");
      }
      if (state_.wants_digest.exchange(false)) print_digest();
      if (state_.wants_reload.exchange(false)) reload(seat);
      if (!next) continue;
      if (const auto* last = std::get_if<farewell>(&*next)) return finish(*last);
      if (const auto* one = std::get_if<message>(&*next)) sum_.add(*one);
      out_.add(std::visit(print_, *next));
    }
  }

  /// Beside the events: the group may have to agree. What is wrong with a file the node itself logs.
  void reload(group& seat) {
    using namespace std::chrono_literals;
    if (reloading_.valid() && reloading_.wait_for(0s) != std::future_status::ready) {
      state_.wants_reload = true;  // once more, when that is done
      return;
    }
    reloading_ = std::async(std::launch::async, [&] {
      if (!what_.config_file.empty()) take_files(seat);
      const auto done = seat.set_option("socket.ssl_reload", "1");
      if (!done && done.error().code == errc::refused) log_(log_level::warning, done.error().text);
    });
  }

  /// The option file may name other files by now.
  void take_files(group& seat) {
    const auto now = read_options(what_.config_file, what_.options);
    if (!now) return log_(log_level::warning, "the option file is not read again: " + now.error().text);
    for (const char* key : {"socket.ssl_cert", "socket.ssl_key", "socket.ssl_ca", "socket.ssl_crl"})
      if (const auto done = seat.set_option(key, now->get(key).value()); !done)
        log_(log_level::warning, done.error().text);
  }

  int finish(const farewell& last) {
    out_.add(print_(last));
    if (what_.digest) print_digest();
    flush();
    if (last.reason) log_.said(done, last.text.empty() ? last.reason.message() : last.text);
    return exit_code_of(last.reason);
  }

  void print_digest() {
    out_.add(print_.digest(sum_.position(), sum_.hex()));
    flush();
  }

  void flush() {
    if (out_.is_closed() || out_.flush()) return;
    if (out_.failure() != EPIPE) {
      send_failure_ =
          log_.said(broken, std::string("cannot write the events: ") + std::strerror(out_.failure()));
    }
    state_.leave.request();
  }

  const node_request& what_;
  shared& state_;
  logger& log_;
  output out_;
  printer print_;
  message_digest sum_;
  std::atomic<int> send_failure_ = done;
  std::future<void> reloading_;  // its end is waited for
};

}  // namespace

int run_node(const node_request& what) {
  logger log(what.log_level);
  const auto failed = [&](const error& problem) {
    return log.said(exit_code_of(problem.code), problem.text);
  };
  shared state;
  const signals watched(
      [&] {
        // Before it is a member nobody needs a farewell.
        if (!state.is_member) std::_Exit(done);
        state.leave.request();
      },
      [&] { state.wants_digest = true; }, [&] { state.wants_reload = true; });

  const auto options = read_options(what.config_file, what.options, what.bootstrap ? "pc.bootstrap=yes" : "");
  if (!options) return failed(options.error());
  auto input = open_source(what, *options);
  if (!input) return failed(input.error());

  auto seat = group::join(*options, std::nullopt, host{log.hook()});
  if (!seat) return failed(seat.error());
  state.is_member = true;
  return node(what, state, log).run(*seat, **input);
}

}  // namespace hauberk::tool
