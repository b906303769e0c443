// Links whose two ends go on to say different things of them. For a moment that is a link being made anew;
// when it lasts, one of the two members lies, or a bug does. Nothing is decided by it, but somebody should
// look.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/matrix.hpp"

namespace hauberk::engine {

class disputes {
 public:
  static constexpr base::duration patience = std::chrono::seconds(10);

  /// Looks again whenever `known` or `members` is another one, or it is time to.
  /// Returns lines for the log: each link once, for as long as its ends disagree.
  std::vector<std::string> check(base::time_point now, const link_knowledge_ptr& known,
                                 const replica::view_ptr& members);
  [[nodiscard]] base::time_point next_deadline() const { return next_; }

 private:
  using pair_of_ends = std::pair<uuid, uuid>;
  struct dispute {
    base::time_point since;
    bool is_told = false;
  };
  std::map<pair_of_ends, dispute> open_;  // the smaller id first
  link_knowledge_ptr known_;
  replica::view_ptr members_;
  base::time_point next_ = base::never;
};

}  // namespace hauberk::engine
