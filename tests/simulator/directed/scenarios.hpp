// The directed scenarios, one function each. A scenario leads the group into one dangerous situation, says
// `arrive` there, and lets the group get out of it.
#pragma once

#include "simulator/directed/stage.hpp"

namespace hauberk::simulator::directed {

// quorums.cpp
void pending_reaches_only_joiners(stage& s);
void pending_counts_for_the_old(stage& s);
void joiners_do_not_count(stage& s);
void longer_older_tail(stage& s);
void cut_broadcasts_come_back(stage& s);
void old_entry_held_by_many(stage& s);
void payload_after_the_vote(stage& s);
void split_vote(stage& s);
void pre_vote_for_the_next_epoch(stage& s);
void bare_quorum_on_slow_links(stage& s);
void nobody_waits_for_who_stepped_down(stage& s);
void weightless_leader_stands_again(stage& s);

// reform.cpp
void crash_while_a_view_is_pending(stage& s);
void majority_dies_while_a_view_is_pending(stage& s);
void decided_by_the_dead_alone(stage& s);
void plan_of_a_founder_falls_apart(stage& s);
void state_outruns_its_file(stage& s);
void founder_dies_before_the_others_are_in(stage& s);
void founder_comes_back_with_nothing(stage& s);
void forced_minority_then_heal(stage& s);
void forced_with_a_tail(stage& s);
void reformed_with_a_tail(stage& s);

// members.cpp
void one_of_two_restarts_often(stage& s);
void observer_counts_late_holdings(stage& s);
void admission_is_lost(stage& s);
void removal_is_lost(stage& s);
void one_behind_meets_a_newcomer(stage& s);
void removed_one_reads_its_tickets(stage& s);
void broadcast_of_the_removed_one(stage& s);
void name_returns_without_proof(stage& s);
void successor_is_taken_in_at_once(stage& s);
void observers_do_not_lead(stage& s);
void leader_leaves_before_its_heir_counts(stage& s);
void leave_with_last_frame_late(stage& s);
void two_leave_at_once(stage& s);
void leave_and_join_within_a_second(stage& s);
void leaver_outlives_a_member(stage& s);
void arbitrator_waits_for_the_data(stage& s);
void leaver_waits_for_who_catches_up(stage& s);
void weighted_seat_is_given_up(stage& s);
void joiner_brings_what_one_lacks(stage& s);
void newcomer_leads_one_that_lags(stage& s);

// arbitrators.cpp
void arbitrator_keeps_what_is_undecided(stage& s);
void arbitrator_hands_over_to_who_has_it(stage& s);

// leases.cpp
void echo_from_a_later_view(stage& s);
void return_meets_removal(stage& s);
void fence_under_handover(stage& s);
void leader_is_deaf(stage& s);
void fence_storm(stage& s);
void frozen_with_a_tiny_window(stage& s);
void demotion_meets_removal(stage& s);
void slow_application_is_cut_off(stage& s);
void weight_for_one_far_behind(stage& s);
void lighter_half_freezes(stage& s);

// policies.cpp
void cut_over_loses_its_leader(stage& s);
void all_die_around_the_activation(stage& s);
void living_founder_keeps_the_policy(stage& s);
void lost_before_it_proved(stage& s);
void joiner_waits_for_the_policy(stage& s);
void proofs_of_a_trial_do_not_count(stage& s);

// links.cpp
void middle_dies_with_the_news(stage& s);
void middle_dies_with_a_payload(stage& s);
void middle_is_greedy(stage& s);

}  // namespace hauberk::simulator::directed
