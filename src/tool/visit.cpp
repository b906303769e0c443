#include "tool/visit.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <random>
#include <variant>

#include "api/values.hpp"
#include "engine/policy.hpp"
#include "link/greeting.hpp"
#include "tls/glimpse.hpp"
#include "tool/conversation.hpp"

namespace hauberk::tool {
namespace {

uuid draw_process() {
  std::random_device chance;
  uuid made;
  for (auto& byte : made.bytes) byte = static_cast<std::uint8_t>(chance());
  return made;
}

using tls::finding;
using tls::grade;

std::string shown(const std::string& text) { return link::printable(text); }

class visiting {
 public:
  visiting(const visitor& who, caller line) : who_(who), with_(std::move(line), who.security, who.mine) {}

  std::vector<finding> run() {
    with_.set_patience(who_.patience);
    if (secure()) greet();
    return std::move(all_);
  }
  /// It never came to words: TLS may show more.
  [[nodiscard]] bool is_speechless() const { return is_speechless_; }

 private:
  void add(grade how, std::string check, std::string expected, std::string got, std::string change = {}) {
    all_.push_back({how, std::move(check), std::move(expected), std::move(got), std::move(change)});
  }
  void add_bad(std::string check, std::string expected, std::string got, std::string change) {
    add(grade::bad, std::move(check), std::move(expected), std::move(got), std::move(change));
  }

  bool secure();
  void describe_peer();
  void greet();
  void judge(const wire::message& answer);
  void judge_hello(const mesh::hello& theirs);
  void judge_clock(std::int64_t ahead);
  void judge_lists(const std::vector<base::list_id>& theirs);

