// A brake on the log: whoever can make this node say something, again and again, must not fill the disk. A
// few lines each period are written as they come, the rest is counted.
#pragma once

#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/time.hpp"

namespace hauberk::engine {

class few_lines {
 public:
  static constexpr unsigned lines_max = 10;
  static constexpr base::duration period = std::chrono::seconds(10);

  /// `what` follows a number in the line that counts: "links did not come up".
  explicit few_lines(std::string what) : what_(std::move(what)) {}

  void say(base::time_point now, const base::logger& log, base::level how, const std::string& line) {
    if (now - since_ >= period) {
      if (said_ > lines_max) log(base::level::warning, std::to_string(said_ - lines_max) + " more " + what_);
      since_ = now;
      said_ = 0;
    }
    if (++said_ <= lines_max) log(how, line);
  }

 private:
  std::string what_;
  base::time_point since_{};
  unsigned said_ = 0;
};

}  // namespace hauberk::engine
