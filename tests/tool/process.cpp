#include "tool/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

extern char** environ;

namespace hauberk::test {

std::string content_of(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

process::process(std::vector<std::string> arguments, int output) {
  ::signal(SIGPIPE, SIG_IGN);  // a child that died early shows by its exit code
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
  input_ = ends[1];
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[0], 0);
  if (output >= 0) {
    posix_spawn_file_actions_adddup2(&files, output, 1);
  } else {
    posix_spawn_file_actions_addopen(&files, 1, (folder_ / "out").c_str(), O_CREAT | O_WRONLY, 0600);
  }
  posix_spawn_file_actions_addopen(&files, 2, (folder_ / "err").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  posix_spawnattr_t how;  // the tool gets SIGPIPE as a shell gives it: not ignored
  posix_spawnattr_init(&how);
  sigset_t reset;
  sigemptyset(&reset);
  sigaddset(&reset, SIGPIPE);
  posix_spawnattr_setsigdefault(&how, &reset);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);

  arguments.insert(arguments.begin(), HAUBERK_BINARY);
  std::vector<char*> pointers;
  for (auto& one : arguments) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  const int failed = ::posix_spawn(&id_, HAUBERK_BINARY, &files, &how, pointers.data(), environ);
  if (failed != 0) ADD_FAILURE() << "cannot run " << HAUBERK_BINARY << ": " << failed;
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  ::close(ends[0]);
}

process::~process() {
  end_input();
  if (id_ > 0 && code_ < 0) {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
}

void process::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(input_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    ASSERT_GT(written, 0) << "it does not read its input any more: " << err();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void process::end_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

void process::send_signal(int number) const {
  ASSERT_LT(code_, 0) << "it has ended already";
  ::kill(id_, number);
}

int process::wait_exit(std::chrono::milliseconds limit) {
  eventually(
      [&] {
        int status = 0;
        if (code_ >= 0) return true;
        if (::waitpid(id_, &status, WNOHANG) != id_) return false;
        code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
      },
      limit);
  return code_;
}

std::vector<std::string> process::lines() const {
  std::vector<std::string> all;
  const std::string text = out();
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    all.push_back(text.substr(begin, end - begin));
  return all;
}

unsigned free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool is_bound = ::bind(file, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                        ::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  EXPECT_TRUE(is_bound);
  ::close(file);
  return ntohs(address.sin_port);
}

}  // namespace hauberk::test
