// The inside of `replica`: all state of one member, and the steps of the protocol grouped by concern, one
// .cpp file each. Nothing outside this folder includes this header.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "base/mutants.hpp"
#include "base/random.hpp"
#include "replica/known.hpp"
#include "replica/log.hpp"
#include "replica/pool.hpp"
#include "replica/replica.hpp"

namespace hauberk::replica {

class core {
 public:
  core(settings how, identity who, std::uint64_t seed, base::logger words);

  // core.cpp: commands and dispatch
  void bootstrap(uuid history, recovered_position from, bool is_forced);
  void join_group(recovered_position from);
  result<std::uint64_t> broadcast(std::vector<base::buffer> payloads);
  void leave_group();
  result<void> force_primary();  // force.cpp
  void handle_link_up(uuid process, std::string name);
  void handle_link_down(uuid process);
  void handle_refused(uuid process);
  void handle_message(uuid from, const envelope& message);
  void handle_written(uuid process, std::uint64_t bytes);
  void handle_policy_proof(std::uint64_t prepared_in, proof state, std::string words);  // policy.cpp
  void advance(time_point now);  ///< every input begins with it
  void flush();
  std::optional<effect> next_effect();
  [[nodiscard]] time_point next_deadline() const;
  [[nodiscard]] status current() const;
  [[nodiscard]] view_ptr current_view() const { return committed_view_; }
  [[nodiscard]] view_ptr newest_view() const { return newest_view_; }
  void check() const;

  // delivery.cpp
  std::optional<event> next_event();
  void resolve_former_stays();

  // fence.cpp
  void fence(std::uint64_t id);

  // changes.cpp
  void ask(std::uint64_t id, change what);
  void set_flow_policy(flow_policy policy) { how_.policy = policy; }

 private:
  // core.cpp: small things that all need
  void say(base::level at, const std::string& line) const { words_(at, who_.name + ": " + line); }
  void say_once(const std::string& line);
  void send_to(const uuid& process, body what);
  void send_to_all(const body& what);  ///< every linked process of this history
  void send_many(std::vector<uuid> to, body what, std::uint64_t credit);
  void refuse(const uuid& from, const std::string& why);
  peer* find_peer(const uuid& process);
  std::uint32_t sender_index(const seat_id& seat);
  [[nodiscard]] const std::string& name_of(const seat_id& seat) const;
  /// In the newest view of my log; a joiner that catches up may have none yet.
  [[nodiscard]] bool is_in_newest(const seat_id& seat) const;
  /// In the newest view of my log, or in the newest committed one.
  [[nodiscard]] bool is_known(const seat_id& seat) const;
  [[nodiscard]] bool is_member() const { return is_in_newest(self_); }
  [[nodiscard]] uuid spoken_history() const { return role_ == role::joiner ? uuid{} : history_; }
  [[nodiscard]] bool in_history() const { return !history_.is_nil(); }
  void farewell(errc reason, std::string text);
  void take_message(peer& from, const envelope& message);

  // relay.cpp: around a broken link
  [[nodiscard]] duration stale_after() const;
  [[nodiscard]] bool is_direct(const peer& p) const { return p.is_up && now_ - p.direct_at < stale_after(); }
  [[nodiscard]] bool is_reachable(const peer& p) const { return p.is_up || !p.via.is_nil(); }
  [[nodiscard]] std::vector<uuid> relayable() const;
  void choose_routes();
  [[nodiscard]] uuid choose_middle(const uuid& target, const peer* known) const;
  void repeat_to(peer& p);
  void repeat_relayed();
  void send_relayed(peer& to, body what, std::uint64_t credit);
  void handle_relayed(peer& by, const envelope& message);
  void pass_on(peer& by, const envelope& message);
  void pump_relayed_data();
  void take_receipt(const resume& m);
  void send_receipts();
  void notice_missed_order();
  [[nodiscard]] bool is_linked_with_quorum(const member& m) const;

