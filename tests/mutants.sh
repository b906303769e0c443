#!/usr/bin/env bash
# Proves that the tests notice bugs: builds the library with bugs made on purpose (src/base/mutants.hpp), lets
# the directed scenarios and the simulator's seeds look for each, and says who noticed it, where, and at what
# price. Exit 1 if one goes unnoticed.
#   tests/mutants.sh [NAME…]        all, or these
#   tests/mutants.sh --quick        those that are found within a few seeds, for every commit
# HAUBERK_MUTANT_SEEDS (1000) is how many seeds a mutant may survive before it is given up as unnoticed.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

is_quick=false
if [ "${1:-}" = --quick ]; then is_quick=true; shift; fi
seeds=${HAUBERK_MUTANT_SEEDS:-1000}
timings=25  # of each directed scenario
# Noticed, but not within seconds: left out of --quick.
late=$(sed 's/#.*//' tests/mutants.late | tr -s ' \n' ' ')

cmake/build.sh mutants -DHAUBERK_MUTANTS=ON -DHAUBERK_BENCH=OFF -DHAUBERK_TOOL=OFF -- hauberk_sim hauberk_directed
sim=build/mutants/tests/simulator/hauberk_sim
directed=build/mutants/tests/simulator/hauberk_directed
log=$(mktemp)
trap 'rm -f "$log"' EXIT

names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <("$sim" --mutants | cut -d' ' -f1)

# Without a bug nothing may be noticed, or the table below says nothing.
"$directed" --seeds 5 >"$log" || { cat "$log"; exit 1; }

# look COMMAND…: runs it until its first violation; leaves who noticed and where in `oracle` and `where`.
look() {
  local code=0 line
  timeout 600 nice "$@" >"$log" 2>&1 || code=$?
  [ $code -ne 0 ] || return 1
  line=$(grep -m 1 -E '^[a-z_]+ [0-9]+: ' "$log" || true)
  where=${line%%:*}
  oracle=${line#*: }
  oracle=${oracle%%:*}
  if [[ $line == *"the process ends with signal"* ]]; then
    oracle="assertion: $(sed -n 's/.*broken invariant at [^ ]* \(.*\) (.*/\1/p' "$log" | head -n 1)"
  elif [ $code -eq 124 ]; then
    oracle="no end within 600 s" where=${where:-?}
  elif [ -z "$line" ]; then
    cat "$log" >&2
    echo "mutants: $* ends with $code and says nothing that this script understands" >&2
    exit 2
  fi
}

printf '%-26s %-44s %-34s %8s\n' mutant "noticed by" at "CPU s"
unnoticed=()
for name in "${names[@]}"; do
  if $is_quick && [[ " $late " == *" $name "* ]]; then continue; fi
  before=$(awk '{print $1 + $2}' <<<"$(times | tail -n 1 | sed 's/\([0-9]*\)m\([0-9.]*\)s/\1 \2/g' | awk '{print $1*60+$2, $3*60+$4}')")
  oracle="NOBODY" where="$seeds seeds, $timings timings each"
  look "$sim" --mutant "$name" --from 1 --seeds 10 --jobs 2 ||
    look "$directed" --mutant "$name" --seeds "$timings" ||
    look "$sim" --mutant "$name" --from 11 --seeds "$seeds" --jobs 2 || unnoticed+=("$name")
  after=$(awk '{print $1 + $2}' <<<"$(times | tail -n 1 | sed 's/\([0-9]*\)m\([0-9.]*\)s/\1 \2/g' | awk '{print $1*60+$2, $3*60+$4}')")
  printf '%-26s %-44.44s %-34s %8.1f\n' "$name" "$oracle" "$where" "$(awk "BEGIN{print $after - $before}")"
done
[ ${#unnoticed[@]} -eq 0 ] || { echo "mutants: unnoticed: ${unnoticed[*]}"; exit 1; }
