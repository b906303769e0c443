#include "tool/stop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "base/assert.hpp"

namespace hauberk::tool {

stop::stop() : event_(::eventfd(0, EFD_CLOEXEC)) {
  HAUBERK_ASSERT(event_ >= 0, "the process can open one more file at its start");
}

stop::~stop() { ::close(event_); }

void stop::request() noexcept {
  requested_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  // It fails only when the counter is full: then whoever waits is awake already.
  if (::write(event_, &one, sizeof one) < 0) return;
}

bool stop::wait_readable(int file) const {
  std::array<pollfd, 2> watched = {pollfd{file, POLLIN, 0}, pollfd{event_, POLLIN, 0}};
  while (!requested()) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return !requested();
    if (watched[0].revents != 0) return !requested();
  }
  return false;
}

bool stop::wait(std::chrono::milliseconds time) const {
  pollfd watched = {event_, POLLIN, 0};
  if (requested()) return false;
  ::poll(&watched, 1, static_cast<int>(time.count()));
  return !requested();
}

}  // namespace hauberk::tool
