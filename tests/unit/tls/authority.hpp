// A CA of the real `openssl ca` program: it revokes, and writes revocation lists of any date.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/certificates.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::test {

/// Works for a `test_ca`: what that one signs, this one revokes.
class revoker {
 public:
  explicit revoker(const test_ca& of) : ca_(of.files()) {
    std::ofstream(dir_ / "index.txt").flush();
    std::ofstream(dir_ / "number") << "01\n";
    std::ofstream(dir_ / "ca.cnf") << "[ca]\ndefault_ca=it\n[it]\ndatabase=" << dir_ / "index.txt"
                                   << "\ncrlnumber=" << dir_ / "number"
                                   << "\ndefault_md=sha256\n"
                                   << "certificate=" << ca_.cert << "\nprivate_key=" << ca_.key << "\n";
  }
  void revoke(const std::string& cert) { must("-revoke " + cert); }
  /// A list of what was revoked so far; `dates` are OpenSSL's options for it.
  std::string list(const std::string& dates = "-crldays 30") {
    const std::string file = dir_ / ("list-" + std::to_string(count_++) + ".pem");
    must("-gencrl " + dates + " -out " + file);
    return file;
  }
  [[nodiscard]] const temp_dir& dir() const { return dir_; }

 private:
  void must(const std::string& what) {
    const auto said = run("openssl ca -config " + (dir_ / "ca.cnf") + " " + what);
    EXPECT_EQ(said.status, 0) << what << "\n" << said.text;
  }

  temp_dir dir_;
  tls::pair_files ca_;
  int count_ = 0;
};

}  // namespace hauberk::test
