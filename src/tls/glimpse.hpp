// What a TLS server presents to anybody who asks, without trusting it, authenticating to it or sending it
// anything: for a person who wants to know why a real handshake failed. Never used for a link.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tls/inspect.hpp"

namespace hauberk::tls {

class glimpse {
 public:
  glimpse();
  glimpse(glimpse&&) noexcept;
  glimpse& operator=(glimpse&&) noexcept;
  ~glimpse();

  /// Bytes for the server; call at first and after each input, and send all of it.
  [[nodiscard]] std::vector<std::byte> take_output();
  void handle_input(std::span<const std::byte> bytes);
  /// There is nothing more to learn.
  [[nodiscard]] bool is_done() const;

  [[nodiscard]] std::vector<certificate_card> chain() const;  ///< the server's own first; empty = none seen
  [[nodiscard]] std::string version() const;                  ///< "TLSv1.3"; empty before one was agreed on
  [[nodiscard]] std::string cipher() const;

 private:
  struct machine;
  std::unique_ptr<machine> machine_;
};

}  // namespace hauberk::tls
