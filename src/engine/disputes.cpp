#include "engine/disputes.hpp"

#include <algorithm>

namespace hauberk::engine {
namespace {

constexpr std::size_t told_max = 80;  // a liar chooses what it says

std::string told(const mesh::told_link& what) {
  std::string made = what.version.empty() ? "plaintext" : what.version + ' ' + what.cipher + ' ' + what.group;
  made += ", policy " + what.policy.substr(0, 16);
  if (made.size() > told_max) made.resize(told_max);
  for (char& each : made)
    if (each < ' ' || each > '~') each = '?';
  return made;
}

std::string words(const replica::view& in, const link_cell& one, const link_cell& back) {
  const std::string &from = in.members[one.from].name, &to = in.members[one.to].name;
  return "the link between " + from + " and " + to + " is disputed for " +
         std::to_string(disputes::patience / std::chrono::seconds(1)) + " s: " + from + " says " +
         told(*one.is) + "; " + to + " says " + told(*back.is) +
         "; one of them is mistaken or lies: compare `hauberk links` at both with their logs";
}

}  // namespace

std::vector<std::string> disputes::check(base::time_point now, const link_knowledge_ptr& known,
                                         const replica::view_ptr& members) {
  if (known == known_ && members == members_ && now < next_) return {};
  known_ = known;
  members_ = members;
  next_ = base::never;
  if (!known || !members) return {};
  std::vector<uuid> among;
  for (const replica::member& one : members->members) among.push_back(one.seat.process);
  const std::vector<link_cell> cells = cells_of(*known, among);
  std::map<pair_of_ends, dispute> still;
  std::vector<std::string> lines;
  for (const link_cell& one : cells) {
    if (one.how != agreement::disputed || one.from > one.to) continue;
    const pair_of_ends key = std::minmax(among[one.from], among[one.to]);
    const auto before = open_.find(key);
    dispute& is = still[key] = before != open_.end() ? before->second : dispute{now};
    if (!is.is_told && now - is.since >= patience) {
      is.is_told = true;
      const auto back = std::ranges::find_if(
          cells, [&](const link_cell& other) { return other.from == one.to && other.to == one.from; });
      lines.push_back(words(*members, one, *back));
    }
    if (!is.is_told) next_ = std::min(next_, is.since + patience);
  }
  open_ = std::move(still);
  return lines;
}

}  // namespace hauberk::engine
