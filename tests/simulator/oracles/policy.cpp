// The group's policy (PROTOCOL 11): one step after the other, each what the one before allows; put in force
// only when every member has proved that it can, with links that are made with it, and made from the one that
// it follows, so that none is undone unseen; nobody comes in before that is decided, nobody who has not
// proved it goes; and a new history never falls behind.
#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

using replica::policy_step;

class policy final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "policy"; }

  void handle_proposed(const witness& leader, const replica::view& what) override {
    const replica::group_policy& p = what.policy;
    if (p.step == policy_step::prepare && !seen_.proposals.contains({p.prepared, p.number}))
      fail(leader.name + " prepares " + p.prepared + ", which nobody has made from number " +
           std::to_string(p.number) + ", that is in force");
    if (what.policy.step != policy_step::activate) return;
    for (const auto& each : what.members) {
      if (!seen_.has_proved(each.seat, what.policy.text)) {
        fail(leader.name + " activates " + what.policy.text + " by view " + std::to_string(what.number) +
             ", but " + each.name + " has not proved it");
      }
    }
  }

  void handle_end() override {
    replica::view_ptr before;
    for (position_t where = 1; where <= seen_.newest(); ++where) {
      const entry& at = *seen_.at(where);
      if (at.what == kind::unseen) before = nullptr;  // only arbitrators were there
      if (!at.view) continue;
      if (before) check(*before, *at.view, "view " + std::to_string(at.view->number));
      before = at.view;
    }
  }

 private:
  void check(const replica::view& was, const replica::view& is, const std::string& at) const {
    const replica::group_policy &old = was.policy, &now = is.policy;
    if (now.number < old.number) fail(at + " falls back from policy " + std::to_string(old.number));
    if (was.history != is.history) {
      if (!now.prepared.empty()) fail(at + " begins a history with something prepared");
      if (now.number == old.number && now.text != old.text) fail(at + " calls another policy by its number");
      return;
    }
    const bool is_kept = now.prepared == old.prepared && now.prepared_in == old.prepared_in;
    switch (now.step) {
      case policy_step::none:
        if (!is_kept) fail(at + " takes a step without saying so");
        check_members(was, is, at);
        break;
      case policy_step::prepare:
        if (!old.prepared.empty()) fail(at + " prepares beside what is prepared");
        if (now.prepared_in != is.number || now.prepared.empty()) fail(at + " prepares nothing");
        break;
      case policy_step::activate:
        if (old.is_trial) fail(at + " activates a trial");
        if (now.text != old.prepared || now.number != old.number + 1) fail(at + " activates another policy");
        break;
      case policy_step::abort:
        if (old.prepared.empty() || now.words.empty()) fail(at + " gives up nothing, or does not say why");
        break;
    }
    if (now.step != policy_step::activate && (now.number != old.number || now.text != old.text))
      fail(at + " changes the policy in force");
    if (now.step != policy_step::none && (!is.joined.empty() || !is.left.empty() || !is.lost.empty() ||
                                          !is.evicted.empty() || is.members.size() != was.members.size()))
      fail(at + " changes the policy and the members");
  }

  void check_members(const replica::view& was, const replica::view& is, const std::string& at) const {
    if (was.policy.prepared.empty()) return;
    if (!is.joined.empty()) fail(at + " admits somebody while a policy is prepared");
    for (const auto& each : was.members) {
      if (is.find(each.seat) == nullptr && !seen_.has_proved(each.seat, was.policy.prepared))
        fail(at + " lets " + each.name + " go, which has not proved what is prepared");
    }
  }
};

}  // namespace

std::unique_ptr<oracle> make_policy(const chronicle& seen) { return std::make_unique<policy>(seen); }

}  // namespace hauberk::simulator
