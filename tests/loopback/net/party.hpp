// One side of a test: a transport with a handler that writes everything down, and ways to wait for it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/transport.hpp"
#include "support/certificates.hpp"
#include "support/poll.hpp"

namespace hauberk::net::test {

using namespace std::chrono_literals;
using ::hauberk::test::eventually;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

/// How one party differs from the next.
struct character {
  std::string name = "db1";
  std::string group = "loopback";
  std::optional<tls::context> security;
  settings how{};
  base::duration handshake_timeout = 5s;
};

/// What `who` shows by the policy with this digest.
link::face face_of(const character& who, const std::string& digest = "the same");
/// A TLS context of these files, made now.
tls::context context_of(const ::hauberk::test::node_files& files);
/// A party with TLS and one listener on 127.0.0.1 with any port.
character member(const std::string& name, const ::hauberk::test::node_files& files);
character plain_member(const std::string& name);

class party : private handler {
 public:
  struct link_end {
    bool is_up = false, is_down = false, was_dialled = false;
    std::uint64_t dial = 0;
    std::string remote, peer, version, policy;
    std::optional<link::down> end;
    std::size_t messages = 0, bulk_written = 0;
  };
  struct failed_dial {
    dial_failure why;
    std::string text;
  };

  explicit party(character who);
  ~party() override;

  /// Waits until `true`, at most `patience`. `look` runs under the lock of the notes.
  bool wait(const std::function<bool()>& look);
  /// The first link of which `is` holds; nothing when none came in time.
  std::optional<connection_id> wait_for_link(const std::function<bool(const link_end&)>& is);
  std::optional<connection_id> wait_for_up() {
    return wait_for_link([](const auto& l) { return l.is_up && !l.is_down; });
  }
  std::string wait_for_words();  ///< of the first link that ended
  failed_dial wait_for_failure(std::uint64_t token);

  [[nodiscard]] link_end look(connection_id id);
  [[nodiscard]] std::size_t calls();
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(wire().port()); }
  [[nodiscard]] transport& wire() const { return *transport_; }
  void stop() { transport_.reset(); }
  /// Links are made by these from now on, and those that are there judged by them.
  void use(const link::face& active, std::optional<link::face> prepared = std::nullopt);
  void send(connection_id id, std::shared_ptr<const hauberk::wire::encoded> frame, unsigned replaces = 0);

  /// Called for every message, outside the lock; set before links come up.
  std::function<void(connection_id, hauberk::wire::message&)> on_message;
  std::map<connection_id, link_end> links;  ///< for `wait`
  std::map<std::uint64_t, failed_dial> failures;

 private:
  void on_up(connection_id id, bool dialled, std::string remote, link::up peer) override;
  void on_messages(connection_id id, std::vector<hauberk::wire::message> batch) override;
  void on_written(connection_id id, std::size_t bulk_bytes) override;
  void on_down(connection_id id, std::uint64_t dial, link::down why) override;
  void on_dial_failed(std::uint64_t dial, dial_failure why, std::string text) override;

  std::mutex settings_mutex_;
  link::settings settings_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t calls_ = 0;
  std::unique_ptr<transport> transport_;
};

/// Dials `to` from `from` and waits until both have the link up: their ids for it.
std::pair<connection_id, connection_id> link_up(party& from, party& to, std::uint64_t token = 1);

/// A frame of `payload`, named by `sequence`.
std::shared_ptr<const hauberk::wire::encoded> data_frame(std::uint64_t sequence, const base::buffer& payload);

/// Descriptors open in this process.
std::size_t open_descriptors();
}  // namespace hauberk::net::test
