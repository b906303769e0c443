// Which of the links to one process is used, and when a newer one takes its place.
#include <algorithm>
#include <utility>

#include "mesh/machine.hpp"

namespace hauberk::mesh {
namespace {

using namespace std::chrono_literals;

// A link that lasted this long ends the back-off; shorter ones count as failed dials, so that a peer which
// accepts and hangs up is not dialled in a loop.
constexpr base::duration settled = 1s;
// Two dials cross only if they were under way together. A link in the other direction that comes later than
// any dial and handshake last means that the peer has lost the old one.
constexpr base::duration crossing_max = 10s;
// How long the side that does not decide keeps a second link before it gives up waiting for a decision.
constexpr base::duration spare_max = 10s;
// How long a settled link that was replaced stays open, so that the other side has the new one before it
// loses the old one.
constexpr base::duration farewell_gap = 1s;
// A link is replaced only when it is so old that both sides take the newer one, whoever dialled it. That also
// bounds how often.
constexpr base::duration renewal_age = crossing_max + 1s;
// One after the other, also where they are all of one age; and where both sides have new certificates, as
// after a tool has brought them to all nodes, one link for the two: the side that decides makes it.
constexpr base::duration renewal_gap = 200ms, renewal_courtesy = 500ms;
// When one that failed is tried again.
constexpr base::duration renewal_retry_min = 5s, renewal_retry_max = 60s;
// Another policy: the group waits for it, and all members hear of it at about the same moment, so links are
// replaced at any age and tried again soon. The side that decides dials, the other one only if nothing comes.
constexpr base::duration move_delay = 100ms, move_courtesy = 2s;
constexpr base::duration move_retry_min = 100ms, move_retry_max = 1s;
constexpr base::duration move_gap = 100ms;

}  // namespace

unsigned mesh::machine::rank(const link_state& link) const {
  if (!allowed) return 2;
  if (link.policy == allowed->prepared.value_or(allowed->active)) return 2;
  return link.policy == allowed->active ? 1 : 0;
}

bool mesh::machine::wins(time_point now, const link_state& newer, const link_state& older) const {
  // A peer that dials by a policy that is not our first choice, late, has lost the old link or its policy.
  if (rank(newer) != rank(older))
    return rank(newer) > rank(older) || (!newer.dialled && now - older.since >= crossing_max);
  if (newer.dialled == older.dialled) return true;
  if (now - older.since >= crossing_max) return true;
  // Both sides renewed at once: one change is enough, and of two in a row the other side might see the second
  // first.
  if (older.is_successor) return false;
  return newer.dialled == decides(newer.process);  // dialled by the smaller id
}

// A link came up. The first one is used; of two the side that decides takes the better one at once, the
// other side waits to be told (`follow`).
void mesh::machine::choose(time_point now, connection_id id, const uuid& process) {
  process_state& state = processes[process];
  if (!state.used) return use(state, id);
  const connection_id old = *state.used;
  if (!decides(process) || !wins(now, links.at(id), links.at(old))) return retire(now, id);
  const bool was_settled =
      now - links.at(old).since >= crossing_max || rank(links.at(old)) != rank(links.at(id));
  replace(state, id);
  links.at(id).is_successor = was_settled;
  if (!was_settled) return retire(now, old);
  links.at(old).close_at = now + farewell_gap;
}

// `peers` is the first frame on a link that the other side uses. So the side that does not decide switches
// to the link on which it is told, and both announce it to their replicas before any frame of theirs. A link
// once left is not taken up again: what was said on it meanwhile is lost.
void mesh::machine::follow(time_point now, connection_id id) {
  const link_state& link = links.at(id);
  process_state& state = processes[link.process];
  if (decides(link.process) || link.was_used || link.is_closing) return;
  const auto old = state.used;
  replace(state, id);
  if (old) retire(now, *old);
}

void mesh::machine::replace(process_state& process, connection_id id) {
  if (process.used) effects.emplace_back(peer_down{links.at(*process.used).process});
  use(process, id);
}

void mesh::machine::use(process_state& process, connection_id id) {
  link_state& link = links.at(id);
  const bool is_news = !process.used;
  process.used = id;
  link.was_used = true;
  link.close_at = base::never;
  process.renew_at = base::never;
  (void)plan_renewal(link.since, 0, process);
  if (is_news) {
    tell_all();
  } else {
    effects.emplace_back(tell{id, known()});
  }
  effects.emplace_back(peer_up{link.process, process.name, id});
}

void mesh::machine::retire(time_point now, connection_id id) {
  link_state& link = links.at(id);
  if (decides(link.process)) {
    close_duplicate(id, link);
  } else {
    link.close_at = now + spare_max;
  }
}

void mesh::machine::close_duplicate(connection_id id, link_state& link) {
  link.is_closing = true;
  close(id, errc::closed, std::string(words_duplicate) + ": of two between the same processes one stays");
}

void mesh::machine::close(connection_id id, errc code, std::string why) {
  effects.emplace_back(close_link{id, hauberk::error(code, std::move(why))});
}

// True when the link in use has to be replaced, as number `turn` of those of this moment; one that was
// planned before stays so.
bool mesh::machine::plan_renewal(time_point now, unsigned turn, process_state& process) {
  if (!process.used || process.is_forgotten) return false;
  const link_state& link = links.at(*process.used);
  if (!is_stale(link)) return false;
  const bool moves = rank(link) < 2;
  time_point due = moves ? now + move_delay : std::max(now, link.since + renewal_age);
  due += turn * (moves ? move_gap : renewal_gap);
  if (!decides(link.process)) due += moves ? move_courtesy : renewal_courtesy;
  process.renew_at = std::min(process.renew_at, due);
  process.renewals = 0;
  return true;
}

// Spread a little, so that not all links change in one moment.
void mesh::machine::move_all(time_point now) {
  for (auto& [address, entry] : addresses.all()) entry.trouble_prepared.clear();  // of another one
  unsigned turn = 0;
  for (auto& [owner, process] : processes) {
    if (!process.used || rank(links.at(*process.used)) == 2) continue;
    process.renew_at = base::never;  // what was planned may be later than a move
    if (plan_renewal(now, turn, process)) ++turn;
  }
}

// Links by a policy that is no more: at once, but for those of one that was given up before it was in force.
void mesh::machine::end_links(time_point now) {
  std::vector<connection_id> over;
  for (auto& [id, link] : links) {
    if (link.is_closing || is_allowed(link.policy)) continue;
    if (link.policy == given_up) continue;
    link.is_closing = true;  // all, before one of them is taken for another's spare
    over.push_back(id);
  }
  for (const connection_id id : over) drop(now, id);
}

void mesh::machine::drop(time_point now, connection_id id) {
  static constexpr const char* why = "the group's policy has changed, and this link was made by the old one";
  const link_state link = links.at(id);
  const auto process = processes.find(link.process);
  if (process != processes.end() && process->second.used == id)
    lost(now, link.process, link, hauberk::error(errc::closed, why));
  close(id, errc::closed, why);
}

// Make before break: a second link is dialled beside the one in use, and takes its place as any newer one
// does.
void mesh::machine::renew(time_point now) {
  for (auto& [owner, process] : processes) {
    if (process.renew_at > now) continue;
    process.renew_at = base::never;
    if (!process.used || process.is_forgotten || !is_stale(links.at(*process.used))) continue;
    const bool moves = rank(links.at(*process.used)) < 2;
    dial_again(owner, process);
    const base::duration pause =
        (moves ? move_retry_min : renewal_retry_min) * (1U << std::min(process.renewals, 4U));
    process.renew_at = now + std::min(pause, moves ? move_retry_max : renewal_retry_max);
    ++process.renewals;
  }
}

void mesh::machine::dial_again(const uuid& owner, process_state& process) {
  auto& all = addresses.all();
  auto best = all.end();
  for (auto at = all.begin(); at != all.end(); ++at) {
    if (at->second.owner != owner || at->second.is_self) continue;
    if (at->second.pending != 0) return;  // a dial to it is under way
    if (best == all.end() || (at->second.is_announced && !best->second.is_announced)) best = at;
  }
  if (best != all.end()) {
    begin_dial(best->first, best->second, false);
  } else if (process.renewals == 0) {
    words(base::level::warning,
          "mesh: the link to " + process.name +
              " keeps its old certificates until it dials us: no address of it is known");
  }
}

// While a policy is prepared dials go by it; one that has no link at all takes turns, since the other side
// may not know of it yet.
void mesh::machine::begin_dial(const std::string& address, book_entry& entry, bool may_fall_back) {
  const bool falls_back = std::exchange(entry.falls_back, false) && may_fall_back;
  entry.is_prepared = allowed && allowed->prepared && !falls_back;
  const std::uint64_t token = addresses.begin(address, entry);
  effects.emplace_back(dial{token, address, entry.is_prepared});
}

// The link in use ended: go on with another one, or dial again.
void mesh::machine::lost(time_point now, const uuid& process, const link_state& link,
                         const hauberk::error& why) {
  process_state& state = processes[process];
  state.used.reset();
  effects.emplace_back(peer_down{process});
  std::optional<connection_id> spare;
  for (auto& [id, other] : links) {
    if (other.process != process || other.is_closing) continue;
    if (other.was_used) {
      close_duplicate(id, other);
    } else if (!spare || rank(other) > rank(links.at(*spare)) ||
               (rank(other) == rank(links.at(*spare)) && other.since >= links.at(*spare).since)) {
      spare = id;
    }
  }
  if (spare) return use(state, *spare);
  words(base::level::info, "mesh: the link to " + state.name + " ended: " + why.text);
  const bool told_duplicate = why.text.find(words_duplicate) != std::string::npos;
  for (auto& [address, entry] : addresses.all()) {
    if (entry.owner != process || entry.is_self) continue;
    if (now - link.since >= settled) entry.attempts = 0;
    entry.trouble = why.text;
    entry.due = now + addresses.pause(entry);
    if (told_duplicate) entry.due += addresses.courtesy();  // the peer's other link is about to come up here
  }
  if (state.is_displaced) effects.emplace_back(peer_refused{process});
  if (state.is_forgotten || state.is_displaced) drop_addresses(now, process);
  tidy_process(process);
  tell_all();
}

}  // namespace hauberk::mesh
