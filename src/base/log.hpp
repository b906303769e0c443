// Where our words go. A `logger` is a copyable handle to the host's sink; without one nothing is said.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hauberk::base {

enum class level { error, warning, info, debug };

class logger {
 public:
  using sink = std::function<void(level, std::string_view)>;

  logger() = default;
  /// `words` is called from any of our threads, one line at a time, up to and including `most`.
  explicit logger(sink words, level most = level::info)
      : sink_(std::make_shared<const sink>(std::move(words))), most_(most) {}

  [[nodiscard]] bool enabled(level at) const { return sink_ && at <= most_; }
  void operator()(level at, std::string_view line) const {
    if (enabled(at)) (*sink_)(at, line);
  }

 private:
  std::shared_ptr<const sink> sink_;
  level most_ = level::info;
};

}  // namespace hauberk::base
