#include "base/options.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace hauberk::base::options {
namespace {

constexpr std::size_t text_bytes_max = 1U << 20U;  // a whole configuration; more is a mistake

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_key_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
}
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

/// Text from a person, safe to repeat in one line.
std::string shown(std::string_view text) {
  std::string safe;
  for (const char c : text.substr(0, 60)) safe += is_control(c) ? '?' : c;
  return text.size() > 60 ? safe + "..." : safe;
}

class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}

  result<std::vector<assignment>> run() {
    std::vector<assignment> found;
    while (skip_to_assignment()) {
      auto one = read_assignment();
      if (!one) return one.error();
      found.push_back(std::move(*one));
    }
    return found;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  char take() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
  }
  void skip_comment() {
    while (!at_end() && peek() != '\n') take();
  }
  bool skip_to_assignment() {
    while (!at_end()) {
      if (peek() == '#') {
        skip_comment();
      } else if (is_space(peek()) || peek() == ';') {
        take();
      } else {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] error problem(std::size_t line, const std::string& words) const {
    return {errc::bad_option, "options, line " + std::to_string(line) + ": " + words};
  }

  result<assignment> read_assignment() {
    assignment one;
    one.line = line_;
    std::string_view rest = text_.substr(at_);
    const std::size_t end = std::min(rest.find_first_of("=;\n"), rest.size());
    const std::string_view key = trim(rest.substr(0, end));
    if (end == rest.size() || rest[end] != '=')
      return problem(line_, "'" + shown(key) + "' has no value: write key=value, pairs separated by ';'");
    if (key.empty()) return problem(line_, "a value without a key: write key=value");
    if (!std::all_of(key.begin(), key.end(), is_key_character))
      return problem(line_, "'" + shown(key) + "' is not a key (letters, digits, '.', '_' and '-')");
    one.key = key;
    at_ += end + 1;
    if (auto read = read_value(one); !read) return read.error();
    return one;
  }

  /// Reads up to the separator. White space at the ends is dropped, but not what was quoted or escaped.
  result<void> read_value(assignment& one) {
    std::size_t keep = 0;  // what trimming at the end must leave
    bool after_space = true;
    while (!at_end() && peek() != ';' && peek() != '\n') {
      const char c = peek();
      if (c == '#' && after_space) {
        skip_comment();
        break;
      }
      after_space = is_space(c);
      if (c == '"') {
        if (auto read = read_quoted(one); !read) return read.error();
        keep = one.value.size();
      } else if (c == '\\') {
        if (auto read = read_escaped(one); !read) return read.error();
        keep = one.value.size();
      } else if (!after_space) {
        one.value += take();
        keep = one.value.size();
      } else {
        if (!one.value.empty()) one.value += c;
        take();
      }
    }
    one.value.resize(keep);
    if (std::any_of(one.value.begin(), one.value.end(), is_control))
      return problem(one.line, "the value of '" + one.key + "' contains a control character");
    return {};
  }

  result<void> read_quoted(assignment& one) {
    const std::size_t opened = line_;
    take();
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') {
        if (auto read = read_escaped(one); !read) return read.error();
      } else {
        one.value += take();
      }
    }
    if (at_end()) return problem(opened, "the quote opened in the value of '" + one.key + "' is not closed");
    take();
    return {};
  }

  result<void> read_escaped(assignment& one) {
    take();
    if (at_end())
      return problem(line_, "the value of '" + one.key + "' ends in a single '\\': write '\\\\' for one");
    if (const char c = take(); c != '\n') one.value += c;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

/// A decimal number with a fraction in exact nanoseconds: `digits[.digits]`, times `unit`. Consumes it.
std::optional<duration> take_quantity(std::string_view& text, duration unit) {
  constexpr auto most = std::numeric_limits<duration::rep>::max();
  duration::rep total = 0, scale = unit.count();
  std::size_t at = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    const duration::rep digit = text[at] - '0';
    if (total > (most - digit) / 10) return std::nullopt;
    total = total * 10 + digit;
  }
  if (at == 0 || total > most / scale) return std::nullopt;
  total *= scale;
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    const std::size_t first = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      scale /= 10;  // what is finer than a nanosecond is dropped
      const duration::rep part = scale * (text[at] - '0');
      if (total > most - part) return std::nullopt;
      total += part;
    }
    if (at == first) return std::nullopt;
  }
  text.remove_prefix(at);
  return duration(total);
}

struct unit {
  std::string_view name;
  duration length;
};

using namespace std::chrono_literals;

/// Reads `quantity unit` for units in the given order, each at most once.
std::optional<duration> take_parts(std::string_view& text, std::initializer_list<unit> units) {
  duration total{0};
  for (const unit& one : units) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789.,"), text.size());
    if (digits == 0 || text.substr(digits, 1) != one.name) continue;
    const auto part = take_quantity(text, one.length);
    if (!part || !text.starts_with(one.name) || *part > duration::max() - total) return std::nullopt;
    total += *part;
    text.remove_prefix(1);
  }
  return total;
}