  // beats.cpp: who is alive, am I primary
  void beat_all();
  void beat_to(peer& p);
  static std::optional<time_point> come_back(std::deque<std::pair<std::uint64_t, time_point>>& sent,
                                             std::uint64_t upto);
  void handle(peer& from, const beat& m);
  [[nodiscard]] bool is_suspected(const seat_id& seat) const;
  [[nodiscard]] bool is_silent(const seat_id& seat, duration span) const;
  [[nodiscard]] bool is_silent(const peer& p, duration span) const;
  [[nodiscard]] bool is_quiet(const peer& p) const { return now_ - p.heard_at >= 2 * how_.keepalive_period; }
  [[nodiscard]] bool may_echo(const peer& p) const;
  [[nodiscard]] std::vector<seat_id> alive() const;
  void renew_lease();
  [[nodiscard]] time_point lease_of(const view& v) const;
  void judge_primary();

  // election.cpp
  void consider_standing();
  void schedule_election(duration within);
  void stand(bool pre, bool handover);
  void count_votes(bool pre);
  void give_way(const peer& to, const vote_request& m);
  void handle(peer& from, const vote_request& m);
  void handle(peer& from, const vote& m);
  void handle(peer& from, const epoch_start& m);
  void handle(peer& from, const handover& m);
  void win();
  void lead();
  void step_down(const char* why);
  void enter_epoch(epoch_t epoch);
  void send_epoch_start(peer& to);
  [[nodiscard]] bool may_stand() const;
  [[nodiscard]] bool is_led_by_live() const;
  [[nodiscard]] bool wins(const std::vector<seat_id>& who, const std::vector<seat_id>& dead) const;
  void follow(peer& from, const epoch_start& m, position_t prefix);
  [[nodiscard]] position_t common_prefix(const epoch_start& m) const;
  void cut(position_t upto);
  position_t skip_to(position_t start);
  bool is_left_behind();

  // spread.cpp: payloads of the senders
  void handle(peer& from, const data& m);
  void handle(peer& from, const resume& m);
  enum class asks { nothing, order, payloads };
  void send_resume(peer& to, asks what);
  void pump_data();
  void pump_data_to(const std::vector<peer*>& group);
  [[nodiscard]] data make_data(sequence_t& next, std::uint64_t& offset, std::uint32_t chunk_bytes,
                               std::uint32_t run_bytes) const;
  void ask_again();
  [[nodiscard]] std::uint64_t pooled_bytes() const;
  [[nodiscard]] bool is_full_for(const sender& s, const data& m) const;
  void release_sent();
  [[nodiscard]] bool is_spread(sequence_t mine) const;
  [[nodiscard]] bool takes_data(const peer& p) const;
  /// For what is mine; what serves others has a share of its own, so that neither can starve the other.
  [[nodiscard]] bool has_credit(const peer& p) const {
    return p.credit_used - p.lent_used < how_.credit_bytes;
  }
  [[nodiscard]] bool may_lend(const peer& p) const {
    return (HAUBERK_MUTANT(own_first) ? p.credit_used : p.lent_used) < how_.credit_bytes / 2;
  }

  // ordering.cpp: the leader's order and the followers' logs
  void order_all();
  void pump_orders();
  [[nodiscard]] position_t order_limit(const peer& p) const;
  [[nodiscard]] position_t announced_max() const;
  [[nodiscard]] order make_order(position_t first, position_t last) const;
  void handle(peer& from, const order& m);
  bool accept(const order& m, const order_run& run, position_t& next);
  void append_view(epoch_t epoch, view_ptr what);
  void find_newest_view();

