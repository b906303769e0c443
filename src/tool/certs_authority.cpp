// Revoking, and handing over from one authority to the next.
#include <algorithm>
#include <ctime>
#include <iostream>

#include "tls/crl.hpp"
#include "tls/pem_text.hpp"
#include "tool/ca_folder.hpp"
#include "tool/certs.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"

namespace hauberk::tool {
namespace {

int failed(const error& why) { return logger("info").said(exit_code_of(why.code), "certs: " + why.text); }

// ---- revoke ----

/// One certificate to revoke, and whose list it belongs on.
struct target {
  std::string serial, words;
  authority_files by;
  tls::certificate known = {};  ///< no fingerprint: by serial alone
};

result<authority_files> issuer_of(const ca_folder& folder, const std::string& cert) {
  for (const authority_files& each : folder.authorities()) {
    const auto ours = tls::is_issued_by(cert, each.pair.cert);
    if (!ours) return ours.error();
    if (*ours) return each;
  }
  return error(errc::bad_certificate,
               cert + ": issued by no authority of " + folder.path() + ": only who issued it can revoke it");
}

result<std::vector<target>> by_file(const ca_folder& folder, const std::string& path) {
  const auto read = tls::inspect_file(path);
  if (!read) return read.error();
  if (read->certificates.empty()) return error(errc::bad_file, path + ": no certificate in it");
  const tls::certificate_card& card = read->certificates.front();
  if (card.is_ca)
    return error(errc::bad_certificate, path + ": " + card.is.subject +
                                            " is an authority: it is not revoked but replaced (hauberk certs "
                                            "rotate-ca begin)");
  const auto by = issuer_of(folder, path);
  if (!by) return by.error();
  return std::vector<target>{{card.is.serial, path + ", serial " + card.is.serial, *by, card.is}};
}

result<std::vector<target>> by_serial(const ca_folder& folder, const std::string& text) {
  const std::string serial = tls::canonical_serial(text);
  if (serial.empty())
    return error(errc::bad_option, "serial:" + text + ": expected a hex number, as certs show prints it");
  for (const authority_files& each : folder.authorities()) {
    const auto book = tls::ledger::read(each.ledger);
    if (!book) return book.error();
    if (book->find(serial) != nullptr) return std::vector<target>{{serial, "serial " + serial, each}};
  }
  return std::vector<target>{{serial, "serial " + serial + " (not in the index)", folder.authority("ca")}};
}

/// All that a node has: the file, and what else was ever issued to it and is still valid.
result<std::vector<target>> by_name(const ca_folder& folder, const std::string& name, std::int64_t now) {
  std::vector<target> made;
  if (exists(folder.pair(name).cert)) {
    auto found = by_file(folder, folder.pair(name).cert);
    if (!found) return found.error();
    made = std::move(*found);
  }
  for (const authority_files& each : folder.authorities()) {
    const auto book = tls::ledger::read(each.ledger);
    if (!book) return book.error();
    for (const tls::ledger_entry& one : book->entries()) {
      const bool is_its = one.subject == "/CN=" + name || one.subject.starts_with("/CN=" + name + ",");
      const bool is_named = is_its && one.expires > now && !one.revoked;
      const bool is_in = std::any_of(made.begin(), made.end(), [&](const target& other) {
        return tls::canonical_serial(other.serial) == one.serial;
      });
      if (is_named && !is_in) made.push_back({one.serial, name + ", serial " + one.serial, each});
    }
  }
  if (!made.empty()) return made;
  return error(errc::bad_option, "'" + name + "': no certificate of that name in " + folder.path() +
                                     " or its index: give a file, or serial:HEX as certs show prints it");
}

result<std::vector<target>> targets_of(const ca_folder& folder, const std::vector<std::string>& what,
                                       std::int64_t now) {
  std::vector<target> made;
  for (const std::string& one : what) {
    const bool is_file = one.find('/') != std::string::npos || one.ends_with(".pem");
    auto found = one.starts_with("serial:") ? by_serial(folder, one.substr(7))
                 : is_file                  ? by_file(folder, one)
                                            : by_name(folder, one, now);
    if (!found) return found.error();
    made.insert(made.end(), found->begin(), found->end());
  }
  return made;
}

/// A list names serials: whoever shares one would be out, too.
result<void> check_shared(const ca_folder& folder, const std::vector<target>& targets) {
  const auto nodes = folder.nodes();
  if (!nodes) return nodes.error();
  for (const target& one : targets) {
    std::string others;
    std::size_t sharers = 0;
    for (const node_in_folder& node : *nodes) {
      if (tls::canonical_serial(node.card.is.serial) != tls::canonical_serial(one.serial)) continue;
      const auto ours = tls::is_issued_by(node.files.cert, one.by.pair.cert);
      const bool is_wanted = std::any_of(targets.begin(), targets.end(), [&](const target& other) {
        return other.known.fingerprint == node.card.is.fingerprint;
      });
      if (!ours || !*ours || is_wanted) continue;
      ++sharers;
      others += (others.empty() ? "" : ", ") + node.files.cert;
    }
    const bool is_clear = sharers == 0 || (one.known.fingerprint.empty() && sharers == 1);
    if (is_clear) continue;
    return error(errc::bad_certificate,
                 one.words + ": serial " + one.serial + " is also that of " + others +
                     ", which would be revoked with it. Renew those first (hauberk certs renew gives each "
                     "its own serial), or set socket.ssl_identity=pin:… or list:… in the whole group");
  }
  return {};
}

result<void> note_revoked(const target& one, const std::string& reason, std::int64_t now) {
  auto book = tls::ledger::read(one.by.ledger);
  if (!book) return book.error();
  if (!one.known.fingerprint.empty()) book->add(one.known);
  const bool is_new = book->revoke(one.serial, now, reason);
  std::cout << (is_new ? "revoked " : "was revoked before: ") << one.words << '\n';
  return is_new ? book->write(one.by.ledger) : result<void>();
}

result<void> write_lists(const ca_folder& folder, int days, std::int64_t now) {
  std::size_t count = 0;
  std::int64_t due = 0;
  for (const authority_files& each : folder.authorities()) {
    const auto made = tls::write_crl({each.pair, each.ledger, folder.crl(), days}, now);
    if (!made) return made.error();
    count += made->revoked;
    due = due == 0 ? made->next_update : std::min(due, made->next_update);
  }
  std::cout << folder.crl() << " revokes " << count << (count == 1 ? " certificate" : " certificates")
            << "; make the next one before " << tls::date_words(due)
            << " (hauberk certs revoke, without a name)\n";
  return {};
}

result<void> revoke(const certs_request& where, const revoke_request& what) {
  ca_folder folder(where.folder, where.password_file);
  if (auto good = folder.lock(); !good) return good;
  if (folder.authorities().empty())
    return error(errc::bad_file,
                 folder.authority("ca").pair.cert +
                     ": no authority with its key in this folder: give --dir where ca.pem and "
                     "ca-key.pem are");
  const std::int64_t now = std::time(nullptr);
  const auto targets = targets_of(folder, what.what, now);
  if (!targets) return targets.error();
  if (auto good = check_shared(folder, *targets); !good) return good;
  for (const target& one : *targets)
    if (auto noted = note_revoked(one, what.reason, now); !noted) return noted;
  if (auto written = write_lists(folder, what.crl_days, now); !written) return written;
  std::cout << "put it at one node as socket.ssl_crl and let it read it again (socket.ssl_reload=1): the "
               "others hear of it"
            << (what.what.empty() ? "\n" : "; a node that goes on needs a new certificate: certs renew\n");
  return {};
}

// ---- rotate-ca ----

/// "hauberk-ca" is followed by "hauberk-ca 2", that by "hauberk-ca 3".
std::string name_after(const std::string& subject) {
  std::string name = subject.starts_with("CN=") ? subject.substr(3) : "hauberk-ca";
  name = name.substr(0, std::min(name.find(','), name.size()));
  const std::size_t space = name.find_last_of(' ');
  const bool is_counted = space != std::string::npos && space + 1 < name.size() && name.size() - space < 7 &&
                          name.find_first_not_of("0123456789", space + 1) == std::string::npos;
  if (!is_counted) return name + " 2";
  return name.substr(0, space + 1) + std::to_string(std::stoi(name.substr(space + 1)) + 1);
}

result<void> begin_rotation(const certs_request& where, const ca_folder& folder, std::int64_t now) {
  const authority_files ca = folder.authority("ca"), next = folder.authority("ca-next"),
                        old = folder.authority("ca-old");
  if (exists(old.pair.cert))
    return error(errc::bad_file, old.pair.cert +
                                     ": is there from an earlier rotation: finish that (rotate-ca end), then "
                                     "move ca-old.pem, ca-old-key.pem and ca-old-index.txt away");
  const auto read = tls::inspect_file(ca.pair.cert);
  if (!read) return read.error();
  if (read->certificates.empty()) return error(errc::bad_file, ca.pair.cert + ": no certificate in it");
  if (!exists(next.pair.cert)) {
    tls::ca_request request;
    request.name = where.ca_name.empty() ? name_after(read->certificates.front().is.subject) : where.ca_name;
    if ("CN=" + request.name == read->certificates.front().is.subject)
      return error(errc::bad_option,
                   "--ca-name " + request.name +
                       ": the new authority needs another name than the old one, or neither "
                       "people nor revocation lists can tell them apart");
    if (where.days > 0) request.days = where.days;
    if (where.key == "p384") request.key = tls::key_kind::p384;
    if (where.key == "rsa") request.key = tls::key_kind::rsa3072;
    const auto made = tls::make_ca(request, next.pair, now);
    if (!made) return made.error();
    std::cout << "made " << next.pair.cert << " and " << next.pair.key << " (keep the key off the nodes)\n";
  }
  if (auto made = tls::bundle({ca.pair.cert, next.pair.cert}, folder.bundle()); !made) return made;
  if (exists(folder.crl())) {
    if (auto written = write_lists(folder, 365, now); !written) return written;
  }
  std::cout
      << folder.bundle() << " has both authorities. Next: give it to all nodes as socket.ssl_ca and let "
      << "them read it again (socket.ssl_reload=1); when every node trusts both: hauberk certs rotate-ca "
      << "switch --dir " << folder.path() << '\n';
  return {};
}

/// Every step looks whether it was done before, so that a switch that was cut short is finished by another.
result<void> switch_authority(const ca_folder& folder) {
  const authority_files ca = folder.authority("ca"), next = folder.authority("ca-next"),
                        old = folder.authority("ca-old");
  if (!exists(next.pair.cert))
    return error(errc::bad_file, next.pair.cert + ": is not there: first hauberk certs rotate-ca begin");
  const auto same = tls::is_same_file(ca.pair.cert, old.pair.cert);
  if (!same) return same.error();
  if (exists(old.pair.cert) && !*same)
    return error(errc::bad_file, old.pair.cert +
                                     ": is there from an earlier rotation: move it away, with "
                                     "its key and index");
  if (auto good = tls::copy_file(ca.pair.cert, old.pair.cert, 0644); !good) return good;
  if (auto good = tls::copy_file(ca.pair.key, old.pair.key, 0600); !good) return good;
  if (exists(ca.ledger) && !exists(old.ledger)) {
    if (auto good = tls::rename_file(ca.ledger, old.ledger); !good) return good;
  }
  for (const auto& [from, to] : {std::pair{next.ledger, ca.ledger}, std::pair{next.pair.key, ca.pair.key},
                                 std::pair{next.pair.cert, ca.pair.cert}}) {
    if (!exists(from)) continue;
    if (auto good = tls::rename_file(from, to); !good) return good;
  }
  std::cout << "the new authority signs from now on: " << ca.pair.cert << "; the former one is "
            << old.pair.cert << ". Next: hauberk certs renew --all --dir " << folder.path()
            << ", put the new certificates in place, node by node, and let each read them again "
            << "(socket.ssl_reload=1); then: hauberk certs rotate-ca end --dir " << folder.path() << '\n';
  return {};
}

result<void> end_rotation(const ca_folder& folder) {
  const authority_files ca = folder.authority("ca"), old = folder.authority("ca-old");
  if (exists(folder.authority("ca-next").pair.cert) || !exists(old.pair.cert))
    return error(errc::bad_file, "no rotation has come that far in " + folder.path() +
                                     ": first hauberk certs rotate-ca begin, then switch");
  const auto nodes = folder.nodes();
  if (!nodes) return nodes.error();
  std::string left;
  for (const node_in_folder& node : *nodes) {
    const auto is_old = tls::is_issued_by(node.files.cert, old.pair.cert);
    if (!is_old) return is_old.error();
    if (*is_old) left += (left.empty() ? "" : " ") + node.name;
  }
  if (!left.empty())
    return error(errc::bad_certificate, "still issued by the old authority: " + left +
                                            ". Renew them first: hauberk certs renew " + left + " --dir " +
                                            folder.path());
  if (auto made = tls::bundle({ca.pair.cert}, folder.bundle()); !made) return made;
  if (exists(folder.crl())) {
    if (auto kept = tls::keep_crls_of(ca.pair.cert, folder.crl()); !kept) return kept;
  }
  std::cout
      << folder.bundle() << " has the new authority alone. Next: give it to all nodes as socket.ssl_ca "
      << "and let them read it again (socket.ssl_reload=1), when no node has a certificate of the old one "
      << "any more. Then destroy " << old.pair.key << " and move " << old.pair.cert << " and " << old.ledger
      << " away\n";
  return {};
}

}  // namespace

int run_revoke(const certs_request& where, const revoke_request& what) {
  const auto finished = revoke(where, what);
  return finished ? done : failed(finished.error());
}

int run_rotate_ca(const certs_request& where, const std::string& step) {
  ca_folder folder(where.folder, where.password_file);
  if (auto good = folder.lock(); !good) return failed(good.error());
  const auto finished = step == "begin"    ? begin_rotation(where, folder, std::time(nullptr))
                        : step == "switch" ? switch_authority(folder)
                                           : end_rotation(folder);
  return finished ? done : failed(finished.error());
}

}  // namespace hauberk::tool
