// Standard output, gathered into large writes. When nobody reads it any more, it says so once and swallows
// the rest: the node then leaves instead of dying of SIGPIPE.
#pragma once

#include <string>
#include <string_view>

namespace hauberk::tool {

class output {
 public:
  explicit output(int file) : file_(file) {}
  output(const output&) = delete;
  output& operator=(const output&) = delete;

  void add(std::string_view text) {
    waiting_ += text;
    if (waiting_.size() >= gather_bytes) flush();
  }
  /// False from the first write on that failed.
  bool flush();
  [[nodiscard]] bool is_closed() const { return closed_; }
  /// Why the first write failed, as an errno; EPIPE = the reader went away.
  [[nodiscard]] int failure() const { return failure_; }

 private:
  static constexpr std::size_t gather_bytes = 256 * 1024;
  int file_;
  std::string waiting_;
  bool closed_ = false;
  int failure_ = 0;
};

}  // namespace hauberk::tool
