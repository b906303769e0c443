// One function a file. Files are opened once and judged by what was opened (fstat), so that a symlink that
// moves meanwhile (secret mounts do) cannot show one mode and give another key.
#include "tls/material.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

namespace hauberk::tls {
namespace {

constexpr std::size_t file_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t certificates_max = 4096;

struct source {
  const char* option;
  const std::string& path;

  [[nodiscard]] error wrong(const std::string& what, errc why = errc::bad_file) const {
    return {why, std::string(option) + ": " + path + ": " + what};
  }
};

/// Bytes that are wiped when they go.
struct secret {
  std::string text;
  secret() = default;
  secret(secret&&) = default;
  secret& operator=(secret&&) = default;
  ~secret() { OPENSSL_cleanse(text.data(), text.size()); }
};

enum class guard { open, warned, closed };

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

/// Who else may read a secret: anybody is too many for a key, a group is worth a word.
result<void> check_mode(const source& from, const struct stat& about, guard how, const base::logger& words) {
  if (how == guard::open) return {};
  const std::string mode = "mode " + octal(about.st_mode);
  if ((about.st_mode & 0007U) != 0 && how == guard::closed) {
    return from.wrong("the private key is open to all users of this machine (" + mode +
                      "): run chmod 600 on it");
  }
  if ((about.st_mode & 0077U) != 0) {
    words(base::level::warning, std::string(from.option) + ": " + from.path +
                                    ": other users can read this secret (" + mode +
                                    "): better run chmod 600 on it");
  }
  return {};
}

result<secret> read_file(const source& from, guard how, const base::logger& words) {
  if (from.path.empty())
    return error(errc::bad_option, std::string(from.option) + ": no file given: set it to a PEM file");
  // Non-blocking, or a FIFO in this place would hang us.
  const int file = ::open(from.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) {
    const int reason = errno;
    return from.wrong("cannot open the file: " + std::generic_category().message(reason) +
                      (reason == ENOENT ? ": check the path" : ": give this user the right to read it"));
  }
  struct stat about {};
  secret read;
  result<void> good;
  if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
    good = from.wrong("this is not a regular file: give the path of a PEM file");
  } else if (static_cast<std::size_t>(about.st_size) > file_bytes_max) {
    good = from.wrong("the file has " + std::to_string(about.st_size) +
                      " bytes, expected at most 4 MiB: is it the right file?");
  } else {
    good = check_mode(from, about, how, words);
  }
  if (good) {
    read.text.resize(static_cast<std::size_t>(about.st_size));
    std::size_t done = 0;
    while (done < read.text.size()) {
      const ssize_t count = ::read(file, read.text.data() + done, read.text.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) good = from.wrong("cannot read the file: " + std::generic_category().message(errno));
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    read.text.resize(done);
  }
  ::close(file);
  if (!good) return good.error();
  if (read.text.empty()) return from.wrong("the file is empty: expected PEM");
  return read;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// Why no certificate was found in `text`, and what to do.
std::string no_certificate(const std::string& text) {
  if (has(text, "PRIVATE KEY-----"))
    return "holds a private key, expected a certificate: are the files swapped?";
  if (has(text, "CERTIFICATE REQUEST-----")) {
    return "holds a certificate request, expected a certificate: have the CA sign it first";
  }
  if (text.starts_with('\x30'))
    return "is not PEM but looks like DER: convert it with openssl x509 -inform der";
  return "is not PEM: expected a block that starts with -----BEGIN CERTIFICATE-----";
}

result<std::vector<x509_ptr>> read_certificates(const source& from, const base::logger& words) {
  auto file = read_file(from, guard::open, words);
  if (!file) return file.error();
  const bio_ptr text(BIO_new_mem_buf(file->text.data(), static_cast<int>(file->text.size())));
  std::vector<x509_ptr> all;
  ERR_clear_error();
  while (all.size() < certificates_max) {
    x509_ptr next(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    all.push_back(std::move(next));
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  const std::string reason = take_openssl_reason();
  if (all.size() == certificates_max) return from.wrong("more than 4096 certificates: is it the right file?");
  if (!at_end) {
    return from.wrong("certificate " + std::to_string(all.size() + 1) + " in the file cannot be read (" +
                      reason + "): copy the file again");
  }
  if (all.empty()) return from.wrong(no_certificate(file->text));
  return all;
}

/// First line of the file, without its end.
result<secret> read_password(const settings& from, const base::logger& words) {
  const source where{"socket.ssl_password_file", from.password_file};
  auto file = read_file(where, guard::warned, words);
  if (!file) return file.error();
  secret line;
  line.text = file->text.substr(0, file->text.find('\n'));
  if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
  if (line.text.empty())
    return where.wrong("the first line is empty: expected the passphrase of socket.ssl_key");
  if (line.text.size() >= PEM_BUFSIZE) return where.wrong("the first line is longer than 1023 bytes");
  return line;
}

/// The host's answer; whatever goes wrong with it, it is none.
secret ask_host(const settings& from) {
  secret answer;
  if (!from.passphrase) return answer;
  try {
    answer.text = from.passphrase(from.key_file);
  } catch (...) {
    answer.text.clear();
  }
  return answer;
}

struct password_question {
  const settings& from;
  secret answer{};
  bool asked = false;
};

/// OpenSSL's own answer to a missing callback is to ask on the terminal; ours never does.
int answer_password(char* into, int room, int, void* about) {
  auto* question = static_cast<password_question*>(about);
  question->asked = true;
  std::string& answer = question->answer.text;
  if (answer.empty()) answer = std::move(ask_host(question->from).text);
  if (answer.empty() || static_cast<int>(answer.size()) > room) return -1;
  std::copy(answer.begin(), answer.end(), into);
  return static_cast<int>(answer.size());
}

result<key_ptr> read_key(const settings& from, const base::logger& words) {
  const source where{"socket.ssl_key", from.key_file};
  auto file = read_file(where, guard::closed, words);
  if (!file) return file.error();
  password_question question{from};
  if (!from.password_file.empty()) {
    auto line = read_password(from, words);
    if (!line) return line.error();
    question.answer = std::move(*line);
  }
  const bio_ptr text(BIO_new_mem_buf(file->text.data(), static_cast<int>(file->text.size())));
  key_ptr key(PEM_read_bio_PrivateKey(text.get(), nullptr, answer_password, &question));
  const std::string reason = take_openssl_reason();
  if (key != nullptr) return key;
  if (question.asked && question.answer.text.empty()) {
    return where.wrong(
        from.passphrase ? "the key is encrypted and the host's passphrase function gave nothing"
                        : "the key is encrypted and no passphrase is given: set socket.ssl_password_file, or "
                          "remove the passphrase with openssl pkey");
  }
  if (question.asked && from.password_file.empty())
    return where.wrong("the passphrase that the host's function gave does not open this key");
  if (question.asked) {
    return where.wrong("the passphrase in socket.ssl_password_file (" + from.password_file +
                       ") does not open this key");
  }
  if (has(file->text, "PRIVATE KEY-----"))
    return where.wrong("the private key cannot be read (" + reason + "): copy the file again");
  if (has(file->text, "BEGIN CERTIFICATE-----")) {
    return where.wrong("holds a certificate, expected a private key: are the files swapped?");
  }
  if (file->text.starts_with('\x30'))
    return where.wrong("is not PEM but looks like DER: convert it with openssl pkey -inform der");
  return where.wrong("is not PEM: expected a block that starts with -----BEGIN PRIVATE KEY-----");
}

result<void> match(const settings& from, const material& read) {
  const auto belongs = [&](const x509_ptr& certificate) {
    const bool yes = X509_check_private_key(certificate.get(), read.key.get()) == 1;
    ERR_clear_error();
    return yes;
  };
  if (belongs(read.own)) return {};
  if (std::any_of(read.intermediates.begin(), read.intermediates.end(), belongs)) {
    return source{"socket.ssl_cert", from.cert_file}.wrong(
        "the key in socket.ssl_key belongs to a later certificate in the file: put the node's own one first",
        errc::bad_certificate);
  }
  return source{"socket.ssl_key", from.key_file}.wrong("the key does not belong to the certificate " +
                                                       from.cert_file + " (" +
                                                       name_text(X509_get_subject_name(read.own.get())) +
                                                       "): give the key that the certificate was made with");
}

/// Of the anchors on file, and of those that were in force before, the ones that the group has agreed on.
result<void> choose_anchors(const settings& from, std::vector<x509_ptr>& all) {
  const bio_ptr kept(BIO_new_mem_buf(from.anchors_kept.data(), static_cast<int>(from.anchors_kept.size())));
  while (X509* next = PEM_read_bio_X509(kept.get(), nullptr, nullptr, nullptr)) all.emplace_back(next);
  ERR_clear_error();
  std::vector<x509_ptr> chosen;
  for (const std::string& wanted : from.anchors) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const x509_ptr& one) {
      return one != nullptr && fingerprint_of(one.get()) == wanted;
    });
    if (at == all.end()) {
      const bool with_ca = !from.ca_file.empty();
      return source{with_ca ? "socket.ssl_ca" : "socket.ssl_cert", with_ca ? from.ca_file : from.cert_file}
          .wrong("the trust anchor with the SHA-256 fingerprint " + wanted +
                     " is not there, which the group's policy has: put the bundle with all its anchors at "
                     "this node",
                 errc::bad_certificate);
    }
    chosen.push_back(std::move(*at));
  }
  all = std::move(chosen);
  return {};
}

}  // namespace

result<std::string> read_text(const char* option, const std::string& path, const base::logger& words) {
  auto read = read_file({option, path}, guard::open, words);
  if (!read) return read.error();
  return std::move(read->text);
}

result<material> read_material(const settings& from, const base::logger& words) {
  material read;
  auto chain = read_certificates({"socket.ssl_cert", from.cert_file}, words);
  if (!chain) return chain.error();
  read.own = std::move(chain->front());
  read.intermediates.assign(std::make_move_iterator(chain->begin() + 1),
                            std::make_move_iterator(chain->end()));
  auto key = read_key(from, words);
  if (!key) return key.error();
  read.key = std::move(*key);
  if (auto good = match(from, read); !good) return good.error();

  if (from.ca_file.empty()) {
    X509_up_ref(read.own.get());
    read.anchors.emplace_back(read.own.get());
  } else {
    auto anchors = read_certificates({"socket.ssl_ca", from.ca_file}, words);
    if (!anchors) return anchors.error();
    read.anchors = std::move(*anchors);
  }
  if (!from.anchors.empty())
    if (auto good = choose_anchors(from, read.anchors); !good) return good.error();
  read.shared_pair = std::all_of(read.anchors.begin(), read.anchors.end(), [&](const x509_ptr& anchor) {
    return X509_cmp(anchor.get(), read.own.get()) == 0;
  });
  return read;
}

}  // namespace hauberk::tls
