#include "engine/matrix.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits.hpp"

namespace hauberk::engine {
namespace {

constexpr base::duration report_gap = std::chrono::milliseconds(100);

const mesh::told_link* told_of(const link_knowledge& in, const uuid& from, const uuid& to) {
  const auto row = in.told.find(from);
  if (row == in.told.end()) return nullptr;
  const auto at = std::ranges::find(row->second->mine, to, &mesh::told_link::process);
  return at == row->second->mine.end() ? nullptr : &*at;
}

/// An end that does not know the group says nothing about it.
bool agree(const mesh::told_link& one, const mesh::told_link& other) {
  return one.version == other.version && one.cipher == other.cipher && one.policy == other.policy &&
         (one.group == other.group || one.group.empty() || other.group.empty());
}

}  // namespace

std::vector<link_cell> cells_of(const link_knowledge& from, const std::vector<uuid>& among) {
  std::vector<link_cell> made;
  for (std::size_t i = 0; i < among.size(); ++i) {
    for (std::size_t j = 0; j < among.size(); ++j) {
      if (i == j) continue;
      link_cell& cell = made.emplace_back(link_cell{i, j, told_of(from, among[i], among[j])});
      if (cell.is == nullptr) continue;
      const mesh::told_link* back = told_of(from, among[j], among[i]);
      cell.how = back == nullptr          ? agreement::alone
                 : agree(*cell.is, *back) ? agreement::agreed
                                          : agreement::disputed;
    }
  }
  return made;
}

void matrix::add(net::connection_id id, mesh::told_link what, std::optional<tls::certificate> shown) {
  connection made{std::move(what), nullptr};
  if (shown) {
    made.is.fingerprint = shown->fingerprint;
    made.shown = std::make_shared<const tls::certificate>(std::move(*shown));
  }
  up_.insert_or_assign(id, std::move(made));
}

void matrix::use(const uuid& process, net::connection_id id) {
  const auto at = up_.find(id);
  if (at == up_.end()) return;
  used_.insert_or_assign(process, at->second);
  change_own_row();
}

void matrix::leave(const uuid& process) {
  if (used_.erase(process) == 0) return;
  has_left_ = true;
  change_own_row();
}

void matrix::change_own_row() {
  known_.reset();
  due_ = std::min(due_, earliest_);
}

void matrix::set_own(const uuid& self, const tls::certificate* shown) {
  self_ = self;
  own_ = shown == nullptr ? nullptr : std::make_shared<const tls::certificate>(*shown);
  known_.reset();
}

// Who is linked is a member or wants to be one, and may tell its row before its view is here. When there are
// too many, members go first.
void matrix::hear(const uuid& from, mesh::link_report&& what, const replica::view* members) {
  if (!used_.contains(from)) return;
  const auto is_member = [&](const uuid& one) {
    return members != nullptr && members->find_process(one) != nullptr;
  };
  if (told_.size() >= base::limits::members_max && !told_.contains(from)) {
    const auto stranger = std::ranges::find_if(told_, [&](const auto& one) { return !is_member(one.first); });
    if (!is_member(from) || stranger == told_.end()) return;
    told_.erase(stranger);
  }
  std::set<uuid> seen{uuid{}, from};
  std::erase_if(what.mine, [&](const mesh::told_link& one) { return !seen.insert(one.process).second; });
  told_.insert_or_assign(from, std::make_shared<const mesh::link_report>(std::move(what)));
  known_.reset();
}

void matrix::tidy() {
  if (!std::exchange(has_left_, false)) return;
  if (std::erase_if(told_, [&](const auto& one) { return !used_.contains(one.first); }) != 0) known_.reset();
}

std::optional<mesh::link_report> matrix::next_report(base::time_point now, const replica::view* members) {
  if (now < due_) return std::nullopt;
  due_ = base::never;
  earliest_ = now + report_gap;
  mesh::link_report made;
  for (const bool wanted : {true, false}) {  // members first
    for (const auto& [process, one] : used_) {
      const bool is_member = members != nullptr && members->find_process(process) != nullptr;
      if (is_member == wanted && made.mine.size() < base::limits::members_max) made.mine.push_back(one.is);
    }
  }
  return made;
}

std::vector<uuid> matrix::peers() const {
  std::vector<uuid> made;
  for (const auto& [process, one] : used_) made.push_back(process);
  return made;
}

const link_knowledge_ptr& matrix::known() {
  if (known_) return known_;
  auto made = std::make_shared<link_knowledge>();
  made->told = told_;
  auto row = std::make_shared<mesh::link_report>();
  for (const auto& [process, one] : used_) {
    row->mine.push_back(one.is);
    if (one.shown) made->certified.emplace(process, one.shown);
  }
  made->told[self_] = std::move(row);
  if (own_) made->certified.emplace(self_, own_);
  known_ = std::move(made);
  return known_;
}

}  // namespace hauberk::engine
