// The pipe's machine. Errors stick: after one, nothing more is read from the peer, while what is queued (an
// alert, most often) may still be sent.
#include "tls/pipe.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "tls/algorithms.hpp"
#include "tls/hello_tag.hpp"
#include "tls/spans.hpp"
#include "tls/verify.hpp"
#include "tls/words.hpp"

namespace hauberk::tls {
namespace {

// Hellos, a chain of 64 KiB and the rest of a handshake fit well; a stranger who sends more gets no further.
constexpr std::size_t handshake_bytes_max = 128 * 1024;
// A ClientHello with every key share that we know has 4 KiB; this much is kept until a choice is made by it.
constexpr std::size_t hello_bytes_max = 16 * 1024;
constexpr std::size_t record_bytes = 16 * 1024;
// A peer that changes its keys and sends nothing with them only makes us work.
constexpr unsigned idle_key_changes_max = 32;

constexpr std::uint64_t records_of(std::size_t bytes) { return (bytes + record_bytes - 1) / record_bytes; }

check failed_in(const failure& what, const findings& found) {
  if (what.told_by_peer) return check::by_peer;
  if (what.why.code != errc::bad_certificate) return check::parameters;
  return found.words.empty() ? check::no_certificate : check_of(found.code);
}

}  // namespace

struct pipe::machine {
  void be_plain();
  void be_secured(const context& by, role side);
  result<bool> choose();
  result<bool> choose_by_tag();
  void choose(std::size_t index);
  result<bool> shake();
  result<void> use_keys(std::size_t count);
  result<void> change_keys(int kind);
  static void saw_message(int written, int version, int type, const void* message, std::size_t count, SSL*,
                          void* arg) noexcept;
  [[nodiscard]] bool has_other_keys() const { return SSL_version(connection.get()) >= TLS1_3_VERSION; }
  result<void> recognise();
  result<std::size_t> read_plain(std::span<std::byte> into);
  result<std::size_t> read_tls(std::span<std::byte> into);
  error fail(error why) {
    failed = why;
    return why;
  }
  error fail(failure what) {
    told_by_peer = what.told_by_peer;
    failed_check = failed_in(what, found);
    return fail(std::move(what.why));
  }
  error fail(check which, error why) {
    failed_check = which;
    return fail(std::move(why));
  }
  [[nodiscard]] std::string during() const {
    return std::string(as == role::client ? "TLS handshake as dialling side"
                                          : "TLS handshake as listening side");
  }

