// The glue above the waterline: one strand that takes everything that has happened since its last run (frames
// of all links, broadcasts of all threads, time) at once, reads the clock once, feeds mesh and replica, and
// carries out what they answer. Nobody else in the process reads a clock.
//
// Threads: `net` calls the handler from its own threads, which only put into the inbox; `run` and everything
// below it happens on the strand; the public members are for any thread of the application, `take` for one at
// a time. The strand never waits for the application: a slow one costs it the view of the log, not the group
// its heartbeats.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/delivery.hpp"
#include "engine/disputes.hpp"
#include "engine/expiry.hpp"
#include "engine/few_lines.hpp"
#include "engine/guard.hpp"
#include "engine/inbox.hpp"
#include "engine/links.hpp"
#include "engine/list_spread.hpp"
#include "engine/matrix.hpp"
#include "engine/probe.hpp"
#include "engine/settings.hpp"
#include "engine/state_file.hpp"
#include "engine/submissions.hpp"
#include "engine/tickets.hpp"
#include "engine/watch.hpp"
#include "engine/worker.hpp"
#include "mesh/mesh.hpp"
#include "replica/replica.hpp"

namespace hauberk::engine {

/// What `engine::snapshot` tells.
struct snapshot {
  replica::status group;
  std::uint64_t members = 0;
  std::uint64_t broadcast_messages = 0, broadcast_bytes = 0, in_flight_bytes = 0;
  std::uint64_t delivered_messages = 0, delivered_bytes = 0;
  std::uint64_t links_up = 0, links_refused = 0, dials_failed = 0;
  std::uint64_t reloads = 0, reloads_failed = 0;
  std::array<std::uint64_t, tls::checks_count> refused_by{};  ///< links that did not come up, by the check
  std::uint64_t links_dropped = 0;                            ///< that were up, by a check made again
  std::int64_t certificate_ends = 0, peer_certificates_end = 0, anchors_end = 0,
               quorum_ends = 0;  ///< see `expiry::findings`
};

class engine final : private net::handler {
 public:
  /// Reads the files, binds the port and starts to bootstrap or join in the background. Errors: bad_file,
  /// bad_certificate, bad_option, address_in_use, bad_address, internal.
  static result<std::unique_ptr<engine>> start(settings how);
  /// Ends at once: to the other members this is a crash, unless `leave` succeeded before.
  ~engine() override;
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Blocks until this node is in a primary view, or has more to deliver before that than the queue takes, or
  /// has failed for good. Errors: what the group answered; timed_out with what every address answered.
  result<void> wait_primary(std::chrono::milliseconds timeout);
  /// See `submissions::add`.
  result<std::uint64_t> broadcast(std::span<const std::span<const std::byte>> payloads);
  result<void> wait_writable(std::uint64_t bytes, std::chrono::milliseconds timeout);
  /// Fills `into`, which must be done with, with what was delivered since; false when `timeout` passed first.
  bool take(batch& into, std::chrono::milliseconds timeout);
  result<void> leave(std::chrono::milliseconds timeout);
  result<position_t> fence(std::chrono::milliseconds timeout);
  result<void> force_primary(std::chrono::milliseconds timeout);
  /// Asks the group for the change that `make` (called on the strand) makes of the view in force; waits until
  /// a view has it. Errors: what `make` or the group answered; not_primary, timed_out, closed.
  result<std::string> change(std::function<result<replica::change>(const replica::view&)> make,
                             std::chrono::milliseconds timeout);
  /// Asks the group for the policy in force with these options changed, after a look whether this node could
  /// carry it out. Waits until it is in force or has come to nothing. Errors: as `change`, bad_option,
  /// bad_file, bad_certificate.
  result<std::string> change_policy(const wish& wanted, bool is_trial, std::chrono::milliseconds timeout);

  /// Loads the files again and, when all of it is good, judges every peer by them and makes every link anew.
  /// Errors: as for `start`, and refused in a plaintext group; then nothing has changed. Other trust anchors
  /// are proposed to the group, then: errors as `change_policy`.
  result<void> reload(std::chrono::milliseconds timeout);
  /// From the next time on that the files are loaded.
  result<void> set_file(std::string tls::settings::*which, std::string path);
  /// `reload` by itself whenever one of the files changes, or no longer.
  result<void> watch(bool wanted);

