// The parts that micro_bench measures, each in a file of its own.
#pragma once

namespace hauberk::bench {

void add_codec();
void add_outbox();
void add_replica();

}  // namespace hauberk::bench
