// What the links of a machine may be made with: the policy in force there, and beside it the one that is
// prepared, once the machine has loaded what that takes. Some never can, and some hang.
#pragma once

#include <string>
#include <vector>

#include "replica/view.hpp"
#include "simulator/world.hpp"

namespace hauberk::simulator {

/// A policy that any machine can load, at once, is called anything but this and a number.
inline constexpr char drawn_policy = 'p';

class protection {
 public:
  protection(const world& time, std::size_t owner);

  /// A process starts: with what its state file knows, unless the machine is configured with a newer one.
  void start(const replica::record& file);
  /// The operator writes a policy into the machine's configuration.
  void configure(const replica::group_policy& now);
  /// The group has taken a step.
  void apply(const replica::group_policy& now);
  /// Done with it, as long as `view` is still what prepared it.
  void finish_loading(std::uint64_t view);
  [[nodiscard]] duration loading_time() const;

  [[nodiscard]] const replica::group_policy& known() const { return known_; }
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] bool can() const;
  /// Was in force before what is.
  [[nodiscard]] bool has_retired(const std::string& text) const { return !text.empty() && text == retired_; }
  /// What it would rather have first.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  void put_in_force(const replica::group_policy& now);
  [[nodiscard]] base::random chance() const;

  const world& time_;
  std::size_t owner_;
  replica::group_policy configured_, known_;
  std::string retired_;
  bool is_ready_ = false;
};

}  // namespace hauberk::simulator