  /// What strangers may cost and who is allowed, from now on; who has a link and is not allowed any more
  /// loses it.
  void set_entry(const std::function<void(entry_rules&)>& change);

  [[nodiscard]] bool is_primary() const { return submissions_.is_primary(); }
  [[nodiscard]] snapshot counted() const;
  /// What is known of the members' certificates and links; never null.
  [[nodiscard]] link_knowledge_ptr linked() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  explicit engine(settings how);
  result<void> prepare();
  [[nodiscard]] link::settings link_settings() const;
  [[nodiscard]] link::face face_of(const protection& by) const;

  // From the transport's threads.
  void on_up(net::connection_id id, bool dialled, std::string remote, link::up peer) override;
  void on_messages(net::connection_id id, std::vector<wire::message> batch) override;
  void on_written(net::connection_id id, std::size_t bulk_bytes) override;
  void on_worn(net::connection_id id) override;
  void on_down(net::connection_id id, std::uint64_t dial, link::down why) override;
  void on_dial_failed(std::uint64_t dial, net::dial_failure why, std::string text) override;
  void tell(input one);
  void wake();

  // The strand (run.cpp).
  void begin();
  void run();
  void handle(link_up& one);
  void handle(link_messages& one);
  void handle(link_written& one);
  void handle(link_worn& one);
  void handle(link_down& one);
  void handle(dial_failed& one);
  void handle(fence_wanted& one);
  void handle(force_wanted& one);
  void handle(material_loaded& one);
  void handle(policy_loaded& one);
  void handle(policy_asked& one);
  void handle(list_judged& one);
  void handle(change_wanted& one);
  void handle(leave_wanted& one);
  void handle(abandon_wanted& one);
  [[nodiscard]] static result<replica::change> propose(const guard::proposal& made, bool is_trial,
                                                       const replica::view& in);
  [[nodiscard]] result<void> grant(const wish& wanted, common_settings& to) const;
  [[nodiscard]] result<void> propose_anchors(const guard::reloaded& loaded,
                                             std::chrono::milliseconds timeout);
  [[nodiscard]] result<void> choose_policy();
  void follow_policy();
  void load_policy(policy_loaded wanted);
  void enter_policy();
  void use_policies();
  void prove_policy();
  struct visit {
    std::string name;
    bool has_asked = false;
    mesh::visitor_request wanted{};
    int tries = 0;       // made again, since the policy was changed meanwhile
    bool waits = false;  // for this node to follow the group
  };
  void welcome_visitor(const link_up& one);
  void hear_visitor(net::connection_id id, visit& who, wire::message& said);
  void ask_for(net::connection_id id, visit& who);
  bool ask_again(net::connection_id id, visit& who);
  void tell_matrix(net::connection_id id);
  void answer_visitor(net::connection_id id, const result<std::string>& answer);
  bool hear_lists(net::connection_id id, const wire::message& said);
  void judge_list(net::connection_id id, const base::buffer& list);
  [[nodiscard]] result<void> judged(const list_judged& one);
  void use_lists();
  void say_lists();
  void tell_cut_off();
  [[nodiscard]] std::unique_ptr<file_watch> make_watch();
  void tell_links();
  void tell_probe(const uuid& process, const replica::envelope& said);
  void handle_time();
  void look_at_certificates();
  void look_at_clock(const mesh::hello& of);
  void decide_start();
  void start_history();
  [[nodiscard]] recovered_position departure_in(const uuid& history) const;
  void submit();
  void set_alarm();
  void publish();
  void publish_status();
  void tell_awaited();

  // The strand, carrying out effects and events (effects.cpp).
  void settle();
  void advance();
  bool drain_mesh();
  bool drain_replica();
  void carry_out(mesh::dial& one);
  void carry_out(mesh::close_link& one);
  void carry_out(mesh::peer_up& one);
  void carry_out(mesh::peer_down& one);
  void carry_out(mesh::peer_refused& one);
  void carry_out(mesh::tell& one);
  void carry_out(replica::send& one);
  void carry_out(replica::drop_link& one);
  void carry_out(replica::forget_peer& one);
  void carry_out(replica::persist& one);
  void carry_out(replica::apply_policy& one);
  std::size_t pull_events();
  void deliver(replica::view_event& one);
  void deliver(replica::policy_event& one);
  void deliver(replica::message_event& one);
  void deliver(replica::filler_event& one);
  void deliver(replica::outcome_event& one);
  void deliver(replica::fence_event& one);
  void deliver(replica::change_event& one);
  void deliver(replica::farewell_event& one);
  void save_departure();
  void refuse(const submissions::batch& what);
  void give_up(errc reason, std::string why);
  void retire();
  void answer_fence(std::uint64_t id, result<position_t> answer);
  void answer_change(std::uint64_t id, result<std::string> answer);
  void fail_fences(const error& why);

