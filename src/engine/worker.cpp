#include "engine/worker.hpp"

#include <utility>

#include "net/signals.hpp"

namespace hauberk::engine {

void worker::stop() {
  {
    const std::lock_guard hold(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void worker::run(std::function<void()> task) {
  const std::lock_guard hold(mutex_);
  if (is_ending_) return;
  tasks_.push_back(std::move(task));
  if (!thread_.joinable()) {
    const net::signals_left_to_host quiet;
    thread_ = std::thread([this] { work(); });
  }
  changed_.notify_one();
}

void worker::work() {
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [&] { return is_ending_ || !tasks_.empty(); });
    if (is_ending_) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    hold.unlock();
    task();
    hold.lock();
  }
}

}  // namespace hauberk::engine
