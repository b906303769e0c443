// The public face over the engine: translates types, holds what the application works through, and lets no
// exception out.
#include "hauberk/group.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include "api/events.hpp"
#include "api/option_change.hpp"
#include "api/values.hpp"
#include "base/limits.hpp"
#include "engine/engine.hpp"

namespace hauberk {
namespace {

// One line a message, written at once: several nodes may share the terminal.
void to_stderr(log_level level, std::string_view text) {
  static constexpr std::array<const char*, 4> names{"error", "warning", "info", "debug"};
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  std::tm local{};
  localtime_r(&now.tv_sec, &local);
  std::array<char, 32> stamp{};
  const std::size_t length = std::strftime(stamp.data(), stamp.size(), "%Y-%m-%d %H:%M:%S", &local);
  std::fprintf(stderr, "%.*s.%03ld hauberk %s: %.*s\n", static_cast<int>(length), stamp.data(),
               now.tv_nsec / 1000000, names[static_cast<std::size_t>(level)], static_cast<int>(text.size()),
               text.data());
}

// A host's log function that throws must not end our threads.
base::logger logger_of(host& hooks) {
  auto words = hooks.log ? std::move(hooks.log) : to_stderr;
  return base::logger([words = std::move(words)](base::level at, std::string_view line) {
    try {
      words(static_cast<log_level>(at), line);
    } catch (...) {  // NOLINT(bugprone-empty-catch): there is nobody to tell
    }
  });
}

/// The host's allow list; one that throws is no welcome.
auto admission_of(host& hooks) {
  decltype(engine::settings::admit) made;
  if (!hooks.admit) return made;
  made = [ask = std::move(hooks.admit)](const mesh::hello& hello, const std::string& address,
                                        const tls::certificate* shown) -> std::string {
    peer who;
    who.name = hello.name;
    who.address = address;
    if (shown != nullptr) {
      who.subject = shown->subject;
      who.issuer = shown->issuer;
      who.names = shown->names;
      who.serial = shown->serial;
      who.fingerprint = shown->fingerprint;
      who.expires = shown->not_after;
    }
    try {
      const auto why = ask(who);
      if (!why) return {};
      return why->empty() ? "it gave no reason" : *why;
    } catch (...) {
      return "its admit function threw an exception";
    }
  };
  return made;
}

engine::settings settings_of(const config::values& from, std::optional<recovered_position> recovered,
                             base::logger words, host hooks) {
  engine::settings made;
  made.group = from.group;
  made.name = from.name;
  made.address = from.address;
  made.weight = from.weight;
  made.arbitrator = from.arbitrator;
  made.bootstrap = from.bootstrap;
  made.bootstrap_forced = from.bootstrap_forced;
  made.recovered = recovered;
  made.state_dir = from.state_dir;
  made.common = {from.encrypted, from.security, from.compression, from.replication.policy};
  made.set_common = options::set_common;
  made.watches_files = from.watches_files;
  made.entry = {from.sockets.door, from.handshake_timeout};
  made.replication = from.replication;
  made.meshing = from.meshing;
  made.sockets = from.sockets;
  made.log = std::move(words);
  made.admit = admission_of(hooks);
  if (hooks.passphrase) made.common.security.passphrase = std::move(hooks.passphrase);
  return made;
}

static_assert(static_cast<int>(log_level::error) == static_cast<int>(base::level::error) &&
              static_cast<int>(log_level::debug) == static_cast<int>(base::level::debug));

/// Runs `call`; what the standard library throws becomes an error.
template <typename Call>
auto guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return error(errc::internal, "out of memory");
  } catch (const std::exception& what) {
    return error(errc::internal, what.what());
  }
}

result<replica::seat_id> seat_of(const replica::view& in, const std::string& name) {
  if (const replica::member* found = in.find_name(name)) return found->seat;
  std::string names;
  for (const replica::member& one : in.members) names += (names.empty() ? "" : ", ") + one.name;
  return error(errc::bad_option, "no member of the group is called '" + name + "': they are " + names);
}

refusals refusals_of(const engine::snapshot& from) {
  const auto by = [&](tls::check which) { return from.refused_by[static_cast<std::size_t>(which)]; };
  refusals made;
  made.foreign = by(tls::check::foreign);
  made.parameters = by(tls::check::parameters);
  made.no_certificate = by(tls::check::no_certificate);
  made.chain = by(tls::check::chain);
  made.date = by(tls::check::date);
  made.revoked = by(tls::check::revoked);
  made.identity = by(tls::check::identity);
  made.version = by(tls::check::version);
  made.group = by(tls::check::group);
  made.policy = by(tls::check::policy);
  made.not_allowed = by(tls::check::not_allowed);
  made.host = by(tls::check::host);
  made.frames = by(tls::check::frames);
  made.crowded = by(tls::check::crowded);
  made.timed_out = by(tls::check::time);
  made.by_peer = by(tls::check::by_peer);
  made.other = by(tls::check::other);
  return made;
}

