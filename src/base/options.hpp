// The grammar of options, as pure functions on text: `key=value` pairs, and the values that need more than
// a number. Knows no key; src/api gives the keys their meaning.
//
//   options := { [ assignment ] ( ";" | newline ) }
//   assignment := key "=" value        white space around both is ignored
//   value := { character | "\" any | '"' ... '"' }
//
// A `#` where an assignment could begin, or after white space, starts a comment up to the end of the line.
// `\` makes the next character an ordinary one, inside quotes too; before a newline it joins the lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "hauberk/result.hpp"

namespace hauberk::base::options {

struct assignment {
  std::string key;
  std::string value;
  std::size_t line = 1;

  bool operator==(const assignment&) const = default;
};

/// All pairs in order, repetitions included. Errors: bad_option with the line and what was expected.
[[nodiscard]] result<std::vector<assignment>> parse(std::string_view text);

/// Galera's cluster address, `gcomm://a,b:4567,[::1]:4567?key=value&key=value`. `%XX` is decoded.
struct cluster_url {
  std::string hosts;  ///< the part between `//` and `?`
  std::vector<assignment> options;
};
/// Nothing when `text` does not begin with `gcomm://` or its query is malformed.
[[nodiscard]] std::optional<cluster_url> parse_cluster_url(std::string_view text);

/// ISO 8601 (`PT1M30.5S`, `P1DT2H`; no years or months) or a number with a unit: ns us ms s m h d.
[[nodiscard]] std::optional<duration> parse_duration(std::string_view text);
/// Bytes: a whole number, optionally with K, M, G or T (powers of 1024, any case).
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// yes no true false on off 1 0, any case.
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);
/// A whole decimal number without sign.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// An end point as people write it.
struct address {
  std::string scheme;  ///< "ssl", "tcp" or empty
  std::string host;    ///< without brackets; empty or "*" = any
  std::optional<std::uint16_t> port;

  bool operator==(const address&) const = default;
};
/// `[ssl://|tcp://]host[:port]`, IPv6 in brackets. Nothing when it is not of that form.
[[nodiscard]] std::optional<address> parse_address(std::string_view text);
/// host:port, with the brackets that an IPv6 host needs.
[[nodiscard]] std::string join_address(std::string_view host, std::uint16_t port);

/// The parts between commas, trimmed; empty ones are left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
/// How many characters must be added, dropped, changed or swapped with their neighbour to get from `a` to
/// `b` (Damerau 1964, restricted): how far off a misspelt key is.
[[nodiscard]] std::size_t distance(std::string_view a, std::string_view b);

}  // namespace hauberk::base::options