  // Set by `prepare`, constant afterwards.
  settings how_;
  replica::identity identity_;
  std::uint16_t port_ = 0;

  guard guard_;  // certificates and policy, for any thread
  mutable std::mutex entry_mutex_;
  entry_rules entry_;

  // For the application's threads.
  submissions submissions_;
  delivery delivery_;
  inbox inbox_;
  std::atomic<bool> awake_{true};  // a run is posted; true until `begin`, so that nothing runs before it

  /// The rare things that somebody may wait for.
  mutable std::mutex rare_mutex_;
  std::condition_variable rare_changed_;
  struct {
    bool was_primary = false;
    bool was_full = false;          // so much to catch up on that the application must receive first
    bool is_out = false;            // the replica left for good
    std::optional<error> farewell;  // why, once known
    std::map<std::uint64_t, std::optional<result<position_t>>> fences;
    std::uint64_t next_fence = 1;
    std::map<std::uint64_t, std::optional<result<std::string>>> changes;
    std::uint64_t next_change = 1;
    std::vector<std::string> troubles;
    std::uint64_t reloads = 0, reloads_failed = 0;
    snapshot counted;
    link_knowledge_ptr linked = std::make_shared<const link_knowledge>();
  } rare_;

  // The strand's alone.
  uuid awaited_;  ///< whose application all wait for, as it was told
  base::time_point awaited_told_at_{};
  base::time_point now_{};
  base::time_point alarm_ = base::never;
  std::vector<input> inputs_;
  std::optional<mesh::mesh> mesh_;
  std::optional<replica::replica> replica_;
  std::optional<state_file> state_;
  saved_state saved_;  // what it says
  std::optional<probe> probe_;
  links links_;
  matrix matrix_;
  disputes disputes_;
  ticket_ranges tickets_;
  std::set<net::connection_id> open_;        // every connection that came up
  std::set<net::connection_id> encrypted_;   // of these
  std::uint64_t handed_ = 0, resolved_ = 0;  // the replica's tickets: newest given out, newest resolved
  std::uint64_t taken_bytes_ = 0;            // from the submissions, since the last `settle` with them
  std::set<std::uint64_t> fences_open_;      // asked of the replica, not answered
  std::set<std::uint64_t> changes_open_;     // the same
  std::set<std::uint64_t> policy_changes_;   // of these, those that ask for a policy
  std::map<std::uint64_t, net::connection_id> visitors_changes_;  // and those that a visitor has asked for
  std::map<net::connection_id, visit> visitors_;
  replica::view_ptr wanted_;               // has the policy to be followed
  bool is_loading_ = false;                // a part of it, off the strand
  std::uint64_t failed_in_ = 0;            // number of the view that prepared what this node cannot do
  std::optional<std::string> said_proof_;  // what was missing; empty = nothing
  wire::compression compression_;          // in force
  bool leave_wanted_ = false;
  bool is_retired_ = false;  // out of the group: links are closed, events still flow
  bool is_ended_ = false;    // the farewell was delivered
  bool troubles_changed_ = true;
  std::uint64_t material_ = 1;  // number of the certificates in force
  expiry expiry_;
  list_spread spread_;
  base::time_point review_at_ = base::never;  // of every link, by lists that are new
  std::set<std::string> lists_seen_;          // digests of the revocation lists in force
  std::vector<std::string> cut_off_;          // members that these revoke, as told
  base::time_point next_look_ = base::never;  // at the certificates' ends
  few_lines door_lines_{"links did not come up"};
  few_lines peer_lines_{"lines of peers' wrongs are left out"};
  snapshot counted_;

  worker worker_;  // stopped first

  std::unique_ptr<net::transport> owner_;  // last: its threads end before anything else does
  net::transport* transport_ = nullptr;    // the same, also while it is being destroyed

  std::mutex watch_mutex_;
  std::unique_ptr<file_watch> watch_;  // after all that a reload needs
};

}  // namespace hauberk::engine
