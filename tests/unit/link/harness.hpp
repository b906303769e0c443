// Two links joined in memory. The network between them delivers what it is told to: all, slices of random
// sizes, or nothing any more.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "link/link.hpp"
#include "support/certificates.hpp"

namespace hauberk::link::testing {

inline constexpr base::time_point start{std::chrono::hours(1)};

/// Everything a link said, sorted by kind.
struct heard {
  std::vector<up> ups;
  std::vector<wire::message> messages;
  std::size_t bulk_written = 0;
  std::vector<down> downs;

  void drain(link& from) {
    while (auto next = from.next_event()) {
      if (auto* is_up = std::get_if<up>(&*next)) ups.push_back(std::move(*is_up));
      if (auto* message = std::get_if<wire::message>(&*next)) messages.push_back(std::move(*message));
      if (auto* bytes = std::get_if<written>(&*next)) bulk_written += bytes->bulk_bytes;
      if (auto* is_down = std::get_if<down>(&*next)) downs.push_back(std::move(*is_down));
    }
  }
  [[nodiscard]] std::string text() const { return downs.empty() ? "" : downs.front().why.text; }
};

/// Gives `bytes` to `to` in pieces of at most `most`.
inline void feed(link& to, std::span<const std::byte> bytes, std::size_t most = SIZE_MAX) {
  while (!bytes.empty()) {
    const auto space = to.input_space();
    const std::size_t count = std::min({space.size(), bytes.size(), most});
    std::memcpy(space.data(), bytes.data(), count);
    to.handle_input(start, count);
    bytes = bytes.subspan(count);
  }
}

inline void feed(link& to, std::string_view bytes) { feed(to, std::as_bytes(std::span(bytes))); }

/// Moves what `from` has to say, at most `most` bytes of it; false when that is nothing.
inline bool move_once(link& from, link& to, std::size_t most = SIZE_MAX) {
  const auto bytes = from.output();
  if (bytes.empty()) return false;
  const std::size_t count = std::min(bytes.size(), most);
  feed(to, bytes.first(count));
  from.handle_output_written(count);
  return true;
}

class pair {
 public:
  pair(const settings& dialler_settings, const settings& listener_settings)
      : dialler(dialler_settings, tls::role::client, "db2:4567", start),
        listener(listener_settings, tls::role::server, "10.0.0.1:50000", start) {}

  /// Until both are silent.
  void settle() {
    for (bool moved = true; moved;) {
      moved = move_once(dialler, listener);
      moved = move_once(listener, dialler) || moved;
      at_dialler.drain(dialler);
      at_listener.drain(listener);
    }
  }
  /// The same in slices of 1 to `most` bytes, in a random order.
  void settle_in_slices(base::random& dice, std::size_t most) {
    for (int silent = 0; silent < 20;) {
      const bool forth = dice.percent(50);
      const bool moved =
          move_once(forth ? dialler : listener, forth ? listener : dialler, dice.between(1, most));
      silent = moved ? 0 : silent + 1;
      at_dialler.drain(dialler);
      at_listener.drain(listener);
    }
  }

  link dialler, listener;
  heard at_dialler, at_listener;
};

/// A node that would be accepted by another one made by this.
inline settings node(const std::string& name) {
  settings made;
  made.mine.protocol_min = 1;
  made.mine.protocol_max = 2;
  made.mine.group = "ledger";
  made.mine.name = name;
  made.mine.process.bytes.fill(static_cast<std::uint8_t>(name.back()));
  made.mine.address = name + ":4567";
  made.mine.policy_text = "socket.ssl=no\nsocket.ssl_compression=none\n";
  made.mine.policy_digest = tls::sha256_hex(made.mine.policy_text);
  made.mine.permits_plaintext = true;
  return made;
}

/// A CA for the whole test program: making one takes a moment.
inline hauberk::test::test_ca& authority() {
  static hauberk::test::test_ca made;
  return made;
}

inline tls::context load(const hauberk::test::node_files& files) {
  return tls::context::load(files.settings(), std::time(nullptr), {}).value();
}

/// `plain` with the certificate of `named` from `from`.
inline settings secured(settings plain, const std::string& named,
                        hauberk::test::test_ca& from = authority()) {
  plain.security = load(from.node(named));
  plain.mine.permits_plaintext = false;
  plain.mine.policy_text = plain.security->policy_text();
  plain.mine.policy_digest = tls::sha256_hex(plain.mine.policy_text);
  return plain;
}

inline settings secured(const std::string& name) { return secured(node(name), name); }

inline std::shared_ptr<const wire::encoded> bulk(std::uint64_t first, std::size_t bytes) {
  std::string payload(bytes, static_cast<char>('a' + first % 26));
  return wire::encode(replica::envelope{1, replica::data{first, 0, 0, {base::buffer::copy(payload)}}});
}

inline std::shared_ptr<const wire::encoded> held(std::uint64_t upto) {
  return wire::encode(replica::envelope{1, replica::held{1, upto, 0}});
}

/// "data 5", "held 7": what came, in order.
inline std::vector<std::string> names(const std::vector<wire::message>& messages) {
  std::vector<std::string> made;
  for (const auto& message : messages) {
    const auto& what = std::get<replica::envelope>(message).what;
    if (const auto* data = std::get_if<replica::data>(&what)) {
      made.push_back("data " + std::to_string(data->first));
    } else if (const auto* is_held = std::get_if<replica::held>(&what)) {
      made.push_back("held " + std::to_string(is_held->upto));
    } else {
      made.emplace_back("other");
    }
  }
  return made;
}

}  // namespace hauberk::link::testing
