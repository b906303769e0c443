// Fetch: a payload that its sender did not bring (it died, our link broke, or it was sent before we came) is
// asked for from any member that holds it. Catch-up of a joiner is the same step, many times.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
constexpr position_t fetch_entries_max = 16 * 1024;
constexpr std::uint64_t round_runs = 2;  ///< of `run_bytes`, to one member in one round
constexpr std::uint64_t frame_overhead_bytes = 64;
}  // namespace

void core::consider_fetch() {
  if (role_ != role::follower || matched_ != epoch_ || held_ == log_.end()) return;
  const position_t at = held_ + 1;
  const entry& head = log_.at(at);
  if (head.what != kind::message) return;
  const bool is_continued = fetch_last_ != 0 && held_ == fetch_last_;
  if (stuck_at_ != at) {
    stuck_at_ = at;
    stuck_since_ = now_;
  }
  const peer* donor = fetch_from_.is_nil() ? nullptr : find_peer(fetch_from_);
  if (donor != nullptr && !is_quiet(*donor) && now_ < fetch_until_ && held_ < fetch_last_) return;
  const sender& s = senders_[head.sender];
  const peer* p = find_peer(s.seat.process);
  // What was ordered before my admission is nothing that its sender would bring.
  const bool is_from_before = !is_admitted_ && at < newest_view_at_;
  const bool may_still_come = !is_from_before && p != nullptr && is_direct(*p) && p->seat == s.seat.number &&
                              !s.is_gapped && s.received.empty() && is_in_newest(s.seat);
  if (may_still_come && !is_continued && now_ - stuck_since_ < how_.keepalive_period / 2) return;
  if (undelivered_bytes_ > how_.window_bytes)
    return;  // the application is behind: no more until it has caught up
  peer* source = fetch_source();
  if (source == nullptr) return;
  // Nobody has it sooner than its sender brings it, however slow the link: asked for, it would come twice.
  // What it is sending because I asked before is in front of it on that link.
  if (may_still_come && source == p) {
    const time_point moved_at = is_continued ? s.heard_at : std::max(s.heard_at, p->served_at);
    if (now_ < moved_at + how_.suspect_timeout / 2) return;
  }
  // Nobody but the one who was asked: its answer may be what keeps its beats from coming. Asked again it
  // would send everything twice.
  if (source == donor && now_ < fetch_until_ && held_ < fetch_last_) return;
  // Up to the last message in reach whose payload is neither here nor pooled; what comes twice is dropped.
  position_t last = at;
  const position_t most = std::min(log_.end(), holdings_.at({source->process, source->seat}).upto);
  for (position_t next = at + 1; next <= most && next - at < fetch_entries_max; ++next) {
    const entry& e = log_.at(next);
    if (e.what == kind::message && !e.has_payload && !is_pooled(e)) last = next;
  }
  fetch_from_ = source->process;
  fetch_last_ = last;
  fetch_until_ = now_ + how_.suspect_timeout;
  ++fetches_;
  send_to(source->process, fetch{matched_, at, last, fetch_partial_at_ == at ? fetch_partial_.begun(1) : 0});
}

bool core::is_pooled(const entry& e) const {
  const pool& received = senders_[e.sender].received;
  return !received.empty() && received.first() <= e.sequence && e.sequence <= received.have();
}

// The donor: of those who hold the next entry the first one after me in the order of processes, so that
// several joiners ask several members; the leader only when nobody else can, and after both who did not
// answer or is quiet. A farewell when nobody has the entry any more.
peer* core::fetch_source() {
  peer *best = nullptr, *gone_donor = nullptr;
  int best_rank = 0;
  bool is_leader_gone = false;
  const member* leading = newest_view_ ? newest_view_->find_process(leader_) : nullptr;
  for (auto& [process, p] : peers_) {
    if (!p.is_up || !p.via.is_nil() || p.history != history_) continue;
    const auto h = holdings_.find({process, p.seat});
    if (h == holdings_.end() || h->second.epoch != matched_ || h->second.upto <= held_) continue;
    const bool is_before_me = process < self_.process;
    int rank = (process == leader_ ? 2 : 0) + (is_before_me ? 1 : 0);
    const auto gone = gone_.find(process);
    if (gone != gone_.end() && gone->second > held_ + 1) {
      // An arbitrator keeps no history: who leads after it may have it.
      is_leader_gone = is_leader_gone || (process == leader_ && (leading == nullptr || !leading->arbitrator));
      if (gone_donor == nullptr || process != leader_) gone_donor = &p;
      continue;
    }
    const bool is_slow = is_quiet(p) || !is_direct(p) || (process == fetch_from_ && now_ >= fetch_until_);
    if (is_slow) rank += 4;
    if (best != nullptr && best_rank <= rank) continue;
    best = &p;
    best_rank = rank;
  }
  if (best == nullptr && is_leader_gone) {
    farewell(errc::state_transfer_needed,
             transfer_words("this member has", held_, gone_donor->name, gone_[gone_donor->process]));
  }
  return best;
}

// What to do when a gap fits no window: who lacks what, who could give its state, and how to avoid it.
std::string core::transfer_words(const std::string& who, position_t upto, const std::string& donor,
                                 position_t window_start) {
  return who + " state up to position " + std::to_string(upto) + ", the history window of " + donor +
         " begins at " + std::to_string(window_start) + ": bring a full copy of the state of " + donor +
         " and join with its position, or let all members keep more (gcache.size)";
}

