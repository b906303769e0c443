// The link's machine. Its states and what moves them:
//
//   securing   TLS handshake                         → greeting when it is done
//   greeting   the dialling side says hello; the listening side checks it and only then says its own,
//              which is also its acceptance; the dialling side checks that and says welcome
//                                                    → up: sending the welcome, or receiving it
//   up         frames for the group, both ways
//   down       for good; a goodbye may still be on its way out
//
// An explicit acceptance is needed because in TLS 1.3 the dialling side's handshake is done before the
// listening side has looked at its certificate.
#include "link/link.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <utility>

#include "base/assert.hpp"
#include "link/greeting.hpp"
#include "link/outbox.hpp"

namespace hauberk::link {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;          ///< what one TLS record carries
constexpr std::size_t greeting_frame_bytes = 64 * 1024;  ///< before the peer is known
constexpr std::size_t greeting_block_bytes = 8 * 1024;

enum class state { securing, greeting, up, down };

/// True for the words by which the TLS pipe reports an alert from the peer.
bool names_an_alert(const std::string& text) {
  return text.find("the peer refused our certificate") != std::string::npos ||
         text.find("the peer ended TLS") != std::string::npos;
}

tls::choice choice_of(const face& by) { return {by.security, policy_tag(by.mine)}; }

const face& first_face(const settings& how, tls::role as) {
  return as == tls::role::client && how.dials_prepared && how.prepared ? *how.prepared : how;
}

/// Who accepts waits for the first bytes also where there is one face: somebody silent costs no TLS state.
tls::pipe make_pipe(const settings& how, tls::role as) {
  if (as == tls::role::server && how.prepared) return tls::pipe({choice_of(how), choice_of(*how.prepared)});
  const face& by = first_face(how, as);
  if (!by.security) return {};
  return as == tls::role::server ? tls::pipe({choice_of(by)})
                                 : tls::pipe(*by.security, as, policy_tag(by.mine));
}

errc code_of(std::uint32_t reason) {
  return reason <= static_cast<std::uint32_t>(errc::internal) ? static_cast<errc>(reason) : errc::refused;
}

}  // namespace

struct link::machine {
  machine(settings settings_of_link, tls::role role, std::string peer_address, time_point start)
      : how(std::move(settings_of_link)),
        as(role),
        remote(std::move(peer_address)),
        pipe(make_pipe(how, role)),
        by(&first_face(how, role)),
        reader(greeting_block_bytes),
        latest(start),
        deadline(start + how.handshake_timeout) {
    reader.limit(greeting_frame_bytes, greeting_block_bytes);
  }

  // Input.
  void advance();
  void read_frames();
  void take_frames();
  void handle(wire::message&& what);
  void choose_face(const mesh::hello& theirs);
  void greet(const mesh::hello& theirs);
  [[nodiscard]] std::optional<refusal> ask(const mesh::hello& theirs,
                                           const tls::certificate* certificate) const;
  void review();
  void handle_goodbye(const mesh::goodbye& said);

  // Output.
  void say(const wire::message& what) { queue.push(wire::encode(what), 0); }
  void fill_output();
  bool encrypt(std::span<const std::byte> plain);
  void mark_bulk();
  void handle_written(std::size_t bytes);

  // Ends.
  void renew_keys();
  void wear();
  void go_up();
  void go_down(error why, bool told_by_peer, tls::check failed = tls::check::other);
  void fail(errc code, const std::string& text, tls::check failed = tls::check::other) {
    refuse({code, text, text, failed});
  }
  void refuse(const refusal& why);
  [[nodiscard]] std::string where() const {
    return (as == tls::role::client ? "link to " : "link from ") + remote + ": ";
  }
  [[nodiscard]] std::string missing() const;

  const settings how;
  std::optional<settings> newest;  ///< certificates that were loaded after this link was begun
  const tls::role as;
  const std::string remote;
  tls::pipe pipe;
  const face* by;  ///< of `how`; settled once the peer's hello is here
  wire::reader reader;
  state now_in = state::securing;
  time_point latest;    ///< the newest `now`
  time_point deadline;  ///< of the greeting; once down, of the last words
  bool deadline_is_linger = false;
  time_point rekey_at = base::never;
  bool is_worn = false;
  bool is_cut = false;  ///< nothing can be sent any more
  std::optional<mesh::hello> peer;
  std::deque<event> events;