  // holding.cpp: held, commit, trim
  void handle(peer& from, const held& m);
  void fill();
  void judge();
  [[nodiscard]] position_t agreed(const view& v) const;
  [[nodiscard]] const std::vector<seat_id>& epoch_dead() const;
  void learn_committed(position_t upto);
  void pass_committed();
  [[nodiscard]] held holding_now() const;
  void announce_held();
  void trim();
  [[nodiscard]] position_t surely_held(const holding& h) const;
  [[nodiscard]] position_t held_by_weighted() const;
  [[nodiscard]] position_t held_by_all(const view& in) const;
  void trim_window(position_t lacked);
  [[nodiscard]] position_t pinned_from() const;
  [[nodiscard]] std::uint64_t window_for(position_t pin) const;
  [[nodiscard]] time_point hold_gate(position_t at) const;
  [[nodiscard]] time_point removal_gate(const seat_id& seat) const;
  [[nodiscard]] bool is_proven_dead(const seat_id& seat) const;
  [[nodiscard]] view_ptr held_committed() const;
  [[nodiscard]] view_ptr held_pending() const;  ///< the held view that is not known to be committed
  void hold_view(position_t at);
  void keep_decided(position_t at, const view_ptr& v);
  void keep_epoch();
  void keep();
  [[nodiscard]] position_t committed() const { return std::min(commit_known_, held_); }
  [[nodiscard]] std::uint64_t pinned_bytes() const { return log_.bytes() - retired_bytes_; }

  // fetching.cpp: payloads that their sender did not bring
  void consider_fetch();
  void handle(peer& from, const fetch& m);
  void handle(peer& from, const fetched& m);
  void pump_fetches();
  bool serve(peer& p);
  [[nodiscard]] peer* fetch_source();
  [[nodiscard]] static std::string transfer_words(const std::string& who, position_t upto,
                                                  const std::string& donor, position_t window_start);
  [[nodiscard]] bool is_pooled(const entry& e) const;

  // membership.cpp: views
  void consider_view();
  [[nodiscard]] bool is_view_due() const;
  [[nodiscard]] std::optional<view> wanted_view();
  [[nodiscard]] view next_view();
  void judge_member(const member& m, view& next);
  void demote_laggards(view& next);
  [[nodiscard]] bool is_nearly_here(position_t upto) const;
  [[nodiscard]] bool reaches_back(const seat_id& seat) const;
  [[nodiscard]] position_t held_here(const seat_id& seat) const;
  [[nodiscard]] bool is_laggard(const member& m, position_t upto) const;
  [[nodiscard]] bool is_committable(const view& next) const;
  void propose(view next);
  void view_committed(position_t at, const view_ptr& v);

  // joining.cpp
  void ask_to_join();
  void note_dead(const seat_id& seat, const std::string& name);
  void note_given_up(const join& m);
  void handle(peer& from, const join& m);
  void handle(peer& from, const join_refused& m);
  void admit_joiners(view& next);
  [[nodiscard]] bool admissible(candidate_member& c, view& next);
  [[nodiscard]] std::string donor_for(const seat_id& joiner, const view& from) const;
  [[nodiscard]] const member* missing_link(const uuid& joiner, const view& next);
  bool is_banned(candidate_member& c);
  bool is_put_off(candidate_member& c);
  bool take_in(candidate_member& c, view& next);
  void name_missing_link(candidate_member& c, const member& m);
  void refuse_join(const seat_id& seat, errc reason, bool is_final, std::string text);

  // leaving.cpp: leaving, being removed, a seat's end
  void handle(peer& from, const leave& m);
  void handle(peer& from, const removed& m);
  void consider_leaving();
  [[nodiscard]] bool is_released() const;
  [[nodiscard]] bool is_awaited_by_leaver() const;
  [[nodiscard]] bool is_last_with_data() const;
  void hand_over();
  [[nodiscard]] bool is_handing_over() const;
  [[nodiscard]] bool is_eligible(const member& m) const;
  void notice_stranger(peer& p);
  void leave_old_seat(sequence_t last, bool known);
  void take_new_seat();
  void consider_starting_over();

