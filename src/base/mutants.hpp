// Bugs made on purpose: one wrong turn each, to prove that the tests would notice it. In an ordinary build
// every HAUBERK_MUTANT is the constant false and leaves nothing behind; with -DHAUBERK_MUTANTS=ON one of them
// can be chosen when the program starts (`hauberk_sim --mutant NAME`). tests/mutants.sh runs them all.
#pragma once

#include <array>
#include <string_view>

// A name, and what its replica does wrong.
#define HAUBERK_MUTANT_LIST(M)                                                                  \
  /* elections */                                                                               \
  M(elect_by_new_view, "a pending view elects without the one before it")                       \
  M(elect_by_old_view, "a pending view has no say in elections")                                \
  M(vote_twice, "votes for whoever asks, many times in one epoch")                              \
  M(vote_for_anyone, "votes for candidates whose log is behind")                                \
  M(vote_by_length, "compares logs by their length, not by the epoch of the last entry")        \
  M(pre_votes_count, "takes a pre-vote for a vote")                                             \
  M(votes_mixed, "takes a pre-vote for the next epoch for a vote for this one")                 \
  M(split_vote_waits, "tries a split vote again only after a suspect timeout and more")         \
  M(never_gives_way, "asks for votes beside another who asks")                                  \
  M(half_quorum, "half of the weight is a quorum")                                              \
  M(few_and_dead, "fewer than half elect when all others are proven dead")                      \
  M(half_in_old_epochs, "counts half and proven deaths in epochs that did not name them")       \
  M(catching_up_counts, "counts the weight that a member is still catching up for")             \
  M(catching_up_stands, "lets members stand that are still catching up")                        \
  M(steps_down_in_its_epoch, "who steps down seems to lead on to the others")                   \
  M(weightless_never_stands, "a pending view that takes its weight keeps it from standing")     \
  /* matching of logs */                                                                        \
  M(match_by_length, "keeps its own tail when it follows a new leader")                         \
  M(match_one_more, "keeps one entry more than it has in common with a new leader")             \
  M(tail_kept_by_winner, "a winner keeps what was ordered but is not here")                     \
  M(cut_dropped, "payloads of cut entries are dropped")                                         \
  M(cut_still_ordered, "broadcasts of cut entries count as ordered")                            \
  M(hold_after_vote, "goes on holding for an epoch after it voted in the next")                 \
  M(old_epoch_start, "follows the leader of an earlier epoch")                                  \
  M(no_own_entry, "a new leader starts without an entry of its own")                            \
  /* holding and commit */                                                                      \
  M(held_before_payload, "says that it holds what it has only heard of")                        \
  M(commit_by_two, "two holders are enough to commit")                                          \
  M(commit_by_new_view, "a pending view commits without the one before it")                     \
  M(commit_by_old_view, "a pending view commits by the one before it alone")                    \
  M(commit_old_epoch, "commits entries of earlier epochs by count")                             \
  M(epochs_mixed, "counts holdings of any epoch")                                               \
  M(commit_hearsay, "believes what is committed in an epoch that it has not matched")           \
  M(trim_by_quorum, "trims what a quorum holds, not what all hold")                             \
  M(stable_by_new_view, "trims what a member lacks that a pending view removes")                \
  M(weight_unpins, "trims what a member lacks that got its weight while it lagged")             \
  M(brought_is_stable, "says that all hold what its application brought")                       \
  M(trim_undelivered, "trims what its own application has not taken")                           \
  /* views */                                                                                   \
  M(no_barrier, "a view is appended before everything else is committed")                       \
  M(two_views, "a second view is appended while the first is pending")                          \
  M(weight_at_admission, "gives a joiner its weight at once")                                   \
  M(weight_unproven, "gives a joiner its weight before it holds the view that admitted it")     \
  M(weight_above_the_lacked, "gives weight to a joiner whose state covers what another lacks")  \
  M(last_forgotten, "a view does not say how far its members' broadcasts were ordered")         \
  M(removed_forgotten, "a view forgets who was removed before")                                 \
  M(removed_too_early, "tells a member that it is removed before that is committed")            \
  M(purge_at_append, "forgets a removed member's broadcasts before the removal is committed")   \
  M(senders_of_delivered_view, "orders the senders of the committed view, not of the newest")   \
  M(view_kept_after_held, "writes a view to the state file only when it is committed")          \
  M(mesh_unchecked, "admits a joiner without links to all")                                     \
  M(admission_awaited, "waits for ever for an admission that was lost")                         \
  M(old_seat_awaited, "waits for the seat that a process gave up for a new one")                \
  M(goes_on_without_data, "an arbitrator removes the last one that has all data")               \
  M(demote_down_to_one, "demotes until one with weight is left")                                \
  M(demote_before_losses, "demotes before it is known who else goes")                           \
  M(dead_unnamed, "a view does not name the lost ones that are proven dead")                    \
  M(evict_unasked, "removes an evicted member before it has given up to be primary")            \
  M(evicted_stays_primary, "goes on as primary after it consented to be evicted")               \
  /* policy */                                                                                  \
  M(proved_by_most, "activates a policy that most members have proved")                         \
  M(proof_of_another, "counts proofs of an earlier proposal")                                   \
  M(admitted_while_prepared, "admits joiners while a policy is prepared")                       \
  M(goes_unproved, "lets a member go that has not proved what is prepared, and goes on")        \
  M(base_ignored, "takes a policy that was made from an older one than is in force")            \
  M(founder_keeps_its_own, "a founder takes only the policy that it started with")              \
  /* re-forming and force */                                                                    \
  M(founder_at_once, "a founder commits before the others are in")                              \
  M(founder_with_nothing, "founds without its state beside one who has it")                     \
  M(decided_unheard, "only those count as barred whose view is decided for all")                \
  M(founder_waits, "who was to found waits for ever when others have gone on")                  \
  M(reforms_foreign_state, "re-forms by its file although its state came from another history") \
  M(reform_keeps_tail, "re-forms with a tail in whose place others delivered something else")   \
  M(force_unmarked, "a forced view is numbered like any other")                                 \
  M(force_keeps_tail, "says that all of a forced history up to its tail is shared")             \
  /* primary */                                                                                 \
  M(lease_from_receipt, "its lease counts from when an echo came, not from when its beat left") \
  M(lease_long, "its lease lasts 1.2 suspect timeouts")                                         \
  M(lease_ignored, "believes to be primary for as long as it leads or follows")                 \
  M(lease_by_new_view, "a pending view's lease needs no echo from the one before")              \
  M(echo_removed, "echoes a member that a view in its log removes")                             \
  M(echo_from_ahead, "an echo from a later view renews the lease")                              \
  M(hold_removal_at_once, "holds a removal while the removed one may believe to be primary")    \
  M(remove_at_once, "proposes a removal while the removed one may believe to be primary")       \
  M(alive_by_hearing, "takes a member for alive that does not hear us")                         \
  M(deliver_cut_off, "goes on delivering after it told that it is not primary")                 \
  /* leaving, seats, tickets */                                                                 \
  M(leave_at_own_commit, "a leaver is gone as soon as it knows itself that it may go")          \
  M(leaver_is_primary, "goes on as primary after it asked to be let go")                        \
  M(leave_without_handover, "a leader that leaves hands over to nobody")                        \
  M(heir_without_data, "a leaver hands over to an arbitrator while a data member catches up")   \
  M(heir_out_of_reach, "an arbitrator hands over to a member that lacks what it has trimmed")   \
  M(heir_unfit, "a leader that leaves stops for an heir that has no weight yet")                \
  M(leave_all_at_once, "lets several leave by one view")                                        \
  M(hearsay_removes, "who is behind tells members that it does not know that they are out")     \
  M(seat_reused, "comes back with the seat that was removed")                                   \
  M(never_one_too_many, "tells never for the last broadcast that was ordered")                  \
  M(ticket_base_lost, "a new seat's tickets begin anew")                                        \
  M(unknown_at_once, "tells unknown when its seat ends, not when it is in again")               \
  M(never_starts_over, "waits for ever when its application keeps it from the newest view")     \
  /* senders */                                                                                 \
  M(order_forgets_log, "a new leader knows of the senders only what its newest view says")      \
  M(order_forgets_view, "forgets what the newest view says about the senders' last broadcasts") \
  M(resume_one_further, "goes on one broadcast after the one that the receiver lacks")          \
  /* relay */                                                                                   \
  M(match_again, "cuts its log once more when a leader's first words come twice")               \
  M(order_gap_kept, "never asks again for an order that was lost on its way by relay")          \
  M(relay_once, "says nothing twice to whom it reaches by relay")                               \
  M(relay_no_payload, "relays no payloads to the leader")                                       \
  M(relay_never_back, "never goes back to a payload that was lost by relay")                    \
  M(own_first, "relays payloads and answers fetches only while its own broadcasts leave room")  \
  M(beats_renumbered, "the numbers of its beats start anew with every link")                    \
  M(way_not_repeated, "says nothing again when a link of its own works again")                  \
  /* fences */                                                                                  \
  M(fence_at_commit, "answers a fence with what it knows to be committed")                      \
  M(fence_without_quorum, "answers a fence without asking a quorum")                            \
  M(fence_by_old_echo, "counts echoes of beats that left before the question")

namespace hauberk::base {

enum class mutant : unsigned char {
  none,
#define HAUBERK_MUTANT_NAME(name, words) name,
  HAUBERK_MUTANT_LIST(HAUBERK_MUTANT_NAME)
#undef HAUBERK_MUTANT_NAME
};

struct mutant_words {
  mutant which;
  std::string_view name, words;
};
inline constexpr auto all_mutants = std::to_array<mutant_words>({
#define HAUBERK_MUTANT_WORDS(name, words) {mutant::name, #name, words},
    HAUBERK_MUTANT_LIST(HAUBERK_MUTANT_WORDS)
#undef HAUBERK_MUTANT_WORDS
});

#ifdef HAUBERK_MUTANTS
/// Set once, before the first thread starts.
inline mutant chosen_mutant = mutant::none;
[[nodiscard]] inline bool is_mutant(mutant which) { return chosen_mutant == which; }
#else
[[nodiscard]] constexpr bool is_mutant(mutant which) { return which == mutant::none; }
#endif

}  // namespace hauberk::base

#define HAUBERK_MUTANT(name) (::hauberk::base::is_mutant(::hauberk::base::mutant::name))
