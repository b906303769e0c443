// For its scope, this process can write no file beyond some bytes: as if the disk were full. It works for
// root, too, and needs no file system of its own. Pipes and sockets are not concerned.
#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstddef>

namespace hauberk::test {

class full_disk {
 public:
  explicit full_disk(std::size_t bytes_max = 0) {
    getrlimit(RLIMIT_FSIZE, &before_);
    action_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{bytes_max, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, action_);
  }

 private:
  rlimit before_{};
  void (*action_)(int) = nullptr;
};

}  // namespace hauberk::test
