// A value or an error: what every call that can fail returns. No exception crosses the face.
#pragma once

#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "hauberk/error.hpp"

namespace hauberk {

/// Either a `Value` or an `error`. Reading the side that is not there aborts: look first.
template <typename Value>
class [[nodiscard]] result {
 public:
  result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}               // NOLINT: implicit
  result(hauberk::error problem) : state_(std::in_place_index<1>, std::move(problem)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] Value& value() & { return get<0>(state_); }
  [[nodiscard]] const Value& value() const& { return get<0>(state_); }
  [[nodiscard]] Value&& value() && { return std::move(get<0>(state_)); }
  [[nodiscard]] Value& operator*() & { return value(); }
  [[nodiscard]] const Value& operator*() const& { return value(); }
  [[nodiscard]] Value* operator->() { return &value(); }
  [[nodiscard]] const Value* operator->() const { return &value(); }
  [[nodiscard]] const hauberk::error& error() const { return get<1>(state_); }

 private:
  template <std::size_t Side, typename State>
  static auto& get(State& state) {
    auto* side = std::get_if<Side>(&state);
    if (side == nullptr) std::abort();
    return *side;
  }

  std::variant<Value, hauberk::error> state_;
};

/// A call that yields nothing but may fail.
template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(hauberk::error problem) : problem_(std::move(problem)) {}  // NOLINT: implicit

  [[nodiscard]] bool has_value() const noexcept { return !problem_; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const hauberk::error& error() const {
    if (!problem_) std::abort();
    return *problem_;
  }

 private:
  std::optional<hauberk::error> problem_;
};

}  // namespace hauberk
