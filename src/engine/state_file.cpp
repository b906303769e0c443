#include "engine/state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "tls/context.hpp"

namespace hauberk::engine {
namespace {

constexpr std::size_t slot_bytes = 4096;
constexpr std::string_view first_line = "hauberk state, version 1";

struct slot {
  std::uint64_t number = 0;
  saved_state what;
};

error trouble(const std::string& path, const char* doing, const char* hint) {
  return {errc::bad_file, "cannot " + std::string(doing) + " the state file " + path + ": " +
                              std::strerror(errno) + "; " + hint};
}

// One `key=value` a line, the checksum of all before it last: readable with `cat`.
std::string format(const slot& from) {
  std::string text(first_line);
  const auto line = [&](std::string_view key, const std::string& value) {
    text.append("\n").append(key).append("=").append(value);
  };
  line("number", std::to_string(from.number));
  line("process", to_string(from.what.seat.process));
  line("seat", std::to_string(from.what.seat.number));
  line("history", to_string(from.what.history));
  line("view", std::to_string(from.what.view_number));
  line("position", std::to_string(from.what.position));
  line("name", from.what.name);
  text += '\n';
  return text + "sha256=" + tls::sha256_hex(text) + "\n";
}

template <typename Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return problem == std::errc() && end == text.data() + text.size();
}

bool read_uuid(std::string_view text, uuid& into) {
  const auto parsed = parse_uuid(text);
  if (parsed) into = *parsed;
  return parsed.has_value();
}

bool read_field(std::string_view key, std::string_view value, slot& into) {
  if (key == "number") return read_number(value, into.number);
  if (key == "process") return read_uuid(value, into.what.seat.process);
  if (key == "seat") return read_number(value, into.what.seat.number);
  if (key == "history") return read_uuid(value, into.what.history);
  if (key == "view") return read_number(value, into.what.view_number);
  if (key == "position") return read_number(value, into.what.position);
  if (key != "name" || value.size() > base::limits::name_bytes_max) return false;
  into.what.name = value;
  return true;
}

std::optional<slot> parse(std::string_view page) {
  const std::string_view text = page.substr(0, page.find('\0'));
  constexpr std::string_view key = "sha256=";
  const std::size_t sum = text.rfind(key);
  if (sum == std::string_view::npos ||
      text.substr(sum) != std::string(key) + tls::sha256_hex(text.substr(0, sum)) + "\n")
    return std::nullopt;
  std::string_view lines = text.substr(0, sum);
  if (!lines.starts_with(first_line)) return std::nullopt;
  lines.remove_prefix(first_line.size() + 1);
  slot made;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos ||
        !read_field(line.substr(0, equals), line.substr(equals + 1), made))
      return std::nullopt;
  }
  return made;
}

}  // namespace

result<state_file> state_file::open(const std::string& folder, const base::logger& words) {
  const std::string path = folder + "/hauberk.state";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    return trouble(path, "open", "check that node.state_dir exists and is writable for this user");
  state_file made(file, path);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    return error(errc::bad_file,
                 errno == EWOULDBLOCK
                     ? "the state file " + path +
                           " is locked by another process: two nodes must not share a node.state_dir"
                     : trouble(path, "lock", "use a local file system").text);
  if (auto loaded = made.load(words); !loaded) return loaded.error();
  return made;
}

result<void> state_file::load(const base::logger& words) {
  std::array<char, 2 * slot_bytes> pages{};
  const ssize_t got = ::pread(file_, pages.data(), pages.size(), 0);
  if (got < 0) return trouble(path_, "read", "check the disk");
  std::optional<slot> best;
  bool damaged = false;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string_view page(pages.data() + i * slot_bytes, slot_bytes);
    auto found = parse(page);
    damaged = damaged || (!found && page.find_first_not_of('\0') != std::string_view::npos);
    if (found && (!best || found->number > best->number)) best = std::move(found);
  }
  if (best) {
    newest_ = best->number;
    found_ = std::move(best->what);
  }
  if (damaged)
    words(base::level::warning,
          "the state file " + path_ + " is damaged: " +
              (found_ ? "its older half is used" : "it is ignored, as if this node were new"));
  // Written, not only sized: a sparse page would need the disk later, when it may be full.
  if (got < static_cast<ssize_t>(pages.size()) &&
      (::pwrite(file_, pages.data(), pages.size(), 0) != static_cast<ssize_t>(pages.size()) ||
       ::fsync(file_) != 0))
    return trouble(path_, "write", "free some space on its disk");
  return {};
}

result<void> state_file::save(const saved_state& what) {
  std::string page = format({newest_ + 1, what});
  page.resize(slot_bytes, '\0');
  const off_t at = static_cast<off_t>((newest_ + 1) % 2 * slot_bytes);
  if (::pwrite(file_, page.data(), page.size(), at) != static_cast<ssize_t>(page.size()) ||
      ::fdatasync(file_) != 0)
    return trouble(path_, "write", "check its disk; until then a restart here may look like a new node");
  ++newest_;
  return {};
}

state_file::state_file(state_file&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      path_(std::move(other.path_)),
      found_(std::move(other.found_)),
      newest_(other.newest_) {}

state_file& state_file::operator=(state_file&& other) noexcept {
  std::swap(file_, other.file_);
  path_ = std::move(other.path_);
  found_ = std::move(other.found_);
  newest_ = other.newest_;
  return *this;
}

state_file::~state_file() {
  if (file_ >= 0) ::close(file_);  // gives up the lock
}

}  // namespace hauberk::engine
