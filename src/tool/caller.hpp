// One plain TCP connection that waits, with a deadline for all of it: enough for a command that asks one peer
// one question.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "hauberk/result.hpp"

namespace hauberk::tool {

class caller {
 public:
  /// `address` is host:port. All addresses of the name are tried within `patience`. Errors: timed_out,
  /// refused, bad_address.
  static result<caller> dial(const std::string& address, std::chrono::milliseconds patience);
  caller(caller&& other) noexcept;
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;
  ~caller();

  /// The time that the rest of the conversation may take, from now on.
  void set_patience(std::chrono::milliseconds patience);
  /// Errors: closed, timed_out.
  result<void> send(std::span<const std::byte> bytes);
  /// At least one byte. Errors: closed (0 bytes: the peer ended it), timed_out.
  result<std::size_t> receive(std::span<std::byte> into);

 private:
  using time = std::chrono::steady_clock::time_point;
  caller(int file, time until) : file_(file), until_(until) {}
  [[nodiscard]] result<void> wait(short what) const;

  int file_;
  time until_;
};

}  // namespace hauberk::tool
