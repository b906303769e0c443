// The group's log as one member has it: a window of entries from `start` to `end`. Positions before the
// window were delivered, stable and trimmed; positions after it do not exist yet.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "replica/messages.hpp"
#include "replica/view.hpp"

namespace hauberk::replica {

enum class kind : std::uint8_t { message, view, noop };

struct entry {
  epoch_t epoch = 0;
  sequence_t sequence = 0;   ///< messages: the sender's number
  base::buffer payload;      ///< messages: once `has_payload`
  std::uint32_t sender = 0;  ///< messages: index into the replica's senders
  kind what = kind::noop;
  bool has_payload = false;
};

class log {
 public:
  /// What an entry costs beside its payload, in the accounting of the window.
  static constexpr std::uint64_t entry_bytes = sizeof(entry);

  /// Empty, the next position being `start`; the entry before it was made in `base_epoch` (0 = not known).
  void reset(position_t start, epoch_t base_epoch);
  /// Says in which epoch the entry before an empty log was made, for a log that began without knowing.
  void know_base(epoch_t epoch);

  [[nodiscard]] position_t start() const { return start_; }
  [[nodiscard]] position_t end() const { return start_ + entries_.size() - 1; }
  [[nodiscard]] bool holds(position_t at) const { return at >= start_ && at <= end(); }
  /// Epoch of the entry at `at`, which lies in [start - 1, end]; 0 when not known.
  [[nodiscard]] epoch_t epoch_at(position_t at) const;
  [[nodiscard]] const entry& at(position_t at) const { return entries_[at - start_]; }

  void append_message(epoch_t epoch, std::uint32_t sender, sequence_t sequence);
  void append_message(epoch_t epoch, std::uint32_t sender, sequence_t sequence, base::buffer payload);
  void append_view(epoch_t epoch, view_ptr what);
  void append_noop(epoch_t epoch, std::vector<seat_id> dead);
  /// Gives a message its payload.
  void fill(position_t at, base::buffer payload);
  /// Takes the last entry off.
  entry pop_back();
  /// Forgets the first entry.
  void trim_front();

  [[nodiscard]] view_ptr view_at(position_t at) const;
  [[nodiscard]] const std::vector<seat_id>& dead_at(position_t at) const;
  /// Views in the window by position.
  [[nodiscard]] const std::map<position_t, view_ptr>& views() const { return views_; }
  /// Where epochs begin: the first covers start - 1 (when that is not 0) or start.
  [[nodiscard]] std::vector<boundary> boundaries() const;
  /// Payloads and entries in the window.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t bytes_at(position_t at) const;

 private:
  void append(entry made);

  position_t start_ = 1;
  epoch_t base_epoch_ = 0;
  std::deque<entry> entries_;
  std::deque<boundary> boundaries_;  ///< of the entries in the window
  std::map<position_t, view_ptr> views_;
  std::map<position_t, std::vector<seat_id>> noops_;
  std::uint64_t bytes_ = 0;
};

}  // namespace hauberk::replica
