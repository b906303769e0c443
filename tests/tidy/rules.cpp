// The rules themselves. A new one goes into `check` and gets a case in rules_test.cpp.
#include "tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <optional>
#include <regex>
#include <sstream>

namespace hauberk::tidy {
namespace {

constexpr std::size_t lines_max = 500, test_lines_max = 600;

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return text.ends_with(end); });
}

bool is_cpp(std::string_view path) { return ends_with_any(path, {".cpp", ".hpp", ".h", ".c"}); }

/// The room that a path lies in, if it is one of the table.
const room* room_of(const rooms& table, std::string_view path) {
  if (!path.starts_with("src/")) return nullptr;
  path.remove_prefix(4);
  const auto found = table.find(path.substr(0, path.find('/')));
  return found == table.end() ? nullptr : &found->second;
}

/// A foreign library: how its headers begin, and which CMake target allows them.
struct foreign {
  std::string_view begin, target;
};
constexpr std::array foreign_headers{
    foreign{"boost/", "Boost::headers"},
    foreign{"openssl/", "OpenSSL::SSL"},
    foreign{"google/protobuf/", "protobuf::libprotobuf-lite"},
    foreign{"lz4", "PkgConfig::HAUBERK_LZ4"},
    foreign{"zstd", "PkgConfig::HAUBERK_ZSTD"},
};

/// Words that bring a clock, a thread, chance or I/O.
struct banned {
  const char* pattern;
  std::string_view instead;
  std::string_view except;  ///< path prefix where it is allowed
};
constexpr std::array below_water{
    banned{R"(\b(steady|system|high_resolution|file|utc)_clock\b)", "take `now` as an argument", ""},
    banned{R"(\b(clock_gettime|gettimeofday|localtime|timespec_get)\b|\btime\((0|nullptr|NULL)\))",
           "take `now` as an argument", ""},
    banned{
        R"(\bstd::(jthread|thread|mutex|shared_mutex|recursive_mutex|condition_variable|async|future|promise|latch|barrier|call_once)\b|\bpthread_)",
        "threads begin above the waterline (src/net)", ""},
    banned{R"(\bthread_local\b)", "state lives in objects (scratch space of the codec excepted)",
           "src/wire/"},
    banned{R"(\bsleep_(for|until)\b|\bu?sleep\()", "return a deadline, do not wait", ""},
    banned{R"(\brandom_device\b|\bmt19937|\bdefault_random_engine\b|\bgetrandom\b)",
           "use base::random, seeded by the owner", ""},
    banned{R"(\bRAND_(priv_)?bytes\b)", "secrets and serial numbers are made in src/tls", "src/tls/"},
    banned{R"(\bstd::[io]?fstream\b|\bfopen\(|\bstd::filesystem\b)", "files are opened above the waterline",
           "src/tls/"},
    banned{R"(\bstd::(cout|cerr|clog|cin)\b|\bf?printf\()", "say it through base::logger",
           "src/base/assert."},
    banned{R"(\bgetenv\()", "settings come as arguments", ""},
};
constexpr std::array everywhere_in_src{
    banned{R"(\bs?rand\()", "use base::random", ""},
    banned{R"(\bassert\()", "use HAUBERK_ASSERT, which is on in release builds", ""},
};

class checker {
 public:
  checker(const rooms& table, const std::string& path, const std::string& text)
      : table_(table), path_(path), lines_(split_lines(text)), text_(text) {}

  std::vector<finding> run() {
    check_text();
    check_opening();
    if (!is_cpp(path_)) return std::move(found_);
    code_ = split_lines(code_only(text_));
    check_length();
    check_header();
    for (std::size_t i = 0; i < lines_.size(); ++i) check_include(i);
    check_words();
    return std::move(found_);
  }

 private:
  void add(std::size_t line, std::string text) { found_.push_back({path_, line, std::move(text)}); }

