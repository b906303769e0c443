// Runs a command line and keeps what it said: the tests use the real `openssl` program.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace hauberk::test {

struct outcome {
  int status = -1;   ///< exit code, -1 when it could not be run
  std::string text;  ///< standard output and standard error
};

[[nodiscard]] inline outcome run(const std::string& command) {
  outcome seen;
  std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "r");
  if (pipe == nullptr) return seen;
  std::array<char, 4096> part{};
  for (std::size_t count = 0; (count = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    seen.text.append(part.data(), count);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) seen.status = WEXITSTATUS(status);
  return seen;
}

}  // namespace hauberk::test
