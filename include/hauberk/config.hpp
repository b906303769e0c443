// Options as people write them: `key=value; key=value`, with Galera's key names where it has the idea.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hauberk/result.hpp"

namespace hauberk {

/// A checked set of options. Cheap to copy.
class config {
 public:
  /// Parses and checks `text` (see the README's table). Errors: bad_option; the text names the key, the value
  /// and what is allowed, or the nearest known key. Files are not read here.
  static result<config> parse(std::string_view text);

  /// The value in force for `key`, default included; nothing for an unknown key.
  [[nodiscard]] result<std::string> get(std::string_view key) const;
  /// Lines for the log: keys that were accepted but have no effect here.
  [[nodiscard]] const std::vector<std::string>& notes() const;

  struct values;
  [[nodiscard]] const values& inside() const { return *values_; }

 private:
  explicit config(std::shared_ptr<const values> checked) : values_(std::move(checked)) {}
  std::shared_ptr<const values> values_;
};

}  // namespace hauberk