result<void> without_words(const result<std::string>& answer) {
  return answer ? result<void>() : result<void>(answer.error());
}

error closed_handle() { return {errc::closed, "this handle is empty: it was moved from"}; }

}  // namespace

class group::impl {
 public:
  explicit impl(std::unique_ptr<engine::engine> inside) : engine_(std::move(inside)) {}

  engine::engine& inside() { return *engine_; }
  [[nodiscard]] const engine::engine& inside() const { return *engine_; }

  std::optional<event> receive(std::chrono::milliseconds timeout) {
    if (closed_.load(std::memory_order_relaxed)) return std::nullopt;
    if (next_ != 0) engine::release(batch_.items[next_ - 1]);  // asking says that it is done with
    if (next_ == batch_.items.size()) {
      next_ = 0;
      if (!engine_->take(batch_, timeout)) return std::nullopt;
    }
    const engine::item& one = batch_.items[next_++];
    remember(one);
    event made = std::visit([](const auto& what) { return event_of(what); }, one);
    if (auto* seen = std::get_if<view>(&made))
      add_certificates(*seen, *std::get<replica::view_event>(one).what, *engine_->linked());
    return made;
  }

  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_acquire); }

  [[nodiscard]] std::optional<view> current_view() const {
    const auto newest = newest_view();
    return newest ? std::optional(newest->told) : std::nullopt;
  }

  [[nodiscard]] std::vector<link_row> links() const {
    const auto newest = newest_view();
    if (!newest || closed()) return {};
    return rows_of(*engine_->linked(), *newest->inside, newest->told);
  }

 private:
  struct known_view {
    replica::view_ptr inside;
    view told;
  };
  [[nodiscard]] std::optional<known_view> newest_view() const {
    std::optional<replica::view_event> newest;
    replica::view_ptr changed;
    {
      const std::lock_guard hold(mutex_);
      newest = newest_;
      changed = changed_;
    }
    if (!newest) return std::nullopt;
    known_view made{newest->what, view_of(*newest)};
    made.told.primary = engine_->is_primary();
    add_certificates(made.told, *newest->what, *engine_->linked());
    if (changed && changed->policy.number > made.told.policy_number) {
      made.told.policy_number = changed->policy.number;
      made.told.policy = changed->policy.text;
    }
    return made;
  }

  void remember(const engine::item& one) {
    if (const auto* seen = std::get_if<replica::view_event>(&one)) {
      const std::lock_guard hold(mutex_);
      newest_ = *seen;
    } else if (const auto* step = std::get_if<replica::policy_event>(&one)) {
      const std::lock_guard hold(mutex_);
      changed_ = step->what;
    } else if (std::holds_alternative<replica::farewell_event>(one)) {
      closed_.store(true, std::memory_order_release);
    }
  }

  std::unique_ptr<engine::engine> engine_;

  // Of the receiving thread.
  engine::batch batch_;
  std::size_t next_ = 0;  // item to hand out next; the one before it is with the application

  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_;
  std::optional<replica::view_event> newest_;
  replica::view_ptr changed_;  // has the newest step of the policy, if there was one
};

group::group(std::unique_ptr<impl> inside) noexcept : impl_(std::move(inside)) {}
group::group(group&&) noexcept = default;
group& group::operator=(group&&) noexcept = default;
group::~group() = default;

result<group> group::join(const config& options, std::optional<recovered_position> recovered, host hooks) {
  return guarded([&]() -> result<group> {
    const base::logger words = logger_of(hooks);
    const config::values& values = options.inside();
    for (const std::string& note : values.notes) words(base::level::info, note);
    auto started = engine::engine::start(settings_of(values, recovered, words, std::move(hooks)));
    if (!started) return started.error();
    group made(std::make_unique<impl>(std::move(started.value())));
    if (values.wait_prim) {
      const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(values.wait_prim_timeout);
      if (auto ready = made.impl_->inside().wait_primary(timeout); !ready) return ready.error();
    }
    return made;
  });
}

result<ticket_t> group::broadcast(std::span<const std::byte> payload) {
  return broadcast(std::span<const std::span<const std::byte>>(&payload, 1));
}

result<ticket_t> group::broadcast(std::span<const std::span<const std::byte>> payloads) {
  if (!impl_) return closed_handle();
  return guarded([&] { return impl_->inside().broadcast(payloads); });
}

result<void> group::wait_writable(std::size_t bytes, std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&] { return impl_->inside().wait_writable(bytes, timeout); });
}

std::optional<event> group::receive() {
  for (;;) {
    auto one = receive(std::chrono::milliseconds::max());
    if (one || closed()) return one;
  }
}

std::optional<event> group::receive(std::chrono::milliseconds timeout) {
  if (!impl_) return std::nullopt;
  // Without the memory for one event nothing could be answered, and skipping it would be a gap: stop.
  return [&]() noexcept { return impl_->receive(timeout); }();
}

