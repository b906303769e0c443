#include "mesh/address.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"

namespace hauberk::mesh {

std::optional<host_port> split_address(std::string_view text) {
  if (text.size() > base::limits::address_bytes_max) return std::nullopt;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!host.empty() && host.front() == '[') {
    if (host.size() < 2 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // a bare IPv6 address: its last group is no port
  }
  const bool printable = std::ranges::all_of(host, [](char c) { return c > ' ' && c < '\x7f' && c != ']'; });
  if (!printable) return std::nullopt;
  unsigned number = 0;
  const auto [stop, problem] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (problem != std::errc{} || stop != port.data() + port.size() || number > 65535) {
    return std::nullopt;
  }
  return host_port{std::string(host), static_cast<std::uint16_t>(number)};
}

std::string join_address(std::string_view host, std::uint16_t port) {
  const bool bracketed = host.find(':') != std::string_view::npos;
  std::string whole;
  if (bracketed) whole += '[';
  whole += host;
  if (bracketed) whole += ']';
  whole += ':';
  whole += std::to_string(port);
  return whole;
}

bool is_wildcard(std::string_view host) {
  return host.empty() || host == "*" || host == "0.0.0.0" || host == "::";
}

std::string reachable_address(std::string_view told, std::string_view remote) {
  const auto parts = split_address(told);
  if (!parts || parts->port == 0) return {};
  const std::string_view host = is_wildcard(parts->host) ? remote : std::string_view(parts->host);
  if (is_wildcard(host)) return {};
  std::string whole = join_address(host, parts->port);
  if (!split_address(whole)) return {};  // the socket's host made it too long or odd
  return whole;
}

}  // namespace hauberk::mesh
