// Certificates and policy of this node: loaded, checked and exchanged as a whole, while any thread may ask
// for those in force, and for those of a policy that the group has prepared and not decided yet. What is
// wrong with new files leaves the old ones in force.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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

  /// Revocation lists of earlier are in this file, and what is in force goes into it. Before the first
  /// `load`.
  void keep_lists_in(std::string file);

  /// Reads and checks everything, as configured; from then on it is in force. Errors: bad_file,
  /// bad_certificate, bad_option.
  result<protection_ptr> load();
  /// The same by this policy instead, with this node's files. `settle_lists` afterwards, when all that is
  /// wanted is loaded.
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

  /// Loads what this policy needs, beside what is in force. `settle_lists` afterwards. Errors: as `load`,
  /// refused.
  result<protection_ptr> prepare(const std::string& policy_text);
  /// What was prepared is in force.
  void activate();
  /// What was prepared is not wanted.
  void drop();

  /// What came of a revocation list that somebody told of.
  enum class judgement {
    taken,     ///< it is the newest of its CA, and in force
    known,     ///< it is not
    declined,  ///< it cannot count here, without anybody's fault
    forged,    ///< no list of a CA of ours
  };
  struct judged_list {
    judgement what = judgement::known;
    base::list_id id{};   ///< of one that was taken or known
    std::string words{};  ///< why not, otherwise; of one that is forged they follow "the list "
    std::uint64_t number =
        0;  ///< what is in force has it, or a higher one; links made before have lower ones
  };
  /// Judges a list that `teller` told. One that is taken is in force as if it had been in the file, by what
  /// is in force and by what is prepared, which have to take it both where they know its CA; no file is read
  /// for it.
  judged_list learn(const base::buffer& list, const std::string& teller);
  /// In force here, the newest of each issuer; not all may be told.
  [[nodiscard]] std::vector<tls::revocation_list> lists() const;
  /// A list of this issuer would count here.
  [[nodiscard]] bool takes_lists_of(const std::string& issuer) const;
  /// After loads: the log says which lists are in force, and which no longer, and the file has them.
  void settle_lists();

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
  struct told_list {
    base::buffer der;
    std::string from;               // for people
    std::string issuer{}, words{};  // once it was judged
  };

  [[nodiscard]] common_settings local() const;
  /// For that policy, with the anchors in force to choose from beside those on file.
  [[nodiscard]] result<common_settings> settings_for(const std::string& policy_text) const;
  [[nodiscard]] result<protection> make(const common_settings& from) const;
  [[nodiscard]] result<protection> make(const std::string& policy_text) const;
  [[nodiscard]] result<protection> make_narrow(common_settings wanted, const std::string& on_file,
                                               const protection& before) const;
  protection_ptr put(protection_ptr& where, protection&& made);
  std::uint64_t replace(const protection_ptr& before, protection&& made);
  [[nodiscard]] std::vector<base::buffer> told() const;
  void follow_lists();
  void tell_lost(const told_list& one) const;

  const settings& how_;
  std::string lists_file_;  // constant after `keep_lists_in`
  std::mutex loading_;      // one at a time, so that the number tells the newest
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // faces_.now
  common_settings local_;            // as configured, with the files as they were set since
  faces faces_;
  std::uint64_t newest_ = 0;

  std::map<std::string, told_list> told_;  // by digest: what counts beside the files
  std::set<std::string> announced_;        // digests of those that the log knows to be in force
  std::set<std::string> saved_;            // and of those in the file
};

}  // namespace hauberk::engine
