// Three replicas that are a group and hear each other at once: the price of order, commit and delivery, paid
// three times over, without codec, link or socket. One member broadcasts batches; a batch is done when all
// three have delivered it.
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/random.hpp"
#include "micro/allocations.hpp"
#include "micro/suites.hpp"
#include "replica/replica.hpp"
#include "support/payload.hpp"
#include "support/sizes.hpp"

namespace hauberk::bench {
namespace {

using namespace std::chrono_literals;

class trio {
 public:
  trio() {
    base::random chance(1);
    for (std::size_t i = 0; i < 3; ++i) {
      replica::identity who;
      who.process = ids_[i] = chance.id();
      who.name = name_of(i);
      who.address = who.name + ":4567";
      members_.emplace_back(replica::settings(), who, chance.next(), base::logger());
    }
    members_[0].bootstrap(now_, chance.id(), {});
    for (const std::size_t i : {1U, 2U}) members_[i].join_group(now_, {});
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        if (i != j) members_[i].handle_link_up(now_, ids_[j], name_of(j));
    for (int i = 0; i < 200; ++i) pass(10ms);
    const auto view = members_[0].current_view();
    HAUBERK_ASSERT(view && view->members.size() == 3, "three members are a group after two seconds");
  }

  /// Time goes on, and everything that is said is heard.
  void pass(base::duration span) {
    now_ += span;
    for (auto& each : members_)
      if (each.next_deadline() <= now_) each.handle_time(now_);
    for (bool is_any = true; is_any;) {
      is_any = false;
      for (std::size_t i = 0; i < 3; ++i) is_any = drain(i) || is_any;
    }
  }
  void broadcast(const std::vector<base::buffer>& payloads) {
    const auto taken = members_[0].broadcast(now_, payloads);
    HAUBERK_ASSERT(taken.has_value(), "a group that keeps up takes a batch");
  }
  /// Messages that the three delivered, all counted.
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

 private:
  static std::string name_of(std::size_t member) { return std::string(1, static_cast<char>('a' + member)); }
  [[nodiscard]] std::size_t index(const uuid& process) const {
    return process == ids_[0] ? 0 : process == ids_[1] ? 1 : 2;
  }

  bool drain(std::size_t from) {
    bool is_any = false;
    replica::replica& member = members_[from];
    member.flush(now_);
    while (const auto event = member.next_event(now_))
      if (std::holds_alternative<replica::message_event>(*event)) ++delivered_;
    while (const auto effect = member.next_effect()) {
      is_any = true;
      const auto* out = std::get_if<replica::send>(&*effect);
      if (out == nullptr) continue;
      for (const uuid& to : out->to) {
        members_[index(to)].handle_message(now_, ids_[from], *out->message);
        if (out->credit_bytes != 0) member.handle_written(now_, to, out->credit_bytes);
      }
    }
    return is_any;
  }

  base::time_point now_{1h};
  std::array<uuid, 3> ids_;
  std::vector<replica::replica> members_;
  std::uint64_t delivered_ = 0;
};

void order(benchmark::State& state, std::size_t message_bytes, std::size_t batch) {
  trio group;
  std::vector<base::buffer> payloads;
  for (std::size_t i = 0; i < batch; ++i)
    payloads.push_back(base::buffer::copy(make_payload(message_bytes, false, i + 1)));
  const std::uint64_t before = allocations(), delivered = group.delivered();
  for ([[maybe_unused]] auto _ : state) {
    group.broadcast(payloads);
    group.pass(100us);
  }
  const std::uint64_t items = static_cast<std::uint64_t>(state.iterations()) * batch;
  if (group.delivered() - delivered != 3 * items) state.SkipWithError("not all was delivered");
  report(state, before, items, items * message_bytes);
}

}  // namespace

void add_replica() {
  for (const std::size_t batch : {std::size_t{1}, std::size_t{64}})
    for (const std::size_t size : {std::size_t{128}, kib, 16 * kib})
      benchmark::RegisterBenchmark(
          ("replica/three/" + size_text(size) + "/batch" + std::to_string(batch)).c_str(),
          [=](benchmark::State& s) { order(s, size, batch); });
}

}  // namespace hauberk::bench
