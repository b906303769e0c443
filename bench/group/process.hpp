// A node's process as its coordinator holds it: lines in, lines out, signals; killed and reaped at the latest
// when the object goes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hauberk::bench {

class process {
 public:
  /// Runs this very program with `arguments`; standard error goes to the file `log`.
  process(const std::vector<std::string>& arguments, const std::string& log);
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process();

  void write_line(const std::string& line);
  /// The next line; nothing when none came until `deadline` (`now_ns`) or it has closed its output.
  std::optional<std::string> read_line(std::uint64_t deadline);
  void send_signal(int number) const;
  /// Kills and reaps it.
  void end();
  /// Waits for its own end until `deadline`, else as `end`.
  void wait_exit(std::uint64_t deadline);
  [[nodiscard]] bool is_running() const { return id_ > 0; }
  [[nodiscard]] const std::string& log() const { return log_; }

 private:
  const std::string log_;
  pid_t id_ = -1;
  int in_ = -1, out_ = -1;
  std::string read_;
};

/// Set by SIGINT, SIGTERM and SIGHUP: everything that waits here then throws, so that nothing is left behind.
void catch_interruptions();
void throw_if_interrupted();
/// Sleeps until `when` (`now_ns`).
void sleep_until(std::uint64_t when);

}  // namespace hauberk::bench
