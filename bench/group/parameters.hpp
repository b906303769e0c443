// What a run of group_bench is asked for, and the words in which the coordinating process and its nodes talk:
// one JSON object a line, commands on a node's standard input, answers on its standard output.
//
//   node → {"event":"ready","port":P}                  listening, and (but a joiner) in its first view
//        → {"event":"view","members":N,"primary":B,"weightless":[NAME…],"at":T}   with every view
//        → {"event":"here", …}                         answer to {"do":"where?"}: its state so far
//        → {"event":"leader","leader":B}               answer to {"do":"leader?"}
//        → {"event":"done", …}                         a phase is over and all own broadcasts have ended
//        → {"event":"agreed","count","digest"}         answer to {"do":"until","position":P}
//        → {"event":"error","text"}                    and the node ends
//   commands: {"do":"phase", …}, {"do":"leader?"}, {"do":"where?"}, {"do":"until","position":P},
//   {"do":"leave"}; a joiner waits for {"do":"join", …} first, which is the answer to a "where?": state that
//   it starts from
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hauberk::bench {

enum class fault { none, kill, stop, join };

struct parameters {
  unsigned nodes = 3;
  unsigned senders = 1;
  std::size_t size = 1024;      ///< bytes of a message, at least 16
  double seconds = 5;           ///< measured, after `warm_up`
  double warm_up = 1;           ///< seconds
  double latency_seconds = 2;   ///< of the second phase, one in flight; 0 = without it
  std::uint64_t window = 0;     ///< evs.send_window; 0 = the default
  std::uint64_t in_flight = 0;  ///< closed loop with so many of each sender; 0 = off
  double rate = 0;              ///< open loop with so many a second from each sender; 0 = off
  std::size_t batch = 1;        ///< messages per call of `broadcast`, but in a closed loop
  bool plain = false;
  bool text = false;  ///< compressible payloads
  std::string cipher, compression, options;
  std::string logs;  ///< folder for the nodes' logs; empty = they go with the run
  fault what = fault::none;
  bool hits_leader = false;  ///< else a follower
  unsigned joiners = 1;      ///< for fault::join
  double freeze_seconds = 1.5;
  bool json = false;
};

/// One phase of sending, as a node is told. Times are CLOCK_MONOTONIC nanoseconds.
struct phase {
  std::uint64_t begin = 0, from = 0, to = 0;  ///< sending starts; measuring starts; both end
  std::uint64_t middle = 0;                   ///< the moment of the fault
  bool sends = false;
  std::size_t size = 0, batch = 1;
  std::uint64_t in_flight = 0;
  double rate = 0;
  bool text = false;
};

}  // namespace hauberk::bench
