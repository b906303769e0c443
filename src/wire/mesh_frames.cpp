#include "wire/mesh_frames.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/assert.hpp"
#include "wire/bounds.hpp"
#include "wire/putter.hpp"

namespace hauberk::wire {
namespace {

// The year 9999: no sum of two overflows, and no day is too far to be written.
constexpr std::int64_t clock_most = 253402300799;
constexpr std::size_t digest_bytes = 32;

std::int64_t take_clock(std::int64_t from) { return std::clamp<std::int64_t>(from, 0, clock_most); }

template <typename Repeated>
void put_lists(Repeated* into, const std::vector<base::list_id>& all) {
  for (const base::list_id& one : all) {
    if (static_cast<std::size_t>(into->size()) == limits::lists_max) break;
    HAUBERK_ASSERT(one.issuer.size() == limits::sha256_bytes && one.digest.size() == limits::sha256_bytes &&
                       one.number.size() <= limits::list_number_bytes_max,
                   "revocation lists are checked where they come in");
    ListId& made = *into->Add();
    made.set_issuer(one.issuer);
    made.set_number(one.number);
    made.set_this_update(one.this_update);
    made.set_digest(one.digest);
  }
}

template <typename Repeated>
std::vector<base::list_id> take_lists(taker& with, const Repeated& from) {
  return with.list("the number of revocation lists", from, limits::lists_max, [&](const ListId& one) {
    return base::list_id{
        with.sha256("the issuer of a revocation list", one.issuer()),
        with.text("the length of a list's number", one.number(), limits::list_number_bytes_max),
        take_clock(one.this_update()), with.sha256("the digest of a revocation list", one.digest())};
  });
}

/// What is no digest in hexadecimal digits is told as none.
void put_digest(std::string* into, std::string_view hex) {
  into->clear();
  if (hex.size() != 2 * digest_bytes) return;
  for (std::size_t i = 0; i < digest_bytes; ++i) {
    std::uint8_t byte = 0;
    const char* const at = hex.data() + 2 * i;
    const auto [end, problem] = std::from_chars(at, at + 2, byte, 16);
    if (problem != std::errc() || end != at + 2) return into->clear();
    *into += static_cast<char>(byte);
  }
}

std::string take_digest(taker& with, const std::string& from) {
  static constexpr std::string_view digits = "0123456789abcdef";
  if (!from.empty() && from.size() != digest_bytes) {
    with.fail("a digest has " + std::to_string(digest_bytes) + " bytes or none, got " +
              std::to_string(from.size()));
    return {};
  }
  std::string hex;
  for (const char one : from) {
    const auto byte = static_cast<unsigned char>(one);
    hex += {digits[byte >> 4U], digits[byte & 15U]};
  }
  return hex;
}

void put_word(std::string* into, const std::string& word) { into->assign(word, 0, word_bytes_max); }

/// Names that OpenSSL has for things: they go to logs and terminals as they are.
std::string take_word(taker& with, const char* what, const std::string& from) {
  if (std::ranges::any_of(from, [](char c) { return c < '!' || c > '~'; }))
    with.fail(std::string(what) + " has only letters, digits and signs");
  return with.text(what, from, word_bytes_max);
}

void put(ToldLink* into, const mesh::told_link& what) {
  wire::put(into->mutable_process(), what.process);
  put_word(into->mutable_version(), what.version);
  put_word(into->mutable_cipher(), what.cipher);
  put_word(into->mutable_group(), what.group);
  put_digest(into->mutable_policy(), what.policy);
  put_digest(into->mutable_fingerprint(), what.fingerprint);
  into->set_since(what.since);
}

void put(LinkReport* into, const mesh::link_report& what) {
  HAUBERK_ASSERT(what.mine.size() <= limits::members_max, "a report is bounded");
  for (const mesh::told_link& one : what.mine) put(into->add_mine(), one);
}

mesh::told_link take(taker& with, const ToldLink& from) {
  return {with.id(from.process()),
          take_word(with, "the name of a TLS version", from.version()),
          take_word(with, "the name of a cipher", from.cipher()),
          take_word(with, "the name of a group", from.group()),
          take_digest(with, from.policy()),
          take_digest(with, from.fingerprint()),
          take_clock(from.since())};
}

}  // namespace

// ---- greeting and peers ----

void put(Frame& frame, const mesh::hello& what) {
  HAUBERK_ASSERT(what.policy_text.size() <= policy_text_bytes_max, "a policy text fits in a hello");
  auto& into = *frame.mutable_hello();
  into.set_protocol_min(what.protocol_min);
  into.set_protocol_max(what.protocol_max);
  put_name(into.mutable_group(), what.group);
  put_name(into.mutable_name(), what.name);
  put(into.mutable_process(), what.process);
  put_address(into.mutable_address(), what.address);
  put_name(into.mutable_policy_digest(), what.policy_digest);
  *into.mutable_policy_text() = what.policy_text;
  into.set_permits_plaintext(what.permits_plaintext);
  into.set_is_visitor(what.is_visitor);
  into.set_clock(what.clock);
  put_lists(into.mutable_lists(), what.lists);
}

void put(Frame& frame, const mesh::welcome&) { frame.mutable_welcome(); }

void put(Frame& frame, const mesh::goodbye& what) {
  frame.mutable_goodbye()->set_reason(what.reason);
  put_text(frame.mutable_goodbye()->mutable_text(), what.text);
}

void put(Frame& frame, const mesh::peers& what) {
  auto& into = *frame.mutable_peers();
  for (const auto& peer : what.known) {
    if (static_cast<std::size_t>(into.known_size()) == peers_max) break;
    auto& made = *into.add_known();
    put(made.mutable_process(), peer.process);
    put_name(made.mutable_name(), peer.name);
    put_address(made.mutable_address(), peer.address);
  }
}

mesh::hello take(taker& with, const Hello& from) {
  mesh::hello made;
  made.protocol_min = from.protocol_min();
  made.protocol_max = from.protocol_max();
  made.group = with.name(from.group());
  made.name = with.name(from.name());
  made.process = with.id(from.process());
  made.address = with.address(from.address());
  made.policy_digest = with.name(from.policy_digest());
  made.policy_text = with.text("the length of a policy", from.policy_text(), policy_text_bytes_max);
  made.permits_plaintext = from.permits_plaintext();
  made.is_visitor = from.is_visitor();
  made.clock = take_clock(from.clock());
  made.lists = take_lists(with, from.lists());
  return made;
}

mesh::goodbye take(taker& with, const Goodbye& from) { return {from.reason(), with.reason(from.text())}; }

mesh::peers take(taker& with, const Peers& from) {
  return {with.list("the number of peers", from.known(), peers_max, [&](const Peer& one) {
    return mesh::peer_address{with.id(one.process()), with.name(one.name()), with.address(one.address())};
  })};
}

// ---- visitors ----

void put(Frame& frame, const mesh::visitor_request& what) {
  HAUBERK_ASSERT(what.options.size() <= policy_text_bytes_max, "options are checked where they come in");
  auto& into = *frame.mutable_visitor_request();
  *into.mutable_options() = what.options;
  into.set_is_trial(what.is_trial);
  into.set_asks_links(what.asks_links);
}

void put(Frame& frame, const mesh::visitor_answer& what) {
  frame.mutable_visitor_answer()->set_reason(what.reason);
  put_text(frame.mutable_visitor_answer()->mutable_text(), what.text);
}

mesh::visitor_request take(taker& with, const VisitorRequest& from) {
  return {with.text("the length of a visitor's options", from.options(), policy_text_bytes_max),
          from.is_trial(), from.asks_links()};
}

mesh::visitor_answer take(taker& with, const VisitorAnswer& from) {
  return {from.reason(), with.reason(from.text())};
}

// ---- who is linked how ----

void put(Frame& frame, const mesh::link_report& what) { put(frame.mutable_link_report(), what); }

void put(Frame& frame, const mesh::member_report& what) {
  auto& into = *frame.mutable_member_report();
  put(into.mutable_process(), what.process);
  put_name(into.mutable_name(), what.name);
  into.mutable_subject()->assign(what.subject, 0, subject_bytes_max);
  for (const std::string& name : what.names) {
    if (static_cast<std::size_t>(into.names_size()) == certificate_names_max) break;
    into.add_names()->assign(name, 0, subject_bytes_max);
  }
  put_digest(into.mutable_fingerprint(), what.fingerprint);
  into.set_not_after(what.not_after);
  put(into.mutable_links(), what.links);
}

mesh::link_report take(taker& with, const LinkReport& from) {
  return {with.list("the number of links in a report", from.mine(), limits::members_max,
                    [&](const ToldLink& one) { return take(with, one); })};
}

mesh::member_report take(taker& with, const MemberReport& from) {
  constexpr const char* name_of_name = "the length of a name in a certificate";
  return {with.id(from.process()),
          with.name(from.name()),
          with.text("the length of a subject", from.subject(), subject_bytes_max),
          with.list("the number of names in a certificate", from.names(), certificate_names_max,
                    [&](const std::string& one) { return with.text(name_of_name, one, subject_bytes_max); }),
          take_digest(with, from.fingerprint()),
          take_clock(from.not_after()),
          take(with, from.links())};
}

// ---- revocation lists ----

void put(Frame& frame, const mesh::lists& what) {
  put_lists(frame.mutable_lists()->mutable_in_force(), what.in_force);
}

void put(Frame& frame, const mesh::list_request& what) {
  frame.mutable_list_request()->set_issuer(what.issuer);
}

void put(Frame& frame, const mesh::list_answer&) { frame.mutable_list_answer(); }

mesh::lists take(taker& with, const Lists& from) { return {take_lists(with, from.in_force())}; }

mesh::list_request take(taker& with, const ListRequest& from) {
  return {with.sha256("the issuer of a revocation list", from.issuer())};
}

}  // namespace hauberk::wire
