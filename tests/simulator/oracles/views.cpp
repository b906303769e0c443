// Views: numbers rise along the history, each is what the one before and its own changes make it, `last`
// counts what was really ordered, and whoever delivers a view is in it.
#include <algorithm>
#include <functional>
#include <map>

#include "simulator/oracles/oracle.hpp"

namespace hauberk::simulator {
namespace {

class views final : public oracle {
 public:
  using oracle::oracle;
  [[nodiscard]] const char* name() const override { return "views"; }

  void handle_delivered(const witness& who, position_t where, const entry& what, const entry& /*known*/,
                        bool /*is_first*/) override {
    if (!what.view) return;
    const replica::view& now = *what.view;
    const std::string at = "view " + std::to_string(now.number) + " at " + std::to_string(where);
    if (what.what == kind::view) {
      if (now.find_process(who.id) == nullptr) fail(who.name + " delivers " + at + " but is not in it");
      if (who.view && who.view->number >= now.number) {
        fail(who.name + " delivers " + at + " after view " + std::to_string(who.view->number));
      }
    }
    const auto [same, is_new] = by_number_.try_emplace(now.number, where, what.view);
    if (!is_new && (same->second.first != where || *same->second.second != now)) {
      fail(at + " was another view at " + std::to_string(same->second.first));
    }
    if (is_new) check_neighbours(same, at);
    if (!seen_.histories.contains(now.history)) fail(at + " is of another history");
    if (now.total_weight() == 0) fail(at + " has no weight");
    for (const auto& each : now.members) {
      if (each.weight != (each.catching_up ? 0 : each.weight_wanted)) {
        fail(at + " gives " + each.name + " weight " + std::to_string(each.weight) + ", it shall have " +
             std::to_string(each.weight_wanted) + (each.catching_up ? " and catches up" : ""));
      }
    }
    for (std::size_t i = 1; i < now.members.size(); ++i) {
      if (!(now.members[i - 1].seat < now.members[i].seat)) fail(at + " is not sorted");
    }
  }

  // The news of losing and regaining the primary name a view that was delivered before.
  void handle_news(const witness& who, const replica::view_event& told) override {
    if (told.what && who.view && *told.what != *who.view) {
      fail(who.name + " is told that its view is " + std::to_string(told.what->number) +
           ", but what it delivered last is " + std::to_string(who.view->number));
    }
    if (told.primary && !told.what) fail(who.name + " is told to be primary in no view");
  }

  void handle_proposed(const witness& /*leader*/, const replica::view& what) override {
    proposed_.push_back(what);
  }

  void handle_fork(position_t shared) override {
    std::erase_if(by_number_, [&](const auto& each) { return each.second.first > shared; });
  }

  void handle_end() override {
    std::map<seat_id, base::sequence_t> ordered;
    replica::view_ptr before;
    bool is_gapless = true;
    for (position_t where = 1; where <= seen_.newest(); ++where) {
      const entry& at = *seen_.at(where);
      if (at.what == kind::message) ++ordered[at.sender];
      is_gapless = is_gapless && at.what != kind::unseen;
      if (!at.view) continue;
      if (is_gapless) check_last(*at.view, ordered, where);
      if (before && is_gapless && before->history == at.view->history) check_step(*before, *at.view);
      before = at.view;
    }
    for (const auto& each : seen_.changes) {
      // A view beyond a fork is void, and what it made with it.
      if (is_gapless && seen_.histories.size() <= 1)
        std::visit([this](const auto& made) { check_made(made); }, each);
    }
  }

 private:
  using numbered = std::map<std::uint64_t, std::pair<position_t, replica::view_ptr>>;

  void check_neighbours(numbered::iterator place, const std::string& at) const {
    if (place != by_number_.begin() && std::prev(place)->second.first >= place->second.first) {
      fail(at + " stands before a view with a smaller number");
    }
    const auto next = std::next(place);
    if (next != by_number_.end() && next->second.first <= place->second.first) {
      fail(at + " stands after a view with a larger number");
    }
  }

  // Where everybody died, for good, the last view may have been committed and on nobody's way any more: then
  // it is enough that it was proposed.
  [[nodiscard]] bool some_view(const std::function<bool(const replica::view&)>& makes_it) const {
    const auto is_primary = [](const witness& each) { return each.is_alive && each.status.primary; };
    return std::ranges::any_of(by_number_, [&](const auto& each) { return makes_it(*each.second.second); }) ||
           (std::ranges::none_of(seen_.processes, is_primary) && std::ranges::any_of(proposed_, makes_it));
  }

