// Three nodes in one process that broadcast all the time, with files that can change: whatever is done to
// them, nothing may be lost and no view may change.
#pragma once

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

#include "loopback/group_cluster.hpp"
#include "unit/tls/shell.hpp"

namespace hauberk::test {

using clock = std::chrono::steady_clock;

/// Links are replaced once they are 11 s old, and with a pause between two tries.
inline constexpr auto renewal_patience = 45s;

/// The files of one node under names that stay, while what is in them changes.
struct files {
  files(const temp_dir& in, const std::string& name)
      : now{in / (name + ".pem"), in / (name + ".key"), in / (name + ".ca")} {}
  node_files now;

  void install(const node_files& from) const {
    copy(from.cert, now.cert);
    copy(from.key, now.key);
    copy(from.ca, now.ca);
  }
  static void copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to + ".new", std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(to + ".new", to);
  }
};

class LoadedGroup : public GroupTest {
 protected:
  /// Three nodes whose files can be changed. Each notes the fingerprints that it sees of each peer.
  void begin(const std::function<node_files(const std::string&)>& made, const std::string& more = {}) {
    for (const std::string name : {"db1", "db2", "db3"}) {
      at_.emplace_back(dir_, name);
      const node_files now = at_.back().now;
      if (const node_files given = made(name); !given.cert.empty()) at_.back().install(given);
      host hooks = words_.hooks(name);
      hooks.admit = [this, name](const peer& who) -> std::optional<std::string> {
        const std::lock_guard hold(mutex_);
        seen_.insert(name + " saw " + who.name + " with " + who.fingerprint);
        return takes_links_ ? std::nullopt : std::optional<std::string>("it takes no links now");
      };
      const auto text =
          "group.name=test; node.name=" + name + "; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=" + peers_ +
          "; socket.ssl_cert=" + now.cert + "; socket.ssl_key=" + now.key + "; socket.ssl_ca=" + now.ca +
          "; " + timing + "; " + more + (peers_.empty() ? "; pc.bootstrap=yes" : "");
      auto joined = group::join(config::parse(text).value(), std::nullopt, hooks);
      ASSERT_TRUE(joined) << joined.error().text << words_.said();
      peers_ += (peers_.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(joined->port()));
      nodes_.push_back(std::make_unique<node>(std::move(*joined)));
    }
    for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_members({"db1", "db2", "db3"})) << words_.said();
    ASSERT_TRUE(eventually([&] { return all_count(); }));
    views_ = nodes_[0]->log().views().size();
    loading_ = std::thread([this] {
      for (int i = 0; !is_done_; ++i) {
        nodes_[static_cast<std::size_t>(i) % 2]->send("message " + std::to_string(i));
        ++sent_;
        if (i % 16 == 0) std::this_thread::sleep_for(1ms);  // paces the load: nothing is waited for
      }
    });
  }
  /// Ends the load; all that was sent must have come, the same at all, in the views that there were.
  void expect_undisturbed() {
    end_load();
    for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_messages(sent_)) << words_.said();
    for (auto& one : nodes_) {
      EXPECT_TRUE(one->log().messages() == nodes_[0]->log().messages());
      EXPECT_TRUE(one->log().outcomes().empty());
      EXPECT_TRUE(one->log().views().back().primary);
    }
    EXPECT_EQ(nodes_[0]->log().views().size(), views_) << words_.said();
    EXPECT_EQ((*nodes_[2])->metrics().view_number, (*nodes_[0])->metrics().view_number);
  }
  /// The view that gives the last joiner its weight has come, too.
  bool all_count() {
    const std::vector<view> all = nodes_[0]->log().views();
    return std::ranges::none_of(all.back().members, [](const member& one) { return one.weight == 0; });
  }
  void end_load() {
    is_done_ = true;
    if (loading_.joinable()) loading_.join();
  }
  ~LoadedGroup() override { end_load(); }

  result<void> reload(std::size_t which) { return (*nodes_[which])->set_option("socket.ssl_reload", "1"); }
  /// SHA-256 fingerprint of a certificate, as openssl says it.
  static std::string print_of(const node_files& of) {
    const std::string print = run("openssl x509 -noout -fingerprint -sha256 -in " + of.cert).text;
    std::string hex;
    for (const char c : print.substr(print.find('=') + 1))
      if (std::isxdigit(static_cast<unsigned char>(c)) != 0)
        hex += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return hex;
  }
  bool saw(const std::string& name, const std::string& of, const node_files& with) {
    const std::string hex = print_of(with);
    return eventually(
        [&] {
          const std::lock_guard hold(mutex_);
          return seen_.contains(name + " saw " + of + " with " + hex);
        },
        renewal_patience);
  }
  bool said(const std::string& part) const { return words_.said().find(part) != std::string::npos; }

  temp_dir dir_;
  std::vector<files> at_;
  std::mutex mutex_;  // of what the nodes' hooks write
  std::set<std::string> seen_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::size_t views_ = 0;
  std::atomic<bool> is_done_{false}, takes_links_{true};
  std::atomic<std::size_t> sent_{0};
  std::thread loading_;
};

}  // namespace hauberk::test
