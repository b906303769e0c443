#include "simulator/hostile.hpp"

#include <cstring>

#include "simulator/codec_check.hpp"

namespace hauberk::simulator {
namespace {

/// Messages that it remembers, to say them again much later.
constexpr std::size_t said_max = 256;
constexpr std::uint64_t percent_wrong = 4;

}  // namespace

std::vector<message_ptr> hostile_voice::speak(const message_ptr& honest) {
  said_.push_back(honest);
  if (said_.size() > said_max) said_.pop_front();
  if (!chance_.percent(percent_wrong)) return {honest};
  switch (chance_.below(5)) {
    case 0:
      return {honest, honest};
    case 1:
      return {said_[chance_.below(said_.size())], honest};
    case 2:
      return {flip_bytes(*honest)};
    case 3:
      return {honest, change_numbers(*said_[chance_.below(said_.size())])};
    default:
      return {change_numbers(*honest)};
  }
}

message_ptr hostile_voice::flip_bytes(const replica::envelope& what) {
  std::vector<std::byte> bytes = bytes_of(what);
  for (std::uint64_t times = 1 + chance_.below(3); times > 0; --times) {
    const std::size_t reach = chance_.percent(80) ? std::min<std::size_t>(bytes.size(), 64) : bytes.size();
    bytes[chance_.below(reach)] = static_cast<std::byte>(chance_.next());
  }
  return from_bytes(bytes);
}

// Near misses find more than noise: one more, one less, nothing, everything.
std::uint64_t hostile_voice::other(std::uint64_t number) {
  switch (chance_.below(7)) {
    case 0:
      return number + 1;
    case 1:
      return number == 0 ? 0 : number - 1;
    case 2:
      return 0;
    case 3:
      return number + chance_.below(10000);
    case 4:
      return number - chance_.below(number + 1);
    case 5:
      return std::uint64_t{1} << chance_.below(63);
    default:
      return number;
  }
}

message_ptr hostile_voice::change_numbers(const replica::envelope& what) {
  replica::envelope made = what;
  const auto change = [&](auto&... fields) {
    ((chance_.percent(40)
          ? void(fields = static_cast<std::remove_reference_t<decltype(fields)>>(other(fields)))
          : void()),
     ...);
  };
  if (chance_.percent(10)) change(made.seat);
  if (auto* data = std::get_if<replica::data>(&made.what)) {
    change(data->first);
    if (data->total != 0) change(data->total, data->offset);
  } else if (auto* order = std::get_if<replica::order>(&made.what)) {
    change(order->epoch, order->first, order->previous_epoch, order->entry_epoch);
    for (auto& item : order->items) {
      if (auto* run = std::get_if<replica::order_run>(&item))
        change(run->first, run->count, run->sender.number);
      if (auto* view = std::get_if<replica::order_view>(&item); view != nullptr && chance_.percent(50)) {
        replica::view other_view = *view->what;
        change(other_view.number);
        if (!other_view.members.empty()) {
          auto& member = other_view.members[chance_.below(other_view.members.size())];
          change(member.weight, member.last, member.seat.number);
          if (chance_.percent(30)) other_view.members.erase(other_view.members.begin());
        }
        view->what = std::make_shared<const replica::view>(std::move(other_view));
      }
    }
    if (chance_.percent(20) && order->items.size() > 1) std::swap(order->items.front(), order->items.back());
  } else if (auto* held = std::get_if<replica::held>(&made.what)) {
    change(held->epoch, held->upto, held->committed, held->stable);
  } else if (auto* beat = std::get_if<replica::beat>(&made.what)) {
    change(beat->number, beat->echo, beat->epoch, beat->view_number);
    if (chance_.percent(20)) beat->links.clear();
  } else if (auto* resume = std::get_if<replica::resume>(&made.what)) {
    change(resume->epoch, resume->have, resume->of.number);
  } else if (auto* ask = std::get_if<replica::vote_request>(&made.what)) {
    change(ask->epoch, ask->last_epoch, ask->last_position);
    ask->handover = ask->handover != chance_.percent(20);
  } else if (auto* vote = std::get_if<replica::vote>(&made.what)) {
    change(vote->epoch);
    vote->granted = vote->granted != chance_.percent(50);
  } else if (auto* start = std::get_if<replica::epoch_start>(&made.what)) {
    change(start->epoch, start->seat_number, start->window_start, start->log_end);
    for (auto& each : start->boundaries) change(each.epoch, each.first);
  } else if (auto* fetch = std::get_if<replica::fetch>(&made.what)) {
    change(fetch->epoch, fetch->first, fetch->last);
  } else if (auto* fetched = std::get_if<replica::fetched>(&made.what)) {
    change(fetched->epoch, fetched->first);
    if (fetched->total != 0) change(fetched->total, fetched->offset);
  } else if (auto* join = std::get_if<replica::join>(&made.what)) {
    change(join->seat.number, join->weight, join->recovered.position);
    for (auto& each : join->succeeds) change(each.number);
  } else if (auto* gone = std::get_if<replica::removed>(&made.what)) {
    change(gone->what.last, gone->what.view_number, gone->what.seat.number, gone->at);
  } else if (auto* over = std::get_if<replica::handover>(&made.what)) {
    change(over->epoch, over->view_number, over->log_end);
  } else if (auto* proof = std::get_if<replica::policy_proof>(&made.what)) {
    change(proof->prepared_in);
    if (chance_.percent(30)) proof->state = replica::proof::proved;
  } else if (auto* fence = std::get_if<replica::fence_answer>(&made.what)) {
    change(fence->id, fence->epoch, fence->position);
  }
  return from_bytes(bytes_of(made));
}

}  // namespace hauberk::simulator
