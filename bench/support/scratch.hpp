// A temporary folder that goes away with its object, and the certificates of a group in it.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "tls/issuer.hpp"

namespace hauberk::bench {

class scratch {
 public:
  scratch() {
    path_ = (std::filesystem::temp_directory_path() / "hauberk-bench-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr)
      throw std::runtime_error("no temporary folder " + path_ + ": " + std::strerror(errno));
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// An authority that issues to any name (EC P-256).
class authority {
 public:
  explicit authority(const scratch& where) : where_(where) {
    if (const auto made = tls::make_ca({.name = "bench-ca"}, files(), std::time(nullptr)); !made)
      throw std::runtime_error(made.error().text);
  }
  tls::pair_files issue(const std::string& name) {
    tls::pair_files into{where_ / (name + ".pem"), where_ / (name + "-key.pem")};
    if (const auto made = tls::make_node({.name = name}, files(), into, std::time(nullptr)); !made)
      throw std::runtime_error(made.error().text);
    return into;
  }
  [[nodiscard]] std::string cert() const { return files().cert; }

 private:
  [[nodiscard]] tls::pair_files files() const { return {where_ / "ca.pem", where_ / "ca-key.pem"}; }
  const scratch& where_;
};

}  // namespace hauberk::bench
