// The small file that survives a restart: which seat this process had, and the newest views it knew. It
// proves that our own earlier seat is dead (the file is locked for the process's life), and says from which
// view the group can be re-formed (PROTOCOL 8).
//
// Two slots, written in turn, each with its checksum: a torn write costs the newer slot, never both, and a
// full disk costs nothing, because the file never grows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "hauberk/result.hpp"
#include "replica/view.hpp"

namespace hauberk::engine {

struct saved_state {
  replica::record known;
  std::string name;        ///< of the member
  std::string configured;  ///< the policy as this node's options have it, without trust anchors
  bool is_safe = false;    ///< nobody else can be ahead: the group may be started anew from here
  /// What the application had taken, all of it, when this member left; nothing unless it left cleanly.
  recovered_position left_at;

  bool operator==(const saved_state&) const = default;
};

class state_file {
 public:
  /// Opens or makes `hauberk.state` in `folder`, locks and reads it. Errors: bad_file (cannot be made, opened
  /// or written; locked by another process).
  static result<state_file> open(const std::string& folder, const base::logger& words);

  state_file(state_file&& other) noexcept;
  state_file& operator=(state_file&& other) noexcept;
  ~state_file();

  /// What the file held when it was opened; nothing when it was new, or damaged (logged).
  [[nodiscard]] const std::optional<saved_state>& found() const { return found_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// On the disk when this returns. Errors: bad_file; then the file says what it said before, or `what`.
  result<void> save(const saved_state& what);

 private:
  state_file(int file, std::string path) : file_(file), path_(std::move(path)) {}
  result<void> load(const base::logger& words);

  int file_ = -1;
  std::string path_;
  std::optional<saved_state> found_;
  std::uint64_t newest_ = 0;  // rises with each save; even ones lie in slot 0, odd ones in slot 1
};

}  // namespace hauberk::engine
