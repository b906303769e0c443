// tidy ROOT: checks every file of the repository against the house rules; exit 1 when one is broken.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tidy/rules.hpp"

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Source and text of ours; data (corpora, transcripts) has no rules.
bool is_ours(const fs::path& path) {
  static const std::set<std::string> kinds{".cpp", ".hpp", ".c",     ".h",  ".cmake", ".in",
                                           ".sh",  ".md",  ".proto", ".py", ".gp"};
  const auto name = path.filename().string();
  return kinds.contains(path.extension().string()) || name == "CMakeLists.txt" || path.parent_path() == ".ci";
}

/// Path and text of each file of ours below `root`.
std::map<std::string, std::string> collect(const fs::path& root) {
  std::map<std::string, std::string> files;
  for (fs::recursive_directory_iterator at(root), end; at != end; ++at) {
    const auto path = at->path().lexically_relative(root);
    if (at->is_directory() && (path == "build" || path == ".git" || path == ".cache")) {
      at.disable_recursion_pending();
    } else if (at->is_regular_file() && is_ours(path)) {
      files.emplace(path.generic_string(), read(at->path()));
    }
  }
  return files;
}

void print(std::ostream& out, const hauberk::tidy::finding& what) {
  out << what.path;
  if (what.line != 0) out << ':' << what.line;
  out << ": " << what.text << '\n';
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: tidy ROOT\n";
    return 2;
  }
  const auto files = collect(words[1]);
  const auto law = files.find("CMakeLists.txt");
  const auto table = hauberk::tidy::parse_rooms(law == files.end() ? "" : law->second);
  if (table.empty()) {
    std::cerr << "tidy: " << words[1] << "/CMakeLists.txt names no room\n";
    return 2;
  }
  std::size_t broken = 0, smells = 0;
  for (const auto& [path, text] : files) {
    for (const auto& what : hauberk::tidy::check(table, path, text)) {
      print(std::cout, what);
      ++broken;
    }
    if (!path.ends_with(".cpp") && !path.ends_with(".hpp")) continue;
    for (const auto& what : hauberk::tidy::long_functions(path, text)) {
      print(std::cout << "warning: ", what);
      ++smells;
    }
  }
  std::cout << "tidy: " << files.size() << " files, " << table.size() << " rooms, " << broken
            << " rules broken, " << smells << " long functions\n";
  return broken == 0 ? 0 : 1;
}
