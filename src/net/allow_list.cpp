#include "net/allow_list.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>

namespace hauberk::net {
namespace {

namespace ip = boost::asio::ip;

struct parsed {
  std::array<std::uint8_t, 16> bytes{};
  unsigned bits_max = 128;  ///< that can be written behind it
};

std::optional<parsed> address_of(std::string_view text) {
  boost::system::error_code problem;
  const ip::address read = ip::make_address(text, problem);
  if (problem) return std::nullopt;
  parsed made;
  made.bits_max = read.is_v4() ? 32 : 128;
  made.bytes = (read.is_v4() ? ip::make_address_v6(ip::v4_mapped, read.to_v4()) : read.to_v6()).to_bytes();
  return made;
}

}  // namespace

result<allow_list> allow_list::read(const std::vector<std::string>& entries) {
  allow_list made;
  for (const std::string& entry : entries) {
    const std::size_t slash = entry.find('/');
    const auto address = address_of(std::string_view(entry).substr(0, slash));
    if (!address) {
      if (slash != std::string::npos && entry.find("://") == std::string::npos)
        return error(errc::bad_option, "'" + entry + "' is no network: expected an address before the slash");
      made.names_.push_back(entry);
      continue;
    }
    unsigned bits = address->bits_max;
    if (slash != std::string::npos) {
      const char* const end = entry.data() + entry.size();
      const auto [at, problem] = std::from_chars(entry.data() + slash + 1, end, bits);
      if (problem != std::errc() || at != end || bits > address->bits_max)
        return error(errc::bad_option, "'" + entry + "' is no network: expected 0 to " +
                                           std::to_string(address->bits_max) + " behind the slash");
    }
    made.networks_.push_back({address->bytes, bits + (128 - address->bits_max)});
  }
  return made;
}

bool allow_list::has(std::string_view host) const {
  const auto address = address_of(host.substr(0, host.find('%')));
  if (!address) return false;
  return std::ranges::any_of(networks_, [&](const network& one) {
    for (unsigned i = 0; i < one.bits; i += 8) {
      const unsigned rest = one.bits - i;
      const unsigned mask = rest >= 8 ? 0xffU : 0xffU << (8 - rest) & 0xffU;
      if (((one.bytes[i / 8] ^ address->bytes[i / 8]) & mask) != 0) return false;
    }
    return true;
  });
}

bool allow_list::may_allow(std::string_view host) const { return empty() || !names_.empty() || has(host); }

bool allow_list::allows(std::string_view host, const std::vector<std::string>& names) const {
  if (empty() || has(host)) return true;
  return std::ranges::any_of(
      names, [&](const std::string& name) { return std::ranges::find(names_, name) != names_.end(); });
}

}  // namespace hauberk::net