void core::handle(peer& from, const fetch& m) {
  if (m.epoch != matched_ || m.first == 0 || m.last < m.first) return;
  if (m.first < log_.start()) {
    send_to(from.process, fetched{m.epoch, log_.start(), 0, 0, {}});  // gone
    return;
  }
  from.serve_last = std::min({m.last, held_, m.first + fetch_entries_max});
  // Asked again because the answer takes long: what is still queued for that link arrives. Sent anew each
  // time it would fill a slow link with copies, and everything else would wait behind them.
  const bool is_on_its_way = from.serve_next != 0 && from.serve_queued != 0 && m.first >= from.serve_from &&
                             std::pair(m.first, m.offset) <= std::pair(from.serve_next, from.serve_offset);
  if (is_on_its_way) return;
  from.serve_from = from.serve_next = m.first;
  from.serve_offset = 0;
  if (m.first > held_) return;
  const entry& e = log_.at(m.first);
  const bool is_chunked = e.what == kind::message && e.payload.size() > how_.chunk_bytes;
  if (is_chunked && m.offset < e.payload.size()) from.serve_offset = m.offset;
}

// Live payloads come first: they were pumped before. A round then gives a little to each who asks, and goes
// on when that has been written.
void core::pump_fetches() {
  for (auto& [process, p] : peers_) {
    const std::uint64_t before = p.credit_used;
    while (p.is_up && p.serve_next != 0 && p.serve_next <= p.serve_last && may_lend(p) &&
           p.credit_used - before < round_runs * how_.run_bytes) {
      if (!serve(p)) break;
    }
  }
}

bool core::serve(peer& p) {
  // It may have had some of it from another meanwhile.
  const auto h = holdings_.find({p.process, p.seat});
  if (h != holdings_.end() && h->second.epoch == matched_ && h->second.upto >= p.serve_next) {
    p.serve_next = h->second.upto + 1;
    p.serve_offset = 0;
    if (p.serve_next > p.serve_last) return false;
  }
  if (p.serve_next < log_.start()) {
    send_to(p.process, fetched{matched_, log_.start(), 0, 0, {}});
    p.serve_next = 0;
    return false;
  }
  fetched m;
  m.epoch = matched_;
  std::uint64_t bytes = 0;
  while (p.serve_next <= p.serve_last && m.payloads.size() < base::limits::run_payloads_max) {
    const entry& e = log_.at(p.serve_next);
    if (e.what != kind::message) {
      ++p.serve_next;
      continue;
    }
    if (e.payload.size() > how_.chunk_bytes) {
      if (!m.payloads.empty()) break;
      m.first = p.serve_next;
      m.total = e.payload.size();
      m.offset = p.serve_offset;
      bytes = std::min<std::uint64_t>(how_.chunk_bytes, m.total - m.offset);
      m.payloads.push_back(e.payload.slice(m.offset, bytes));
      p.serve_offset += bytes;
      if (p.serve_offset == m.total) {
        p.serve_offset = 0;
        ++p.serve_next;
      }
      break;
    }
    if (bytes > 0 && bytes + e.payload.size() > how_.run_bytes) break;
    if (m.payloads.empty()) m.first = p.serve_next;
    bytes += e.payload.size();
    m.payloads.push_back(e.payload);
    ++p.serve_next;
  }
  if (m.payloads.empty()) return false;
  bytes += frame_overhead_bytes;
  p.credit_used += bytes;
  p.lent_used += bytes;
  p.serve_queued = p.credit_used;
  send_many({p.process}, std::move(m), bytes);
  return true;
}

void core::handle(peer& from, const fetched& m) {
  if (m.epoch != matched_ || matched_ != epoch_ || role_ != role::follower) return;
  const bool is_donor = from.process == fetch_from_;
  if (m.payloads.empty()) {
    if (!is_donor) return;
    gone_[from.process] = m.first;  // its window begins there
    fetch_from_ = uuid{};
    return;
  }
  // Who was asked before may still be sending: what it brings is as good.
  if (is_donor) fetch_until_ = now_ + how_.suspect_timeout;
  from.served_at = now_;
  position_t at = std::max(m.first, log_.start());
  if (m.total != 0) {
    if (m.total > how_.payload_bytes_max || m.offset >= m.total)
      return refuse(from.process, "an impossible chunk");
    if (at != m.first || at <= held_ || at > log_.end() || log_.at(at).what != kind::message) return;
    if (!is_donor) return;
    if (fetch_partial_at_ != at) {
      fetch_partial_.restart(1);
      fetch_partial_at_ = at;
    }
    fetch_partial_.put_chunk(1, m.total, m.offset, m.payloads.front());
    base::buffer whole;
    if (fetch_partial_.take(1, whole)) {
      fetch_partial_at_ = 0;
      if (!log_.at(at).has_payload) log_.fill(at, std::move(whole));
    }
    return;
  }
  if (at != m.first) return;
  for (const base::buffer& payload : m.payloads) {
    while (at <= log_.end() && log_.at(at).what != kind::message) ++at;
    if (at > log_.end()) return;
    if (at > held_ && !log_.at(at).has_payload) log_.fill(at, payload);
    ++at;
  }
}

}  // namespace hauberk::replica
