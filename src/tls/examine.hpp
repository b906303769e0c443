// A node's own material examined point by point, for a person who asks before joining what `context::load`
// would refuse at the first fault. Each finding says what was expected, what was got and what to change. No
// finding holds key material.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tls/context.hpp"
#include "tls/inspect.hpp"
#include "tls/settings.hpp"

namespace hauberk::tls {

enum class grade { good, warning, bad };

struct finding {
  grade how = grade::good;
  std::string check;     ///< one word
  std::string expected;  ///< empty where there is nothing to expect
  std::string got;
  std::string change = {};  ///< what to do; empty when it is good
};

/// Files, key, chain, usage, name, strength, dates, serial, revocation lists, versions, ciphers and groups of
/// the node called `name`, in this order; last, whether a node starts with all this.
[[nodiscard]] std::vector<finding> examine(const settings& from, const std::string& name, std::int64_t now);

/// What there is to say of a certificate's dates: nothing, soon, or over. `whose` is "certificate CN=db1".
[[nodiscard]] finding examine_dates(const std::string& whose, const certificate& of, std::int64_t now);

/// "12 days", "5 hours".
[[nodiscard]] std::string span_words(std::int64_t seconds);

}  // namespace hauberk::tls
