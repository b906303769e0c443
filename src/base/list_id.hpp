// Names a revocation list among those of its issuer, and says which of two is the newer. The order is total,
// so "the newest per issuer" comes out the same everywhere, in whatever order nodes hear of lists.
#pragma once

#include <cstdint>
#include <string>

namespace hauberk::base {

struct list_id {
  std::string issuer;  ///< 32 bytes, made of the CA's key and name: a CA of the same name is another
  std::string number;  ///< the CRL number: big endian, no zeros in front; empty = none
  std::int64_t this_update = 0;  ///< seconds since 1970 (UTC)
  std::string digest;            ///< SHA-256 of what the CA signed, 32 bytes

  bool operator==(const list_id&) const = default;
};

/// Of two lists of one issuer: by number, one without is older than any with; then by date; the digest only
/// decides between two that their CA should not have made.
[[nodiscard]] inline bool is_newer(const list_id& a, const list_id& b) {
  if (a.number.size() != b.number.size()) return a.number.size() > b.number.size();
  if (const int order = a.number.compare(b.number); order != 0) return order > 0;
  if (a.this_update != b.this_update) return a.this_update > b.this_update;
  return a.digest > b.digest;
}

}  // namespace hauberk::base
