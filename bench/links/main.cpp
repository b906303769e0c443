// link_bench: one link against what a program would use instead, by cipher, message size and compression.
// Names read `link/ours/AES-128-GCM/1KiB/gathered`; `--benchmark_filter` picks, `--json` prints for machines.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "links/channel.hpp"
#include "support/sizes.hpp"
#include "support/suite.hpp"
#include "support/usage.hpp"

namespace hauberk::bench {
namespace {

constexpr double gib = 1024.0 * static_cast<double>(mib);
constexpr const char* seconds_min = "0.3";  // of each benchmark, so that all of them fit into two minutes

const materials& certificates() {
  static const materials made;
  return made;
}

const std::array ciphers{
    cipher{"AES-128-GCM", "TLS_AES_128_GCM_SHA256", false},
    cipher{"AES-256-GCM", "TLS_AES_256_GCM_SHA384", false},
    cipher{"CHACHA20", "TLS_CHACHA20_POLY1305_SHA256", false},
    cipher{"TLS1.2-AES-128-GCM", "ECDHE-ECDSA-AES128-GCM-SHA256", true},
    cipher{"TLS1.2-AES-256-GCM", "ECDHE-ECDSA-AES256-GCM-SHA384", true},
    cipher{"TLS1.2-CHACHA20", "ECDHE-ECDSA-CHACHA20-POLY1305", true},
};

/// A receiver on a thread of its own, which tells when everything that was sent has come.
class drain {
 public:
  explicit drain(channel& from)
      : from_(from), worker_([this] {
          while (const std::size_t bytes = from_.receive()) {
            received_.fetch_add(bytes);
            received_.notify_one();
          }
          received_.store(~std::uint64_t{0});
          received_.notify_one();
        }) {}
  drain(const drain&) = delete;
  drain& operator=(const drain&) = delete;
  ~drain() {
    from_.end();
    worker_.join();
  }

  void wait(std::uint64_t bytes) {
    for (auto now = received_.load(); now < bytes; now = received_.load()) received_.wait(now);
  }

 private:
  channel& from_;
  std::atomic<std::uint64_t> received_{0};
  std::thread worker_;
};

using factory = std::function<std::unique_ptr<channel>()>;

void stream(benchmark::State& state, const shape& how, const factory& make) {
  try {
    const auto over = make();
    drain receiver(*over);
    const std::size_t round_bytes = how.batch_bytes == 0 && how.message_bytes < 16 * kib ? 2 * mib : 16 * mib;
    const std::size_t writes = std::max<std::size_t>(1, round_bytes / how.write_bytes());
    over->send(1);
    std::uint64_t sent = how.write_bytes();
    receiver.wait(sent);
    const std::uint64_t before = sent;
    const double cpu = cpu_seconds();
    for ([[maybe_unused]] auto _ : state) {
      over->send(writes);
      sent += writes * how.write_bytes();
      receiver.wait(sent);
    }
    const auto bytes = static_cast<double>(sent - before);
    state.counters["cpu_s_per_GiB"] = (cpu_seconds() - cpu) / (bytes / gib);
    state.SetBytesProcessed(static_cast<std::int64_t>(sent - before));
    state.SetItemsProcessed(static_cast<std::int64_t>((sent - before) / how.message_bytes));
  } catch (const std::exception& problem) {
    state.SkipWithError(problem.what());
  }
}

void add(const std::string& name, const shape& how, const factory& make) {
  const bool is_gathered = how.write_bytes() > how.message_bytes;
  const std::string whole = "link/" + name + "/" + size_text(how.message_bytes) +
                            (how.message_bytes >= 64 * kib ? ""
                             : is_gathered                 ? "/gathered"
                                                           : "/single");
  benchmark::RegisterBenchmark(whole.c_str(), [how, make](benchmark::State& s) { stream(s, how, make); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void add_streams() {
  static constexpr std::array sizes{std::size_t{128}, kib, 16 * kib, 64 * kib, mib};
  for (const std::size_t size : sizes) {
    for (const std::size_t batch : {std::size_t{0}, 64 * kib}) {
      if (size >= 64 * kib && batch == 0) continue;
      const shape how{.message_bytes = size, .batch_bytes = batch};
      add("tcp/none", how, [how] { return make_tcp(how); });
      add("ours/none", how, [how] { return make_link(how, {}, certificates()); });
      for (const cipher& each : ciphers) {
        add("openssl/" + each.label, how, [=] { return make_openssl(how, each, certificates()); });
        add("asio/" + each.label, how, [=] { return make_asio(how, each, certificates()); });
        add("ours/" + each.label, how, [=] { return make_link(how, each, certificates()); });
      }
    }
  }
}

void add_compressed() {
  for (const auto& [name, algorithm] :
       {std::pair{"lz4", wire::algorithm::lz4}, std::pair{"zstd", wire::algorithm::zstd}}) {
    for (const bool is_text : {true, false}) {
      for (const std::size_t size : {kib, 64 * kib, mib}) {
        const shape how{.message_bytes = size,
                        .batch_bytes = 64 * kib,
                        .is_text = is_text,
                        .compression = {.how = algorithm}};
        add(std::string("ours+") + name + (is_text ? "-text/" : "-random/") + ciphers[0].label, how,
            [how] { return make_link(how, ciphers[0], certificates()); });
      }
    }
  }
}

void add_handshakes() {
  const auto add_one = [](const std::string& name, const std::function<std::unique_ptr<greeter>()>& make) {
    benchmark::RegisterBenchmark(("handshake/" + name).c_str(),
                                 [make](benchmark::State& state) {
                                   try {
                                     const auto both = make();
                                     for ([[maybe_unused]] auto _ : state) both->greet();
                                     state.SetItemsProcessed(state.iterations());
                                   } catch (const std::exception& problem) {
                                     state.SkipWithError(problem.what());
                                   }
                                 })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  };
  for (const cipher& each : ciphers) {
    add_one("openssl/" + each.label, [each] { return make_openssl_greeter(each, certificates()); });
    add_one("ours/" + each.label, [each] { return make_link_greeter(each, certificates()); });
  }
}

}  // namespace
}  // namespace hauberk::bench

int main(int count, char** words) {
  hauberk::bench::add_streams();
  hauberk::bench::add_compressed();
  hauberk::bench::add_handshakes();
  return hauberk::bench::run_suite(count, words, hauberk::bench::seconds_min);
}
