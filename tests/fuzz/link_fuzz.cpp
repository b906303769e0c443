// A link on any bytes from its peer: before the greeting, in it, and after it; in the clear and under TLS,
// with one policy or with two. Nothing is delivered before the link is up, nothing after it is down, and its
// end is told once, in words.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>
#include <span>
#include <string>

#include "link/link.hpp"
#include "tls/issuer.hpp"

namespace {

namespace tls = hauberk::tls;
namespace fs = std::filesystem;
using machine = hauberk::link::link;  // `link` alone is also a system call

constexpr hauberk::base::time_point start{std::chrono::hours(1)};

void require(bool condition) {
  if (!condition) std::abort();
}

/// A certificate of our own, made once.
const tls::context& material() {
  static const tls::context made = [] {
    const fs::path dir =
        fs::temp_directory_path() / ("hauberk-fuzz-" + std::to_string(std::random_device()()));
    fs::create_directories(dir);
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    const tls::pair_files ca{(dir / "ca.pem").string(), (dir / "ca-key.pem").string()};
    const tls::pair_files own{(dir / "own.pem").string(), (dir / "own-key.pem").string()};
    require(tls::make_ca({.name = "fuzz-ca"}, ca, now).has_value());
    require(tls::make_node({.name = "db1"}, ca, own, now).has_value());
    tls::settings from;
    from.cert_file = own.cert;
    from.key_file = own.key;
    from.ca_file = ca.cert;
    auto loaded = tls::context::load(from, now, {});
    fs::remove_all(dir);
    return std::move(loaded).value();
  }();
  return made;
}

hauberk::link::face face_of(std::uint8_t process, bool is_secured, const char* policy) {
  hauberk::link::face made;
  made.mine.protocol_max = 1;
  made.mine.group = "g";
  made.mine.name = "db1";
  made.mine.process.bytes.fill(process);
  made.mine.policy_digest = policy;
  made.mine.permits_plaintext = !is_secured;
  if (is_secured) made.security = material();
  return made;
}

/// Bits of an input's first byte.
constexpr unsigned secured = 1, dials = 2, greets_first = 4, has_prepared = 8, prepares_security = 16,
                   goes_by_prepared = 32;

hauberk::link::settings settings_of(std::uint8_t process, unsigned kind) {
  hauberk::link::settings made;
  static_cast<hauberk::link::face&>(made) = face_of(process, (kind & secured) != 0, "");
  if ((kind & has_prepared) == 0) return made;
  made.prepared = face_of(process, (kind & prepares_security) != 0, "to come");
  made.dials_prepared = (kind & goes_by_prepared) != 0;
  return made;
}

void feed(machine& to, std::span<const std::byte> bytes, std::size_t slice) {
  while (!bytes.empty()) {
    const auto space = to.input_space();
    require(!space.empty());
    const std::size_t count = std::min({space.size(), bytes.size(), slice});
    std::copy_n(bytes.begin(), count, space.begin());
    to.handle_input(start, count);
    bytes = bytes.subspan(count);
  }
}

bool move_once(machine& from, machine& to) {
  const auto bytes = from.output();
  if (bytes.empty()) return false;
  feed(to, bytes, SIZE_MAX);
  from.handle_output_written(bytes.size());
  return true;
}

void check_events(machine& of) {
  bool is_up = false, is_down = false;
  while (const auto next = of.next_event()) {
    require(!is_down);
    if (std::holds_alternative<hauberk::link::up>(*next)) {
      require(!is_up);
      is_up = true;
    } else if (const auto* end = std::get_if<hauberk::link::down>(&*next)) {
      is_down = true;
      require(!end->why.text.empty() && end->why.text.find('\n') == std::string::npos);
    } else {
      require(is_up);
    }
  }
  require(is_down);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const unsigned kind = data[0];
  const bool is_client = (kind & dials) != 0;
  machine fuzzed(settings_of(1, kind), is_client ? tls::role::client : tls::role::server, "peer:1", start);
  machine peer(settings_of(2, kind), is_client ? tls::role::server : tls::role::client, "fuzzed:1", start);
  if ((kind & greets_first) != 0) {
    while (move_once(fuzzed, peer) || move_once(peer, fuzzed)) {
    }
    require(fuzzed.is_up() && peer.is_up());
  }
  feed(fuzzed, std::as_bytes(std::span(data + 2, size - 2)), std::size_t{1} + data[1]);
  while (move_once(fuzzed, peer)) {
  }
  fuzzed.handle_end("end of the input");
  require(fuzzed.is_down() && fuzzed.output().empty());
  check_events(fuzzed);
  return 0;
}
