// The guard's revocation lists: kept over restarts, taken from peers, and in force by every face.
#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/limits.hpp"
#include "engine/guard.hpp"

namespace hauberk::engine {
namespace {

using lists_t = std::vector<tls::revocation_list>;

const tls::revocation_list* of_issuer(const lists_t& all, const std::string& issuer) {
  const auto at = std::ranges::find(all, issuer, [](const auto& one) { return one.id.issuer; });
  return at == all.end() ? nullptr : &*at;
}

/// What would have to be told and kept, with `one` in the place of what its CA signed before.
bool fits(const lists_t& all, const tls::revocation_list& one) {
  std::size_t count = 1, bytes = one.der.size();
  for (const tls::revocation_list& other : all) {
    if (other.id.issuer == one.id.issuer) continue;
    ++count;
    bytes += other.der.size();
  }
  return count <= base::limits::lists_max && bytes <= base::limits::lists_bytes_max;
}

}  // namespace

void guard::keep_lists_in(std::string file) {
  lists_file_ = std::move(file);
  const auto kept = tls::load_lists(lists_file_);
  if (!kept)
    return how_.log(base::level::warning, "the revocation lists that this node had heard of are left out: " +
                                              kept.error().text + "; its peers tell them again");
  for (std::size_t i = 0; i < kept->size(); ++i)  // by digest once they are judged
    told_["kept " + std::to_string(i)] = {(*kept)[i], "kept in " + lists_file_};
}

std::vector<base::buffer> guard::told() const {
  std::vector<base::buffer> all;
  for (const auto& [digest, one] : told_) all.push_back(one.der);
  return all;
}

lists_t guard::lists() const {
  lists_t all;
  const faces has = both();
  for (const protection_ptr& each : {has.now, has.prepared}) {
    if (each == nullptr || !each->security) continue;
    for (const tls::revocation_list& one : each->security->lists())
      if (of_issuer(all, one.id.issuer) == nullptr) all.push_back(one);
  }
  return all;
}

bool guard::takes_lists_of(const std::string& issuer) const {
  const faces has = both();
  return std::ranges::any_of(std::array{has.now, has.prepared}, [&](const protection_ptr& each) {
    return each != nullptr && each->security && each->security->list_issuer(issuer) != nullptr;
  });
}

void guard::settle_lists() {
  const std::lock_guard one_at_a_time(loading_);
  follow_lists();
}

// What is in force is what counts from now on beside the files, whatever they say later. Lists of a CA that
// is no anchor any more, by what is in force or prepared, are forgotten.
void guard::follow_lists() {
  const lists_t all = lists();
  std::set<std::string> digests;
  std::map<std::string, told_list> told;
  for (const tls::revocation_list& one : all) {
    digests.insert(one.id.digest);
    std::string from = "from socket.ssl_crl";
    if (!one.is_on_file) {
      const std::lock_guard hold(mutex_);
      for (const auto& [digest, known] : told_)
        if (known.der.text() == one.der.text()) from = known.from;
    }
    if (!announced_.contains(one.id.digest))
      how_.log(base::level::info, "revocation list " + tls::list_words(one) + " is in force, " + from);
    told.emplace(one.id.digest, told_list{one.der, std::move(from)});
  }
  {
    const std::lock_guard hold(mutex_);
    told_ = std::move(told);
  }
  announced_ = digests;
  if (lists_file_.empty() || digests == saved_) return;
  if (const auto saved = tls::save_lists(lists_file_, all); !saved) {
    how_.log(base::level::error,
             "the revocation lists in force cannot be kept for a restart: " + saved.error().text);
    return;
  }
  saved_ = std::move(digests);
}

guard::judged_list guard::learn(const base::buffer& list, const std::string& teller) {
  const std::lock_guard one_at_a_time(loading_);
  const faces has = both();
  std::optional<tls::revocation_list> good;
  judged_list made{judgement::forged, {}, "is of no CA that is trusted here", 0};
  for (const protection_ptr& each : {has.now, has.prepared}) {
    if (each == nullptr || !each->security || good) continue;
    auto judged = each->security->judge_list(list, std::time(nullptr));
    if (judged)
      good = std::move(*judged);
    else if (made.what == judgement::forged)
      made = {judged.error().code == errc::refused ? judgement::forged : judgement::declined,
              {},
              judged.error().text,
              0};
  }
  if (!good) return made;
  const lists_t known = lists();
  const tls::revocation_list* const before = of_issuer(known, good->id.issuer);
  made = {judgement::known, good->id, {}, 0};
  if (before != nullptr && !is_newer(good->id, before->id)) return made;
  if (!fits(known, *good)) {
    made.what = judgement::declined;
    made.words = tls::list_words(*good) +
                 " is beyond what a node takes from others: " + std::to_string(base::limits::lists_max) +
                 " lists with " + std::to_string(base::limits::lists_bytes_max) +
                 " bytes; put it into socket.ssl_crl here";
    return made;
  }
  std::vector<base::buffer> all;
  {
    const std::lock_guard hold(mutex_);
    told_[good->id.digest] = {base::buffer::copy(good->der.bytes()), "told by " + teller};  // of its block
    all = told();
  }
  for (const protection_ptr& each : {has.now, has.prepared}) {
    if (each == nullptr || !each->security) continue;
    const std::uint64_t number = renew(each, all);
    if (made.number == 0) made.number = number;
  }
  if (before != nullptr && before->is_on_file)
    how_.log(base::level::warning, "the revocation list of " + before->issuer + " in socket.ssl_crl, " +
                                       tls::list_words(before->id) + ", is older than the group's, " +
                                       tls::list_words(good->id) +
                                       ", which counts: put that one into the file");
  follow_lists();
  made.what = judgement::taken;
  return made;
}

// In its place, wherever that is by now: what was prepared may have come into force meanwhile.
std::uint64_t guard::renew(const protection_ptr& before, const std::vector<base::buffer>& told) {
  protection made = *before;
  made.security = before->security->with_lists(told);
  const std::lock_guard hold(mutex_);
  made.number = ++newest_;
  const auto renewed = std::make_shared<const protection>(std::move(made));
  for (protection_ptr* const each : {&faces_.now, &faces_.prepared})
    if (*each == before) *each = renewed;
  return newest_;
}

}  // namespace hauberk::engine