  // reform.cpp: going on after a death of the group
  void consider_reform();
  [[nodiscard]] bool is_seeking() const;
  [[nodiscard]] claim make_claim() const;
  void say_claim();
  void handle(peer& from, const claim& m);
  void handle(peer& from, const promise& m);
  std::optional<reform_plan> plan_reform();
  void reform(const reform_plan& plan);
  void forget_old_history();
  void found(view first, epoch_t epoch);
  uuid fresh_history();
  void notice_ancestor(const peer& p);
  [[nodiscard]] bool is_holding_back() const;
  void lose_others(view& next);

  // force.cpp
  [[nodiscard]] std::string obstacle_to_force() const;
  // changes.cpp: what members ask to be changed by a view
  void handle(peer& from, const change_request& m);
  void handle(peer& from, const change_answer& m);
  void consider_changes();
  void note_change(const uuid& requester, const change_request& m);
  void answer(const wanted_change& what);
  void conclude(wanted_change what, errc end, std::string text);
  [[nodiscard]] std::optional<error> objection(const weight_change& c) const;
  [[nodiscard]] bool is_done(const weight_change& c, const view& in) const;
  void apply(const weight_change& c, view& next) const;
  void apply_changes(view& next);

  // policy.cpp
  void handle(peer& from, const policy_proof& m);
  void note_proof(const seat_id& seat, const policy_proof& m);
  void tell_proof();
  [[nodiscard]] const policy_proof* proof_of(const seat_id& seat) const;
  [[nodiscard]] bool has_proved(const seat_id& seat) const;
  [[nodiscard]] std::optional<policy_outcome> judge_proofs() const;
  [[nodiscard]] bool is_policy_due() const;
  bool take_policy_step(view& next);
  void end_policy(view& next, policy_outcome end);
  [[nodiscard]] const member* gone_unproved(const view& next) const;
  [[nodiscard]] bool is_done(const policy_change& c, const view& in) const;
  [[nodiscard]] std::optional<error> objection(const policy_change& c) const;
  [[nodiscard]] std::optional<error> supersession(const policy_change& c) const;
  void apply(const policy_change&, view&) const {}  // by steps of its own
  void consider_policy();
  void drop_settled_proposals();
  void forget_proposals();
  void policy_committed(const view_ptr& v);
  [[nodiscard]] group_policy founding_policy(const std::vector<view_ptr>& known) const;

  // eviction.cpp
  void handle(peer& from, const evict_notice& m);
  void handle(peer& from, const evict_consent& m);
  [[nodiscard]] std::optional<error> objection(const eviction& c) const;
  [[nodiscard]] std::optional<error> objection(const permission&) const { return std::nullopt; }
  [[nodiscard]] bool is_done(const eviction& c, const view& in) const;
  [[nodiscard]] bool is_done(const permission& c, const view& in) const;
  void apply(const eviction& c, view& next);
  void apply(const permission& c, view& next) const;
  [[nodiscard]] const eviction* wanted_eviction() const;
  void consider_eviction();
  void take_back_consent();
  void part_evicted();

  // placement.cpp: who should lead
  void consider_placement();
  [[nodiscard]] placement choose_heir(const member& me);
  [[nodiscard]] bool is_only_standing_in() const;
  [[nodiscard]] const member* rightful_heir(const member& me) const;
  [[nodiscard]] const member* busiest_heir();
  [[nodiscard]] bool is_fit_to_lead(const member& m) const;
  void ask_heir();
  [[nodiscard]] const member* best_heir(const std::function<std::uint64_t(const member&)>& merit) const;

  // flow.cpp: applications that fall behind
  void measure_backlog();
  void note_behind(peer& p, bool is_behind);
  [[nodiscard]] bool is_behind(const seat_id& seat) const;
  [[nodiscard]] bool keeps_up(const seat_id& seat) const;
  [[nodiscard]] bool is_demoted_for_backlog(const view& in, const member& m) const;
  [[nodiscard]] bool is_spared_by(const view& of, const member& m) const;
  void evict_laggards();
  [[nodiscard]] const member* awaited_application() const;

