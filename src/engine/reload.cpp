// Certificates change while the node runs: on the caller's thread they are loaded and checked, then the
// strand has every peer judged by them and every link made anew.
#include <ctime>
#include <utility>

#include "engine/engine.hpp"

namespace hauberk::engine {
namespace {

constexpr auto looks_every = std::chrono::minutes(1);

}  // namespace

result<void> engine::reload(std::chrono::milliseconds timeout) {
  if (!guard_.current()->security)
    return error(errc::refused,
                 "this group is plaintext (socket.ssl=no): it has no certificates to load again");
  if (submissions_.is_closed()) return error(errc::closed, "the group was left: join again");
  auto loaded = guard_.reload();
  {
    const std::lock_guard hold(rare_mutex_);
    ++(loaded ? rare_.reloads : rare_.reloads_failed);
  }
  if (!loaded) {
    how_.log(base::level::error,
             "certificates were not loaded again, the old ones stay in force: " + loaded.error().text);
    return loaded.error();
  }
  if (loaded->now != nullptr) {
    how_.log(base::level::info, "certificates were loaded again, as number " +
                                    std::to_string(loaded->now->number) + ": " +
                                    tls::summary(loaded->now->security->own()) +
                                    "; every peer is judged by them now, and every link made anew");
    tell(material_loaded{loaded->now->number});
  }
  return loaded->proposal.empty() ? result<void>() : propose_anchors(*loaded, timeout);
}

// Other anchors than the group's are on file.
result<void> engine::propose_anchors(const guard::reloaded& loaded, std::chrono::milliseconds timeout) {
  how_.log(base::level::info,
           "the trust anchors in socket.ssl_ca are others than the group's: they are proposed to it" +
               (loaded.now != nullptr
                    ? std::string()
                    : "; until they are in force the old certificates stay: " + loaded.obstacle));
  const auto answer = change_policy({{"socket.ssl_anchors", "file"}}, false, timeout);
  if (answer) return {};
  if (answer.error().code == errc::timed_out) return answer.error();  // it may still come: the log will tell
  how_.log(base::level::warning, "the trust anchors stay as they were: " + answer.error().text);
  return error(answer.error().code,
               "the trust anchors in socket.ssl_ca have changed, and that is for the group to "
               "decide, not for this node alone: " +
                   answer.error().text);
}

// On the strand. Certificates live by the calendar, everything else here by boot time.
void engine::look_at_certificates() {
  next_look_ = now_ + looks_every;
  const std::int64_t today = std::time(nullptr);
  const auto in_force = guard_.current();
  if (!in_force->security) return;
  expiry_.set_own(how_.name, in_force->security->own());
  expiry_.set_anchors(in_force->security->anchors());
  const auto view = replica_->current_view();
  const auto found = expiry_.check(today, view.get());
  const auto next = std::chrono::seconds(found.peers - today + 1);
  if (next > std::chrono::seconds(0) && next < looks_every) next_look_ = now_ + next;
  for (const auto& line : found.lines) {
    how_.log(line.at, line.text);
    if (line.about && !is_ended_) delivery_.stage(expiry_item{*line.about, line.text});
  }
  for (const auto& over : found.over) transport_->close(over.id, error(errc::bad_certificate, over.text));
  counted_.certificate_ends = found.own;
  counted_.peer_certificates_end = found.peers;
  counted_.anchors_end = found.anchors;
  counted_.quorum_ends = found.quorum;
}

// Certificates are judged by the calendar: where two differ, one side sees them expired or not yet valid.
void engine::look_at_clock(const mesh::hello& of) {
  if (of.clock == 0) return;
  const std::string words = mesh::clock_words(of.clock - std::time(nullptr));
  if (!words.empty())
    how_.log(base::level::warning,
             "the clock of " + of.name + " is " + words +
                 ": run a time service on both, certificates are judged by these clocks");
}

result<void> engine::watch(bool wanted) {
  if (wanted && !guard_.current()->security)
    return error(errc::refused, "this group is plaintext (socket.ssl=no): it has no certificates to watch");
  const std::lock_guard hold(watch_mutex_);
  if (wanted == (watch_ != nullptr)) return {};
  watch_.reset();
  if (wanted) watch_ = make_watch();
  return {};
}

// What the group makes of other anchors is in the log: the watch does not wait for it.
std::unique_ptr<file_watch> engine::make_watch() {
  return std::make_unique<file_watch>(guard_.files(), [this] { (void)reload(std::chrono::milliseconds(0)); });
}

}  // namespace hauberk::engine
