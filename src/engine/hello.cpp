#include "engine/hello.hpp"

#include <algorithm>
#include <vector>

namespace hauberk::engine {

std::string policy_of(replica::flow_policy flow, const wire::compression& compression,
                      const std::optional<tls::context>& security) {
  static constexpr const char* algorithms[] = {"none", "lz4", "zstd"};
  std::vector<std::string> lines{
      "gcs.fc_policy=" + std::string(replica::flow_policy_names[static_cast<std::size_t>(flow)]),
      std::string("socket.ssl=") + (security ? "yes" : "no"),
      std::string("socket.ssl_compression=") + algorithms[static_cast<std::size_t>(compression.how)] +
          (compression.level != 0 ? ":" + std::to_string(compression.level) : "")};
  const std::string& rest = security ? security->policy_text() : std::string();
  for (std::size_t at = 0; at < rest.size();) {
    const std::size_t end = std::min(rest.find('\n', at), rest.size());
    lines.push_back(rest.substr(at, end - at));
    at = end + 1;
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace hauberk::engine
