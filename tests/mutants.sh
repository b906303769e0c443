#!/usr/bin/env bash
# Proves that the tests notice bugs: builds the library with bugs made on purpose (src/base/mutants.hpp), lets
# the simulator's seeds and the directed scenarios look for each, and says who noticed it, where, and at what
# price. Exit 1 if one goes unnoticed.
#   tests/mutants.sh [NAME…]        all, or these
#   tests/mutants.sh --quick        those that are noticed within seconds, by hand; tests/nightly.sh runs all
# HAUBERK_MUTANT_SEEDS (1000) and HAUBERK_MUTANT_SECONDS (300) are what a mutant may survive before it counts as
# unnoticed.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

is_quick=false
if [ "${1:-}" = --quick ]; then is_quick=true; shift; fi
seeds=${HAUBERK_MUTANT_SEEDS:-1000}
seconds=${HAUBERK_MUTANT_SECONDS:-300}
timings=25  # of each directed scenario

cmake/build.sh mutants -DHAUBERK_MUTANTS=ON -DHAUBERK_BENCH=OFF -DHAUBERK_TOOL=OFF -- hauberk_sim hauberk_directed
sim=build/mutants/tests/simulator/hauberk_sim
directed=build/mutants/tests/simulator/hauberk_directed
log=$(mktemp)
clock=$(mktemp)
trap 'rm -f "$log" "$clock"' EXIT

late=" $(sed 's/#.*//' tests/mutants.late | tr -s ' \n' ' ') "
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <("$sim" --mutants | cut -d' ' -f1)

# Without a bug nothing may be noticed, or the table below says nothing.
"$directed" --seeds 5 >"$log" || { cat "$log"; exit 1; }

# look COMMAND…: runs it until its first violation; leaves who noticed it, and where, in `oracle` and `where`.
look() {
  local code=0 line
  { TIMEFORMAT='%U %S'; time { timeout "$seconds" nice "$@" >"$log" 2>&1 || code=$?; }; } 2>"$clock"
  cpu=$(awk -v was="$cpu" '{ print was + $1 + $2 }' "$clock")
  [ $code -ne 0 ] && [ $code -ne 124 ] || return 1
  line=$(grep -m 1 -E '^[a-z_]+ [0-9]+: ' "$log" || true)
  if [ -z "$line" ]; then
    cat "$log" >&2
    echo "mutants: $* ends with $code and says nothing that this script understands" >&2
    exit 2
  fi
  where=${line%%:*}
  oracle=${line#*: }
  oracle=${oracle%%:*}
  if [[ $line == *"the process ends with signal"* ]]; then
    oracle="assertion: $(sed -n 's/.*broken invariant at [^ ]* \(.*\) (.*/\1/p' "$log" | head -n 1)"
  fi
}

printf '%-26s %-40s %-36s %6s\n' mutant "noticed by" at "CPU s"
unnoticed=()
for name in "${names[@]}"; do
  if $is_quick && [[ $late == *" $name "* ]]; then continue; fi
  oracle=NOBODY where="$seeds seeds, $timings timings each" cpu=0
  look "$sim" --mutant "$name" --from 1 --seeds 10 --jobs 2 ||
    look "$directed" --mutant "$name" --seeds "$timings" ||
    look "$sim" --mutant "$name" --from 11 --seeds "$seeds" --jobs 2 || unnoticed+=("$name")
  printf '%-26s %-40.40s %-36s %6.1f\n' "$name" "$oracle" "$where" "$cpu"
done
[ ${#unnoticed[@]} -eq 0 ] || { echo "mutants: unnoticed: ${unnoticed[*]}"; exit 1; }
