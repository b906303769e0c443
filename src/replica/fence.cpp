// Fence (PROTOCOL 3): the leader answers with its log end at receipt, after a quorum has echoed a beat sent
// after it, in the leader's epoch. Never the commit index, never a lease.
#include <algorithm>
#include <utility>

#include "replica/core.hpp"

namespace hauberk::replica {

void core::fence(std::uint64_t id) { fences_[id] = time_point{}; }

void core::handle(peer& from, const fence_request& m) {
  if (role_ != role::leader || rounds_.size() >= 65536) return;
  if (is_in_newest({from.process, from.seat})) open_round(from.process, m.id);
}

void core::open_round(const uuid& requester, std::uint64_t id) {
  fence_round round;
  round.requester = requester;
  round.id = id;
  round.at = HAUBERK_MUTANT(fence_at_commit) ? committed() : log_.end();
  round.beat = HAUBERK_MUTANT(fence_by_old_echo) ? 1 : beats_ + 1;
  rounds_.push_back(std::move(round));
  is_beat_due_ = true;
}

void core::consider_fences() {
  for (auto& [id, asked_at] : fences_) {
    if (asked_at != time_point{} && now_ < asked_at + how_.suspect_timeout / 2) continue;
    if (role_ == role::leader) {
      asked_at = now_;
      open_round(self_.process, id);
    } else if (!leader_.is_nil() && find_peer(leader_) != nullptr && is_reachable(*find_peer(leader_))) {
      asked_at = now_;
      send_to(leader_, fence_request{id});
    }
  }
  if (is_beat_due_) beat_all();
  if (is_answer_due_ && find_peer(leader_) != nullptr && is_reachable(*find_peer(leader_)))
    beat_to(*find_peer(leader_));
  is_answer_due_ = false;
  if (rounds_.empty()) return;
  std::vector<fence_round> open;
  for (fence_round& round : rounds_) {
    std::vector<seat_id> who{self_};
    for (const auto& [process, p] : peers_) {
      if (p.echo >= round.beat && p.echo_epoch == epoch_) who.push_back({process, p.seat});
    }
    if (!wins(who, epoch_dead_) && !HAUBERK_MUTANT(fence_without_quorum)) {
      open.push_back(std::move(round));
    } else if (round.requester == self_.process) {
      if (fences_.erase(round.id) != 0) events_.push_back(fence_event{round.id, round.at});
    } else {
      send_to(round.requester, fence_answer{round.id, epoch_, round.at});
    }
  }
  rounds_ = std::move(open);
}

void core::handle(peer& from, const fence_answer& m) {
  if (m.epoch != epoch_ || from.process != leader_) return;
  if (fences_.erase(m.id) != 0) events_.push_back(fence_event{m.id, m.position});
}

}  // namespace hauberk::replica