  void check_made(const replica::weight_change& made) const {
    const auto makes_it = [&](const replica::view& v) {
      const replica::member* who = v.find(made.seat);
      return who != nullptr && who->weight_wanted == made.weight;
    };
    if (!some_view(makes_it))
      fail("a change was told to be made, but no view gives " + base::to_string(made.seat) + " weight " +
           std::to_string(made.weight));
  }
  void check_made(const replica::eviction& made) const {
    const auto makes_it = [&](const replica::view& v) {
      return v.find(made.seat) == nullptr && v.find_ban(made.name) != nullptr;
    };
    if (!some_view(makes_it)) fail("an eviction was told to be made, but no view bans " + made.name);
  }
  void check_made(const replica::permission& made) const {
    const auto makes_it = [&](const replica::view& v) { return v.find_ban(made.name) == nullptr; };
    if (!some_view(makes_it)) fail("a ban was told to be lifted, but every view has it: " + made.name);
  }
  void check_made(const replica::policy_change& made) const {
    const auto makes_it = [&](const replica::view& v) { return v.policy.text == made.text; };
    if (!made.is_trial && !some_view(makes_it))
      fail("a policy was told to be in force, but no view has it: " + made.text);
  }

  void check_last(const replica::view& now, std::map<seat_id, base::sequence_t>& ordered,
                  position_t where) const {
    const auto check = [&](const seat_id& seat, base::sequence_t last, const char* as) {
      if (last != ordered[seat]) {
        fail("view " + std::to_string(now.number) + " at " + std::to_string(where) + " says that " +
             std::to_string(last) + " broadcasts of " + as + base::to_string(seat) + " were ordered, but " +
             std::to_string(ordered[seat]) + " were");
      }
    };
    for (const auto& each : now.members) check(each.seat, each.last, "member ");
    for (const auto& each : now.removed) check(each.seat, each.last, "removed ");
  }

  void check_step(const replica::view& before, const replica::view& now) const {
    std::vector<seat_id> expected;
    for (const auto& each : before.members) {
      const auto is_it = [&](const replica::member& gone) { return gone.seat == each.seat; };
      if (std::ranges::none_of(now.left, is_it) && std::ranges::none_of(now.lost, is_it) &&
          std::ranges::none_of(now.evicted, is_it)) {
        expected.push_back(each.seat);
      }
    }
    expected.insert(expected.end(), now.joined.begin(), now.joined.end());
    std::ranges::sort(expected);
    std::vector<seat_id> got;
    for (const auto& each : now.members) got.push_back(each.seat);
    if (got != expected) {
      fail("view " + std::to_string(now.number) + " is not view " + std::to_string(before.number) +
           " with its joined, left and lost");
    }
    for (const auto& each : now.members) {
      if (each.speaks.max < now.protocol || each.speaks.min > now.protocol)
        fail("view " + std::to_string(now.number) + " is in version " + std::to_string(now.protocol) +
             " of the protocol, which " + each.name + " does not speak");
    }
    for (const auto& each : now.evicted) {
      if (now.find_ban(each.name) == nullptr) {
        fail("view " + std::to_string(now.number) + " evicts " + each.name + " without a ban");
      }
    }
    for (const auto& each : now.joined) {
      if (before.find_ban(now.find(each)->name) != nullptr) {
        fail("view " + std::to_string(now.number) + " admits " + now.find(each)->name + ", which is banned");
      }
    }
    for (const auto& gone : {now.left, now.lost, now.evicted}) {
      for (const auto& each : gone) {
        if (before.find(each.seat) == nullptr) {
          fail("view " + std::to_string(now.number) + " drops a member that view " +
               std::to_string(before.number) + " did not have");
        }
        if (now.find_removal(each.seat) == nullptr) {
          fail("view " + std::to_string(now.number) + " forgets the removal of " +
               base::to_string(each.seat));
        }
      }
    }
  }

  numbered by_number_;
  std::vector<replica::view> proposed_;
};

}  // namespace

std::unique_ptr<oracle> make_views(const chronicle& seen) { return std::make_unique<views>(seen); }

}  // namespace hauberk::simulator
