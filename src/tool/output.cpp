#include "tool/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace hauberk::tool {

bool output::flush() {
  std::string_view rest = waiting_;
  while (!closed_ && !rest.empty()) {
    const ssize_t written = ::write(file_, rest.data(), rest.size());
    if (written > 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {  // somebody left the terminal in non-blocking mode
      pollfd watched = {file_, POLLOUT, 0};
      ::poll(&watched, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      closed_ = true;
      failure_ = errno;
    }
  }
  waiting_.clear();
  return !closed_;
}

}  // namespace hauberk::tool
