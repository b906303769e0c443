// The list of the directed scenarios, and the group that each one needs.
#include "simulator/directed/scenarios.hpp"

namespace hauberk::simulator::directed {
namespace {

template <std::size_t machines>
cast plain(base::random& /*chance*/) {
  return ordinary(machines);
}

/// Frames arrive one after the other, not in one go.
template <std::size_t machines>
cast thin_wires(base::random& chance) {
  cast who = ordinary(machines);
  who.air.bytes_per_second = 200000 + chance.below(200000);
  who.air.kernel_bytes = 16U << 10U;
  return who;
}

template <std::size_t machines>
cast small_windows(base::random& /*chance*/) {
  cast who = ordinary(machines);
  who.settings.window_bytes = 256U << 10U;
  who.settings.send_window_bytes = 64U << 10U;
  return who;
}

template <std::size_t machines>
cast thin_wires_and_windows(base::random& chance) {
  cast who = small_windows<machines>(chance);
  who.air = thin_wires<machines>(chance).air;
  return who;
}

/// Whose links take no more than a few frames at a time.
template <std::size_t machines>
cast little_credit(base::random& chance) {
  cast who = thin_wires<machines>(chance);
  who.settings.credit_bytes = 16U << 10U;
  who.settings.run_bytes = 4U << 10U;
  return who;
}

}  // namespace

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all = {
      {"pending_reaches_only_joiners", pending_reaches_only_joiners, plain<4>},
      {"pending_counts_for_the_old", pending_counts_for_the_old, plain<4>},
      {"joiners_do_not_count", joiners_do_not_count, plain<4>},
      {"longer_older_tail", longer_older_tail, plain<3>},
      {"cut_broadcasts_come_back", cut_broadcasts_come_back, plain<7>},
      {"old_entry_held_by_many", old_entry_held_by_many, thin_wires<5>},
      {"payload_after_the_vote", payload_after_the_vote, thin_wires<3>},
      {"split_vote", split_vote, plain<5>},
      {"pre_vote_for_the_next_epoch", pre_vote_for_the_next_epoch, plain<5>},
      {"bare_quorum_on_slow_links", bare_quorum_on_slow_links, plain<5>},
      {"nobody_waits_for_who_stepped_down", nobody_waits_for_who_stepped_down, plain<3>},
      {"weightless_leader_stands_again", weightless_leader_stands_again, plain<2>},
      {"crash_while_a_view_is_pending", crash_while_a_view_is_pending, plain<4>},
      {"majority_dies_while_a_view_is_pending", majority_dies_while_a_view_is_pending, plain<4>},
      {"decided_by_the_dead_alone", decided_by_the_dead_alone, plain<3>},
      {"plan_of_a_founder_falls_apart", plan_of_a_founder_falls_apart, plain<3>},
      {"state_outruns_its_file", state_outruns_its_file, plain<2>},
      {"founder_dies_before_the_others_are_in", founder_dies_before_the_others_are_in, plain<3>},
      {"founder_comes_back_with_nothing", founder_comes_back_with_nothing, plain<3>},
      {"forced_minority_then_heal", forced_minority_then_heal, plain<5>},
      {"forced_with_a_tail", forced_with_a_tail, plain<3>},
      {"reformed_with_a_tail", reformed_with_a_tail, plain<3>},
      {"one_of_two_restarts_often", one_of_two_restarts_often, plain<3>},
      {"observer_counts_late_holdings", observer_counts_late_holdings, plain<3>},
      {"admission_is_lost", admission_is_lost, plain<4>},
      {"removal_is_lost", removal_is_lost, plain<7>},
      {"one_behind_meets_a_newcomer", one_behind_meets_a_newcomer, plain<4>},
      {"removed_one_reads_its_tickets", removed_one_reads_its_tickets, plain<4>},
      {"broadcast_of_the_removed_one", broadcast_of_the_removed_one, plain<4>},
      {"name_returns_without_proof", name_returns_without_proof, plain<4>},
      {"successor_is_taken_in_at_once", successor_is_taken_in_at_once, plain<3>},
      {"observers_do_not_lead", observers_do_not_lead, plain<5>},
      {"leader_leaves_before_its_heir_counts", leader_leaves_before_its_heir_counts, plain<2>},
      {"leave_with_last_frame_late", leave_with_last_frame_late, plain<2>},
      {"two_leave_at_once", two_leave_at_once, plain<4>},
      {"leave_and_join_within_a_second", leave_and_join_within_a_second, plain<3>},
      {"leaver_outlives_a_member", leaver_outlives_a_member, plain<3>},
      {"arbitrator_waits_for_the_data", arbitrator_waits_for_the_data, plain<3>},
      {"arbitrator_keeps_what_is_undecided", arbitrator_keeps_what_is_undecided, plain<3>},
      {"arbitrator_hands_over_to_who_has_it", arbitrator_hands_over_to_who_has_it, plain<3>},
      {"leaver_waits_for_who_catches_up", leaver_waits_for_who_catches_up, plain<3>},
      {"weighted_seat_is_given_up", weighted_seat_is_given_up, small_windows<2>},
      {"joiner_brings_what_one_lacks", joiner_brings_what_one_lacks, thin_wires_and_windows<3>},
      {"newcomer_leads_one_that_lags", newcomer_leads_one_that_lags, small_windows<4>},
      {"echo_from_a_later_view", echo_from_a_later_view, plain<6>},
      {"return_meets_removal", return_meets_removal, plain<3>},
      {"fence_under_handover", fence_under_handover, plain<5>},
      {"leader_is_deaf", leader_is_deaf, plain<3>},
      {"fence_storm", fence_storm, plain<4>},
      {"frozen_with_a_tiny_window", frozen_with_a_tiny_window, small_windows<3>},
      {"demotion_meets_removal", demotion_meets_removal, small_windows<5>},
      {"slow_application_is_cut_off", slow_application_is_cut_off, small_windows<3>},
      {"weight_for_one_far_behind", weight_for_one_far_behind, thin_wires_and_windows<2>},
      {"lighter_half_freezes", lighter_half_freezes, small_windows<3>},
      {"cut_over_loses_its_leader", cut_over_loses_its_leader, plain<3>},
      {"all_die_around_the_activation", all_die_around_the_activation, plain<3>},
      {"living_founder_keeps_the_policy", living_founder_keeps_the_policy, plain<3>},
      {"lost_before_it_proved", lost_before_it_proved, plain<3>},
      {"joiner_waits_for_the_policy", joiner_waits_for_the_policy, plain<4>},
      {"proofs_of_a_trial_do_not_count", proofs_of_a_trial_do_not_count, plain<3>},
      {"middle_dies_with_the_news", middle_dies_with_the_news, plain<3>},
      {"middle_dies_with_a_payload", middle_dies_with_a_payload, plain<4>},
      {"middle_is_greedy", middle_is_greedy, little_credit<3>},
  };
  return all;
}

}  // namespace hauberk::simulator::directed
