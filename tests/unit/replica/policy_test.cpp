// Changes of the group's policy, as the owner of a replica meets them: effects, proofs and answers, one step
// at a time. Races and deaths are for the simulator.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "replica/replica.hpp"

namespace hauberk::replica {
namespace {

using namespace std::chrono_literals;

class PolicyChange : public testing::Test {
 protected:
  PolicyChange() {
    base::random chance(1);
    for (std::size_t i = 0; i < 2; ++i) {
      identity who;
      who.process = ids_[i] = chance.id();
      who.name = i == 0 ? "a" : "b";
      who.address = who.name + ":4567";
      who.policy.number = 4;
      who.policy.text = "old";
      members_.emplace_back(settings(), who, chance.next(), base::logger());
    }
    members_[0].bootstrap(now_, chance.id(), {});
    members_[1].join_group(now_, {});
    members_[0].handle_link_up(now_, ids_[1], "b");
    members_[1].handle_link_up(now_, ids_[0], "a");
    run(1s);
  }

  void settle() {
    bool is_any = true;
    while (is_any) {
      is_any = false;
      for (std::size_t i = 0; i < 2; ++i) {
        members_[i].flush(now_);
        while (auto what = members_[i].next_event(now_)) {
          if (auto* step = std::get_if<policy_event>(&*what)) steps_[i].push_back(step->what->policy);
          if (auto* end = std::get_if<change_event>(&*what)) answers_.push_back(*end);
        }
        while (auto what = members_[i].next_effect()) {
          is_any = true;
          if (const auto* out = std::get_if<send>(&*what))
            members_[1 - i].handle_message(now_, ids_[i], *out->message);
          if (const auto* next = std::get_if<apply_policy>(&*what)) applied_[i].push_back(next->what->policy);
        }
      }
    }
  }
  void run(base::duration span) {
    for (const auto end = now_ + span; now_ < end; now_ += 10ms) {
      for (auto& each : members_) each.handle_time(now_);
      settle();
    }
  }
  void prove(std::size_t which, proof state, const std::string& words = "") {
    members_[which].handle_policy_proof(now_, applied_[which].back().prepared_in, state, words);
  }
  void propose(std::size_t which, const std::string& text, std::uint64_t base, bool is_trial = false) {
    members_[which].ask(now_, ++asked_, policy_change{text, base, is_trial});
  }
  void ask(std::size_t which, const std::string& text, bool is_trial = false) {
    propose(which, text, members_[which].current_view()->policy.number, is_trial);
    run(100ms);
  }

  base::time_point now_{1h};
  std::array<uuid, 2> ids_;
  std::deque<replica> members_;
  std::array<std::vector<group_policy>, 2> applied_, steps_;
  std::vector<change_event> answers_;
  std::uint64_t asked_ = 0;
};

TEST_F(PolicyChange, AFounderBringsItsOwnAndAJoinerIsToldIt) {
  for (const auto& each : applied_) {
    ASSERT_EQ(each.size(), 1U);
    EXPECT_EQ(each[0].number, 4U);
    EXPECT_EQ(each[0].text, "old");
  }
}

TEST_F(PolicyChange, IsInForceWhenAllHaveProved) {
  const std::uint64_t view = members_[0].current().view_number;
  ask(1, "new");
  ASSERT_EQ(applied_[0].size(), 2U);
  EXPECT_EQ(applied_[0][1].prepared, "new");
  EXPECT_EQ(applied_[0][1].text, "old");
  EXPECT_EQ(applied_[0][1].by, "b");
  EXPECT_EQ(applied_[0][1].prepared_in, applied_[1].back().prepared_in);
  prove(1, proof::proved);
  run(1s);
  EXPECT_EQ(applied_[0].size(), 2U);
  EXPECT_TRUE(answers_.empty());
  prove(0, proof::proved);
  run(100ms);
  for (const auto& each : applied_) {
    ASSERT_EQ(each.size(), 3U);
    EXPECT_EQ(each[2].number, 5U);
    EXPECT_EQ(each[2].text, "new");
    EXPECT_TRUE(each[2].prepared.empty());
  }
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].reason, errc::ok);
  for (const auto& each : steps_) {
    ASSERT_EQ(each.size(), 2U);
    EXPECT_EQ(each[0].step, policy_step::prepare);
    EXPECT_EQ(each[1].step, policy_step::activate);
  }
  EXPECT_EQ(members_[0].current().view_number, view);
  EXPECT_GT(members_[0].current_view()->number, view);
}

TEST_F(PolicyChange, TheFirstThatCannotEndsIt) {
  ask(0, "new");
  prove(0, proof::proved);
  prove(1, proof::pending, "reading files");
  run(1s);
  EXPECT_TRUE(answers_.empty());
  prove(1, proof::cannot, "no such cipher");
  run(100ms);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].reason, errc::refused);
  EXPECT_EQ(answers_[0].text, "b cannot: no such cipher");
  EXPECT_EQ(applied_[1].back().text, "old");
  EXPECT_TRUE(applied_[1].back().prepared.empty());
  EXPECT_EQ(steps_[1].back().step, policy_step::abort);
  EXPECT_EQ(steps_[1].back().culprit, "b");
}

