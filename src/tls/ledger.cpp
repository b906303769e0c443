#include "tls/ledger.hpp"

#include <openssl/asn1.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <ctime>

#include "tls/pem_file.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t serial_digits_max = 40;
constexpr std::size_t fields = 6;

std::string date_field(std::int64_t seconds) {
  const std::time_t moment = seconds;
  std::tm parts{};
  gmtime_r(&moment, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%d%H%M%SZ", &parts);
  return std::string(text.data(), size).substr(parts.tm_year < 150 ? 2 : 0);
}

std::optional<std::int64_t> date_of(const std::string& text) {
  const std::unique_ptr<ASN1_TIME, freer<ASN1_TIME_free>> time(ASN1_TIME_new());
  if (time == nullptr || text.empty() || ASN1_TIME_set_string(time.get(), text.c_str()) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return seconds_of(time.get());
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = std::min(line.find('\t'), line.size());
    parts.emplace_back(line.substr(0, end));
    if (end == line.size()) return parts;
    line.remove_prefix(end + 1);
  }
}

std::optional<ledger_entry> entry_of(std::string_view line) {
  const std::vector<std::string> parts = split(line);
  if (parts.size() != fields) return std::nullopt;
  ledger_entry made;
  const auto expires = date_of(parts[1]);
  made.serial = canonical_serial(parts[3]);
  made.subject = parts[5];
  if (!expires || made.serial.empty()) return std::nullopt;
  made.expires = *expires;
  if (parts[0] == "V" || parts[0] == "E") return made;
  if (parts[0] != "R") return std::nullopt;
  const std::size_t comma = std::min(parts[2].find(','), parts[2].size());
  made.revoked = date_of(parts[2].substr(0, comma));
  if (!made.revoked) return std::nullopt;
  if (comma < parts[2].size()) made.reason = parts[2].substr(comma + 1);
  return made;
}

/// "/CN=db1", on one line and without a tab, whatever the subject holds.
std::string subject_field(const std::string& subject) {
  std::string made = subject.starts_with('/') ? subject : '/' + subject;
  for (char& c : made)
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  return made;
}

}  // namespace

std::string canonical_serial(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return {};
    made += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (made.empty()) return {};
  made.erase(0, std::min(made.find_first_not_of('0'), made.size() - 1));
  if (made.size() % 2 == 1) made.insert(0, 1, '0');
  return made.size() > serial_digits_max ? std::string() : made;
}

result<ledger> ledger::read(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 && errno == ENOENT) return ledger();
  const auto text = read_text(path);
  if (!text) return text.error();
  return parse(*text, path);
}

result<ledger> ledger::parse(std::string_view text, const std::string& path) {
  ledger made;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty()) continue;
    auto entry = entry_of(line);
    if (!entry)
      return error(errc::bad_file, path + ": line " + std::to_string(number) +
                                       " is none of openssl ca's index: expected six fields between tabs, "
                                       "with dates and a hex serial; put the file back from a copy");
    made.entries_.push_back(std::move(*entry));
  }
  return made;
}

const ledger_entry* ledger::find(std::string_view serial) const {
  const std::string wanted = canonical_serial(serial);
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const ledger_entry& one) { return one.serial == wanted; });
  return at == entries_.end() ? nullptr : &*at;
}

void ledger::add(const certificate& issued) {
  if (find(issued.serial) != nullptr) return;
  entries_.push_back({canonical_serial(issued.serial), issued.subject, issued.not_after});
}

bool ledger::revoke(std::string_view serial, std::int64_t when, std::string_view reason) {
  const std::string wanted = canonical_serial(serial);
  auto at = std::find_if(entries_.begin(), entries_.end(),
                         [&](const ledger_entry& one) { return one.serial == wanted; });
  if (at == entries_.end()) at = entries_.insert(at, {wanted, "CN=unknown", when});
  if (at->revoked) return false;
  at->revoked = when;
  at->reason = reason;
  return true;
}

std::string ledger::text() const {
  std::string made;
  for (const ledger_entry& one : entries_) {
    made += one.revoked ? "R\t" : "V\t";
    made += date_field(one.expires) + '\t';
    if (one.revoked) made += date_field(*one.revoked) + (one.reason.empty() ? "" : ',' + one.reason);
    made += '\t' + one.serial + "\tunknown\t" + subject_field(one.subject) + '\n';
  }
  return made;
}

result<void> ledger::write(const std::string& path) const { return replace_file(path, text(), 0644); }

}  // namespace hauberk::tls
