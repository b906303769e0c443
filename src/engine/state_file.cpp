#include "engine/state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "tls/context.hpp"

namespace hauberk::engine {
namespace {

// Room for two views of as many members and bans as there may be, with the longest names and policies.
constexpr std::size_t slot_bytes = 768 * 1024, page_bytes = 4096;
constexpr std::string_view first_line = "hauberk state, version 4";

struct slot {
  std::uint64_t number = 0;
  saved_state what;
};

error trouble(const std::string& path, const char* doing, const char* hint) {
  return {errc::bad_file, "cannot " + std::string(doing) + " the state file " + path + ": " +
                              std::strerror(errno) + "; " + hint};
}

// Names may be any bytes: what is no plain letter is written as %XX.
std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      text += c;
    } else {
      static constexpr char digits[] = "0123456789abcdef";
      text += '%';
      text += digits[byte >> 4U];
      text += digits[byte & 15U];
    }
  }
  return text;
}

std::string words(const base::seat_id& seat) {
  return to_string(seat.process) + " " + std::to_string(seat.number);
}

// One `key=value` a line, the checksum of all before it last: readable with `cat`.
class writer {
 public:
  std::string text{first_line};

  void line(std::string_view key, const std::string& value) {
    text.append("\n").append(key).append("=").append(value);
  }
  void line(std::string_view key, std::uint64_t value) { line(key, std::to_string(value)); }
  void line(std::string_view key, const recovered_position& value) {
    line(key, to_string(value.history) + " " + std::to_string(value.position));
  }
  void view(const std::string& key, const replica::view_ptr& what) {
    if (!what) return;
    line(key, to_string(what->history) + " " + std::to_string(what->number));
    line(key + ".root", to_string(what->root));
    for (const auto& fork : what->forks) line(key + ".fork", fork);
    for (const auto& m : what->members) {
      line(key + ".member", words(m.seat) + " " + std::to_string(m.weight) + " " +
                                std::to_string(m.weight_wanted) + " " + (m.catching_up ? "1 " : "0 ") +
                                (m.arbitrator ? "1 " : "0 ") + escaped(m.name));
    }
    policy(key + ".policy", what->policy);
    for (const auto& b : what->bans)
      line(key + ".ban", escaped(b.name) + " " + escaped(b.by) + " " + escaped(b.text));
  }
  void policy(const std::string& key, const replica::group_policy& what) {
    line(key, std::to_string(what.number) + " " + escaped(what.text));
    if (what.prepared.empty()) return;
    line(key + ".prepared", std::to_string(what.prepared_in) + (what.is_trial ? " 1 " : " 0 ") +
                                escaped(what.by) + " " + escaped(what.prepared));
  }
};

std::string format(const slot& from) {
  writer to;
  const auto& known = from.what.known;
  to.line("number", from.number);
  to.line("name", escaped(from.what.name));
  to.line("configured", escaped(from.what.configured));
  for (const auto& seat : known.seats) to.line("seat", words(seat));
  to.line("epoch", known.epoch);
  to.view("decided", known.decided);
  to.view("pending", known.pending);
  to.line("pending_epoch", known.pending_epoch);
  to.line("pending_at", known.pending_at);
  to.line("safe_to_bootstrap", from.what.is_safe ? 1 : 0);
  to.line("left_at", from.what.left_at);
  to.text += '\n';
  return to.text + "sha256=" + tls::sha256_hex(to.text) + "\n";
}

