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
void old_entry_held_by_many(stage& s);
void payload_after_the_vote(stage& s);

// reform.cpp
void crash_while_a_view_is_pending(stage& s);
void majority_dies_while_a_view_is_pending(stage& s);

}  // namespace hauberk::simulator::directed
