// A file is written under a name of its own in the same folder, synced, and only then given its real name.
#include "tls/pem_file.hpp"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace hauberk::tls {
namespace {

constexpr off_t file_bytes_max = 4 * 1024 * 1024;

/// Never asks on the terminal.
int no_password(char*, int, int, void*) { return -1; }

/// The passphrase for a key, if there is one; nobody is asked.
int answer(char* into, int room, int, void* about) {
  const auto* known = static_cast<const secret_text*>(about);
  if (known->text.empty() || static_cast<int>(known->text.size()) > room) return -1;
  std::copy(known->text.begin(), known->text.end(), into);
  return static_cast<int>(known->text.size());
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Names are durable only when their folder is.
void sync_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int file = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

/// The name under which a file is written before it is whole.
std::string draft_of(const std::string& path) {
  return path + std::string(draft_mark) + std::to_string(::getpid());
}

result<void> write_draft(const std::string& path, std::string_view text, mode_t mode) {
  const std::string draft = draft_of(path);
  ::unlink(draft.c_str());  // of a process with our id that died
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return file_failed(path, "create the file");
  // The umask may only take rights away, and a key must be ours alone whatever it says.
  const bool good = ::fchmod(file, mode) == 0 && write_all(file, text) && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  if (good) return {};
  ::unlink(draft.c_str());
  errno = reason;
  return file_failed(path, "write the file");
}

/// Renames, but not over another file. Not every file system can do it in one step; a second name and then
/// one less comes to the same.
bool rename_to_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (::link(from.c_str(), to.c_str()) != 0) return false;
  ::unlink(from.c_str());
  return true;
}

/// `read` gives the next object or null.
template <typename Pointer, typename Read>
result<std::vector<Pointer>> all_in(const std::string& text, const std::string& path, const char* kind,
                                    Read read) {
  const bio_ptr from(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Pointer> all;
  ERR_clear_error();
  while (Pointer next{read(from.get())}) all.push_back(std::move(next));
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const std::string reason = take_openssl_reason();
  if (at_end) return all;
  return error(errc::bad_file, path + ": " + kind + " " + std::to_string(all.size() + 1) +
                                   " in the file cannot be read (" + reason + "): copy the file again");
}

template <typename Write>
std::string text_by(Write write) {
  const bio_ptr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || write(out.get()) != 1) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(std::max(0L, size))};
}

}  // namespace

error file_failed(const std::string& path, const std::string& what) {
  return {errc::bad_file, path + ": cannot " + what + ": " + std::generic_category().message(errno)};
}

result<std::string> read_text(const std::string& path) {
  // Non-blocking, or a FIFO in this place would hang us.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return file_failed(path, "open the file");
  struct stat about {};
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > file_bytes_max) {
    ::close(file);
    return error(errc::bad_file, path + ": not a regular file of at most 4 MiB: is it the right one?");
  }
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t done = 0;
  ssize_t count = 1;
  while (done < text.size() && count > 0) {
    count = ::read(file, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR)
      count = 1;
    else if (count > 0)
      done += static_cast<std::size_t>(count);
  }
  const int reason = errno;
  ::close(file);
  errno = reason;
  if (count < 0) return file_failed(path, "read the file");
  text.resize(done);
  return text;
}

result<std::vector<x509_ptr>> certificates_in(const std::string& text, const std::string& path) {
  return all_in<x509_ptr>(text, path, "certificate",
                          [](BIO* from) { return PEM_read_bio_X509(from, nullptr, no_password, nullptr); });
}

result<std::vector<crl_ptr>> crls_in(const std::string& text, const std::string& path) {
  return all_in<crl_ptr>(text, path, "CRL", [](BIO* from) {
    return PEM_read_bio_X509_CRL(from, nullptr, no_password, nullptr);
  });
}

result<x509_ptr> read_certificate(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return text.error();
  auto all = certificates_in(*text, path);
  if (!all) return all.error();
  if (all->empty())
    return error(errc::bad_file, path + ": no readable PEM certificate in it: is it the right file?");
  return std::move(all->front());
}

result<secret_text> read_passphrase(const std::string& path) {
  secret_text line;
  if (path.empty()) return line;
  auto text = read_text(path);
  if (!text) return text.error();
  const secret_text all(std::move(*text));
  line.text = all.text.substr(0, all.text.find('\n'));
  if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
  if (!line.text.empty() && line.text.size() < PEM_BUFSIZE) return line;
  return error(errc::bad_file, path + ": expected a passphrase of 1 to 1023 bytes in the first line");
}

result<key_ptr> read_private_key(const std::string& path, const secret_text& passphrase) {
  auto text = read_text(path);
  if (!text) return text.error();
  const secret_text all(std::move(*text));
  const bio_ptr from(BIO_new_mem_buf(all.text.data(), static_cast<int>(all.text.size())));
  key_ptr key(PEM_read_bio_PrivateKey(from.get(), nullptr, answer, const_cast<secret_text*>(&passphrase)));
  const bool locked = all.text.find("ENCRYPTED") != std::string::npos;
  if (key != nullptr) return key;
  const std::string reason = take_openssl_reason();
  if (locked && !passphrase.text.empty())
    return error(errc::bad_file, path + ": the passphrase does not open this key");
  return error(errc::bad_file,
               path + (locked ? ": the key is locked: give the file with its passphrase (--ca-password-file)"
                              : ": no readable PEM private key in it: OpenSSL says \"" + reason + "\""));
}

std::string pem_of(const X509* certificate) {
  return text_by([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string pem_of(const X509_CRL* list) {
  return text_by([&](BIO* out) { return PEM_write_bio_X509_CRL(out, list); });
}

secret_text pem_of(const EVP_PKEY* key, const secret_text& passphrase) {
  const EVP_CIPHER* lock = passphrase.text.empty() ? nullptr : EVP_aes_256_cbc();
  return secret_text(text_by([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key, lock, passphrase.text.data(),
                                         static_cast<int>(passphrase.text.size()), nullptr, nullptr);
  }));
}

result<void> create_file(const std::string& path, std::string_view text, mode_t mode) {
  if (auto written = write_draft(path, text, mode); !written) return written;
  if (rename_to_new(draft_of(path), path)) {
    sync_folder_of(path);
    return {};
  }
  const int reason = errno;
  ::unlink(draft_of(path).c_str());
  errno = reason;
  if (reason != EEXIST) return file_failed(path, "create the file");
  return error(errc::bad_file,
               path + ": exists already and is not overwritten: remove it or choose another name");
}

result<void> replace_file(const std::string& path, std::string_view text, mode_t mode) {
  if (auto written = write_draft(path, text, mode); !written) return written;
  auto moved = move_file(draft_of(path), path);
  if (!moved) ::unlink(draft_of(path).c_str());
  return moved;
}

result<void> move_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return file_failed(to, "rename " + from + " to it");
  sync_folder_of(to);
  return {};
}

}  // namespace hauberk::tls
