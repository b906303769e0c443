// Proposals: what a view may say at all. Names are unique; members leave one view at a time; nobody loses its
// weight by demotion where fewer than two with weight would be left; and only who has weight leads.
#include <algorithm>
#include <map>
#include <set>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class proposals final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "proposals"; }

  void handle_delivered(const witness& /*who*/, position_t /*where*/, const entry& what,
                        const entry& /*known*/, bool /*is_first*/) override {
    if (what.view) delivered_[what.view->number] = what.view;
  }

  void handle_proposed(const witness& leader, const replica::view& what) override {
    const std::string by = leader.name + " proposes view " + std::to_string(what.number);
    if (what.left.size() > 1) fail(by + ", by which " + std::to_string(what.left.size()) + " leave at once");
    std::set<std::string> names;
    for (const auto& each : what.members) {
      if (!names.insert(each.name).second) fail(by + " with two members called " + each.name);
    }
    const auto known = delivered_.find(what.number - 1);
    if (known == delivered_.end()) return;
    judge_demotions(*known->second, what, by);
    const auto* before = known->second->find_process(leader.id);
    const auto* now = what.find_process(leader.id);
    // Whose weight was taken while it leads goes on where nobody else can.
    base::epoch_t& counted = counted_in_[leader.id];
    if (before != nullptr && before->weight > 0) counted = leader.status.epoch;
    const bool is_elected_without = counted != leader.status.epoch;
    if (is_elected_without && before != nullptr && before->weight == 0 && now != nullptr &&
        now->weight == 0) {
      fail(by + " although it has no weight");
    }
  }

 private:
  std::map<uuid, base::epoch_t> counted_in_;  ///< the last epoch in which it proposed something with weight

  void judge_demotions(const replica::view& before, const replica::view& now, const std::string& by) const {
    const auto has_weight = [](const replica::member& one) { return one.weight > 0; };
    if (std::count_if(now.members.begin(), now.members.end(), has_weight) >= 2) return;
    for (const auto& each : before.members) {
      const auto* after = now.find(each.seat);
      if (each.weight == 0 || after == nullptr || after->weight > 0) continue;
      if (after->weight_wanted == 0) continue;  // somebody asked for it
      fail(by + ", which demotes " + each.name + " and leaves less than two with weight");
    }
  }

  /// By number. The leader's own last view will not do: who is a quorum alone proposes and delivers in one
  /// step.
  std::map<std::uint64_t, replica::view_ptr> delivered_;
};

}  // namespace

std::unique_ptr<oracle> make_proposals(const chronicle& seen) { return std::make_unique<proposals>(seen); }

}  // namespace hauberk::simulator
