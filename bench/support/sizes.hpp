// Sizes in the words of people and of benchmarks' names.
#pragma once

#include <cstddef>
#include <string>

namespace hauberk::bench {

inline constexpr std::size_t kib = 1024, mib = 1024 * kib;

/// 128B, 16KiB, 1MiB.
[[nodiscard]] inline std::string size_text(std::size_t bytes) {
  if (bytes >= mib) return std::to_string(bytes / mib) + "MiB";
  return bytes >= kib ? std::to_string(bytes / kib) + "KiB" : std::to_string(bytes) + "B";
}

}  // namespace hauberk::bench