  // fence.cpp
  void handle(peer& from, const fence_request& m);
  void handle(peer& from, const fence_answer& m);
  void consider_fences();
  void open_round(const uuid& requester, std::uint64_t id);

  // ---- who I am ----
  settings how_;
  identity who_;
  base::random random_;
  base::logger words_;
  time_point now_{};
  role role_ = role::idle;
  seat_id self_;
  uuid history_;
  recovered_position recovered_;
  std::vector<seat_id> succeeds_;    ///< seats of processes before this one, proven dead: said when joining
  std::vector<seat_id> past_seats_;  ///< the same, for the state file
  record kept_;                      ///< what the state file says
  position_t kept_at_ = 0;           ///< of the newest view in it; 0 = it is from an earlier life

  // ---- the log ----
  log log_;
  std::vector<sender> senders_;
  std::map<seat_id, std::uint32_t> sender_of_;
  position_t held_ = 0;          ///< entries and payloads up to here are here
  position_t commit_known_ = 0;  ///< committed in the group; may lie beyond held_
  position_t delivered_ = 0;
  position_t heard_committed_ = 0;            ///< the newest one that a peer says is committed
  position_t passed_ = 0;                     ///< commit was acted on up to here (views)
  position_t stable_ = 0, stable_known_ = 0;  ///< held by all weighted members: here, and as others say
  position_t brought_ = 0;                    ///< by my application, before it joined
  position_t retired_ = 0;               ///< up to here entries are stable and delivered: they may be trimmed
  std::uint64_t undelivered_bytes_ = 0;  ///< committed here and not yet taken by the application
  std::uint64_t fresh_bytes_ = 0;        ///< committed since the backlog was measured last
  position_t offered_ = 0;               ///< committed when that was
  std::uint64_t retired_bytes_ = 0;      ///< of those still in the log
  view_ptr committed_view_, newest_view_;
  position_t committed_view_at_ = 0, newest_view_at_ = 0;
  std::uint64_t shown_view_ = 0;  ///< number of the last committed view of members
  position_t founded_at_ = 0;     ///< the view by which this process founded its history
  time_point committed_view_since_{};
  std::map<seat_id, holding> holdings_;

  // ---- epochs ----
  epoch_t epoch_ = 0;    ///< joined or voted in; nothing below it is accepted any more
  epoch_t matched_ = 0;  ///< the epoch whose leader my log was matched with
  uuid leader_;          ///< of epoch_, nil when not known
  uuid voted_for_;
  std::vector<seat_id> votes_;      ///< for epoch_
  std::vector<seat_id> pre_votes_;  ///< for pre_vote_epoch_
  epoch_t pre_vote_epoch_ = 0;      ///< the epoch that I ask about; 0 = not asking
  std::optional<epoch_t> gave_way_in_;
  time_point election_at_ = base::never;
  std::vector<seat_id> dead_;        ///< proven dead, by what I know
  std::vector<seat_id> stood_dead_;  ///< what I knew when I stood
  std::vector<seat_id> epoch_dead_;  ///< named by the first entry of matched_

  // ---- peers and liveness ----
  std::map<uuid, peer> peers_;
  time_point next_beat_ = base::never;
  std::uint64_t beats_ = 0;  ///< number of the last beat to anybody: none comes twice in a process's life
  time_point lease_until_{};
  bool is_primary_ = false;
  bool was_primary_told_ = false;  ///< the application believes that we are primary
  view_ptr delivered_view_;        ///< the newest one that the application saw
  position_t delivered_view_at_ = 0;

  // ---- my broadcasts ----
  std::deque<base::buffer> sent_;
  sequence_t sent_first_ = 1;
  std::uint64_t sent_bytes_ = 0;
  sequence_t uncommitted_first_ = 1;
  std::uint64_t in_flight_bytes_ = 0;
  std::deque<stay> stays_;  ///< the newest last
  std::uint64_t tickets_ = 0;

