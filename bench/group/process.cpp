#include "group/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "support/usage.hpp"

extern char** environ;

namespace hauberk::bench {
namespace {

volatile sig_atomic_t interrupted = 0;

int milliseconds_until(std::uint64_t when) {
  const std::uint64_t now = now_ns();
  return when <= now ? 0 : static_cast<int>(std::min<std::uint64_t>((when - now) / 1000000 + 1, 1000));
}

}  // namespace

void catch_interruptions() {
  struct sigaction how {};
  how.sa_handler = [](int) { interrupted = 1; };
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &how, nullptr);
  how.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &how, nullptr);
}

void throw_if_interrupted() {
  if (interrupted != 0) throw std::runtime_error("interrupted");
}

void sleep_until(std::uint64_t when) {
  while (now_ns() < when) {
    throw_if_interrupted();
    ::poll(nullptr, 0, milliseconds_until(when));
  }
}

process::process(const std::vector<std::string>& arguments, const std::string& log) : log_(log) {
  int to_child[2], from_child[2];
  if (::pipe2(to_child, O_CLOEXEC) != 0 || ::pipe2(from_child, O_CLOEXEC) != 0)
    throw std::runtime_error(std::string("no pipe: ") + std::strerror(errno));
  in_ = to_child[1];
  out_ = from_child[0];
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, to_child[0], 0);
  posix_spawn_file_actions_adddup2(&files, from_child[1], 1);
  posix_spawn_file_actions_addopen(&files, 2, log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::string name = "group_bench";
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers{name.data()};
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const int problem = ::posix_spawn(&id_, program.c_str(), &files, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  ::close(to_child[0]);
  ::close(from_child[1]);
  if (problem != 0) {
    ::close(in_);
    ::close(out_);
    throw std::runtime_error(std::string("cannot start a node: ") + std::strerror(problem));
  }
}

process::~process() {
  end();
  ::close(out_);
}

void process::write_line(const std::string& line) {
  const std::string whole = line + "\n";
  for (std::size_t done = 0; done < whole.size();) {
    const ssize_t count = ::write(in_, whole.data() + done, whole.size() - done);
    if (count < 0 && errno != EINTR) return;  // it has ended: that shows when its answer is waited for
    throw_if_interrupted();
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

std::optional<std::string> process::read_line(std::uint64_t deadline) {
  for (;;) {
    throw_if_interrupted();
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    pollfd wait{out_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, milliseconds_until(deadline));
    if (ready <= 0) {
      if (now_ns() >= deadline) return std::nullopt;
      continue;
    }
    char bytes[65536];
    const ssize_t count = ::read(out_, bytes, sizeof bytes);
    if (count == 0) return std::nullopt;
    if (count > 0) read_.append(bytes, static_cast<std::size_t>(count));
  }
}

void process::send_signal(int number) const {
  if (id_ > 0) ::kill(id_, number);
}

void process::end() {
  if (in_ >= 0) ::close(std::exchange(in_, -1));
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) continue;
  id_ = -1;
}

void process::wait_exit(std::uint64_t deadline) {
  while (id_ > 0 && now_ns() < deadline) {
    if (::waitpid(id_, nullptr, WNOHANG) == id_) {
      id_ = -1;
      break;
    }
    ::poll(nullptr, 0, 5);
  }
  end();
}

}  // namespace hauberk::bench
