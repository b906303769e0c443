// Certificates for tests: a real CA and real node certificates (EC P-256, quick to make) in a temporary
// folder of their own, which goes away with the object.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "tls/issuer.hpp"
#include "tls/settings.hpp"

namespace hauberk::test {

/// A folder with a name that no other test, process or run uses; removed at the end.
class temp_dir {
 public:
  temp_dir() {
    std::string name = testing::TempDir() + "hauberk-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
    path_ = name;
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;
  ~temp_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Paths of what one node is configured with.
struct node_files {
  std::string cert, key, ca;

  [[nodiscard]] tls::settings settings() const {
    tls::settings made;
    made.cert_file = cert;
    made.key_file = key;
    made.ca_file = ca;
    return made;
  }
};

/// A CA that signs for any name. The files live as long as this object.
struct test_ca {
  explicit test_ca(std::string cn = "test-ca", std::int64_t now = std::time(nullptr)) : now_(now) {
    const auto made = tls::make_ca({.name = std::move(cn)}, files(), now_);
    if (!made) ADD_FAILURE() << made.error().text;
  }

  /// Makes a certificate for `name`, valid `days` from the moment this CA was made for.
  node_files node(const std::string& name, int days = 825) {
    const std::string stem = dir_ / (name + "-" + std::to_string(count_++));
    const tls::pair_files into{stem + "-cert.pem", stem + "-key.pem"};
    const auto made =
        tls::make_node({.name = name, .days = days, .may_outlive_ca = true}, files(), into, now_);
    if (!made) ADD_FAILURE() << made.error().text;
    return {into.cert, into.key, files().cert};
  }

  [[nodiscard]] tls::pair_files files() const { return {dir_ / "ca-cert.pem", dir_ / "ca-key.pem"}; }
  [[nodiscard]] std::string dir() const { return dir_.path(); }

 private:
  temp_dir dir_;
  std::int64_t now_;
  int count_ = 0;
};

}  // namespace hauberk::test