  const visitor& who_;
  conversation with_;
  std::vector<finding> all_;
  bool is_speechless_ = false;
};

// ---- TLS ----

bool visiting::secure() {
  if (const auto done = with_.secure(); !done) {
    is_speechless_ = true;
    add_bad("handshake", "TLS as socket.ssl_* says, each side with a certificate that the other takes",
            shown(done.error().text), "what is named here has to agree on both sides");
    return false;
  }
  add(grade::good, "handshake", {},
      who_.security ? with_.version() + ", " + with_.cipher() : "none: plaintext (socket.ssl=no)");
  if (who_.security) describe_peer();
  return true;
}

void visiting::describe_peer() {
  const auto peer = with_.peer();
  if (!peer) return;
  std::string names;
  for (const auto& one : peer->names) names += (names.empty() ? "" : ", ") + one;
  add(grade::good, "certificate", {},
      shown(peer->subject + ", names " + names + ", issuer " + peer->issuer + ", serial " + peer->serial +
            ", SHA-256 " + peer->fingerprint));
  all_.push_back(tls::examine_dates("the peer's certificate", *peer, who_.now));
  const tls::certificate& own = who_.security->own();
  if (tls::shared_serials({own, *peer}).empty()) return;
  add(grade::warning, "serial", "a serial that no other certificate of the CA has",
      "the peer's certificate has ours, " + own.serial,
      "neither can be revoked without the other: renew both (hauberk certs renew), or set "
      "socket.ssl_identity=pin:… or list:… in the whole group");
}

// ---- the greeting ----

void visiting::greet() {
  auto sent = with_.say(who_.mine);
  auto answer = sent ? with_.next_message() : result<wire::message>(sent.error());
  if (answer) return judge(*answer);
  is_speechless_ = !who_.security;
  add_bad("acceptance", "a hello from a node of group '" + who_.mine.group + "'", shown(answer.error().text),
          "see the peer's log: it says there which check failed, what it expected and what it got");
}

void visiting::judge(const wire::message& answer) {
  if (const auto* refused = std::get_if<mesh::goodbye>(&answer))
    return add_bad("acceptance", "a hello: that this node may be a member",
                   "refused: " + shown(refused->text),
                   "make the two agree in what it names ('here' is this node, 'there' the peer)");
  if (const auto* theirs = std::get_if<mesh::hello>(&answer)) return judge_hello(*theirs);
  add_bad("acceptance", "a hello", "another frame", "is it a node of ours, and of this version?");
}

void visiting::judge_clock(std::int64_t ahead) {
  const std::string words = mesh::clock_words(ahead);
  if (words.empty()) return add(grade::good, "peer's clock", {}, "it agrees with ours");
  add(grade::warning, "peer's clock", "the time that we have", "it is " + words,
      "run a time service (chrony, systemd-timesyncd) on both: certificates are judged by these clocks");
}

/// Lists spread, so an older one here does no harm in the group; but nobody else has the newest to copy.
void visiting::judge_lists(const std::vector<base::list_id>& theirs) {
  if (!who_.security) return;
  const auto& ours = who_.security->lists();
  for (const base::list_id& one : theirs) {
    const std::string* const issuer = who_.security->list_issuer(one.issuer);
    if (issuer == nullptr) continue;
    const auto same = [&](const tls::revocation_list& each) { return each.id.issuer == one.issuer; };
    const auto own = std::find_if(ours.begin(), ours.end(), same);
    const std::string what = "the revocation list of " + *issuer;
    if (own != ours.end() && own->id == one) {
      add(grade::good, "crl", {}, what + " here is the group's, " + tls::list_words(one));
    } else if (own == ours.end() || is_newer(one, own->id)) {
      add(grade::warning, "crl", what + " that the group has, " + tls::list_words(one),
          own == ours.end() ? "none here" : tls::list_words(own->id) + " in socket.ssl_crl here",
          "put the newest into socket.ssl_crl; until then this node hears of it from its peers");
    } else {
      add(grade::warning, "crl", what + " that is here, " + tls::list_words(own->id),
          "the group has " + tls::list_words(one),
          "nothing: it spreads once this node is up; else reload a member that has it (socket.ssl_reload)");
    }
  }
}

void visiting::judge_hello(const mesh::hello& theirs) {
  const auto peer = with_.peer();
  const link::channel through{who_.security ? &*who_.security : nullptr, peer ? &*peer : nullptr};
  add(grade::good, "acceptance", {},
      "the peer accepts this node: certificate, name, group, protocol and policy");
  if (const auto why = link::check_hello(who_.mine, theirs, through)) {
    add_bad("greeting", "a hello that this node accepts, too", shown(why->here),
            "make the two agree in that");
  } else {
    add(grade::good, "greeting", {},
        "'" + shown(theirs.name) + "' of group '" + shown(theirs.group) + "', protocol " +
            std::to_string(theirs.protocol_min) + " to " + std::to_string(theirs.protocol_max) +
            ", policy digest " + shown(theirs.policy_digest.substr(0, 16)));
  }
  if (theirs.clock != 0) judge_clock(theirs.clock - std::time(nullptr));
  judge_lists(theirs.lists);
  if (theirs.name == who_.mine.name)
    add(grade::warning, "member", "a peer with another name than ours",
        "it is called '" + shown(theirs.name) + "', too",
        "nothing, if this is the same node, running; else give each its own node.name and certificate");
  [[maybe_unused]] const auto last =
      with_.say(mesh::goodbye{static_cast<std::uint32_t>(errc::closed), "hauberk doctor was only looking"});
}

// ---- when TLS failed ----

/// What the peer shows to anybody, and what of it stands in our way.
void look_closer(const visitor& who, const std::string& address, std::vector<finding>& all) {
  auto line = caller::dial(address, who.dial_patience);
  if (!line) return;
  line->set_patience(who.patience);
  tls::glimpse look;
  std::array<std::byte, 16 * 1024> piece{};
  while (line->send(look.take_output()) && !look.is_done()) {
    const auto got = line->receive(piece);
    if (!got) break;
    look.handle_input(std::span(piece).first(*got));
  }
  const auto chain = look.chain();
  if (chain.empty()) {
    if (!who.security) return;
    all.push_back({grade::warning, "presents", "a TLS server with a certificate", "no certificate is shown",
                   "is it a Hauberk node with TLS that listens there?"});
    return;
  }
  if (!who.security)
    all.push_back({grade::bad, "encryption", "a plaintext group (socket.ssl=no)", "the peer speaks TLS",
                   "give this node certificates of its group's CA"});
  const tls::certificate_card& own = chain.front();
  std::string names;
  for (const auto& one : own.is.names) names += (names.empty() ? "" : ", ") + one;
  all.push_back(
      {grade::good,
       "presents",
       {},
       shown(look.version() + ", " + look.cipher() + "; certificate " + own.is.subject + ", names " + names +
             ", issuer " + own.is.issuer + ", " + own.key + ", SHA-256 " + own.is.fingerprint)});
  finding dates = tls::examine_dates("the peer's certificate", own.is, who.now);
  if (dates.how == grade::bad) all.push_back(std::move(dates));
}

}  // namespace

visitor visitor_of(const config& options, std::optional<tls::context> security, std::int64_t now) {
  const config::values& values = options.inside();
  visitor made;
  made.security = std::move(security);
  made.now = now;
  made.dial_patience = std::chrono::duration_cast<std::chrono::milliseconds>(values.sockets.dial_timeout);
  made.patience = std::chrono::duration_cast<std::chrono::milliseconds>(values.handshake_timeout);
  made.mine.protocol_min = engine::protocol_min;
  made.mine.protocol_max = engine::protocol_max;
  made.mine.group = values.group;
  made.mine.name = values.name;
  made.mine.process = draw_process();
  made.mine.address = values.address;
  made.mine.policy_text = engine::policy_of(values.replication.policy, values.compression, made.security);
  made.mine.policy_digest = tls::sha256_hex(made.mine.policy_text);
  made.mine.permits_plaintext = !made.security;
  return made;
}

std::vector<finding> visit(const visitor& who, const std::string& address) {
  auto line = caller::dial(address, who.dial_patience);
  if (!line)
    return {{grade::bad, "reach", "a node that listens there", shown(line.error().text),
             "start it, or put address, network or firewall right"}};
  visiting one(who, std::move(*line));
  std::vector<finding> all = one.run();
  if (one.is_speechless()) look_closer(who, address, all);
  return all;
}

}  // namespace hauberk::tool
