#include "engine/watch.hpp"

#include <sys/stat.h>

#include <utility>

#include "net/signals.hpp"

namespace hauberk::engine {

file_watch::file_watch(std::vector<std::string> files, std::function<void()> changed,
                       std::chrono::milliseconds period)
    : files_(std::move(files)), changed_(std::move(changed)), period_(period), seen_(look()) {
  const net::signals_left_to_host while_it_starts;
  thread_ = std::thread([this] { run(); });
}

file_watch::~file_watch() {
  {
    const std::lock_guard hold(mutex_);
    is_ending_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void file_watch::run() {
  std::string before = seen_;
  std::unique_lock hold(mutex_);
  while (!ended_.wait_for(hold, period_, [this] { return is_ending_; })) {
    hold.unlock();
    std::string now = look();
    if (now == before && now != seen_) {
      seen_ = now;
      changed_();
    }
    before = std::move(now);
    hold.lock();
  }
}

/// Whatever changes when a file is replaced, by a rename or in place; symbolic links are followed.
std::string file_watch::look() const {
  std::string all;
  for (const std::string& file : files_) {
    struct stat about {};
    const bool is_there = ::stat(file.c_str(), &about) == 0;
    for (const auto part :
         {static_cast<long long>(is_there), static_cast<long long>(about.st_dev),
          static_cast<long long>(about.st_ino), static_cast<long long>(about.st_size),
          static_cast<long long>(about.st_mtim.tv_sec), static_cast<long long>(about.st_mtim.tv_nsec),
          static_cast<long long>(about.st_ctim.tv_sec), static_cast<long long>(about.st_ctim.tv_nsec)})
      all += std::to_string(part) + ' ';
  }
  return all;
}

}  // namespace hauberk::engine
