// Spread: every sender brings its own payloads to every member, FIFO per link. What travels is decided by
// one cursor per peer into my unresolved broadcasts, so a silent peer costs no copies; peers whose cursors
// agree share one frame.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "replica/core.hpp"

namespace hauberk::replica {

namespace {
constexpr std::uint64_t frame_overhead_bytes = 64;
}

void core::handle(peer& from, const data& m) {
  const seat_id seat{from.process, from.seat};
  if (m.first == 0 || m.payloads.empty() || (newest_view_ && newest_view_->find_removal(seat) != nullptr))
    return;
  const std::uint64_t last_bytes = m.total != 0 ? m.total : m.payloads.back().size();
  if (last_bytes > how_.payload_bytes_max || (m.total != 0 && m.offset >= m.total)) {
    return refuse(from.process, "a payload of " + std::to_string(last_bytes) + " bytes (allowed: " +
                                    std::to_string(how_.payload_bytes_max) + ", repl.max_ws_size)");
  }
  if (senders_.size() >= base::limits::seats_max && !is_in_newest(seat)) return;
  sender& s = senders_[sender_index(seat)];
  s.heard_at = now_;
  // What a middle dropped leaves a hole; who fills it goes on from what is here, a begun payload included.
  if (is_relayed_ && role_ == role::leader && m.first > s.received.have() + 1) return;
  if (is_full_for(s, m)) {
    s.is_gapped = true;  // what is dropped here is asked for again, or fetched, when there is room
    return;
  }
  auto verdict = pool::verdict::taken;
  if (m.total != 0) {
    verdict = s.received.put_chunk(m.first, m.total, m.offset, m.payloads.front());
  } else {
    sequence_t sequence = m.first;
    for (const base::buffer& payload : m.payloads) {
      verdict = s.received.put(sequence++, payload);
      if (verdict == pool::verdict::gap) break;
    }
  }
  if (verdict == pool::verdict::gap) s.is_gapped = true;
  if (is_relayed_) s.is_receipt_due = true;
}

// Beside the window there is room for one payload that arrives in chunks, the one of which most is here
// already: so an oversized one passes, alone, and small ones pass beside it (PROTOCOL 15).
bool core::is_full_for(const sender& s, const data& m) const {
  if (role_ == role::leader && m.total == 0) return false;
  std::uint64_t most = 0;
  for (const sender& one : senders_) most = std::max(most, one.received.begun_bytes());
  if (m.total != 0 && s.received.begun(m.first) > 0 && s.received.begun_bytes() == most) return false;
  const std::uint64_t lag = role_ == role::leader ? 0 : undelivered_bytes_;
  return lag + pooled_bytes() - most > how_.window_bytes;
}

std::uint64_t core::pooled_bytes() const {
  std::uint64_t bytes = 0;
  for (const sender& s : senders_) bytes += s.received.bytes();
  return bytes;
}

void core::send_resume(peer& to, asks what) {
  resume m;
  m.asks_payloads = what == asks::payloads;
  m.history = spoken_history();
  m.epoch = epoch_;
  if (to.seat != 0) {
    m.of = {to.process, to.seat};
    const auto known = sender_of_.find(m.of);
    if (known != sender_of_.end()) {
      sender& s = senders_[known->second];
      m.have = s.received.have();
      m.partial = s.received.partial();
      // Over a middle it does not move our own link's place, and nothing is relayed any more once that link
      // works: what was dropped here is then to be asked for again.
      if (m.asks_payloads && !to.via.is_nil()) s.is_gapped = true;
    }
  }
  const bool is_led = role_ == role::follower && to.process == leader_ && matched_ == epoch_;
  if (what == asks::order && is_led && !HAUBERK_MUTANT(order_gap_kept)) m.next = log_.end() + 1;
  send_to(to.process, std::move(m));
}

void core::handle(peer& from, const resume& m) {
  const bool is_met = std::exchange(from.history, m.history) != m.history;
  if (!in_history() || role_ == role::joiner || m.history != history_) return;
  // What is committed was told to all who were of this history by then: where nobody speaks and stable stands
  // still, a newcomer would never hear that its admission was.
  if (is_met) send_to(from.process, holding_now());
  if (from.process == leader_ && m.of == self_) take_receipt(m);
  // Our own link has its own place to go on from. What is on its way there arrives: sent again with every
  // word about something else, it would fill a slow link for ever.
  if (!is_relayed_ && (m.asks_payloads || from.next_data == 0)) {
    from.next_data =
        std::max(m.of == self_ ? m.have + 1 : 1, sent_first_) + (HAUBERK_MUTANT(resume_one_further) ? 1 : 0);
    from.next_offset = 0;
    const sequence_t at = from.next_data - sent_first_;
    if (m.of == self_ && from.next_data == m.have + 1 && at < sent_.size()) {
      const std::uint64_t bytes = sent_[at].size();
      if (bytes > how_.chunk_bytes && m.partial < bytes) from.next_offset = m.partial;
    }
  }
  if (role_ != role::leader) return;
  const seat_id seat{from.process, from.seat};
  if (m.epoch > epoch_ && is_in_newest(seat)) {
    step_down("a member has joined a later epoch");
    enter_epoch(m.epoch);
    return;
  }
  if (m.epoch < epoch_ && !from.is_started) send_epoch_start(from);
  const auto h = holdings_.find(seat);
  if (m.next == 0 || m.epoch != epoch_ || h == holdings_.end() || h->second.epoch != epoch_) return;
  if (m.next > log_.end() + 1) {
    return refuse(from.process, "it misses position " + std::to_string(m.next) + ", the log ends at " +
                                    std::to_string(log_.end()));
  }
  from.next_order = m.next;
}

void core::ask_again() {
  for (sender& s : senders_) {
    if (!s.is_gapped || now_ < s.asked_at + how_.keepalive_period) continue;
    peer* p = find_peer(s.seat.process);
    if (p == nullptr || !is_reachable(*p) || p->seat != s.seat.number) continue;
    const bool has_room = undelivered_bytes_ + pooled_bytes() < how_.window_bytes / 2;
    if (role_ != role::leader && !(s.received.empty() && has_room)) continue;
    s.is_gapped = false;
    s.asked_at = now_;
    send_resume(*p, asks::payloads);
  }
}

// The chunks of a large broadcast of mine are on their way to a quorum, all of them; or to everybody whom my
// links reach, and the others will fetch it.
bool core::is_spread(sequence_t mine) const {
  if (mine < sent_first_ || mine - sent_first_ >= sent_.size() ||
      sent_[mine - sent_first_].size() <= how_.chunk_bytes)
    return true;
  std::vector<seat_id> who{self_};
  bool is_under_way = false;
  for (const auto& [process, p] : peers_) {
    if (!takes_data(p)) continue;
    if (p.next_data > mine) who.push_back({process, p.seat});
    is_under_way = is_under_way || p.next_data <= mine;
  }
  return !is_under_way || is_quorum(*newest_view_, who, epoch_dead_);
}

bool core::takes_data(const peer& p) const {
  return p.is_up && p.next_data != 0 && p.history == history_ && is_in_newest({p.process, p.seat});
}

void core::pump_data() {
  if (sent_.empty() || !is_member()) return;
  const sequence_t end = sent_first_ + sent_.size();
  while (true) {
    std::vector<peer*> group;
    for (auto& [process, p] : peers_) {
      if (p.next_data >= end || !has_credit(p) || !takes_data(p)) continue;
      if (p.next_data < sent_first_) {  // committed long ago: it must fetch
        p.next_data = sent_first_;
        p.next_offset = 0;
      }
      const auto at = std::pair(p.next_data, p.next_offset);
      if (!group.empty() && at > std::pair(group[0]->next_data, group[0]->next_offset)) continue;
      if (!group.empty() && at < std::pair(group[0]->next_data, group[0]->next_offset)) group.clear();
      group.push_back(&p);
    }
    if (group.empty()) break;
    pump_data_to(group);
  }
  release_sent();
}

void core::pump_data_to(const std::vector<peer*>& group) {
  sequence_t next = group[0]->next_data;
  std::uint64_t offset = group[0]->next_offset;
  data m = make_data(next, offset, how_.chunk_bytes, how_.run_bytes);
  std::uint64_t bytes = frame_overhead_bytes;
  for (const base::buffer& payload : m.payloads) bytes += payload.size();
  std::vector<uuid> to;
  for (peer* p : group) {
    p->next_data = next;
    p->next_offset = offset;
    p->credit_used += bytes;
    to.push_back(p->process);
  }
  send_many(std::move(to), std::move(m), bytes);
}

// A chunk, or a run of whole payloads, from this point of my broadcasts on; moves the point behind it.
data core::make_data(sequence_t& next, std::uint64_t& offset, std::uint32_t chunk_bytes,
                     std::uint32_t run_bytes) const {
  data m;
  m.first = next;
  std::uint64_t bytes = 0;
  const base::buffer& front = sent_[next - sent_first_];
  if (front.size() > chunk_bytes) {
    m.total = front.size();
    m.offset = offset;
    bytes = std::min<std::uint64_t>(chunk_bytes, front.size() - offset);
    m.payloads.push_back(front.slice(offset, bytes));
    offset += bytes;
    if (offset < front.size()) return m;
    offset = 0;
    ++next;
    return m;
  }
  while (next - sent_first_ < sent_.size() && m.payloads.size() < base::limits::run_payloads_max) {
    const base::buffer& payload = sent_[next - sent_first_];
    if (payload.size() > chunk_bytes || (bytes > 0 && bytes + payload.size() > run_bytes)) break;
    bytes += payload.size();
    m.payloads.push_back(payload);
    ++next;
  }
  return m;
}

// A broadcast is kept for its receivers until it is committed and they have it, or the space runs out:
// what is committed can be fetched from others.
void core::release_sent() {
  sequence_t wanted = uncommitted_first_;
  if (sent_first_ >= wanted) return;
  if (sent_bytes_ <= how_.window_bytes / 4) {
    for (const auto& [process, p] : peers_) {
      if (takes_data(p)) wanted = std::min(wanted, p.next_data);
    }
  }
  while (!sent_.empty() && sent_first_ < wanted) {
    sent_bytes_ -= sent_.front().size();
    sent_.pop_front();
    ++sent_first_;
  }
}

}  // namespace hauberk::replica
