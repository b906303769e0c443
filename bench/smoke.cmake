# Do the benches still run and print what their readers expect?
#   cmake -DLINK_BENCH=… -DGROUP_BENCH=… -P smoke.cmake
cmake_minimum_required(VERSION 3.25)

function(run OUTPUT)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "exit ${code} of ${ARGN}\n${out}\n${err}")
  endif()
  set(${OUTPUT} "${out}" PARENT_SCOPE)
endfunction()

run(names ${LINK_BENCH} --benchmark_list_tests=true)
foreach(name link/tcp/none/64KiB link/openssl/AES-128-GCM/64KiB link/asio/CHACHA20/1MiB
    link/ours/AES-256-GCM/128B/gathered link/ours+zstd-text/AES-128-GCM/64KiB
    handshake/ours/TLS1.2-AES-128-GCM)
  string(FIND "${names}" "${name}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "link_bench does not list ${name}")
  endif()
endforeach()

run(said ${GROUP_BENCH} --nodes 3 --senders 1 --size 1024 --seconds 1 --warm-up 0.2 --latency-seconds 0.3 --json)
foreach(path messages_per_second mib_per_second cpu_seconds_per_gib longest_commit_gap_ms max_rss_mib
    "latency_us;p50" "latency_us;p99" "latency_us;p999" "latency_us;max" "agreed;messages")
  string(JSON value GET "${said}" ${path})
  if(NOT value GREATER 0)
    message(FATAL_ERROR "${path} is ${value} in\n${said}")
  endif()
endforeach()
string(JSON nodes LENGTH "${said}" per_node)
if(NOT nodes EQUAL 3)
  message(FATAL_ERROR "${nodes} nodes in\n${said}")
endif()

# Every fault, on a load that a busy machine carries.
foreach(fault "kill --target follower" "kill --target leader" "stop --target follower"
    "stop --target leader" "join --joiners 2")
  separate_arguments(words UNIX_COMMAND "${fault}")
  run(said ${GROUP_BENCH} --seconds 4 --warm-up 0.2 --rate 500 --freeze-seconds 0.4 --json --fault ${words})
  foreach(path longest_commit_gap_ms longest_commit_gap_before_ms "agreed;messages")
    string(JSON value GET "${said}" ${path})
    if(NOT value GREATER 0)
      message(FATAL_ERROR "${path} is ${value} with --fault ${fault} in\n${said}")
    endif()
  endforeach()
  if(fault MATCHES join)
    string(JSON value GET "${said}" weighted_after_ms)
    if(NOT value GREATER 0)
      message(FATAL_ERROR "weighted_after_ms is ${value} in\n${said}")
    endif()
  endif()
endforeach()

execute_process(COMMAND ${GROUP_BENCH} --cipher NOPE ERROR_VARIABLE err RESULT_VARIABLE code)
if(NOT code EQUAL 1 OR NOT err MATCHES "NOPE")
  message(FATAL_ERROR "an unknown cipher ended with exit ${code} and: ${err}")
endif()
