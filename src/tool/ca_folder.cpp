#include "tool/ca_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tls/pem_text.hpp"

namespace hauberk::tool {
namespace fs = std::filesystem;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

ca_folder::~ca_folder() {
  if (lock_ >= 0) ::close(lock_);
}

result<void> ca_folder::lock() {
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (lock_ >= 0 && ::flock(lock_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOLCK || errno == EOPNOTSUPP) break;  // a file system without locks
    ::close(lock_);
    lock_ = -1;
  }
  if (lock_ >= 0) {
    sweep();
    return {};
  }
  return error(errc::bad_file, "cannot open the folder '" + path_ + "': " + std::strerror(errno));
}

// Drafts may hold keys. Whoever wrote them held the lock and does not live any more.
void ca_folder::sweep() const {
  std::error_code failure;
  for (fs::directory_iterator at(path_, failure), end; !failure && at != end; at.increment(failure))
    if (tls::is_draft(at->path().filename().string())) ::unlink(at->path().c_str());
}

std::string ca_folder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

tls::pair_files ca_folder::pair(const std::string& stem) const {
  return {file(stem + ".pem"), file(stem + "-key.pem")};
}

authority_files ca_folder::authority(const std::string& stem) const {
  authority_files made{pair(stem), file(stem + "-index.txt")};
  made.pair.password_file = password_file_;
  return made;
}

std::vector<authority_files> ca_folder::authorities() const {
  std::vector<authority_files> made;
  for (const char* stem : {"ca", "ca-old", "ca-next"}) {
    authority_files one = authority(stem);
    if (exists(one.pair.cert) && exists(one.pair.key)) made.push_back(std::move(one));
  }
  return made;
}

std::string ca_folder::anchors() const { return exists(bundle()) ? bundle() : authority("ca").pair.cert; }

result<std::vector<std::string>> ca_folder::pem_files() const {
  std::error_code failure;
  std::vector<std::string> made;
  for (fs::directory_iterator at(path_, failure), end; !failure && at != end; at.increment(failure))
    if (at->path().extension() == ".pem") made.push_back(at->path().string());
  if (failure) return error(errc::bad_file, "cannot read the folder '" + path_ + "': " + failure.message());
  std::ranges::sort(made);
  return made;
}

result<std::vector<node_in_folder>> ca_folder::nodes() const {
  const auto files = pem_files();
  if (!files) return files.error();
  std::vector<node_in_folder> made;
  for (const std::string& path : *files) {
    const auto read = tls::inspect_file(path);
    if (!read) return read.error();
    if (read->certificates.empty() || read->certificates.front().is_ca) continue;
    const std::string name = fs::path(path).stem().string();
    made.push_back({name, pair(name), read->certificates.front()});
  }
  return made;
}

result<void> ca_folder::note_issued(const authority_files& by, const tls::certificate& what) const {
  auto book = tls::ledger::read(by.ledger);
  if (!book) return book.error();
  book->add(what);
  return book->write(by.ledger);
}

}  // namespace hauberk::tool