// A full disk may take a part first; the rest says why. On failure errno tells.
bool write_all(int file, std::string_view bytes, off_t at) {
  while (!bytes.empty()) {
    const ssize_t got = ::pwrite(file, bytes.data(), bytes.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = ENOSPC;
    if (got <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(got));
    at += got;
  }
  return true;
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

// The words of one value, one after the other.
class fields {
 public:
  explicit fields(std::string_view text) : rest_(text) {}

  std::string_view next() {
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(std::min(word.size() + 1, rest_.size()));
    return word;
  }
  bool read(uuid& into) { return read_uuid(next(), into); }
  template <typename Number>
  bool read(Number& into) {
    return read_number(next(), into);
  }
  bool read(bool& into) {
    const std::string_view word = next();
    into = word == "1";
    return word == "0" || word == "1";
  }
  bool read(base::seat_id& into) { return read(into.process) && read(into.number); }
  bool read(recovered_position& into) { return read(into.history) && read(into.position); }
  bool read(std::string& into,
            std::size_t most = std::max(base::limits::name_bytes_max, base::limits::ban_text_bytes_max)) {
    const std::string_view word = next();
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (word[i] != '%') {
        into += word[i];
        continue;
      }
      unsigned byte = 0;
      const auto digits = word.substr(i + 1, 2);
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (problem != std::errc() || digits.size() != 2 || end != digits.data() + 2) return false;
      into += static_cast<char>(byte);
      i += 2;
    }
    return into.size() <= most;
  }
  [[nodiscard]] bool is_done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_view(std::string_view key, fields& from, std::shared_ptr<replica::view>& into) {
  if (key.empty()) {
    into = std::make_shared<replica::view>();
    return from.read(into->history) && from.read(into->number);
  }
  if (!into) return false;
  if (key == ".root") return from.read(into->root);
  if (key == ".fork") {
    return into->forks.size() < base::limits::forks_max && from.read(into->forks.emplace_back());
  }
  if (key == ".ban") {
    if (into->bans.size() >= base::limits::bans_max) return false;
    replica::ban& b = into->bans.emplace_back();
    return from.read(b.name) && from.read(b.by) && from.read(b.text);
  }
  if (key == ".policy") {
    return from.read(into->policy.number) && from.read(into->policy.text, base::limits::policy_bytes_max);
  }
  if (key == ".policy.prepared") {
    replica::group_policy& p = into->policy;
    return from.read(p.prepared_in) && from.read(p.is_trial) && from.read(p.by) &&
           from.read(p.prepared, base::limits::policy_bytes_max);
  }
  if (key != ".member" || into->members.size() >= base::limits::members_max) return false;
  replica::member& m = into->members.emplace_back();
  return from.read(m.seat) && from.read(m.weight) && from.read(m.weight_wanted) && from.read(m.catching_up) &&
         from.read(m.arbitrator) && from.read(m.name);
}

struct draft {
  slot made;
  std::shared_ptr<replica::view> decided, pending;
};

bool read_field(std::string_view key, std::string_view value, draft& into) {
  fields from(value);
  constexpr std::string_view decided = "decided", pending = "pending";
  saved_state& what = into.made.what;
  bool is_read = false;
  if (key == "number") is_read = from.read(into.made.number);
  if (key == "name") is_read = from.read(what.name);
  if (key == "configured") is_read = from.read(what.configured, base::limits::policy_bytes_max);
  if (key == "seat" && what.known.seats.size() < base::limits::record_seats_max)
    is_read = from.read(what.known.seats.emplace_back());
  if (key == "epoch") is_read = from.read(what.known.epoch);
  if (key == "pending_epoch") is_read = from.read(what.known.pending_epoch);
  if (key == "pending_at") is_read = from.read(what.known.pending_at);
  if (key == "safe_to_bootstrap") is_read = from.read(what.is_safe);
  if (key == "left_at") is_read = from.read(what.left_at);
  if (key == decided || key.starts_with("decided."))
    is_read = read_view(key.substr(decided.size()), from, into.decided);
  if (key == pending || key.starts_with("pending."))
    is_read = read_view(key.substr(pending.size()), from, into.pending);
  return is_read && from.is_done();
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
  draft made;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos ||
        !read_field(line.substr(0, equals), line.substr(equals + 1), made))
      return std::nullopt;
  }
  made.made.what.known.decided = std::move(made.decided);
  made.made.what.known.pending = std::move(made.pending);
  return std::move(made.made);
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
  std::vector<char> pages(2 * slot_bytes);
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
              (found_ ? "its older half is used"
                      : "it is ignored, as if this node were new; the group it was in cannot count on it "
                        "when it is re-formed after a crash of all"));
  // Written, not only sized: a sparse page would need the disk later, when it may be full.
  if (got < static_cast<ssize_t>(pages.size()) &&
      (!write_all(file_, {pages.data(), pages.size()}, 0) || ::fsync(file_) != 0))
    return trouble(path_, "write", "free some space on its disk");
  return {};
}

result<void> state_file::save(const saved_state& what) {
  std::string page = format({newest_ + 1, what});
  // Whole pages, and at least one zero after the text: what an earlier, longer one left is not read.
  page.resize((page.size() / page_bytes + 1) * page_bytes, '\0');
  HAUBERK_ASSERT(page.size() <= slot_bytes, "two views fit in a slot");
  const off_t at = static_cast<off_t>((newest_ + 1) % 2 * slot_bytes);
  if (!write_all(file_, page, at) || ::fdatasync(file_) != 0)
    return trouble(path_, "write", "check that its disk has room, works and is not read-only");
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
