#include "tool/options.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/options.hpp"

namespace hauberk::tool {
namespace {

result<std::string> read_config(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return error{errc::bad_file, "cannot open the option file '" + path + "': " + std::strerror(errno)};
  std::string text;
  std::array<char, 4096> piece{};
  ssize_t got = 0;
  while ((got = ::read(file, piece.data(), piece.size())) > 0)
    text.append(piece.data(), static_cast<std::size_t>(got));
  const int failure = errno;
  ::close(file);
  if (got < 0)
    return error{errc::bad_file, "cannot read the option file '" + path + "': " + std::strerror(failure)};
  if (const auto read = base::options::parse(text); !read)
    return error{errc::bad_option, path + ": " + read.error().text};
  return text;
}

}  // namespace

result<config> read_options(const std::string& config_file, const std::vector<std::string>& options,
                            const std::string& last) {
  std::string text;
  if (!config_file.empty()) {
    auto file = read_config(config_file);
    if (!file) return file.error();
    text = std::move(*file) + '\n';
  }
  for (const auto& one : options) {
    // Each by itself first, so that a line number in an error is one of that text.
    if (const auto read = base::options::parse(one); !read) return read.error();
    text += one + '\n';
  }
  return config::parse(text + last);
}

}  // namespace hauberk::tool
