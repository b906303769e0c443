// The tool as a process, as a person or a script runs it: arguments, input, output, signals, exit code.
// Its output goes to files, so nothing blocks on us; waiting is polling with a deadline.
#pragma once

#include <gtest/gtest.h>

#include <sys/types.h>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/certificates.hpp"
#include "support/poll.hpp"

namespace hauberk::test {

/// The whole content of a file; empty when it is not there.
std::string content_of(const std::string& path);

class process {
 public:
  /// Runs the tool. `output` of nothing = a file of its own; else an open file that the child takes.
  explicit process(std::vector<std::string> arguments, int output = -1);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process();  ///< kills what still runs

  /// Bytes for its standard input; blocks while the pipe is full.
  void write(std::string_view bytes);
  void end_input();
  void send_signal(int number) const;
  /// Its exit code, or 128 + the signal that ended it; -1 when it still runs after `limit`.
  int wait_exit(std::chrono::milliseconds limit = std::chrono::seconds(30));

  [[nodiscard]] std::string out() const { return content_of(folder_ / "out"); }
  [[nodiscard]] std::string err() const { return content_of(folder_ / "err"); }
  /// The lines of the output so far, whole ones only.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  temp_dir folder_;
  pid_t id_ = -1;
  int input_ = -1;
  int code_ = -1;
};

/// A port of 127.0.0.1 that was free a moment ago.
unsigned free_port();

}  // namespace hauberk::test
