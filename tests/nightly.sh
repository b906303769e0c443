#!/usr/bin/env bash
# The long checks. Each step goes on when another failed; the last lines sum up, exit 1 if any failed.
#   tests/nightly.sh [STEP…]     steps: simulator mutants model rotation clang lint valgrind fuzz scan report (default: all)
# HAUBERK_SIM_MINUTES (60) and HAUBERK_FUZZ_MINUTES (5, each fuzzer) say for how long.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

cores=$(nproc)
results=()

# Fresh seeds, in runs of 1,000, until the time is up; a violation is printed with its seed by hauberk_sim.
step_simulator() {
  local program from until
  cmake/build.sh release
  program=$(find build/release -name hauberk_sim -type f -perm -u+x | head -n 1)
  [ -n "$program" ] || { echo "no hauberk_sim was built"; return 1; }
  from=$(($(date +%s) * 1000))
  until=$((SECONDS + 60 * ${HAUBERK_SIM_MINUTES:-60}))
  while [ $SECONDS -lt $until ]; do
    seq 0 $((cores - 1)) | xargs -P "$cores" -I{} bash -o pipefail -c '"$0" --from $(($1 + 1000 * {})) --seeds 1000 | tail -n 20' \
      "$program" "$from" || return 1
    from=$((from + 1000 * cores))
  done
}

# Every bug made on purpose, until something notices it.
step_mutants() { tests/mutants.sh; }

# The protocol's core as a model, in every order of its steps; seeded bugs that must be found.
step_model() { tests/model/check.sh; }

# A thousand reloads, and 300 changes of the group's policy, on three nodes under load.
step_rotation() {
  cmake/build.sh release
  HAUBERK_ROTATIONS=300 ctest --test-dir build/release --output-on-failure --no-tests=error -R 'GroupRotation|GroupReload|Rotate'
}

# The other compiler, and its opinion of every test.
step_clang() {
  cmake/build.sh clang -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
  ctest --test-dir build/clang --output-on-failure --no-tests=error --parallel "$cores"
}

step_lint() {
  cmake/build.sh clang -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
  tests/tidy/format.sh
  find src bench -name '*.cpp' -print0 | xargs -0 -P "$cores" -n 4 clang-tidy -p build/clang --quiet
}

step_valgrind() {
  local program failed=0
  cmake/build.sh valgrind -DCMAKE_BUILD_TYPE=RelWithDebInfo -DHAUBERK_BENCH=OFF
  while read -r program; do
    echo "valgrind $program"
    valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
      "$program" --gtest_brief=1 || failed=1
  done < <(find build/valgrind/tests -maxdepth 1 -name 'unit_*' -type f -perm -u+x | sort)
  return $failed
}

# Each fuzzer goes on from the corpus kept in tests/fuzz/corpus/NAME; what it finds stays in build/fuzz/found.
step_fuzz() {
  local program name seconds=$((60 * ${HAUBERK_FUZZ_MINUTES:-5})) failed=0 count=0
  cmake/build.sh fuzz -DHAUBERK_FUZZ=ON -DHAUBERK_BENCH=OFF -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
  while read -r program; do
    name=$(basename "$program" _fuzz)
    count=$((count + 1))
    mkdir -p "build/fuzz/corpus/$name" "build/fuzz/found/$name"
    echo "fuzz $name for $seconds s"
    "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/found/$name/" "build/fuzz/corpus/$name" \
      $([ -d "tests/fuzz/corpus/$name" ] && echo "tests/fuzz/corpus/$name") 2>&1 | tail -n 25 || failed=1
  done < <(find build/fuzz/tests -name '*_fuzz' -type f -perm -u+x | sort)
  [ $count -gt 0 ] || { echo "no fuzzer was built"; return 1; }
  return $failed
}

# What testssl and sslscan find at a running node, and what a capture shows.
step_scan() {
  cmake/build.sh release
  HAUBERK=build/release/bin/hauberk tests/scan.sh
}

# The page of bench/report.sh from a short run, and what a browser makes of it on a screen and on a telephone.
step_report() {
  cmake/build.sh release
  python3 -B bench/report/check.py --programs build/release/bench --overlap
}

run() {  # STEP: in a shell of its own, so that `set -e` ends the step and not the night
  local began=$SECONDS verdict=passed
  echo "=== $1"
  bash -c "$(declare -p cores); $(declare -f "step_$1"); set -euo pipefail; step_$1" || verdict=FAILED
  results+=("$1: $verdict in $((SECONDS - began)) s")
}

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(simulator mutants model rotation clang lint valgrind fuzz scan report)
for step in "${steps[@]}"; do
  declare -F "step_$step" >/dev/null || { echo "nightly: no step '$step'" >&2; exit 2; }
done
cmake/install-deps.sh clang clang-tidy clang-format libclang-rt-14-dev valgrind spin testssl.sh chromium fonts-dejavu-core
for step in "${steps[@]}"; do run "$step"; done

echo "=== nightly"
printf '%s\n' "${results[@]}"
[[ "${results[*]}" != *FAILED* ]]
