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

/// What peers have told and is nowhere else here, with `one` in the place of what its CA signed before.
bool fits(const lists_t& all, const tls::revocation_list& one) {
  std::size_t count = 1, bytes = one.der.size();
  for (const tls::revocation_list& other : all) {
    if (other.id.issuer == one.id.issuer || other.is_on_file || !other.may_be_told()) continue;
    ++count;
    bytes += other.der.size();
  }
  return count <= base::limits::lists_max && bytes <= base::limits::lists_bytes_max;
}

}  // namespace

void guard::keep_lists_in(std::string file) {
  lists_file_ = std::move(file);
  const auto kept = tls::load_lists(lists_file_, how_.log);
  if (!kept)
    return how_.log(base::level::warning, "the revocation lists that this node had heard of are left out: " +
                                              kept.error().text + "; its peers tell them again");
  for (const base::buffer& one : *kept) {
    const std::string place = "kept " + std::to_string(told_.size());  // by digest once they are judged
    told_[place] = {one, "kept in " + lists_file_};
    saved_.insert(place);
  }
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
// is none here any more, by what is in force or prepared, are forgotten.
void guard::follow_lists() {
  const lists_t all = lists();
  std::set<std::string> now, digests;
  std::map<std::string, told_list> told;
  const auto before = [this] {
    const std::lock_guard hold(mutex_);
    return told_;
  }();
  for (const tls::revocation_list& one : all) {
    now.insert(one.id.digest);
    std::string from = "from socket.ssl_crl";
    for (const auto& [digest, known] : before)
      if (!one.is_on_file && known.der.text() == one.der.text()) from = known.from;
    if (!announced_.contains(one.id.digest))
      how_.log(base::level::info, "revocation list " + tls::list_words(one) + " is in force, " + from);
    if (!one.may_be_told()) continue;
    digests.insert(one.id.digest);
    told.emplace(one.id.digest, told_list{one.der, std::move(from), one.id.issuer, tls::list_words(one)});
  }
  for (const auto& [digest, one] : before) {
    const auto is_it = [&](const tls::revocation_list& each) {
      return each.id.issuer == one.issuer || each.der.text() == one.der.text();
    };
    if (std::ranges::none_of(all, is_it)) tell_lost(one);
  }
  {
    const std::lock_guard hold(mutex_);
    told_ = std::move(told);
  }
  announced_ = std::move(now);
  if (lists_file_.empty() || digests == saved_) return;
  if (const auto saved = tls::save_lists(lists_file_, all); !saved) {
    how_.log(base::level::error,
             "the revocation lists in force cannot be kept for a restart: " + saved.error().text);
    return;
  }
  saved_ = std::move(digests);
}

// Nobody should miss it: whom it revokes may come in again, if something else vouches for its CA.
void guard::tell_lost(const told_list& one) const {
  std::string why;
  const faces has = both();
  for (const protection_ptr& each : {has.now, has.prepared}) {
    if (each == nullptr || !each->security) continue;
    const auto judged = each->security->judge_list(one.der, std::time(nullptr));
    if (judged) return;  // there is a newer one
    if (judged.error().code != errc::refused) why = judged.error().text;
  }
  if (why.empty()) why = "its CA is neither in socket.ssl_ca nor in socket.ssl_cert here";
  how_.log(base::level::warning, "the revocation list " + (one.words.empty() ? "" : one.words + ", ") +
                                     one.from +
                                     ", is forgotten, and whom it revokes is refused no more: " + why);
}

// By each face that knows the CA. It is taken by all of them or not at all: else a change of policy would
// meet lists that it cannot stand.
guard::judged_list guard::learn(const base::buffer& list, const std::string& teller) {
  const std::lock_guard one_at_a_time(loading_);
  const faces has = both();
  std::optional<tls::revocation_list> good;
  judged_list made{judgement::forged, {}, "is of no CA that is trusted here", 0};
  for (const protection_ptr& each : {has.now, has.prepared}) {
    if (each == nullptr || !each->security) continue;
    auto judged = each->security->judge_list(list, std::time(nullptr));
    if (judged) {
      good = std::move(*judged);
    } else {
      made.words = judged.error().text;
      if (judged.error().code == errc::refused) continue;
      made.what = judgement::declined;
      return made;
    }
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
    told_[good->id.digest] = {base::buffer::copy(good->der.bytes()), "told by " + teller, good->id.issuer,
                              tls::list_words(*good)};  // a copy: not of its block
    all = told();
  }
  for (const protection_ptr& each : {has.now, has.prepared}) {
    if (each == nullptr || !each->security) continue;
    protection renewed = *each;
    renewed.security = each->security->with_lists(all);
    const std::uint64_t number = replace(each, std::move(renewed));
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

}  // namespace hauberk::engine
