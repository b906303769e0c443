#include "tool/log.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace hauberk::tool {
namespace {

constexpr std::array words = {"error", "warning", "info", "debug"};

/// 2026-01-31T23:59:59.123Z
std::string time_now() {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const std::time_t seconds = system_clock::to_time_t(now);
  const auto milliseconds = duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(milliseconds));
  return text.data();
}

/// One write a line, so that lines of several threads do not mix. There is nobody to tell when it fails.
void write_line(std::string line) {
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  line += '\n';
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace

logger::logger(std::string_view most) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (most == words[i]) most_ = static_cast<log_level>(i);
}

void logger::operator()(log_level level, std::string_view line) const {
  if (level > most_) return;
  write_line(time_now() + ' ' + words[static_cast<std::size_t>(level)] + ' ' + std::string(line));
}

std::function<void(log_level, std::string_view)> logger::hook() const { return *this; }

int logger::said(int code, std::string_view line) const {
  write_line("hauberk: " + std::string(line));
  return code;
}

}  // namespace hauberk::tool