  std::vector<choice> among;  ///< what it may still become; empty once that is settled
  std::size_t chosen = 0;
  std::vector<std::byte> hello;  ///< all that came, while the tag in it is awaited
  std::optional<context> ours;   ///< nothing = plain
  role as = role::client;
  spans bytes;
  findings found;
  ssl_ptr connection;  ///< after `bytes` and `found`, which it uses to its end
  bool ready = false;
  bool recognised = false;
  bool ended = false;
  std::size_t taken = 0;  ///< input before the handshake was done
  std::optional<error> failed;
  bool told_by_peer = false;
  check failed_check = check::other;
  std::optional<certificate> peer;
  std::uint64_t records_sent = 0, bytes_sent = 0;  ///< with the keys in use
  key_changes changes;
  unsigned idle_key_changes = 0;  ///< of the peer's, since it last sent something
};

pipe::pipe(const context& ours, role as, const std::string& tag) : machine_(std::make_unique<machine>()) {
  machine_->be_secured(ours, as);
  if (!tag.empty()) send_tag(machine_->connection.get(), tag);
}

pipe::pipe(std::vector<choice> among) : machine_(std::make_unique<machine>()) {
  HAUBERK_ASSERT(!among.empty(), "a pipe becomes something");
  machine_->as = role::server;
  machine_->among = std::move(among);
}

pipe::pipe() : machine_(std::make_unique<machine>()) { machine_->be_plain(); }

void pipe::machine::be_plain() {
  ready = true;
  bytes.out.set_block_bytes(span_bytes);
}

void pipe::machine::be_secured(const context& by, role side) {
  as = side;
  ours = by;
  found = {};
  found.ours = &ours->inside();
  connection.reset(SSL_new((as == role::client ? found.ours->client : found.ours->server).get()));
  HAUBERK_ASSERT(connection != nullptr, "out of memory");
  BIO* const bio = make_bio(bytes).release();
  SSL_set_bio(connection.get(), bio, bio);
  SSL_set_app_data(connection.get(), &found);
  SSL_set_msg_callback(connection.get(), machine::saw_message);
  SSL_set_msg_callback_arg(connection.get(), this);
  as == role::client ? SSL_set_connect_state(connection.get()) : SSL_set_accept_state(connection.get());
}

pipe::pipe(pipe&&) noexcept = default;
pipe& pipe::operator=(pipe&&) noexcept = default;
pipe::~pipe() = default;

std::span<std::byte> pipe::input_space() {
  const machine& my = *machine_;
  // A plain peer is a stranger, too, until its first bytes were looked at.
  const bool trusted = my.ours ? my.ready : my.recognised;
  return machine_->bytes.in.space(trusted ? span_bytes : stranger_bytes);
}

void pipe::input_filled(std::size_t bytes) {
  machine_->bytes.in.filled(bytes);
  if (machine_->ready) return;
  machine_->taken += bytes;
  if (machine_->among.empty()) return;
  const auto came = machine_->bytes.in.unread().last(bytes);
  machine_->hello.insert(machine_->hello.end(), came.begin(), came.end());
}

std::span<const std::byte> pipe::output() const { return machine_->bytes.out.front(); }
std::size_t pipe::output_size() const { return machine_->bytes.out.size(); }
void pipe::output_consumed(std::size_t bytes) { machine_->bytes.out.consume(bytes); }

bool pipe::is_ready() const { return machine_->ready; }
bool pipe::told_by_peer() const { return machine_->told_by_peer; }
check pipe::failed_check() const { return machine_->failed_check; }
bool pipe::is_encrypted() const { return machine_->ours.has_value(); }
std::optional<certificate> pipe::peer() const { return machine_->peer; }

std::string pipe::version() const {
  return machine_->ours && machine_->ready ? SSL_get_version(machine_->connection.get()) : "none";
}

std::string pipe::cipher() const {
  return machine_->ours && machine_->ready ? SSL_get_cipher_name(machine_->connection.get()) : "none";
}

std::string pipe::group() const {
  if (!machine_->ours || !machine_->ready) return {};
  SSL* const connection = machine_->connection.get();
  const auto id = static_cast<int>(SSL_get_negotiated_group(connection));
  const char* name = id == NID_undef ? nullptr : SSL_group_to_name(connection, id);
  return name == nullptr ? std::string() : group_name(name);
}

std::size_t pipe::chosen() const { return machine_->chosen; }

verdict pipe::judge_peer(const context& now) const {
  const machine& my = *machine_;
  HAUBERK_ASSERT(my.ready, "only a peer that passed once is judged again");
  if (!my.ours) return {};
  SSL* const connection = my.connection.get();
  return judge_again(now.inside(), SSL_get0_peer_certificate(connection), SSL_get_peer_cert_chain(connection),
                     my.as == role::client);
}

result<bool> pipe::handshake() {
  machine& my = *machine_;
  if (my.failed) return *my.failed;
  if (my.ready) return true;
  return my.among.empty() ? my.shake() : my.choose();
}

/// TLS or not, as the first bytes say. Where there is no such choice, the first one has the words for that.
result<bool> pipe::machine::choose() {
  if (connection != nullptr) return choose_by_tag();
  const guess is = recognise_tls(bytes.in.unread()).is;
  if (is == guess::undecided) return false;
  const auto fits = [&](const choice& one) { return one.security.has_value() == (is == guess::expected); };
  const auto first = std::ranges::find_if(among, fits);
  const auto index = static_cast<std::size_t>(first - among.begin());
  if (std::ranges::count_if(among, fits) < 2 || !first->security) {
    choose(first == among.end() ? 0 : index);
    if (ready) return true;  // `read` looks at a plain stream's first bytes
    return shake();
  }
  chosen = index;
  be_secured(*first->security, role::server);
  recognised = true;
  found.tag.is_wanted = true;
  return choose_by_tag();
}

/// OpenSSL reads the ClientHello and stops there. When another context is wanted, it begins again with that
/// and the same bytes; nothing was sent so far.
result<bool> pipe::machine::choose_by_tag() {
  ERR_clear_error();
  const int done = SSL_do_handshake(connection.get());
  const int why = SSL_get_error(connection.get(), done);
  if (why == SSL_ERROR_WANT_READ && taken <= hello_bytes_max) return false;
  if (why == SSL_ERROR_WANT_READ)
    return fail(error{errc::refused, during() + ": the peer's ClientHello has more than 16 KiB"});
  if (why != SSL_ERROR_WANT_CLIENT_HELLO_CB) return fail(openssl_failure(during(), {}));
  const auto asked = std::ranges::find_if(
      among, [&](const choice& one) { return one.security && one.tag == found.tag.text; });
  if (asked != among.end() && asked - among.begin() != static_cast<std::ptrdiff_t>(chosen)) {
    bytes.in.refill(hello);
    choose(static_cast<std::size_t>(asked - among.begin()));
  } else {
    among.clear();
    hello = {};
  }
  return shake();
}

void pipe::machine::choose(std::size_t index) {
  chosen = index;
  const auto security = std::move(among[index].security);
  among.clear();
  hello = {};
  security ? be_secured(*security, role::server) : be_plain();
}

/// Looks at the peer's first bytes before OpenSSL does: its own words for them help nobody.
result<void> pipe::machine::recognise() {
  const auto unread = bytes.in.unread();
  if (recognised || unread.empty()) return {};
  const first_bytes first = ours ? recognise_tls(unread) : recognise_plain(unread);
  recognised = first.is == guess::expected;
  if (first.is != guess::foreign) return {};
  if (ours) {
    return fail(
        check::foreign,
        error{errc::refused, during() + ": expected TLS but the peer's first bytes are " + first.seen +
                                 ": this group is encrypted (socket.ssl=yes) and every node must be"});
  }
  const std::string what =
      first.seen.find("TLS") == std::string::npos
          ? "expected a Hauberk node but the peer's first bytes are " + first.seen
          : "peer speaks TLS but this group is plaintext (socket.ssl=no): make socket.ssl the "
            "same on both sides" +
                std::string(first.seen == "TLS" ? "" : " (it sent a TLS alert)");
  return fail(check::foreign, error{errc::refused, what});
}

result<bool> pipe::machine::shake() {
  if (auto good = recognise(); !good) return good.error();
  if (!recognised && !bytes.in.unread().empty()) return false;  // too few bytes to tell what it is
  if (taken > handshake_bytes_max) {
    return fail(error{errc::refused, during() + ": the peer sent more than 128 KiB without finishing it"});
  }
  ERR_clear_error();
  const int done = SSL_do_handshake(connection.get());
  if (done != 1) {
    const int why = SSL_get_error(connection.get(), done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return false;
    return fail(openssl_failure(during(), found.words));
  }
  const x509_ptr theirs(SSL_get1_peer_certificate(connection.get()));
  if (theirs == nullptr || SSL_get_verify_result(connection.get()) != X509_V_OK) {
    return fail(error{errc::bad_certificate, during() + ": the peer's certificate was not verified"});
  }
  peer = describe(theirs.get());
  ready = true;
  bytes.out.set_block_bytes(span_bytes);
  return true;
}

result<void> pipe::write(std::span<const std::byte> plain) {
  machine& my = *machine_;
  HAUBERK_ASSERT(my.ready, "write only on a pipe that is ready");
  if (my.failed) return *my.failed;
  if (plain.empty()) return {};
  if (!my.ours) {
    my.bytes.out.append(plain.data(), plain.size());
    return {};
  }
  if (auto good = my.use_keys(plain.size()); !good) return good.error();
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(my.connection.get(), plain.data(), plain.size(), &written) == 1) {
    my.records_sent += records_of(plain.size());  // a KeyUpdate ahead of them has set both to 0
    my.bytes_sent += plain.size();
    return {};
  }
  return my.fail(openssl_failure("TLS sending", {}));
}

/// Takes new keys before those in use have been used too much.
result<void> pipe::machine::use_keys(std::size_t count) {
  const rekey_limits& most = ours->rekey();
  const std::uint64_t records = records_of(count);
  const bool enough =
      records_sent + records > most.records || (most.bytes != 0 && bytes_sent + count > most.bytes);
  if (enough && has_other_keys() && records_sent > 0) {
    if (auto good = change_keys(SSL_KEY_UPDATE_NOT_REQUESTED); !good) return good.error();
  }
  return {};
}

/// The KeyUpdate goes out ahead of the next record.
result<void> pipe::machine::change_keys(int kind) {
  ERR_clear_error();
  if (SSL_key_update(connection.get(), kind) != 1) return fail(openssl_failure("TLS key update", {}));
  return {};
}

void pipe::machine::saw_message(int written, int, int type, const void* message, std::size_t count, SSL*,
                                void* arg) noexcept {
  if (type != SSL3_RT_HANDSHAKE || count == 0) return;
  if (*static_cast<const unsigned char*>(message) != SSL3_MT_KEY_UPDATE) return;
  auto& my = *static_cast<machine*>(arg);
  if (written != 0) {
    ++my.changes.ours;
    my.records_sent = my.bytes_sent = 0;  // also when the peer asked for it
  } else {
    ++my.changes.theirs;
    ++my.idle_key_changes;
  }
}

result<void> pipe::renew_keys() {
  machine& my = *machine_;
  HAUBERK_ASSERT(my.ready, "only a pipe that is ready has keys");
  if (my.failed) return *my.failed;
  if (!my.ours || my.ended || !my.has_other_keys()) return {};
  if (auto good = my.change_keys(SSL_KEY_UPDATE_REQUESTED); !good) return good.error();
  ERR_clear_error();
  if (SSL_do_handshake(my.connection.get()) == 1) return {};
  return my.fail(openssl_failure("TLS key update", {}));
}

bool pipe::is_worn() const {
  const machine& my = *machine_;
  if (!my.ours || !my.ready || my.has_other_keys()) return false;
  const rekey_limits& most = my.ours->rekey();
  return my.records_sent > most.records || (most.bytes != 0 && my.bytes_sent > most.bytes);
}

pipe::key_changes pipe::keys_changed() const { return machine_->changes; }

result<std::size_t> pipe::read(std::span<std::byte> into) {
  machine& my = *machine_;
  HAUBERK_ASSERT(my.ready, "read only on a pipe that is ready");
  if (my.failed) return *my.failed;
  return my.ours ? my.read_tls(into) : my.read_plain(into);
}

result<std::size_t> pipe::machine::read_plain(std::span<std::byte> into) {
  if (auto good = recognise(); !good) return good.error();
  if (!recognised) return std::size_t{0};
  return bytes.in.take(into.data(), into.size());
}

result<std::size_t> pipe::machine::read_tls(std::span<std::byte> into) {
  std::size_t total = 0;
  ERR_clear_error();
  while (total < into.size()) {
    std::size_t got = 0;
    if (SSL_read_ex(connection.get(), into.data() + total, into.size() - total, &got) == 1) {
      total += got;
      idle_key_changes = 0;
      continue;
    }
    if (idle_key_changes > idle_key_changes_max) {
      const error flood =
          fail(check::frames, error(errc::refused, "TLS receiving: the peer changed its keys " +
                                                       std::to_string(idle_key_changes) +
                                                       " times in a row without sending anything"));
      if (total == 0) return flood;
      break;
    }
    const int why = SSL_get_error(connection.get(), 0);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) break;
    // What was read before the end is handed out first; the error waits for the next call.
    const bool clean = why == SSL_ERROR_ZERO_RETURN;
    const error end = clean ? fail(error(errc::closed, "the peer closed the TLS connection"))
                            : fail(openssl_failure("TLS receiving", found.words));
    if (!clean && !told_by_peer) failed_check = check::frames;
    if (total == 0) return end;
    break;
  }
  return total;
}

void pipe::shut_down() {
  machine& my = *machine_;
  if (!my.ours || !my.ready || my.failed || my.ended) return;
  my.ended = true;
  ERR_clear_error();
  SSL_shutdown(my.connection.get());
  ERR_clear_error();
}

}  // namespace hauberk::tls
