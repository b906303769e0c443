// Bytes to send: noise that no compressor can shorten, or made-up SQL that looks like what a replication
// provider ships (zstd shortens it to roughly a quarter).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace hauberk::bench {

[[nodiscard]] inline std::vector<std::byte> make_payload(std::size_t bytes, bool is_text,
                                                         std::uint64_t seed = 7) {
  base::random dice(seed);
  std::vector<std::byte> made(bytes);
  if (!is_text) {
    for (auto& one : made) one = static_cast<std::byte>(dice.next() >> 56);
    return made;
  }
  static constexpr std::array tables{"orders", "customers", "stock", "order_lines", "payments"};
  static constexpr std::array columns{"id", "name", "quantity", "amount", "warehouse", "updated_at"};
  std::string text;
  while (text.size() < bytes) {
    text += std::string("UPDATE ") + tables[dice.below(tables.size())] + " SET " +
            columns[dice.below(columns.size())] + " = '" +
            std::to_string(dice.below(std::uint64_t{1} << 40)) + "', " + columns[dice.below(columns.size())] +
            " = " + std::to_string(dice.below(100000)) +
            " WHERE id = " + std::to_string(dice.below(10000000)) + ";\n";
  }
  std::memcpy(made.data(), text.data(), bytes);
  return made;
}

}  // namespace hauberk::bench
