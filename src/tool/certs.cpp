#include "tool/certs.hpp"

#include <ctime>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/options.hpp"
#include "tls/issuer.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"

namespace hauberk::tool {
namespace {

tls::pair_files files_of(const std::string& folder, const std::string& stem) {
  const std::filesystem::path place(folder);
  return {(place / (stem + ".pem")).string(), (place / (stem + "-key.pem")).string()};
}

}  // namespace

int run_certs(const certs_request& what) {
  const logger log("info");
  if (!what.ca && what.nodes.empty())
    return log.said(bad_usage, "certs: nothing to make: give --ca, --node NAME, or both");
  std::error_code failure;
  std::filesystem::create_directories(what.folder, failure);
  if (failure)
    return log.said(bad_material,
                    "certs: cannot make the folder '" + what.folder + "': " + failure.message());

  const std::int64_t now = std::time(nullptr);
  const tls::pair_files ca = files_of(what.folder, "ca");
  if (what.ca) {
    tls::ca_request request;
    request.name = what.ca_name;
    if (what.days > 0) request.days = what.days;
    if (const auto made = tls::make_ca(request, ca, now); !made)
      return log.said(exit_code_of(made.error().code), "certs: " + made.error().text);
    std::cout << "made " << ca.cert << " and " << ca.key << " (keep the key off the nodes)\n";
  }
  for (const std::string& node : what.nodes) {
    std::vector<std::string> names = base::options::split_list(node);
    if (names.empty() || names.front().find('/') != std::string::npos)
      return log.said(bad_usage, "certs: '" + node + "' is not a node's name");
    tls::node_request request;
    request.name = names.front();
    request.alternatives.assign(names.begin() + 1, names.end());
    if (what.days > 0) request.days = what.days;
    const tls::pair_files files = files_of(what.folder, request.name);
    if (const auto made = tls::make_node(request, ca, files, now); !made)
      return log.said(exit_code_of(made.error().code), "certs: " + made.error().text);
    std::cout << "made " << files.cert << " and " << files.key << ": node.name=" << request.name
              << "; socket.ssl_cert=" << files.cert << "; socket.ssl_key=" << files.key
              << "; socket.ssl_ca=" << ca.cert << '\n';
  }
  return done;
}

}  // namespace hauberk::tool
