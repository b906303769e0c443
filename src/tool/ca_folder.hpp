// The folder that `hauberk certs` works in, and its lock:
//
//   ca.pem ca-key.pem ca-index.txt          the authority, its key, what it issued and revoked
//   ca-next.pem ca-next-key.pem             the one that will follow it (between rotate-ca begin and switch)
//   ca-old.pem ca-old-key.pem …-index.txt   the one that it followed (after rotate-ca switch)
//   ca-bundle.pem                           what the nodes shall trust, once a rotation has begun
//   crl.pem                                 the newest revocation list of each authority
//   NAME.pem NAME-key.pem                   a node
#pragma once

#include <string>
#include <vector>

#include "tls/inspect.hpp"
#include "tls/issuer.hpp"
#include "tls/ledger.hpp"

namespace hauberk::tool {

struct authority_files {
  tls::pair_files pair;
  std::string ledger;
};

/// A certificate of a node that lies in the folder.
struct node_in_folder {
  std::string name;  ///< of the file, without .pem
  tls::pair_files files;
  tls::certificate_card card;
};

class ca_folder {
 public:
  /// `password_file` has the passphrase of the authorities' keys; empty = they are not locked.
  explicit ca_folder(std::string path, std::string password_file = {})
      : path_(std::move(path)), password_file_(std::move(password_file)) {}
  ca_folder(const ca_folder&) = delete;
  ca_folder& operator=(const ca_folder&) = delete;
  ~ca_folder();

  /// Waits until no other process changes the folder, and takes away the drafts of one that was killed.
  /// Errors: bad_file.
  result<void> lock();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const;
  [[nodiscard]] tls::pair_files pair(const std::string& stem) const;
  /// `stem` is ca, ca-next or ca-old.
  [[nodiscard]] authority_files authority(const std::string& stem) const;
  /// Those that are there, certificate and key.
  [[nodiscard]] std::vector<authority_files> authorities() const;
  /// What nodes should have as socket.ssl_ca.
  [[nodiscard]] std::string anchors() const;
  [[nodiscard]] std::string bundle() const { return file("ca-bundle.pem"); }
  [[nodiscard]] std::string crl() const { return file("crl.pem"); }

  /// Every *.pem file, sorted. Errors: bad_file.
  [[nodiscard]] result<std::vector<std::string>> pem_files() const;
  /// Errors: bad_file, also for a PEM file that cannot be read.
  [[nodiscard]] result<std::vector<node_in_folder>> nodes() const;

  /// Notes in the ledger of `by` that it issued `what`. Errors: bad_file.
  result<void> note_issued(const authority_files& by, const tls::certificate& what) const;

 private:
  void sweep() const;

  std::string path_, password_file_;
  int lock_ = -1;
};

[[nodiscard]] bool exists(const std::string& path);

}  // namespace hauberk::tool
