// The codec: data frames of 64 KiB (or one message, where that is larger) to bytes and back, with and without
// compression, and the control frames that go with every batch. Decoding cuts the stream as a link does, the
// copy into the receive block (which is the kernel's or OpenSSL's work in real life) included.
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "micro/allocations.hpp"
#include "micro/suites.hpp"
#include "support/payload.hpp"
#include "support/sizes.hpp"
#include "wire/codec.hpp"

namespace hauberk::bench {
namespace {

replica::envelope run_of(std::size_t message_bytes, bool is_text) {
  const std::size_t count = std::max<std::size_t>(1, 64 * kib / message_bytes);
  const auto all = make_payload(count * message_bytes, is_text);
  replica::data made;
  made.first = 1;
  for (std::size_t i = 0; i < count; ++i)
    made.payloads.push_back(base::buffer::copy(std::span(all).subspan(i * message_bytes, message_bytes)));
  return {1, std::move(made)};
}

std::vector<std::byte> flat(const wire::encoded& frame) {
  std::vector<std::byte> made(frame.head.bytes().begin(), frame.head.bytes().end());
  for (const auto& piece : frame.payload) made.insert(made.end(), piece.bytes().begin(), piece.bytes().end());
  return made;
}

void encode(benchmark::State& state, const replica::envelope& what, const wire::compression& how,
            std::size_t items, std::size_t bytes) {
  const std::uint64_t before = allocations();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(wire::encode(what, how));
  const auto rounds = static_cast<std::uint64_t>(state.iterations());
  report(state, before, rounds * items, rounds * bytes);
}

void decode(benchmark::State& state, const std::vector<std::byte>& frame, std::size_t items,
            std::size_t bytes) {
  wire::reader reader;
  const std::uint64_t before = allocations();
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t done = 0; done < frame.size();) {
      const auto space = reader.space();
      const std::size_t count = std::min(space.size(), frame.size() - done);
      std::memcpy(space.data(), frame.data() + done, count);
      reader.filled(count);
      done += count;
      while (const auto whole = reader.next().value()) {
        auto message = wire::decode(*whole);
        HAUBERK_ASSERT(message.has_value(), "what was encoded can be decoded");
        benchmark::DoNotOptimize(message);
      }
    }
  }
  const auto rounds = static_cast<std::uint64_t>(state.iterations());
  report(state, before, rounds * items, rounds * bytes);
}

void add_both(const std::string& name, const replica::envelope& what, const wire::compression& how,
              std::size_t items, std::size_t bytes) {
  benchmark::RegisterBenchmark(("codec/encode/" + name).c_str(),
                               [=](benchmark::State& s) { encode(s, what, how, items, bytes); });
  benchmark::RegisterBenchmark(("codec/decode/" + name).c_str(), [=](benchmark::State& s) {
    decode(s, flat(*wire::encode(what, how)), items, bytes);
  });
}

}  // namespace

void add_codec() {
  for (const std::size_t size : {std::size_t{128}, kib, 16 * kib, 64 * kib, mib}) {
    const std::size_t count = std::max<std::size_t>(1, 64 * kib / size);
    add_both(size_text(size), run_of(size, false), {}, count, count * size);
  }
  for (const auto& [name, algorithm] :
       {std::pair{"lz4", wire::algorithm::lz4}, std::pair{"zstd", wire::algorithm::zstd}}) {
    for (const bool is_text : {true, false})
      add_both(std::string("1KiB+") + name + (is_text ? "-text" : "-random"), run_of(kib, is_text),
               {.how = algorithm}, 64, 64 * kib);
  }
  replica::order order;
  order.epoch = order.entry_epoch = order.previous_epoch = 3;
  order.first = 1000000;
  order.items = {replica::order_run{{uuid{}, 1}, 900000, 64}};
  add_both("order", {1, order}, {}, 1, 0);
  add_both("held", {1, replica::held{3, 1000064, 1000000, 999936}}, {}, 1, 0);
}

}  // namespace hauberk::bench
