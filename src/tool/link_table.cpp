#include "tool/link_table.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/matrix.hpp"
#include "link/greeting.hpp"
#include "tls/inspect.hpp"

namespace hauberk::tool {
namespace {

using engine::agreement;
using engine::link_cell;
using json = nlohmann::ordered_json;

constexpr std::size_t digits_shown = 16;  ///< of a digest, to people

std::string shown(const std::string& text) { return link::printable(text, 255); }

std::string protection_of(const mesh::told_link& what) {
  if (what.version.empty()) return "plaintext";
  return what.version + ", " + what.cipher + (what.group.empty() ? "" : ", " + what.group);
}

class table {
 public:
  explicit table(std::vector<mesh::member_report> members) : members_(std::move(members)) {
    std::ranges::sort(members_, {}, &mesh::member_report::name);
    std::vector<uuid> processes;
    for (const mesh::member_report& one : members_) {
      processes.push_back(one.process);
      known_.told[one.process] = std::make_shared<const mesh::link_report>(one.links);
    }
    cells_ = engine::cells_of(known_, processes);
    for (const link_cell& there : cells_)
      if (there.from < there.to) count(there, back(there));
  }

  [[nodiscard]] std::string text() const {
    std::string made;
    for (const mesh::member_report& one : members_) made += line_of(one) + '\n';
    for (const link_cell& there : cells_)
      if (there.from < there.to) made += line_of(there, back(there)) + '\n';
    return made + words() + '\n';
  }
  [[nodiscard]] std::string objects() const {
    std::string made;
    const auto add = [&](const json& one) {
      made += one.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
    };
    for (const mesh::member_report& one : members_)
      add({{"event", "member"},
           {"name", one.name},
           {"id", to_string(one.process)},
           {"subject", one.subject},
           {"names", one.names},
           {"sha256", one.fingerprint},
           {"not_after", one.not_after}});
    for (const link_cell& one : cells_) add(object_of(one));
    add({{"event", "summary"},
         {"members", members_.size()},
         {"links", links_},
         {"encrypted", encrypted_},
         {"missing", missing_},
         {"alone", alone_},
         {"disputed", disputed_},
         {"whole", is_whole()},
         {"words", words()}});
    return made;
  }
  [[nodiscard]] bool is_whole() const {
    return missing_ + alone_ + disputed_ == 0 && (encrypted_ == 0 || encrypted_ == links_);
  }

 private:
  /// The other end's word on the same link.
  [[nodiscard]] const link_cell& back(const link_cell& of) const {
    const std::size_t row = members_.size() - 1;
    return cells_[of.to * row + (of.from < of.to ? of.from : of.from - 1)];
  }
  [[nodiscard]] const std::string& name(std::size_t which) const { return members_[which].name; }

  void count(const link_cell& there, const link_cell& other) {
    const mesh::told_link* is = there.is != nullptr ? there.is : other.is;
    if (is == nullptr) {
      ++missing_;
      return;
    }
    ++links_;
    if (there.is == nullptr || other.is == nullptr) ++alone_;
    if (there.how == agreement::disputed) {
      ++disputed_;
    } else {
      encrypted_ += is->version.empty() ? 0U : 1U;
      ++kinds_[protection_of(*is)];
      ++policies_[is->policy];
    }
  }

  [[nodiscard]] static std::string line_of(const mesh::member_report& one) {
    std::string line = shown(one.name);
    if (one.fingerprint.empty()) return line + ": no certificate is known of it";
    line += ": " + shown(one.subject) + ", names";
    for (const std::string& each : one.names) line += ' ' + shown(each);
    return line + ", until " + tls::date_words(one.not_after) + ", SHA-256 " + one.fingerprint;
  }

  /// A peer whose certificate is another by now than the one that this link was made with.
  [[nodiscard]] std::string older_of(const link_cell& cell) const {
    const std::string& now = members_[cell.to].fingerprint;
    if (cell.is == nullptr || cell.is->fingerprint.empty() || now.empty() || cell.is->fingerprint == now)
      return {};
    return "; " + shown(name(cell.to)) + " showed another certificate there";
  }

  [[nodiscard]] std::string line_of(const link_cell& there, const link_cell& other) const {
    std::string line = shown(name(there.from)) + " - " + shown(name(there.to)) + ": ";
    const mesh::told_link* is = there.is != nullptr ? there.is : other.is;
    if (is == nullptr) return line + "no link is told of";
    const auto described = [](const mesh::told_link& what) {
      return protection_of(what) + ", policy " + what.policy.substr(0, digits_shown);
    };
    if (there.how == agreement::disputed)
      return line + "disputed: " + shown(name(there.from)) + " says " + described(*there.is) + "; " +
             shown(name(there.to)) + " says " + described(*other.is);
    line += described(*is) + ", since " + tls::date_words(is->since) + older_of(there) + older_of(other);
    if (other.is == nullptr) line += "; " + shown(name(there.to)) + " has not told of it";
    if (there.is == nullptr) line += "; " + shown(name(there.from)) + " has not told of it";
    return line;
  }

  [[nodiscard]] json object_of(const link_cell& one) const {
    static constexpr std::array<const char*, 4> checks = {"missing", "alone", "agreed", "disputed"};
    json made = {{"event", "link"},
                 {"from", name(one.from)},
                 {"to", name(one.to)},
                 {"word", checks[static_cast<std::size_t>(one.how)]}};
    if (one.is == nullptr) return made;
    made.update({{"encrypted", !one.is->version.empty()},
                 {"version", one.is->version},
                 {"cipher", one.is->cipher},
                 {"key_exchange", one.is->group},
                 {"policy", one.is->policy},
                 {"sha256", one.is->fingerprint},
                 {"since", one.is->since}});
    return made;
  }

  [[nodiscard]] std::string words() const {
    const auto times = [](std::size_t count, const char* what) {
      return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
    };
    std::string text = times(links_, "link") + " of " + times(members_.size(), "member");
    if (kinds_.size() == 1 && disputed_ == 0) {
      text += ", all " + kinds_.begin()->first;
    } else {
      const char* between = ": ";
      for (const auto& [kind, many] : kinds_) {
        text += between + std::to_string(many) + " x " + kind;
        between = "; ";
      }
    }
    if (policies_.size() > 1) text += ", by " + std::to_string(policies_.size()) + " different policies";
    if (missing_ > 0) text += "; " + times(missing_, "link") + (missing_ == 1 ? " is" : " are") + " missing";
    if (alone_ > 0) text += "; " + times(alone_, "link") + " told by one end alone";
    if (disputed_ > 0) text += "; " + times(disputed_, "link") + " disputed";
    return text + (is_whole() && links_ > 0 ? "; both ends of each say so" : "");
  }

  std::vector<mesh::member_report> members_;
  engine::link_knowledge known_;
  std::vector<link_cell> cells_;
  std::size_t links_ = 0, encrypted_ = 0, missing_ = 0, alone_ = 0, disputed_ = 0;
  std::map<std::string, std::size_t> kinds_, policies_;
};

}  // namespace

link_table table_of(std::vector<mesh::member_report> members, bool as_json) {
  const table made(std::move(members));
  return {as_json ? made.objects() : made.text(), made.is_whole()};
}

}  // namespace hauberk::tool
