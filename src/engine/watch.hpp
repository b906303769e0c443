// Looks at a few files once a second, on a thread of its own, and tells when they have changed and then
// stayed the same for one more look: several files are rarely replaced in one moment.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hauberk::engine {

class file_watch {
 public:
  /// `changed` is called on the watch's thread, and must not destroy it.
  file_watch(std::vector<std::string> files, std::function<void()> changed,
             std::chrono::milliseconds period = std::chrono::seconds(1));
  file_watch(const file_watch&) = delete;
  file_watch& operator=(const file_watch&) = delete;
  /// Waits for a call of `changed` that is under way.
  ~file_watch();

 private:
  void run();
  [[nodiscard]] std::string look() const;

  const std::vector<std::string> files_;
  const std::function<void()> changed_;
  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_ending_ = false;
  std::string seen_;  // as it was when the files were loaded last
  std::thread thread_;
};

}  // namespace hauberk::engine