TEST_F(PolicyChange, WhoIsLateIsNamedWithItsLastWords) {
  ask(0, "new");
  prove(0, proof::proved);
  prove(1, proof::pending, "no link with a yet");
  run(11s);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].text, "b has not proved it within 10 s: no link with a yet");
  EXPECT_EQ(steps_[0].back().culprit, "b");
}

TEST_F(PolicyChange, ATrialEndsWithoutAChange) {
  ask(1, "new", true);
  prove(0, proof::proved);
  prove(1, proof::proved);
  run(100ms);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].reason, errc::ok);
  EXPECT_EQ(answers_[0].text, "all 2 members can");
  EXPECT_EQ(applied_[0].back().text, "old");
  EXPECT_EQ(steps_[0].back().step, policy_step::abort);
  EXPECT_TRUE(steps_[0].back().culprit.empty());
}

TEST_F(PolicyChange, OneAfterTheOtherAndWeightsBesideThem) {
  const std::uint64_t first = members_[0].current_view()->policy.number;
  propose(0, "new", first);
  propose(0, "newer", first + 1);
  run(100ms);
  EXPECT_EQ(applied_[0].back().prepared, "new");
  members_[1].ask(now_, 77, weight_change{{ids_[1], 1}, 3});
  run(1s);
  ASSERT_EQ(answers_.size(), 1U);  // a weight does not wait for a policy
  EXPECT_EQ(answers_[0].id, 77U);
  EXPECT_EQ(members_[0].current_view()->policy.prepared, "new");
  prove(0, proof::proved);
  prove(1, proof::proved);
  run(1s);
  EXPECT_EQ(answers_.size(), 2U);
  EXPECT_EQ(applied_[0].back().text, "new");
  EXPECT_EQ(applied_[0].back().prepared, "newer");
  prove(0, proof::cannot, "no");
  run(1s);
  EXPECT_EQ(answers_.size(), 3U);
  EXPECT_EQ(applied_[0].back().text, "new");
}

TEST_F(PolicyChange, WhatWasMadeFromAnOlderOneUndoesNothing) {
  const std::uint64_t first = members_[0].current_view()->policy.number;
  propose(0, "new", first);
  propose(1, "other", first);
  run(100ms);
  prove(0, proof::proved);
  prove(1, proof::proved);
  run(1s);
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[0].reason, errc::ok);
  EXPECT_EQ(answers_[1].reason, errc::superseded);
  EXPECT_EQ(answers_[1].text, "the group's policy is number " + std::to_string(first + 1) +
                                  " now, and this was made from number " + std::to_string(first) +
                                  ": look at what has changed, and ask again");
  EXPECT_EQ(applied_[0].back().text, "new");
  EXPECT_TRUE(applied_[0].back().prepared.empty());
}

TEST_F(PolicyChange, WhatIsInForceOrCannotBeTakesNoStep) {
  ask(1, "old");
  ask(1, "");
  ask(1, std::string(base::limits::policy_bytes_max + 1, 'x'));
  ASSERT_EQ(answers_.size(), 3U);
  EXPECT_EQ(answers_[0].reason, errc::ok);
  EXPECT_EQ(answers_[1].reason, errc::refused);
  EXPECT_EQ(answers_[2].reason, errc::refused);
  EXPECT_EQ(applied_[0].size(), 1U);
}

TEST_F(PolicyChange, AProofOfAnotherViewCountsForNothing) {
  ask(0, "new");
  const std::uint64_t in = applied_[0].back().prepared_in;
  prove(0, proof::proved);
  members_[1].handle_policy_proof(now_, in + 1, proof::proved, "");
  members_[0].handle_message(now_, ids_[1], envelope{1, policy_proof{in + 1, proof::proved, ""}, {}});
  run(1s);
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(applied_[0].back().prepared, "new");
}

TEST(Policy, ARecordSaysWhatToGoOnWith) {
  view before, next;
  before.policy.number = next.policy.number = 3;
  before.policy.text = next.policy.text = "old";
  next.policy.prepared = "new";
  next.policy.prepared_in = 9;
  const auto keep = [](const view& v) { return std::make_shared<const view>(v); };
  record kept;
  EXPECT_EQ(kept.policy(), group_policy());
  kept.decided = keep(before);
  kept.pending = keep(next);  // what it prepares may have been activated since
  EXPECT_EQ(kept.policy().text, "old");
  EXPECT_EQ(kept.policy().prepared, "new");
  view last = before;
  last.policy.number = 4;
  last.policy.text = "new";
  kept.decided = keep(next);
  kept.pending = keep(last);  // the activation may have been cut
  EXPECT_EQ(kept.policy().number, 3U);
  EXPECT_EQ(kept.policy().prepared, "new");
  kept.decided = keep(last);
  kept.pending = nullptr;
  EXPECT_EQ(kept.policy().number, 4U);
  EXPECT_TRUE(kept.policy().prepared.empty());
}

}  // namespace
}  // namespace hauberk::replica
