// A group that is attacked, and what every attack has to leave as it was: the members, their one order, and
// no descriptor more than before.
#pragma once

#include <filesystem>

#include "engine/policy.hpp"
#include "link/greeting.hpp"
#include "loopback/group_cluster.hpp"
#include "tls/digest.hpp"
#include "wire/codec.hpp"

namespace hauberk::test {

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

class HostileTest : public GroupTest {
 protected:
  void begin(const std::string& more = {}) {
    nodes_ = start_three(more);
    ASSERT_TRUE(
        eventually([&] { return std::ranges::all_of(nodes_, [](auto& one) { return counts(*one); }); }));
    // A second link between the same two may have to end yet.
    ASSERT_TRUE(eventually([&] {
      const std::size_t before = descriptors_;
      descriptors_ = open_descriptors();
      std::this_thread::sleep_for(50ms);
      return before == descriptors_;
    }));
    views_ = (*nodes_[0])->metrics().view_number;
    target_port_ = (*nodes_[0])->port();
  }
  /// The group goes on as if nothing had been.
  void expect_undisturbed() {
    for (auto& one : nodes_) one->send("still here");
    sent_ += nodes_.size();
    for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_messages(sent_)) << words_.said();
    for (auto& one : nodes_) {
      EXPECT_TRUE(one->log().messages() == nodes_[0]->log().messages());
      EXPECT_EQ((*one)->metrics().view_number, views_) << words_.said();
      EXPECT_EQ((*one)->metrics().links_up, 2U);
      EXPECT_TRUE((*one)->metrics().primary);
    }
    EXPECT_TRUE(eventually([&] { return open_descriptors() == descriptors_; }))
        << open_descriptors() << " descriptors, before it were " << descriptors_;
  }
  [[nodiscard]] refusals refused() { return (*nodes_[0])->metrics().refused; }
  /// How often the target's log has this.
  [[nodiscard]] std::size_t count_said(const std::string& part) const {
    std::size_t count = 0;
    const std::string all = words_.said();
    for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + 1)) ++count;
    return count;
  }
  /// What a member called `name` would say first.
  [[nodiscard]] mesh::hello hello_of(const std::string& name, const node_files& files) const {
    mesh::hello made;
    made.protocol_min = made.protocol_max = 1;
    made.group = "test";
    made.name = name;
    made.process.bytes.fill(7);
    made.address = ":4567";
    std::optional<tls::context> security;
    if (auto loaded = tls::context::load(files.settings(), std::time(nullptr), {})) security = *loaded;
    made.policy_text = engine::policy_of(replica::flow_policy::throttle, {}, security);
    made.policy_digest = tls::sha256_hex(made.policy_text);
    return made;
  }

  std::vector<std::unique_ptr<node>> nodes_;
  std::uint16_t target_port_ = 0;
  std::uint64_t views_ = 0;
  std::size_t descriptors_ = 0, sent_ = 0;

 private:
  static bool counts(node& one) {
    const auto now = one->current_view();
    return now && std::ranges::none_of(now->members, [](const member& each) { return each.weight == 0; });
  }
};

}  // namespace hauberk::test
