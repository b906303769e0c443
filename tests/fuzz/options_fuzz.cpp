// The grammar of options, and the table behind it, on any bytes: no crash, one-line errors, and what was
// accepted reads the same again when it is written out with every character escaped.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/options.hpp"
#include "hauberk/config.hpp"

namespace {

namespace grammar = hauberk::base::options;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_values(std::string_view text) {
  (void)grammar::parse_duration(text);
  (void)grammar::parse_size(text);
  (void)grammar::parse_boolean(text);
  (void)grammar::split_list(text);
  (void)grammar::parse_cluster_url(text);
  if (const auto address = grammar::parse_address(text); address && address->port) {
    const auto again = grammar::parse_address(grammar::join_address(address->host, *address->port));
    require(again && again->host == address->host && again->port == address->port);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = grammar::parse(text);
  if (!read) {
    require(read.error().text.find('\n') == std::string::npos);
  } else {
    std::string written;
    for (const auto& one : *read) {
      written += one.key + "=";
      for (const char c : one.value) written += {'\\', c};
      written += ';';
    }
    const auto again = grammar::parse(written);
    require(again && again->size() == read->size());
    for (std::size_t i = 0; i < read->size(); ++i) {
      require((*again)[i].key == (*read)[i].key && (*again)[i].value == (*read)[i].value);
      check_values((*read)[i].value);
    }
  }
  check_values(text);
  const auto made = hauberk::config::parse(std::string("group.name=g;socket.ssl=no;").append(text));
  if (!made) require(made.error().text.find('\n') == std::string::npos);
  return 0;
}