  // ---- relay ----
  /// My payloads on their way to the leader through a middle: go back to what it has when they get stuck.
  relayed_data relayed_;
  bool is_relayed_ = false;    ///< the message being handled came by relay
  bool is_route_due_ = false;  ///< links have changed, here or elsewhere
  time_point asked_order_at_{};
  position_t order_seen_ = 0;  ///< end of my log at my last beats

  // ---- membership ----
  std::map<uuid, candidate_member> joiners_;
  std::map<seat_id, sequence_t> leavers_;
  bool is_paused_ = false;  ///< the leader drains the log before a view entry
  bool is_leaving_ = false;
  bool has_consented_ = false;  ///< asked to be let go: no longer primary, whatever the others do
  bool is_removed_ = false;     ///< a committed view removed me, and I stay only to vote
  bool has_left_ = false;       ///< a committed view let me go
  position_t left_behind_at_ = 0;
  time_point left_behind_since_{};
  bool is_cut_off_ = false;        ///< consented to be evicted when it was not primary any more
  bool is_let_go_ = false;         ///< and enough others know it, as they have gone on to the next
  time_point stuck_since_view_{};  ///< since when my application keeps me from the newest view
  time_point asked_leave_at_{}, handed_over_at_{};
  time_point joined_at_{}, next_join_ = base::never;
  time_point member_since_{};             ///< my admission was matched, for its time limit
  bool is_admitted_ = false;              ///< a committed view has my seat
  std::map<uuid, time_point> strangers_;  ///< of this history, but in no view that I know: since when

  // ---- re-forming ----
  claim claimed_;              ///< what I said last
  bool is_still_ = false;      ///< promised: nothing moves here until the group is re-formed
  bool has_promised_ = false;  ///< to another: only that one can say that it is off
  time_point lost_at_{};       ///< the last time that I was primary
  time_point founded_since_{};
  std::vector<std::string> awaited_;  ///< names of those who follow this founder and are not in yet
  std::uint32_t foundings_ = 0;
  std::string said_once_;
  // ---- eviction ----
  seat_id noticed_;         ///< as leader: whom I told that it is about to be removed
  bool is_agreed_ = false;  ///< and it consented
  time_point noticed_since_{}, noticed_at_{};
  epoch_t evicted_in_ = 0;   ///< the epoch in which I consented; 0 = I did not
  bool is_evicted_ = false;  ///< a committed view did it
  // ---- policy ----
  policy_work policy_;
  // ---- changes and placement ----
  std::map<std::uint64_t, asked_change> asked_;
  std::deque<wanted_change> wanted_;    ///< as leader: the oldest first, one view for each
  std::deque<wanted_change> answered_;  ///< the newest last
  seat_id heir_;                        ///< as leader: who shall lead in my place; nil = nobody
  time_point heir_until_{}, next_placement_{}, next_owed_placement_{}, badly_linked_since_{},
      measured_since_{};

  // ---- fetching ----
  uuid fetch_from_;
  position_t fetch_last_ = 0;
  time_point fetch_until_{};
  position_t stuck_at_ = 0;
  time_point stuck_since_{};
  pool fetch_partial_;
  position_t fetch_partial_at_ = 0;
  std::map<uuid, position_t> gone_;  ///< peers that no longer have what I need, and from where on

  // ---- fences ----
  std::vector<fence_round> rounds_;
  bool is_answer_due_ = false;  ///< the leader waits for my next beat
  bool is_behind_ = false;      ///< my application, further than it may be
  time_point behind_changed_at_{};
  bool is_beat_due_ = false;                    ///< a round waits for the next beat
  std::map<std::uint64_t, time_point> fences_;  ///< mine, unanswered: when asked last

  // ---- outputs ----
  std::deque<effect> effects_;
  std::deque<event> events_;  ///< those that are not entries of the log
  held announced_;
  std::uint64_t elections_ = 0, refused_ = 0, fetches_ = 0;
  bool is_gone_ = false;
};

}  // namespace hauberk::replica
