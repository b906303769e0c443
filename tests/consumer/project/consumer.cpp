// The smallest program against the installed package: it is refused, and says why in words.
#include <hauberk/hauberk.hpp>

#include <iostream>

int main() {
  auto options = hauberk::config::parse(
      "group.name=ledger; node.name=db1; gmcast.listen_addr=ssl://127.0.0.1:0; socket.ssl_ca=no-such-ca.pem;"
      "socket.ssl_cert=no-such-cert.pem; socket.ssl_key=no-such-key.pem");
  if (!options) {
    std::cout << "options: " << options.error().text << '\n';
    return 1;
  }
  auto seat = hauberk::group::join(options.value());
  if (seat) return 2;
  std::cout << "refused: " << seat.error().code.message() << ": " << seat.error().text << '\n';
  return seat.error().code == hauberk::errc::bad_file ? 0 : 3;
}