  outbox queue;
  std::vector<std::byte> staged;  ///< small pieces, gathered into a full record
  struct mark {
    std::uint64_t at = 0;  ///< this many bytes of output written: then these bulk frames have left
    std::size_t bulk_bytes = 0;
  };
  std::deque<mark> marks;
  std::uint64_t written_bytes = 0;
  bool is_shut = false;
};

// ---- input ----

void link::machine::advance() {
  if (now_in == state::down) return;
  if (now_in == state::securing) {
    const auto done = pipe.handshake();
    if (!done) {
      const bool told = names_an_alert(done.error().text);
      go_down({done.error().code, where() + done.error().text}, told, pipe.failed_check());
      return;
    }
    if (!*done) return;
    now_in = state::greeting;
    if (pipe.chosen() == 1) by = &*how.prepared;
    if (as == tls::role::client) say(by->mine);
  }
  read_frames();
}

void link::machine::read_frames() {
  while (now_in != state::down) {
    const auto got = pipe.read(reader.space());
    if (!got) {
      const auto& why = got.error();
      if (why.code == errc::closed) {
        is_cut = true;
        go_down({errc::closed, where() + why.text + " without a goodbye" + missing()}, false);
      } else {
        go_down({why.code, where() + why.text}, names_an_alert(why.text), pipe.failed_check());
      }
      return;
    }
    if (*got == 0) return;
    reader.filled(*got);
    take_frames();
  }
}

void link::machine::take_frames() {
  while (now_in != state::down) {
    auto frame = reader.next();
    if (!frame) return fail(errc::refused, frame.error().text, tls::check::frames);
    if (!*frame) return;
    auto what = wire::decode(**frame);
    if (!what) return fail(errc::refused, what.error().text, tls::check::frames);
    handle(std::move(*what));
  }
}

void link::machine::handle(wire::message&& what) {
  if (const auto* said = std::get_if<mesh::goodbye>(&what)) return handle_goodbye(*said);
  const auto* hello = std::get_if<mesh::hello>(&what);
  const bool is_welcome = std::holds_alternative<mesh::welcome>(what);
  if (now_in == state::up) {
    if (hello != nullptr || is_welcome)
      return fail(errc::refused, "a second greeting on a link that is up", tls::check::frames);
    events.emplace_back(std::move(what));
  } else if (hello != nullptr && !peer) {
    greet(*hello);
  } else if (is_welcome && peer && as == tls::role::server) {
    go_up();
  } else {
    fail(errc::refused,
         std::string("a frame out of turn: expected ") + (peer ? "a welcome" : "a hello") +
             " or a goodbye before anything else",
         tls::check::frames);
  }
}

/// Streams without TLS look alike: of two faces without it the hello says which one is meant.
void link::machine::choose_face(const mesh::hello& theirs) {
  if (as == tls::role::client || !how.prepared || how.security || how.prepared->security) return;
  by = theirs.policy_digest == how.prepared->mine.policy_digest ? &*how.prepared : &how;
}

void link::machine::greet(const mesh::hello& theirs) {
  choose_face(theirs);
  const auto certificate = pipe.peer();
  const channel through{by->security ? &*by->security : nullptr, certificate ? &*certificate : nullptr};
  if (const auto why = check_hello(by->mine, theirs, through)) return refuse(*why);
  if (const auto why = ask(theirs, through.peer)) return refuse(*why);
  peer = theirs;
  if (newest) review();
  if (now_in == state::down) return;
  if (as == tls::role::server) {
    say(by->mine);
  } else {
    say(mesh::welcome{});
    go_up();
  }
}

/// The host is asked last, so that it hears only of peers that have proved who they are.
std::optional<refusal> link::machine::ask(const mesh::hello& theirs,
                                          const tls::certificate* certificate) const {
  const settings& now = newest ? *newest : how;
  std::string why = now.allow ? now.allow(theirs, remote, certificate) : std::string();
  if (!why.empty()) return refusal{errc::refused, why, why, tls::check::not_allowed};
  why = now.admit ? now.admit(theirs, remote, certificate) : std::string();
  if (why.empty()) return std::nullopt;
  why = "the host program of " + how.mine.name + " does not admit " + printable(theirs.name, 255) + ": " +
        printable(why);
  return refusal{errc::refused, why, why, tls::check::host};
}

