#include "simulator/actions.hpp"

#include <algorithm>
#include <charconv>

namespace hauberk::simulator {

number_set::number_set(const std::vector<action_number>& all) {
  std::vector<action_number> sorted = all;
  std::ranges::sort(sorted);
  for (const action_number each : sorted) add(each, each);
}

void number_set::add(action_number first, action_number last) {
  if (!ranges_.empty() && ranges_.rbegin()->second + 1 >= first) {
    ranges_.rbegin()->second = std::max(ranges_.rbegin()->second, last);
  } else {
    ranges_[first] = last;
  }
}

std::optional<number_set> number_set::parse(std::string_view text) {
  number_set made;
  if (text == "none") return made;
  std::map<action_number, action_number> read;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    action_number first = 0, last = 0;
    const char* const end = part.data() + part.size();
    auto [stop, problem] = std::from_chars(part.data(), end, first);
    if (problem != std::errc{}) return std::nullopt;
    last = first;
    if (stop != end && *stop == '-') {
      const auto [stop_last, problem_last] = std::from_chars(stop + 1, end, last);
      if (problem_last != std::errc{}) return std::nullopt;
      stop = stop_last;
    }
    if (stop != end || last < first) return std::nullopt;
    read[first] = std::max(read[first], last);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  for (const auto& [first, last] : read) made.add(first, last);
  return made;
}

bool number_set::has(action_number one) const {
  auto after = ranges_.upper_bound(one);
  return after != ranges_.begin() && std::prev(after)->second >= one;
}

std::string number_set::text() const {
  std::string all;
  for (const auto& [first, last] : ranges_) {
    if (!all.empty()) all += ',';
    all += std::to_string(first);
    if (last != first) all += '-' + std::to_string(last);
  }
  return all.empty() ? "none" : all;
}

std::string selection::options() const {
  std::string all;
  if (machines != 0) all += " --machines " + std::to_string(machines);
  if (only) all += " --only " + only->text();
  if (messages) all += " --messages " + messages->text();
  return all;
}

bool action_list::begin(action_number which) {
  if (chosen_.only && !chosen_.only->has(which)) return false;
  taken_.push_back(which);
  return true;
}

bool action_list::begin_turn(action_number which) {
  if (chosen_.messages && !chosen_.messages->has(which)) return false;
  turns_.push_back(which);
  return true;
}

}  // namespace hauberk::simulator
