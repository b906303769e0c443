// Just enough of a C++ scanner for the rules: what is code, and where functions begin and end.
#include <algorithm>
#include <regex>

#include "tidy/rules.hpp"

namespace hauberk::tidy {
namespace {

constexpr std::size_t function_lines_max = 70;

/// Blanks what is not code, keeping line breaks.
class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text), code_(text) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(code_);
  }

 private:
  [[nodiscard]] bool looking_at(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void step() {
    if (looking_at("//")) {
      blank_to(text_.find('\n', at_));
    } else if (looking_at("/*")) {
      const auto end = text_.find("*/", at_ + 2);
      blank_to(end == std::string_view::npos ? end : end + 2);
    } else if (looking_at("R\"") && !follows_word()) {
      const auto open = text_.find('(', at_);
      if (open == std::string_view::npos) return blank_to(open);
      const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
      const auto end = text_.find(close, open);
      blank_to(end == std::string_view::npos ? end : end + close.size());
    } else if (text_[at_] == '"' || (text_[at_] == '\'' && !follows_word())) {
      blank_to(end_of_literal());
    } else {
      ++at_;
    }
  }

  /// A quote after a letter or digit separates digits; `R` there ends a longer word.
  [[nodiscard]] bool follows_word() const {
    return at_ > 0 &&
           (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0 || text_[at_ - 1] == '_');
  }

  [[nodiscard]] std::size_t end_of_literal() const {
    for (std::size_t i = at_ + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == text_[at_]) {
        return i + 1;
      }
    }
    return text_.find('\n', at_);
  }

  void blank_to(std::size_t end) {
    end = std::min(end, text_.size());
    for (; at_ < end; ++at_)
      if (code_[at_] != '\n') code_[at_] = ' ';
  }

  std::string_view text_;
  std::string code_;
  std::size_t at_ = 0;
};

/// Blanks preprocessor lines, continuations included.
std::string without_directives(std::string code) {
  bool inside = false, fresh = true;  // fresh: only blanks so far on this line
  char last = '\n';
  for (char& c : code) {
    const char read = c;
    if (c == '\n') {
      inside = inside && last == '\\';
      fresh = true;
    } else {
      inside = inside || (fresh && c == '#');
      fresh = fresh && c == ' ';
      if (inside) c = ' ';
    }
    last = read;
  }
  return code;
}

/// Whether the words before a `{` open something that holds functions rather than statements.
bool opens_container(std::string head) {
  static const std::regex lead(R"(^\s*((template\s*<[^{}]*>|export|inline|static|typedef|constexpr)\s*)*)");
  static const std::regex container(R"(^(namespace|class|struct|union|enum|extern)\b)");
  head = std::regex_replace(head, lead, "", std::regex_constants::format_first_only);
  return std::regex_search(head, container);
}

}  // namespace

std::string code_only(std::string_view code) { return scanner(code).run(); }

std::vector<finding> long_functions(const std::string& path, const std::string& text) {
  std::vector<finding> found;
  const std::string code = without_directives(code_only(text));
  std::size_t line = 1, depth = 0, began = 0;  // depth counts inside a function; 0 = not in one
  std::size_t head = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '\n') ++line;
    if (c == '{') {
      if (depth > 0) {
        ++depth;
      } else if (!opens_container(code.substr(head, i - head))) {
        depth = 1;
        began = line;
      }
    } else if (c == '}' && depth > 0 && --depth == 0 && line - began + 1 > function_lines_max) {
      found.push_back({path, began,
                       "a function of " + std::to_string(line - began + 1) + " lines, aim at " +
                           std::to_string(function_lines_max)});
    }
    if (c == '{' || c == '}' || c == ';') head = i + 1;
  }
  return found;
}

}  // namespace hauberk::tidy