/// The peer has passed once; would it pass now?
void link::machine::review() {
  const std::string& digest = by->mine.policy_digest;
  const bool is_prepared = newest->prepared && newest->prepared->mine.policy_digest == digest;
  const face& now = is_prepared ? *newest->prepared : *newest;
  const auto certificate = pipe.peer();
  if (certificate && now.security) {
    tls::verdict found = pipe.judge_peer(*now.security);
    if (found.passed())
      found = {tls::identity_mismatch(*now.security, *certificate, peer->name), tls::check::identity};
    if (!found.passed()) return fail(errc::bad_certificate, printable(found.words), found.failed);
  }
  if (const auto why = ask(*peer, certificate ? &*certificate : nullptr)) return refuse(*why);
  if (now_in != state::up && now.mine.policy_digest != digest)
    fail(errc::refused, "the group's policy changed while this link was made", tls::check::policy);
}

void link::machine::handle_goodbye(const mesh::goodbye& said) {
  queue.clear();
  staged.clear();
  go_down({code_of(said.reason), where() + "the peer says: " + printable(said.text)}, true,
          tls::check::by_peer);
}

// ---- output ----

bool link::machine::encrypt(std::span<const std::byte> plain) {
  const auto done = pipe.write(plain);
  if (done) {
    if (pipe.is_worn()) wear();
    return true;
  }
  is_cut = true;
  go_down({done.error().code, where() + done.error().text}, false);
  return false;
}

/// Remembers how much output has to be written until the bulk frames encrypted by now have left.
void link::machine::mark_bulk() {
  const std::size_t bulk = queue.finished_bulk_bytes();
  if (bulk > 0) marks.push_back({written_bytes + pipe.output_size(), bulk});
}

void link::machine::fill_output() {
  while (pipe.output_size() < how.output_bytes) {
    const auto run = queue.front();
    if (run.empty() && staged.empty()) break;
    if (staged.empty() && run.size() >= record_bytes) {
      // Straight from the payload, in whole records.
      const std::size_t room = std::max(record_bytes, how.output_bytes - pipe.output_size());
      const auto part = run.first(std::min(run.size(), room) / record_bytes * record_bytes);
      if (!encrypt(part)) return;
      queue.take(part.size());
      mark_bulk();
      continue;
    }
    const auto part = run.first(std::min(run.size(), record_bytes - staged.size()));
    staged.insert(staged.end(), part.begin(), part.end());
    if (!part.empty()) queue.take(part.size());
    if (staged.size() < record_bytes && !queue.empty()) continue;
    if (!encrypt(staged)) return;
    staged.clear();
    mark_bulk();
  }
  if (now_in == state::down && !is_shut && queue.empty()) {
    is_shut = true;
    pipe.shut_down();
  }
}

void link::machine::handle_written(std::size_t bytes) {
  pipe.output_consumed(bytes);
  written_bytes += bytes;
  std::size_t bulk = 0;
  for (; !marks.empty() && marks.front().at <= written_bytes; marks.pop_front()) {
    bulk += marks.front().bulk_bytes;
  }
  if (bulk == 0 || now_in == state::down) return;
  auto* last = events.empty() ? nullptr : std::get_if<written>(&events.back());
  if (last != nullptr) {
    last->bulk_bytes += bulk;
  } else {
    events.emplace_back(written{bulk});
  }
}

/// Says once that this link should be replaced.
void link::machine::wear() {
  if (now_in == state::up && !std::exchange(is_worn, true)) events.emplace_back(worn{});
}

/// The keys have reached their age.
void link::machine::renew_keys() {
  if (pipe.version() != "TLSv1.3") {
    rekey_at = base::never;
    return wear();
  }
  rekey_at = latest + by->security->rekey().age;
  if (const auto done = pipe.renew_keys(); !done) {
    is_cut = true;
    go_down({done.error().code, where() + done.error().text}, false);
  }
}

// ---- ends ----

void link::machine::go_up() {
  now_in = state::up;
  deadline = base::never;
  if (by->security) rekey_at = latest + by->security->rekey().age;
  reader.limit(wire::frame_bytes_most);
  events.emplace_back(up{*peer, pipe.peer(), pipe.version(), pipe.cipher(), pipe.group(), by->material});
}

