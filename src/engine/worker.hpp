// A thread for what may take a while and must not hold up the strand: reading files, above all.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace hauberk::engine {

class worker {
 public:
  worker() = default;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() { stop(); }
  /// Waits for the task under way; those that wait, and those that come, are dropped.
  void stop();

  /// One after the other, in this order. The thread begins with the first.
  void run(std::function<void()> task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace hauberk::engine
