// Certificates and policy of this node: loaded, checked and exchanged as a whole, while any thread may ask
// for those in force, and for those of a policy that the group has prepared and not decided yet. What is
// wrong with new files leaves the old ones in force.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/settings.hpp"
#include "tls/context.hpp"

namespace hauberk::engine {

struct protection {
  std::uint64_t number = 0;  ///< rises with each that is loaded, from 1
  std::optional<tls::context> security;
  wire::compression compression;
  replica::flow_policy flow = replica::flow_policy::throttle;
  std::string policy_text, policy_digest;
};
using protection_ptr = std::shared_ptr<const protection>;

class guard {
 public:
  /// `how` must outlive it.
  explicit guard(const settings& how) : how_(how), local_(how.common) {}

  /// Reads and checks everything, as configured; from then on it is in force. Errors: bad_file,
  /// bad_certificate, bad_option.
  result<protection_ptr> load();
  /// The same by this policy instead, with this node's files.
  result<protection_ptr> load(const std::string& policy_text);

  struct reloaded {
    protection_ptr now;    ///< in force; nothing while the files need other anchors than are in force
    std::string obstacle;  ///< then: why
    std::string proposal;  ///< the policy with the anchors that are on file, where it is another one
  };
  /// Reads the files again, for the policy in force. The anchors are the group's to change, and what is on
  /// file goes into force without them if it can. What is prepared is made again with them. Errors: as
  /// `load`; then nothing has changed.
  result<reloaded> reload();
  struct proposal {
    std::string text, from;  ///< policies: as it is to be, and in force here when that was made of it
  };
  /// What the policy in force becomes by `edit`, if this node can carry it out. Errors: those of `edit` and
  /// of `load`, refused.
  result<proposal> propose(const std::function<result<void>(common_settings&)>& edit);
  /// False when another policy than `than` is not in force by then. Never on the engine's strand.
  bool wait_for_another(const std::string& than, std::chrono::steady_clock::time_point until);

  /// Loads what this policy needs, beside what is in force. Errors: as `load`, refused.
  result<protection_ptr> prepare(const std::string& policy_text);
  /// What was prepared is in force.
  void activate();
  /// What was prepared is not wanted.
  void drop();

  struct faces {
    protection_ptr now, prepared;
  };
  [[nodiscard]] faces both() const;
  /// What is in force; nothing before the first `load`.
  [[nodiscard]] protection_ptr current() const { return both().now; }
  [[nodiscard]] protection_ptr prepared() const { return both().prepared; }

  /// From the next load on that file stands in the place of `which`.
  void set_file(std::string tls::settings::*which, std::string path);
  /// The files that `load` reads.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  [[nodiscard]] common_settings local() const;
  /// For that policy, with the anchors in force to choose from beside those on file.
  [[nodiscard]] result<common_settings> settings_for(const std::string& policy_text) const;
  [[nodiscard]] result<protection> make(const common_settings& from) const;
  [[nodiscard]] result<protection> make(const std::string& policy_text) const;
  [[nodiscard]] result<protection> make_narrow(common_settings wanted, const std::string& on_file,
                                               const protection& before) const;
  protection_ptr put(protection_ptr& where, protection&& made);

  const settings& how_;
  std::mutex loading_;  // one at a time, so that the number tells the newest
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // faces_.now
  common_settings local_;            // as configured, with the files as they were set since
  faces faces_;
  std::uint64_t newest_ = 0;
};

}  // namespace hauberk::engine
