// The address book of the mesh: which addresses there are, whose they are, when each may be dialled next.
// At most `base::limits::members_max * 4` addresses are known; what was only learned makes room first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "hauberk/types.hpp"

namespace hauberk::mesh {

using base::time_point;

inline constexpr std::size_t addresses_max = base::limits::members_max * 4;

struct book_entry {
  bool is_seed = false;          ///< from the options: never dropped
  bool is_announced = false;     ///< its owner (or a peer of it) said that it listens here
  bool is_self = false;          ///< it turned out to be this very process: never dialled again
  uuid owner;                    ///< the process that answers here, as far as we know
  std::uint64_t pending = 0;     ///< token of the dial under way, 0 = none
  bool is_prepared = false;      ///< that dial goes by the policy that is prepared
  bool falls_back = false;       ///< such a dial was rejected: the next one goes by the policy in force
  unsigned attempts = 0;         ///< dials since it last held a link for a while
  time_point due{};              ///< when it may be dialled next
  std::string trouble;           ///< why the last dial or link ended, for people
  std::string trouble_prepared;  ///< the same of dials by the prepared policy, while there is one
};

class book {
 public:
  book(base::duration retry_min, base::duration retry_max, std::uint64_t seed)
      : retry_min_(retry_min), retry_max_(retry_max), chance_(seed) {}

  using entries = std::map<std::string, book_entry, std::less<>>;

  [[nodiscard]] const entries& all() const { return entries_; }
  [[nodiscard]] entries& all() { return entries_; }
  [[nodiscard]] book_entry* find(const std::string& address);
  /// Finds or adds; nothing when the book is full of seeds and of addresses of linked processes.
  [[nodiscard]] book_entry* obtain(const std::string& address, time_point due,
                                   const std::function<bool(const uuid&)>& is_linked);

  /// Starts a dial: gives its token.
  [[nodiscard]] std::uint64_t begin(const std::string& address, book_entry& entry);
  /// The address dialled with this token, which is over now; nothing when it was dropped meanwhile.
  [[nodiscard]] std::optional<std::string> finish(std::uint64_t token);

  /// The pause after the dials made so far: exponential, with jitter of its upper half.
  [[nodiscard]] base::duration pause(const book_entry& entry);
  /// A few milliseconds, for the side that lets the other one dial first.
  [[nodiscard]] base::duration courtesy();

  [[nodiscard]] bool owns_any(const uuid& process) const;

 private:
  bool make_room(const std::function<bool(const uuid&)>& is_linked);

  base::duration retry_min_, retry_max_;
  base::random chance_;
  entries entries_;
  std::map<std::uint64_t, std::string> dials_;
  std::uint64_t token_last_ = 0;
};

}  // namespace hauberk::mesh