std::optional<duration> parse_iso_duration(std::string_view text) {
  text.remove_prefix(1);  // the P
  if (text.empty()) return std::nullopt;
  const auto days = take_parts(text, {{"w", 168h}, {"d", 24h}});
  if (!days) return std::nullopt;
  if (text.empty()) return days;
  if (text.front() != 't' || text.size() == 1) return std::nullopt;
  text.remove_prefix(1);
  const auto rest = take_parts(text, {{"h", 1h}, {"m", 1min}, {"s", 1s}});
  if (!rest || !text.empty() || *rest > duration::max() - *days) return std::nullopt;
  return *days + *rest;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || is_control(static_cast<char>(high * 16 + low))) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

result<std::vector<assignment>> parse(std::string_view text) {
  if (text.size() > text_bytes_max)
    return error{errc::bad_option, "options: " + std::to_string(text.size()) +
                                       " bytes are too many (at most " + std::to_string(text_bytes_max) +
                                       "): is this an option file?"};
  return scanner(text).run();
}

std::optional<cluster_url> parse_cluster_url(std::string_view text) {
  constexpr std::string_view scheme = "gcomm://";
  if (!lower(text.substr(0, scheme.size())).starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  cluster_url url;
  const std::size_t question = std::min(text.find('?'), text.size());
  url.hosts = trim(text.substr(0, question));
  text.remove_prefix(std::min(question + 1, text.size()));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    auto key = percent_decoded(pair.substr(0, equals)), value = percent_decoded(pair.substr(equals + 1));
    if (!key || !value || !std::all_of(key->begin(), key->end(), is_key_character)) return std::nullopt;
    url.options.push_back({std::move(*key), std::string(trim(*value)), 1});
  }
  return url;
}

std::optional<duration> parse_duration(std::string_view text) {
  const std::string small = lower(trim(text));
  std::string_view rest = small;
  if (rest.starts_with('p')) return parse_iso_duration(rest);
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789.,"), rest.size());
  const std::string_view name = trim(rest.substr(digits));
  if (name.empty() && rest == "0") return duration{0};
  for (const unit& one : {unit{"ns", 1ns}, unit{"us", 1us}, unit{"ms", 1ms}, unit{"s", 1s}, unit{"m", 1min},
                          unit{"h", 1h}, unit{"d", 24h}}) {
    if (one.name != name) continue;
    std::string_view quantity = rest.substr(0, digits);
    const auto length = take_quantity(quantity, one.length);
    return quantity.empty() ? length : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned shift = 0;
  switch (text.back()) {
    case 'k':
    case 'K':
      shift = 10;
      break;
    case 'm':
    case 'M':
      shift = 20;
      break;
    case 'g':
    case 'G':
      shift = 30;
      break;
    case 't':
    case 'T':
      shift = 40;
      break;
    default:
      return parse_number(text);
  }
  const auto number = parse_number(text.substr(0, text.size() - 1));
  if (!number || *number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return *number << shift;
}

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string small = lower(text);
  for (const char* yes : {"yes", "true", "on", "1"})
    if (small == yes) return true;
  for (const char* no : {"no", "false", "off", "0"})
    if (small == no) return false;
  return std::nullopt;
}

std::optional<address> parse_address(std::string_view text) {
  address made;
  text = trim(text);
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    made.scheme = lower(text.substr(0, scheme));
    if (made.scheme != "ssl" && made.scheme != "tcp") return std::nullopt;
    text.remove_prefix(scheme + 3);
  }
  const bool bracketed = text.starts_with('[');
  std::string_view rest;
  if (bracketed) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close == 1) return std::nullopt;
    made.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    if (made.host.find(':') == std::string::npos) return std::nullopt;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    made.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  for (const char c : made.host) {
    // A zone (fe80::1%eth0) may only stand in brackets.
    const bool also = bracketed ? c == ':' || c == '%' : c == '*' && made.host.size() == 1;
    if (!is_key_character(c) && !also) return std::nullopt;
  }
  if (rest.empty()) return made.host.empty() ? std::nullopt : std::optional(made);
  const auto port = parse_number(rest.substr(1));
  if (!port || *port > 65535) return std::nullopt;
  made.port = static_cast<std::uint16_t>(*port);
  return made;
}

std::string join_address(std::string_view host, std::uint16_t port) {
  std::string text(host);
  if (text.find(':') != std::string::npos) text = '[' + text + ']';
  return text + ':' + std::to_string(port);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (const auto part = trim(text.substr(0, end)); !part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::size_t distance(std::string_view a, std::string_view b) {
  a = a.substr(0, 64);
  b = b.substr(0, 64);
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace hauberk::base::options