  void check_text() {
    // Assembled, so that this file does not find itself.
    static const std::regex later(std::string("\\b(TO") + "DO|FIX" + "ME|XX" + "X)\\b");
    static const std::regex machine(std::string("(^|[^A-Za-z0-9_.}~-])/(home|ro") + "ot|wo" + "rk)/");
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const auto& line = lines_[i];
      if (line.find('\t') != std::string::npos) add(i + 1, "a tab: use blanks");
      if (!line.empty() && (line.back() == ' ' || line.back() == '\r'))
        add(i + 1, "blank or carriage return at the end of the line: remove it");
      if (std::regex_search(line, later)) add(i + 1, "a note for later: do it now or open an issue");
      if (std::regex_search(line, machine)) add(i + 1, "a path of one machine: make it relative");
    }
    if (!text_.empty() && text_.back() != '\n') add(lines_.size(), "no newline at the end of the file");
  }

  void check_opening() {
    std::size_t first = 0;
    while (first < lines_.size() && (lines_[first].starts_with("#!") || lines_[first].empty())) ++first;
    if (first == lines_.size()) return;
    const auto& line = lines_[first];
    static const std::regex own_header(R"re(^#include "(?:\w+/)+(\w+)\.hpp"$)re");
    std::smatch match;
    if (path_.ends_with(".cpp") && std::regex_match(line, match, own_header) &&
        (path_.ends_with("/" + match[1].str() + ".cpp") ||
         path_.ends_with("/" + match[1].str() + "_test.cpp")))
      return;  // the header says it
    const bool opened = is_cpp(path_) || path_.ends_with(".proto")
                            ? line.starts_with("// ") || line.starts_with("/* ")
                            : line.starts_with("# ") || line.starts_with("---");
    if (!opened) add(first + 1, "no opening comment: say in a sentence or two what this file is");
  }

  void check_length() {
    const std::size_t most = path_.starts_with("tests/") ? test_lines_max : lines_max;
    if (lines_.size() > most)
      add(0, std::to_string(lines_.size()) + " lines, at most " + std::to_string(most) +
                 ": split it by responsibility");
  }

  void check_header() {
    if (!path_.ends_with(".hpp")) return;
    if (std::find(lines_.begin(), lines_.end(), "#pragma once") == lines_.end())
      add(0, "a header without `#pragma once`");
    if (path_.starts_with("tests/")) return;
    static const std::regex whole(R"(^using namespace\b)");
    for (std::size_t i = 0; i < code_.size(); ++i)
      if (std::regex_search(code_[i], whole))
        add(i + 1, "`using namespace` in a header reaches all who include it: name what is used");
  }

  void check_include(std::size_t i) {
    static const std::regex include(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
    std::smatch match;
    if (!std::regex_search(lines_[i], match, include)) return;
    const std::string header = match[1];
    const bool quoted = lines_[i].find('"') != std::string::npos;
    if (header.find("..") != std::string::npos)
      add(i + 1, "include of \"" + header + "\": name the header from its root, without `..`");
    if (quoted && header.find('/') == std::string::npos && path_.starts_with("src/"))
      add(i + 1, "include of \"" + header + "\": name the folder too");
    if (path_.starts_with("include/")) {
      check_public_include(i + 1, header);
    } else if (const room* here = room_of(table_, path_)) {
      check_room_include(i + 1, header, *here);
    }
  }

  void check_public_include(std::size_t line, const std::string& header) {
    if (path_ == "include/hauberk/asio.hpp" && header.starts_with("boost/")) return;
    if (header.find('/') != std::string::npos && !header.starts_with("hauberk/"))
      add(line, "public headers include the standard library and hauberk/ only, not \"" + header + "\"");
    for (const auto& library : foreign_headers)
      if (header.find('/') == std::string::npos && header.starts_with(library.begin))
        add(line, "public headers include no foreign header, so not \"" + header + "\"");
  }

  void check_room_include(std::size_t line, const std::string& header, const room& here) {
    const auto slash = header.find('/');
    if (slash != std::string::npos) {
      const std::string folder = header.substr(0, slash);
      if (table_.contains(folder) && !here.sees.contains(folder))
        add(line, "this room does not see src/" + folder + " (CMakeLists.txt): \"" + header + "\"");
      if (folder == "proto" && !here.has_proto)
        add(line, "generated protobuf headers stay in the room marked PROTO: \"" + header + "\"");
    }
    for (const auto& library : foreign_headers)
      if (header.starts_with(library.begin) && !here.libs.contains(std::string(library.target)))
        add(line, "this room does not list " + std::string(library.target) + ": \"" + header + "\"");
    static const std::regex system(
        R"(^(thread|mutex|shared_mutex|condition_variable|future|iostream|unistd\.h|poll\.h|pthread\.h|time\.h|ctime)$|^sys/|^netinet/|^arpa/)");
    static const std::regex files(R"(^(unistd\.h|sys/stat\.h|sys/types\.h|time\.h|ctime)$)");
    if (path_.starts_with("src/tls/") && std::regex_match(header, files))
      return;  // PEM files, validity times
    if (!here.above_water && std::regex_search(header, system))
      add(line, "below the waterline there is no I/O, clock or thread: <" + header + ">");
  }

  void check_words() {
    if (!path_.starts_with("src/") && !path_.starts_with("include/")) return;
    search(everywhere_in_src);
    const room* here = room_of(table_, path_);
    if (here != nullptr && !here->above_water) search(below_water);
  }

  template <std::size_t Count>
  void search(const std::array<banned, Count>& words) {
    for (const auto& word : words) {
      if (!word.except.empty() && path_.starts_with(word.except)) continue;
      const std::regex pattern(word.pattern);
      std::smatch match;
      for (std::size_t i = 0; i < code_.size(); ++i)
        if (std::regex_search(code_[i], match, pattern))
          add(i + 1, "`" + match.str() + "` has no place here: " + std::string(word.instead));
    }
  }

  const rooms& table_;
  const std::string& path_;
  std::vector<std::string> lines_, code_;
  const std::string& text_;
  std::vector<finding> found_;
};

}  // namespace

rooms parse_rooms(std::string_view cmake) {
  rooms table;
  const std::string text(cmake);
  static const std::regex call(R"((?:^|\n)hauberk_room\(([^)]*)\))");
  for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
    std::istringstream words((*at)[1].str());
    std::string name, mode;
    words >> name;
    room made;
    made.sees.insert(name);
    for (std::string word; words >> word;) {
      if (word == "PROTO") made.has_proto = true;
      if (word == "ROOMS" || word == "LIBS" || word == "FACE" || word == "PROTO") {
        mode = word;
      } else if (mode == "LIBS") {
        made.libs.insert(word);
      } else if (mode == "ROOMS") {  // lower rooms stand before it: their own `sees` is complete
        made.sees.insert(word);
        if (const auto lower = table.find(word); lower != table.end()) {
          made.sees.insert(lower->second.sees.begin(), lower->second.sees.end());
          made.above_water = made.above_water || lower->second.above_water;
        }
      }
    }
    made.above_water = made.above_water || made.libs.contains("Boost::headers");
    table.emplace(std::move(name), std::move(made));
  }
  return table;
}

std::vector<finding> check(const rooms& table, const std::string& path, const std::string& text) {
  return checker(table, path, text).run();
}

}  // namespace hauberk::tidy
