// Two pipes and the wire between them, in memory: what the TLS tests shake hands over.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tls/context.hpp"
#include "tls/pipe.hpp"

namespace hauberk::test {

/// What our logger was told, level and line.
struct heard {
  std::vector<std::pair<base::level, std::string>> lines;

  [[nodiscard]] base::logger logger() {
    return base::logger([this](base::level at, std::string_view line) { lines.emplace_back(at, line); },
                        base::level::debug);
  }
  [[nodiscard]] std::string at(base::level wanted) const {
    std::string text;
    for (const auto& [level, line] : lines) {
      if (level == wanted) text += line + "\n";
    }
    return text;
  }
};

inline tls::context load(const tls::settings& from) {
  auto made = tls::context::load(from, std::time(nullptr), {});
  if (!made) throw std::runtime_error(made.error().text);
  return *made;
}

/// Loading must fail; what it fails with. 0 = at this time.
inline error load_error(const tls::settings& from, std::int64_t now = 0) {
  auto made = tls::context::load(from, now == 0 ? std::time(nullptr) : now, {});
  if (made) return {errc::ok, "loaded without an error"};
  EXPECT_EQ(made.error().text.find('\n'), std::string::npos) << made.error().text;
  return made.error();
}

inline void give(tls::pipe& to, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto space = to.input_space();
    ASSERT_FALSE(space.empty());
    const std::size_t now = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), now);
    to.input_filled(now);
    bytes = bytes.subspan(now);
  }
}

inline void give(tls::pipe& to, std::string_view text) { give(to, std::as_bytes(std::span(text))); }

/// Moves up to `most` bytes; true when there were any.
inline bool carry(tls::pipe& from, tls::pipe& to, std::size_t most = SIZE_MAX) {
  const auto waiting = from.output();
  if (waiting.empty()) return false;
  const auto space = to.input_space();
  const std::size_t now = std::min({most, waiting.size(), space.size()});
  std::memcpy(space.data(), waiting.data(), now);
  to.input_filled(now);
  from.output_consumed(now);
  return true;
}

struct ends {
  std::optional<error> client, server;  ///< why that side failed
  [[nodiscard]] bool both_ready() const { return !client && !server; }
};

/// Shakes hands in slices of `most` bytes, and lets both sides read once: in TLS 1.3 a client learns only
/// then that it was refused.
inline ends shake(tls::pipe& client, tls::pipe& server, std::size_t most = SIZE_MAX) {
  ends seen;
  const auto turn = [](tls::pipe& side, std::optional<error>& failed) {
    if (failed) return;
    if (const auto done = side.handshake(); !done) failed = done.error();
    if (failed || !side.is_ready()) return;
    std::byte none{};
    if (const auto got = side.read({&none, 1}); !got) failed = got.error();
  };
  turn(client, seen.client);
  turn(server, seen.server);
  for (bool moved = true; moved;) {
    moved = !seen.server && carry(client, server, most);
    if (moved) turn(server, seen.server);
    if (!seen.client && carry(server, client, most)) {
      moved = true;
      turn(client, seen.client);
    }
  }
  return seen;
}

inline ends shake(const tls::context& client, const tls::context& server) {
  tls::pipe a(client, tls::role::client);
  tls::pipe b(server, tls::role::server);
  return shake(a, b);
}

inline std::string text_of(const std::optional<error>& failed) {
  return failed ? failed->text : "(no error)";
}

}  // namespace hauberk::test