void link::machine::go_down(error why, bool told_by_peer, tls::check failed) {
  const bool was_up = now_in == state::up;
  now_in = state::down;
  rekey_at = base::never;
  queue.drop_queued();
  if (is_cut) {
    queue.clear();
    staged.clear();
  }
  deadline = latest;  // `handle_time`, called at once, starts the time for the last words
  events.emplace_back(down{std::move(why), told_by_peer, was_up, failed});
}

/// Ends the link and tells the peer why, if that can be told.
void link::machine::refuse(const refusal& why) {
  if (now_in == state::down) return;
  go_down({why.code, where() + why.here}, false, why.failed);
  if (pipe.is_ready()) say(mesh::goodbye{static_cast<std::uint32_t>(why.code), why.there});
}

/// What the greeting lacks, for the words about its end.
std::string link::machine::missing() const {
  switch (now_in) {
    case state::securing:
      return ", in the TLS handshake (is socket.ssl the same there?)";
    case state::greeting:
      if (peer) return ", before its welcome came";
      return std::string(", before its hello came") +
             (pipe.is_encrypted() ? "" : " (is socket.ssl the same there?)");
    default:
      return "";
  }
}

// ---- the face ----

link::link(settings how, tls::role as, std::string remote, time_point now)
    : machine_(std::make_unique<machine>(std::move(how), as, std::move(remote), now)) {
  machine_->advance();
}
link::link(link&&) noexcept = default;
link& link::operator=(link&&) noexcept = default;
link::~link() = default;

std::span<std::byte> link::input_space() { return machine_->pipe.input_space(); }

void link::handle_input(time_point now, std::size_t bytes) {
  machine_->latest = now;
  if (machine_->now_in == state::down) return;
  machine_->pipe.input_filled(bytes);
  machine_->advance();
}

void link::handle_end(std::string reason) {
  machine& my = *machine_;
  my.is_cut = true;
  if (my.now_in == state::down) {
    my.queue.clear();
    my.staged.clear();
    return;
  }
  const std::string how =
      reason.empty() ? "the peer closed the connection without a goodbye" : "the connection broke: " + reason;
  my.go_down({errc::closed, my.where() + how + my.missing()}, false);
}

std::span<const std::byte> link::output() {
  machine& my = *machine_;
  if (my.is_cut) return {};
  if (my.pipe.is_ready()) my.fill_output();
  return my.is_cut ? std::span<const std::byte>() : my.pipe.output();
}

void link::handle_output_written(std::size_t bytes) { machine_->handle_written(bytes); }

time_point link::next_deadline() const { return std::min(machine_->deadline, machine_->rekey_at); }

void link::handle_time(time_point now) {
  machine& my = *machine_;
  my.latest = now;
  if (now >= my.rekey_at) my.renew_keys();
  if (now < my.deadline) return;
  if (my.now_in != state::down) {
    char span[32];
    std::snprintf(span, sizeof span, "%.3g s", base::seconds(my.how.handshake_timeout));
    my.fail(errc::timed_out, "no greeting within " + std::string(span) + my.missing(), tls::check::time);
  }
  if (!my.deadline_is_linger) {
    my.deadline_is_linger = true;
    my.deadline = now + my.how.handshake_timeout;
  } else {
    my.is_cut = true;
    my.deadline = base::never;
  }
}

void link::send(std::shared_ptr<const wire::encoded> frame, unsigned replaces) {
  if (machine_->now_in == state::up) machine_->queue.push(std::move(frame), replaces);
}

void link::review(settings newest) {
  machine& my = *machine_;
  my.newest = std::move(newest);
  if (my.now_in != state::down && my.peer) my.review();
}

void link::close(hauberk::error why) {
  const int code =
      why.code.category() == error_category() ? why.code.value() : static_cast<int>(errc::refused);
  machine_->fail(static_cast<errc>(code), printable(why.text));  // a peer may have had a say in it
}

std::optional<event> link::next_event() {
  auto& events = machine_->events;
  if (events.empty()) return std::nullopt;
  std::optional<event> next(std::move(events.front()));
  events.pop_front();
  return next;
}

bool link::is_up() const { return machine_->now_in == state::up; }
bool link::is_down() const { return machine_->now_in == state::down; }
std::size_t link::queued_bytes() const { return machine_->queue.queued_bytes() + machine_->staged.size(); }

}  // namespace hauberk::link
