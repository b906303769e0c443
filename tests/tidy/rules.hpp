// House rules that a compiler does not check, as functions from text to findings. The table of rooms is read
// from CMakeLists.txt, so that build and rules cannot disagree.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hauberk::tidy {

/// One `hauberk_room(…)` of CMakeLists.txt.
struct room {
  std::set<std::string> sees;  ///< rooms it may include: itself and, transitively, those it names
  std::set<std::string> libs;  ///< CMake targets of foreign libraries
  bool has_proto = false;      ///< may include generated protobuf headers
  bool above_water = false;    ///< it or a room it sees links Boost: I/O, clocks and threads are allowed
};
using rooms = std::map<std::string, room, std::less<>>;

/// Reads the table. Empty when `cmake` holds none.
[[nodiscard]] rooms parse_rooms(std::string_view cmake);

struct finding {
  std::string path;
  std::size_t line = 0;  ///< from 1; 0 = the file as a whole
  std::string text;      ///< what is wrong and what to do, one line
};

/// `code` with comments and the contents of strings and character literals turned into blanks; lines stay.
[[nodiscard]] std::string code_only(std::string_view code);

/// Everything wrong with one file. `path` is relative to the top of the repository.
[[nodiscard]] std::vector<finding> check(const rooms& table, const std::string& path,
                                         const std::string& text);

/// Functions of more than 70 lines: a smell, not an error.
[[nodiscard]] std::vector<finding> long_functions(const std::string& path, const std::string& text);

}  // namespace hauberk::tidy
