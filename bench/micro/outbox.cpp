// The outbox: frames in, runs of bytes out, as a link takes them to fill its records. Nothing is encrypted or
// copied, so this is what the lanes themselves cost.
#include <algorithm>
#include <string>

#include "link/outbox.hpp"
#include "micro/allocations.hpp"
#include "micro/suites.hpp"
#include "support/payload.hpp"
#include "support/sizes.hpp"

namespace hauberk::bench {
namespace {

constexpr std::size_t record_bytes = 16 * kib;

void drain(link::outbox& box) {
  for (auto front = box.front(); !front.empty(); front = box.front())
    box.take(std::min(front.size(), record_bytes));
}

/// Four frames of 64 KiB wait, which is what a busy link has.
void bulk(benchmark::State& state, std::size_t message_bytes) {
  const std::size_t count = std::max<std::size_t>(1, 64 * kib / message_bytes);
  const auto bytes = make_payload(message_bytes, false);
  replica::data data;
  data.first = 1;
  for (std::size_t i = 0; i < count; ++i) data.payloads.push_back(base::buffer::copy(std::span(bytes)));
  const auto frame = wire::encode(replica::envelope{1, std::move(data)});
  link::outbox box;
  const std::uint64_t before = allocations();
  for ([[maybe_unused]] auto _ : state) {
    for (int i = 0; i < 4; ++i) box.push(frame, 0);
    drain(box);
    benchmark::DoNotOptimize(box.finished_bulk_bytes());
  }
  const std::uint64_t items = static_cast<std::uint64_t>(state.iterations()) * 4 * count;
  report(state, before, items, items * message_bytes);
}

/// Each takes the place of the one before it, but for the last, which is sent.
void replaced(benchmark::State& state) {
  const auto frame = wire::encode(replica::envelope{1, replica::held{3, 1000064, 1000000, 999936}});
  constexpr std::uint64_t pushed = 16;
  link::outbox box;
  const std::uint64_t before = allocations();
  for ([[maybe_unused]] auto _ : state) {
    for (std::uint64_t i = 0; i < pushed; ++i) box.push(frame, 1);
    drain(box);
  }
  report(state, before, static_cast<std::uint64_t>(state.iterations()) * pushed, 0);
}

}  // namespace

void add_outbox() {
  for (const std::size_t size : {std::size_t{128}, kib, 64 * kib})
    benchmark::RegisterBenchmark(("outbox/bulk/" + size_text(size)).c_str(),
                                 [size](benchmark::State& s) { bulk(s, size); });
  benchmark::RegisterBenchmark("outbox/held, replaced", replaced);
}

}  // namespace hauberk::bench
