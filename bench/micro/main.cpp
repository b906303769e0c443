// micro_bench: codec, outbox and replica, each by itself in one thread: no socket, no TLS, no clock of
// theirs. Names read `codec/encode/1KiB`; an item is a message, `allocations` are those for each item.
#include "micro/suites.hpp"
#include "support/suite.hpp"

int main(int count, char** words) {
  hauberk::bench::add_codec();
  hauberk::bench::add_outbox();
  hauberk::bench::add_replica();
  return hauberk::bench::run_suite(count, words, "0.2");
}
