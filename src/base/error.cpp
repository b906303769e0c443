// The words of `errc` and what a caller can do about each.
#include "hauberk/error.hpp"

namespace hauberk {
namespace {

const char* words(errc code) {
  switch (code) {
    case errc::ok:
      return "no error";
    case errc::not_primary:
      return "not in the primary component";
    case errc::window_full:
      return "the send window is full";
    case errc::payload_too_large:
      return "the payload is too large";
    case errc::timed_out:
      return "timed out";
    case errc::bad_option:
      return "bad option";
    case errc::bad_file:
      return "bad file";
    case errc::bad_certificate:
      return "bad certificate";
    case errc::address_in_use:
      return "address in use";
    case errc::bad_address:
      return "bad address";
    case errc::name_in_use:
      return "the member name is in use";
    case errc::refused:
      return "refused by the group";
    case errc::state_transfer_needed:
      return "a full state transfer is needed";
    case errc::evicted:
      return "evicted from the group";
    case errc::closed:
      return "closed";
    case errc::superseded:
      return "superseded by another change";
    case errc::internal:
      return "internal error";
  }
  return "unknown error";
}

class codes final : public std::error_category {
 public:
  const char* name() const noexcept override { return "hauberk"; }
  std::string message(int value) const override { return words(static_cast<errc>(value)); }
};

class conditions final : public std::error_category {
 public:
  const char* name() const noexcept override { return "hauberk.condition"; }
  std::string message(int value) const override {
    switch (static_cast<condition>(value)) {
      case condition::retry:
        return "try again later";
      case condition::reconfigure:
        return "change the configuration";
      case condition::rejoin:
        return "join the group again";
    }
    return "unknown condition";
  }
  bool equivalent(const std::error_code& code, int value) const noexcept override {
    if (code.category() != hauberk::error_category()) return false;
    switch (static_cast<errc>(code.value())) {
      case errc::not_primary:
      case errc::window_full:
      case errc::timed_out:
      case errc::superseded:
        return static_cast<condition>(value) == condition::retry;
      case errc::payload_too_large:
      case errc::bad_option:
      case errc::bad_file:
      case errc::bad_certificate:
      case errc::address_in_use:
      case errc::bad_address:
      case errc::name_in_use:
      case errc::refused:
        return static_cast<condition>(value) == condition::reconfigure;
      case errc::state_transfer_needed:
      case errc::evicted:
      case errc::closed:
        return static_cast<condition>(value) == condition::rejoin;
      case errc::ok:
      case errc::internal:
        return false;
    }
    return false;
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const codes category;
  return category;
}

const std::error_category& condition_category() noexcept {
  static const conditions category;
  return category;
}

}  // namespace hauberk