result<void> group::leave(std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&] { return impl_->inside().leave(timeout); });
}

result<void> group::force_primary(std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&] { return impl_->inside().force_primary(timeout); });
}

result<position_t> group::fence(std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&] { return impl_->inside().fence(timeout); });
}

result<void> group::set_weight(std::string_view name, unsigned weight, std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  if (weight > 255)
    return error(errc::bad_option, "weight " + std::to_string(weight) + " is not allowed: expected 0 to 255");
  return guarded([&] {
    const auto make = [name = std::string(name), weight](const replica::view& in) -> result<replica::change> {
      const auto seat = seat_of(in, name);
      if (!seat) return seat.error();
      return replica::change(replica::weight_change{*seat, static_cast<std::uint8_t>(weight)});
    };
    return without_words(impl_->inside().change(make, timeout));
  });
}

result<void> group::evict(std::string_view name, std::string_view why, std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&] {
    const auto make = [name = std::string(name),
                       why = std::string(why.substr(0, base::limits::ban_text_bytes_max))](
                          const replica::view& in) -> result<replica::change> {
      const auto seat = seat_of(in, name);
      if (!seat) return seat.error();
      return replica::change(replica::eviction{*seat, name, why});
    };
    return without_words(impl_->inside().change(make, timeout));
  });
}

result<void> group::allow(std::string_view name, std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  if (name.size() > base::limits::name_bytes_max)
    return error(errc::bad_option, "a name has at most 255 bytes, got " + std::to_string(name.size()));
  return guarded([&] {
    const auto make = [name = std::string(name)](const replica::view&) -> result<replica::change> {
      return replica::change(replica::permission{name});
    };
    return without_words(impl_->inside().change(make, timeout));
  });
}

result<void> group::set_option(std::string_view key, std::string_view value,
                               std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&]() -> result<void> {
    const auto change = options::read_change(key, value);
    if (!change) return change.error();
    switch (change->what) {
      case options::change_kind::refused:
        break;
      case options::change_kind::group:
        return without_words(
            impl_->inside().change_policy({{std::string(key), std::string(value)}}, false, timeout));
      case options::change_kind::file:
        return impl_->inside().set_file(change->file, std::string(value));
      case options::change_kind::reload:
        return change->wanted ? impl_->inside().reload(timeout) : result<void>();
      case options::change_kind::watch:
        return impl_->inside().watch(change->wanted);
      case options::change_kind::entry:
        impl_->inside().set_entry(change->entry);
        return {};
    }
    return {};
  });
}

result<std::string> group::change_policy(std::string_view options, bool is_trial,
                                         std::chrono::milliseconds timeout) {
  if (!impl_) return closed_handle();
  return guarded([&]() -> result<std::string> {
    const auto wanted = engine::read_wish(options);
    if (!wanted) return wanted.error();
    return impl_->inside().change_policy(*wanted, is_trial, timeout);
  });
}

bool group::closed() const noexcept { return !impl_ || impl_->closed(); }

std::optional<view> group::current_view() const { return impl_ ? impl_->current_view() : std::nullopt; }

std::vector<link_row> group::links() const { return impl_ ? impl_->links() : std::vector<link_row>(); }

hauberk::metrics group::metrics() const {
  hauberk::metrics made;
  if (!impl_) return made;
  const engine::snapshot from = impl_->inside().counted();
  made.primary = from.group.primary;
  made.leader = from.group.as == replica::role::leader;
  made.epoch = from.group.epoch;
  made.view_number = from.group.view_number;
  made.members = from.members;
  made.held = from.group.held;
  made.committed = from.group.committed;
  made.delivered = from.group.delivered;
  made.stable = from.group.stable;
  made.broadcast_messages = from.broadcast_messages;
  made.broadcast_bytes = from.broadcast_bytes;
  made.delivered_messages = from.delivered_messages;
  made.delivered_bytes = from.delivered_bytes;
  made.in_flight_bytes = from.in_flight_bytes;
  made.window_bytes = from.group.window_bytes;
  made.backlog_bytes = from.group.backlog_bytes;
  made.throttled = from.group.is_throttled;
  made.links_up = from.links_up;
  made.links_refused = from.links_refused;
  made.dials_failed = from.dials_failed;
  made.refused = refusals_of(from);
  made.links_dropped = from.links_dropped;
  made.reloads = from.reloads;
  made.reloads_failed = from.reloads_failed;
  made.certificate_ends = from.certificate_ends;
  made.peer_certificates_end = from.peer_certificates_end;
  made.anchors_end = from.anchors_end;
  made.quorum_ends = from.quorum_ends;
  made.elections = from.group.elections;
  made.refused_messages = from.group.refused_messages;
  made.fetches = from.group.fetches;
  made.mesh_incomplete = from.group.mesh_incomplete;
  return made;
}

std::uint16_t group::port() const noexcept { return impl_ ? impl_->inside().port() : std::uint16_t{0}; }

}  // namespace hauberk
