// Certificates and policy of this node: loaded, checked and exchanged as a whole, while any thread may ask
// for those in force. What is wrong with new files leaves the old ones in force.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/settings.hpp"
#include "tls/context.hpp"

namespace hauberk::engine {

struct protection {
  std::uint64_t number = 0;  ///< rises with each reload, from 1
  std::optional<tls::context> security;
  std::string policy_text, policy_digest;
};

class guard {
 public:
  /// `how` must outlive it.
  explicit guard(const settings& how) : how_(how) {}

  /// Reads and checks everything; from then on it is in force. Errors: bad_file, bad_certificate, bad_option.
  result<std::shared_ptr<const protection>> load();
  /// What is in force; nothing before the first `load`.
  [[nodiscard]] std::shared_ptr<const protection> current() const;
  /// The files that `load` reads.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  const settings& how_;
  std::mutex loading_;  // one at a time, so that the number tells the newest
  mutable std::mutex mutex_;
  std::shared_ptr<const protection> current_;
};

}  // namespace hauberk::engine
