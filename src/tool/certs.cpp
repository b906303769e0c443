// Making and renewing: the authority, node certificates, and what to do with the files.
#include "tool/certs.hpp"

#include <ctime>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/options.hpp"
#include "tool/ca_folder.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"

namespace hauberk::tool {
namespace {

int failed(const error& why) { return logger("info").said(exit_code_of(why.code), "certs: " + why.text); }

tls::key_kind kind_of(const std::string& key) {
  if (key == "p384") return tls::key_kind::p384;
  return key == "rsa" ? tls::key_kind::rsa3072 : tls::key_kind::p256;
}

/// A certificate that ends with its authority ends sooner than was asked for.
std::string life_of(const tls::certificate& made, std::int64_t now, int days) {
  const bool is_cut = made.not_after < now + std::int64_t{days} * 86400;
  return "valid until " + tls::date_words(made.not_after) +
         (is_cut ? ", when its authority expires (a new one: hauberk certs rotate-ca begin)" : "");
}

result<void> make_authority(const certs_request& what, const ca_folder& folder, std::int64_t now) {
  tls::ca_request request;
  request.name = what.ca_name.empty() ? "hauberk-ca" : what.ca_name;
  if (what.days > 0) request.days = what.days;
  request.key = kind_of(what.key);
  const tls::pair_files ca = folder.authority("ca").pair;
  if (const auto made = tls::make_ca(request, ca, now); !made) return made.error();
  std::cout << "made " << ca.cert << " and " << ca.key << " (keep the key off the nodes)\n";
  return {};
}

result<void> make_one_node(const certs_request& what, const std::string& node, const ca_folder& folder,
                           std::int64_t now) {
  std::vector<std::string> names = base::options::split_list(node);
  if (names.empty() || names.front().find('/') != std::string::npos)
    return error(errc::bad_option, "'" + node + "' is not a node's name");
  tls::node_request request;
  request.name = names.front();
  request.alternatives.assign(names.begin() + 1, names.end());
  if (what.days > 0) request.days = what.days;
  request.key = kind_of(what.key);
  const authority_files ca = folder.authority("ca");
  const tls::pair_files files = folder.pair(request.name);
  if (files.cert == folder.crl() || files.cert == folder.bundle() || request.name.starts_with("ca-") ||
      request.name == "ca")
    return error(errc::bad_option, "'" + request.name +
                                       "' is a name that this folder keeps for the authority: "
                                       "make that node's certificate in another folder");
  const auto made = tls::make_node(request, ca.pair, files, now);
  if (!made) return made.error();
  if (auto noted = folder.note_issued(ca, *made); !noted) return noted;
  std::cout << "made " << files.cert << " and " << files.key << ", " << life_of(*made, now, request.days)
            << ": node.name=" << request.name << "; socket.ssl_cert=" << files.cert
            << "; socket.ssl_key=" << files.key << "; socket.ssl_ca=" << folder.anchors() << '\n';
  return {};
}

/// Its place in the folder, and that an authority of the folder issued it.
result<tls::certificate_card> find_node(const ca_folder& folder, const std::string& name) {
  const std::string path = folder.pair(name).cert;
  const auto read = tls::inspect_file(path);
  if (!read) return read.error();
  if (read->certificates.empty() || read->certificates.front().is_ca)
    return error(errc::bad_file, path + ": no node's certificate in it");
  for (const authority_files& each : folder.authorities()) {
    const auto ours = tls::is_issued_by(path, each.pair.cert);
    if (!ours) return ours.error();
    if (*ours) return read->certificates.front();
  }
  return error(errc::bad_file, path + ": issued by " + read->certificates.front().is.issuer +
                                   ", expected an authority of this folder: make a new certificate with "
                                   "certs --node in a folder of its own");
}

result<void> renew_one(const certs_request& where, const renew_request& what, const ca_folder& folder,
                       const std::string& name, std::int64_t now) {
  const auto old = find_node(folder, name);
  if (!old) return old.error();
  tls::renewal how;
  how.keeps_key = what.keeps_key;
  if (where.days > 0) how.days = where.days;
  if (!where.key.empty()) how.key = kind_of(where.key);
  const authority_files ca = folder.authority("ca");
  const tls::pair_files files = folder.pair(name);
  const auto made = tls::renew_node(how, ca.pair, files, now);
  if (!made) return made.error();
  if (auto noted = folder.note_issued(ca, *made); !noted) return noted;
  std::cout << "renewed " << files.cert << (what.keeps_key ? "" : " and " + files.key) << ", "
            << life_of(*made, now, how.days) << ", serial " << made->serial << " instead of "
            << old->is.serial << ": put " << (what.keeps_key ? "it" : "both")
            << " in place at that node and let it read them again (socket.ssl_reload=1)\n";
  if (old->is.not_after > now)
    std::cout << "  what it replaces is valid until " << tls::date_words(old->is.not_after)
              << "; if its key may be known to others: hauberk certs revoke serial:" << old->is.serial
              << " --dir " << folder.path() << '\n';
  return {};
}

}  // namespace

int run_certs(const certs_request& what) {
  if (!what.ca && what.nodes.empty())
    return logger("info").said(bad_usage,
                               "certs: nothing to make: give --ca, --node NAME, or both (or one of renew, "
                               "revoke, rotate-ca and show)");
  std::error_code failure;
  std::filesystem::create_directories(what.folder, failure);
  if (failure)
    return logger("info").said(bad_material,
                               "certs: cannot make the folder '" + what.folder + "': " + failure.message());
  ca_folder folder(what.folder, what.password_file);
  if (auto good = folder.lock(); !good) return failed(good.error());
  const std::int64_t now = std::time(nullptr);
  if (what.ca) {
    if (auto made = make_authority(what, folder, now); !made) return failed(made.error());
  }
  for (const std::string& node : what.nodes)
    if (auto made = make_one_node(what, node, folder, now); !made) return failed(made.error());
  return done;
}

int run_renew(const certs_request& where, const renew_request& what) {
  if (what.nodes.empty() != what.all)
    return logger("info").said(bad_usage, "certs renew: give the nodes' names, or --all");
  ca_folder folder(where.folder, where.password_file);
  if (auto good = folder.lock(); !good) return failed(good.error());
  std::vector<std::string> names = what.nodes;
  if (what.all) {
    const auto nodes = folder.nodes();
    if (!nodes) return failed(nodes.error());
    for (const node_in_folder& one : *nodes) names.push_back(one.name);
    if (names.empty())
      return logger("info").said(bad_material, "certs: no node's certificate lies in " + where.folder);
  }
  const std::int64_t now = std::time(nullptr);
  for (const std::string& name : names)
    if (auto made = renew_one(where, what, folder, name, now); !made) return failed(made.error());
  return done;
}

}  // namespace hauberk::tool
