// `hauberk certs show`: what lies in PEM files, for people or as JSON.
#include <algorithm>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tool/ca_folder.hpp"
#include "tool/certs.hpp"
#include "tool/exit_codes.hpp"
#include "tool/log.hpp"

namespace hauberk::tool {
namespace {

using json = nlohmann::ordered_json;

struct shown_certificate {
  std::string file;
  tls::certificate_card card;
  std::int64_t revoked = 0;                  ///< since when; 0 = not
  std::vector<std::string> shares_serial{};  ///< files
};
struct shown_crl {
  std::string file;
  tls::crl_card card;
};
struct shown {
  std::vector<shown_certificate> certificates;
  std::vector<shown_crl> crls;
};

int failed(const error& why) { return logger("info").said(exit_code_of(why.code), "certs: " + why.text); }

/// What both kinds of output are made of.
result<shown> gather(const std::vector<std::string>& files, bool each_must_hold) {
  shown made;
  for (const std::string& file : files) {
    const auto read = tls::inspect_file(file);
    if (!read) return read.error();
    if (each_must_hold && read->certificates.empty() && read->crls.empty())
      return error(errc::bad_file,
                   file + (read->has_key ? ": holds a private key, which is not shown: give its "
                                           "certificate"
                                         : ": no PEM certificate or CRL in it"));
    for (const auto& card : read->certificates) made.certificates.push_back({file, card});
    for (const auto& card : read->crls) made.crls.push_back({file, card});
  }
  std::vector<tls::certificate> all;
  for (auto& one : made.certificates) {
    all.push_back(one.card.is);
    for (const shown_crl& list : made.crls)
      if (const auto* found = tls::find_revoked(list.card, one.card)) one.revoked = found->when;
  }
  for (const auto& group : tls::shared_serials(all))
    for (const std::size_t one : group)
      for (const std::size_t other : group)
        if (one != other) made.certificates[one].shares_serial.push_back(made.certificates[other].file);
  return made;
}

std::string listed(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

std::vector<std::string> usages_of(const tls::certificate_card& card) {
  std::vector<std::string> made;
  if (card.has_usages && card.serves) made.emplace_back("serverAuth");
  if (card.has_usages && card.dials) made.emplace_back("clientAuth");
  return made;
}

/// "824 days left", "expired 3 days ago", "not valid for another day".
std::string life_words(std::int64_t from, std::int64_t until, std::int64_t now) {
  const auto days = [](std::int64_t seconds) {
    const std::int64_t count = seconds / 86400;
    return std::to_string(count) + (count == 1 ? " day" : " days");
  };
  if (now < from) return "NOT VALID for another " + days(from - now);
  return now > until ? "EXPIRED " + days(now - until) + " ago" : days(until - now) + " left";
}

std::string kind_words(const tls::certificate_card& card) {
  if (card.is_ca) return card.is_self_signed ? "a certificate authority" : "an intermediate authority";
  return card.is_self_signed ? "a self-signed certificate" : "a node's certificate";
}

std::string purpose_words(const tls::certificate_card& card) {
  if (card.is_ca) return "signs certificates";
  if (!card.has_usages) return "any (no extended key usage)";
  const std::string text = listed(usages_of(card));
  return text.empty() ? "neither serverAuth nor clientAuth: no node can use it" : text;
}

void print(const shown_certificate& one, std::int64_t now) {
  const tls::certificate& is = one.card.is;
  std::vector<std::string> names = is.names;
  names.insert(names.end(), one.card.addresses.begin(), one.card.addresses.end());
  std::cout << one.file << ": " << kind_words(one.card) << "\n  subject      " << is.subject;
  if (!one.card.is_ca)
    std::cout << "\n  names        " << listed(names)
              << (one.card.has_san ? "" : " (the common name: it has no subject alternative names)");
  std::cout << "\n  issuer       " << is.issuer << "\n  serial       " << is.serial << "\n  fingerprint  "
            << is.fingerprint << "\n  valid        " << tls::date_words(is.not_before) << " to "
            << tls::date_words(is.not_after) << " (" << life_words(is.not_before, is.not_after, now)
            << ")\n  key          " << one.card.key << ", signed with " << one.card.signature
            << "\n  use          " << purpose_words(one.card) << '\n';
  if (one.revoked != 0) std::cout << "  REVOKED      " << tls::date_words(one.revoked) << '\n';
  if (!one.shares_serial.empty())
    std::cout << "  SHARES ITS SERIAL with " << listed(one.shares_serial)
              << ": these cannot be revoked one by one; renew them (hauberk certs renew), or set "
                 "socket.ssl_identity=pin:… in the whole group\n";
}

void print(const shown_crl& one, std::int64_t now) {
  std::cout << one.file << ": a certificate revocation list\n  issuer       " << one.card.issuer
            << "\n  number       " << (one.card.number.empty() ? "none" : one.card.number)
            << "\n  valid        " << tls::date_words(one.card.this_update) << " to "
            << (one.card.next_update == 0
                    ? "(not said)"
                    : tls::date_words(one.card.next_update) + " (" +
                          life_words(one.card.this_update, one.card.next_update, now) + ")")
            << "\n  revokes      " << one.card.revoked.size()
            << (one.card.revoked.size() == 1 ? " certificate" : " certificates") << '\n';
  for (const auto& each : one.card.revoked)
    std::cout << "               serial " << each.serial << " since " << tls::date_words(each.when) << '\n';
}

void print_json(const json& what) {
  std::cout << what.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

json json_of(const shown_certificate& one, std::int64_t now) {
  const tls::certificate& is = one.card.is;
  return {{"event", "certificate"},
          {"file", one.file},
          {"subject", is.subject},
          {"names", is.names},
          {"addresses", one.card.addresses},
          {"issuer", is.issuer},
          {"serial", is.serial},
          {"fingerprint", is.fingerprint},
          {"not_before", is.not_before},
          {"not_after", is.not_after},
          {"seconds_left", is.not_after - now},
          {"key", one.card.key},
          {"signature", one.card.signature},
          {"ca", one.card.is_ca},
          {"self_signed", one.card.is_self_signed},
          {"usages", usages_of(one.card)},
          {"revoked", one.revoked == 0 ? json(nullptr) : json(one.revoked)},
          {"shares_serial_with", one.shares_serial}};
}

json json_of(const shown_crl& one) {
  json revoked = json::array();
  for (const auto& each : one.card.revoked)
    revoked.push_back({{"serial", each.serial}, {"since", each.when}});
  return {{"event", "crl"},
          {"file", one.file},
          {"issuer", one.card.issuer},
          {"number", one.card.number},
          {"this_update", one.card.this_update},
          {"next_update", one.card.next_update},
          {"revoked", revoked}};
}

}  // namespace

int run_show(const certs_request& where, const show_request& what) {
  std::vector<std::string> files = what.files;
  if (files.empty()) {
    const auto all = ca_folder(where.folder).pem_files();
    if (!all) return failed(all.error());
    files = *all;
  }
  const auto all = gather(files, !what.files.empty());
  if (!all) return failed(all.error());
  if (all->certificates.empty() && all->crls.empty())
    return logger("info").said(
        bad_material, "certs: no PEM certificate or CRL in " + where.folder + ": give files, or --dir");
  const std::int64_t now = std::time(nullptr);
  for (const auto& one : all->certificates) what.json ? print_json(json_of(one, now)) : print(one, now);
  for (const auto& one : all->crls) what.json ? print_json(json_of(one)) : print(one, now);
  return done;
}

}  // namespace hauberk::tool
