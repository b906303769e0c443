#include "tool/printer.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "tls/digest.hpp"
#include "tls/inspect.hpp"

namespace hauberk::tool {
namespace {

using json = nlohmann::ordered_json;

/// `text` as a JSON string; nothing when it is not UTF-8.
std::optional<std::string> quoted(std::string_view text) {
  try {
    return json(text).dump(-1, ' ', false, json::error_handler_t::strict);
  } catch (const json::type_error&) {
    return std::nullopt;
  }
}

/// For names and sentences, which are UTF-8 unless someone plays tricks.
std::string compact(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a terminal can show as it is; control characters as \xNN, so that no payload can steer the terminal.
std::string harmless(std::string_view text) {
  const auto is_control = [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7f;
  };
  if (std::none_of(text.begin(), text.end(), is_control)) return std::string(text);
  constexpr const char* digits = "0123456789abcdef";
  std::string shown;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (is_control(c)) {
      shown += {'\\', 'x', digits[code >> 4U], digits[code & 15U]};
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string listed(const char* word, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = std::string("; ") + word;
  for (const auto& name : names) text += ' ' + harmless(name);
  return text;
}

/// Empty where it has none that is known.
line certificate_line(const member& of) {
  constexpr std::size_t digits = 16;  // enough to tell two apart; JSON has all of them
  const auto& shown = of.certificate;
  if (shown.fingerprint.empty()) return {};
  line text = "  " + harmless(of.name) + ": " + harmless(shown.subject) + ", names";
  for (const auto& one : shown.names) text += ' ' + harmless(one);
  return text + ", until " + tls::date_words(shown.not_after) + ", SHA-256 " +
         shown.fingerprint.substr(0, digits) + "...\n";
}

const char* word(outcome_kind kind) {
  switch (kind) {
    case outcome_kind::committed:
      return "committed";
    case outcome_kind::never:
      return "never";
    case outcome_kind::unknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace

line printer::operator()(const view& what) {
  if (json_) {
    json members = json::array();
    for (const auto& one : what.members) {
      members.push_back(
          {{"name", one.name}, {"id", one.id}, {"address", one.address}, {"weight", one.weight}});
      if (!one.certificate.fingerprint.empty())
        members.back()["certificate"] = {{"subject", one.certificate.subject},
                                         {"names", one.certificate.names},
                                         {"sha256", one.certificate.fingerprint},
                                         {"not_after", one.certificate.not_after}};
    }
    return compact({{"event", "view"},
                    {"history", to_string(what.history)},
                    {"number", what.number},
                    {"epoch", what.epoch},
                    {"primary", what.primary},
                    {"start", what.start},
                    {"policy", what.policy_number},
                    {"members", std::move(members)},
                    {"joined", what.joined},
                    {"left", what.left},
                    {"lost", what.lost}});
  }
  line text = "view " + std::to_string(what.number);
  text += what.primary ? " from position " + std::to_string(what.start) + ":" : " is not primary any more:";
  for (const auto& one : what.members) {
    text += ' ' + harmless(one.name);
    if (one.arbitrator) text += "(arbitrator)";
    if (one.weight != 1) text += "(weight " + std::to_string(one.weight) + ')';
  }
  if (what.primary)
    text += listed("joined", what.joined) + listed("left", what.left) + listed("lost", what.lost);
  text += '\n';
  if (what.primary)
    for (const auto& one : what.members) text += certificate_line(one);
  return text;
}

line printer::operator()(const policy& what) const {
  static constexpr std::array<const char*, 3> steps = {"prepared", "activated", "aborted"};
  const char* step = steps[static_cast<std::size_t>(what.step)];
  if (json_)
    return compact({{"event", "policy"},
                    {"position", what.position},
                    {"step", step},
                    {"number", what.number},
                    {"text", what.text},
                    {"dry_run", what.is_trial},
                    {"by", what.by},
                    {"culprit", what.culprit},
                    {"words", what.words}});
  line text = std::to_string(what.position) + " policy " + step + ", asked for by " + harmless(what.by);
  if (what.step == policy_step::activated) text += "; number " + std::to_string(what.number) + " is in force";
  if (!what.words.empty()) text += ": " + harmless(what.words);
  return text + '\n';
}

line printer::operator()(const message& what) {
  const std::string position = std::to_string(what.position);
  const std::string_view payload = text_of(what.payload);
  if (!json_) {
    line text = position + ' ' + harmless(what.sender) + ": ";
    return text.append(harmless(payload)) + '\n';
  }
  if (quoted_sender_.empty() || sender_ != what.sender) {
    sender_ = what.sender;
    quoted_sender_ = json(sender_).dump(-1, ' ', false, json::error_handler_t::replace);
  }
  line text = R"({"event":"message","position":)" + position + R"(,"sender":)" + quoted_sender_;
  text += what.mine() ? R"(,"mine":true,)" : R"(,"mine":false,)";
  if (const auto plain = quoted(payload)) {
    text.append(R"("text":)").append(*plain);
  } else {
    text.append(R"("data":")").append(tls::base64(what.payload)).append("\"");
  }
  text.append("}\n");
  // For a script every ticket ends in a line of its own; a person sees the message.
  if (what.mine()) text += (*this)(outcome{what.ticket, outcome_kind::committed, what.position});
  return text;
}

line printer::operator()(const filler&) { return {}; }

line printer::operator()(const outcome& what) {
  if (json_)
    return R"({"event":"outcome","ticket":)" + std::to_string(what.ticket) + R"(,"result":")" +
           word(what.result) + R"(","position":)" + std::to_string(what.position) + "}\n";
  line text = "ticket " + std::to_string(what.ticket) + ": " + word(what.result);
  if (what.result == outcome_kind::committed)
    text += ", at most at position " + std::to_string(what.position);
  return text + '\n';
}

line printer::operator()(const expiry& what) const {
  if (!json_) return "expiry: " + harmless(what.words) + '\n';
  static constexpr std::array<const char*, 4> kinds = {"own", "peer", "anchor", "quorum"};
  return compact({{"event", "expiry"},
                  {"what", kinds[static_cast<std::size_t>(what.what)]},
                  {"member", what.member},
                  {"subject", what.subject},
                  {"not_after", what.not_after},
                  {"days", what.days},
                  {"words", what.words}});
}

line printer::operator()(const farewell& what) {
  const std::string reason = what.reason ? what.reason.message() : "left";
  const std::string text = what.reason ? what.text : "";  // "left" says it all
  if (json_) {
    json object = {{"event", "farewell"}, {"reason", reason}};
    if (!text.empty()) object["text"] = text;
    return compact(object);
  }
  return "farewell: " + reason + (text.empty() ? "" : ": " + harmless(text)) + '\n';
}

line printer::digest(position_t position, std::string_view sha256) const {
  if (json_) return compact({{"event", "digest"}, {"position", position}, {"sha256", sha256}});
  return "digest position=" + std::to_string(position) + " sha256=" + std::string(sha256) + '\n';
}

}  // namespace hauberk::tool
