#!/usr/bin/env bash
# Checks hauberk.pml with spin: no violation in the true model, a violation for every seeded bug. One core; no run
# may take more than 20 minutes or 7.5 GiB.
#   tests/model/check.sh [PATTERN]     only what has PATTERN in its name
#   HAUBERK_MODEL_DIR   where to build (default: a temporary folder); a trail of what was found stays there
set -euo pipefail
cd "$(dirname "$0")"
pattern=${1:-}
model=$PWD/hauberk.pml
folder=${HAUBERK_MODEL_DIR:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
for program in spin gcc; do
  command -v $program >/dev/null || { echo "model: $program is not installed"; exit 1; }
done

failed=0 count=0 began=$SECONDS

# build NAME DEFINES…: makes the checker of one configuration in a folder of its own. Every state is kept as it
# is. Without partial order reduction: all steps are one process, there is nothing to reduce.
build() {
  local name=$1
  shift
  rm -rf "${folder:?}/$name" && mkdir -p "$folder/$name" && cd "$folder/$name"
  cp "$model" hauberk.pml
  spin -a "$@" hauberk.pml >spin.txt || { cat spin.txt; return 1; }
  gcc -O"${optimize:-2}" -w -DSAFETY -DNOREDUCE -DNOFAIR -DVECTORSZ=512 -DMEMLIM=7500 -o pan pan.c
}

number_of() { sed -nE "s/^ *([0-9.e+]+)[[:space:]]+$1.*/\1/p" pan.txt | head -n 1; }

# holds NAME DEFINES…: spin finds nothing, having seen everything.
holds() {
  local name=$1 verdict=holds
  [[ $name == *"$pattern"* ]] || return 0
  count=$((count + 1))
  build "$@" || { failed=1; return 0; }
  nice ./pan -E -Q20 -m10000 -w26 >pan.txt 2>&1 || true
  grep -q 'errors: 0' pan.txt || verdict=VIOLATED
  if [ $verdict = holds ] && grep -qE 'not completed|too small|out of memory' pan.txt; then verdict=INCOMPLETE; fi
  [ $verdict = holds ] || failed=1
  printf '%-22s %-10s %11s states %6s MiB %7s s\n' "$name" $verdict "$(number_of 'states, stored')" \
    "$(number_of "total actual" | cut -d. -f1)" "$(grep -oE 'elapsed time [0-9.]+' pan.txt | cut -d' ' -f3)"
  if [ $verdict = VIOLATED ]; then spin -t "${@:2}" hauberk.pml | grep -vE '^[[:space:]]+[a-z_]+(\[[0-9]+\])? = ' || true; fi
}

# finds BUG DEPTH DEFINES…: spin must find a violation.
finds() {
  local bug=$1 depth=$2 verdict=found what
  [[ bug-$bug == *"$pattern"* ]] || return 0
  count=$((count + 1))
  optimize=0 build "bug-$bug" "-DBUG_$bug" "${@:3}"
  nice ./pan -E -m"$depth" -w24 >pan.txt 2>&1 || true
  grep -q 'errors: 1' pan.txt || { verdict=MISSED; failed=1; }
  what=$(spin -t "-DBUG_$bug" "${@:3}" hauberk.pml 2>/dev/null | grep -oE 'hauberk.pml:[0-9]+, Error' | grep -oE '[0-9]+' | head -n 1 || true)
  what=$(sed -n "${what:-1}s/^ *//p" hauberk.pml)
  [ $verdict = found ] || what=
  [[ $what == EACH* ]] && what="CHECK_PRIMARY, in a step"  # where spin has the line of the loop only
  printf '%-22s %-10s %11s states   %s\n' "bug-$bug" $verdict "$(number_of 'states, stored')" "$what"
}

join=(-DFIRST=3 -DJOINER=2)
four=(-DSEATS=4 -DJOINER=3)

holds lease "${four[@]}" -DFIRST=23 -DFIRST_LEADER=2 -DLEASED=0 -DEPOCHS=1 -DBROADCASTS=0 -DCHANGES=3 -DCRASHES=1
holds lease-restart "${join[@]}" -DSUCCEEDS=1 -DLEASED=0 -DEPOCHS=4 -DBROADCASTS=0 -DCHANGES=3 -DCRASHES=2
holds shrink -DEPOCHS=2 -DBROADCASTS=2 -DCHANGES=2 -DCRASHES=1
holds join-remove "${join[@]}" -DEPOCHS=2 -DBROADCASTS=1 -DCHANGES=3 -DCRASHES=1
holds join-crash "${join[@]}" -DEPOCHS=3 -DBROADCASTS=0 -DCHANGES=2 -DCRASHES=1
holds restart "${join[@]}" -DSUCCEEDS=1 -DEPOCHS=4 -DBROADCASTS=1 -DCHANGES=2 -DCRASHES=2
holds removal -DEPOCHS=3 -DBROADCASTS=1 -DCHANGES=1 -DCRASHES=1
holds crash -DEPOCHS=3 -DBROADCASTS=2 -DCHANGES=0 -DCRASHES=1
holds join "${join[@]}" -DEPOCHS=3 -DBROADCASTS=1 -DCHANGES=2 -DCRASHES=0
holds elections -DEPOCHS=4 -DBROADCASTS=1 -DCHANGES=0 -DCRASHES=0
holds lease-removal -DLEASED=0 -DEPOCHS=3 -DBROADCASTS=0 -DCHANGES=1 -DCRASHES=1
holds replace "${four[@]}" -DFIRST=7 -DSUCCEEDS=1 -DEPOCHS=2 -DBROADCASTS=0 -DCHANGES=2 -DCRASHES=1

small=(-DEPOCHS=3 -DBROADCASTS=1 -DCHANGES=1 -DCRASHES=0)
lease=("${four[@]}" -DFIRST=23 -DFIRST_LEADER=2 -DLEASED=0 -DEPOCHS=1 -DBROADCASTS=0 -DCHANGES=2 -DCRASHES=0)
finds HALF 1000 "${small[@]}"
finds TWICE 1000 "${small[@]}"
finds STALE_VOTE 1000 "${small[@]}"
finds UNMATCHED 1000 "${small[@]}"
finds LATE_HOLD 1000 "${small[@]}"
finds ANY_EPOCH 17 -DEPOCHS=4 -DBROADCASTS=1 -DCHANGES=0 -DCRASHES=0
finds NO_BARRIER 1000 "${small[@]}"
finds NEW_VIEW_ONLY 1000 "${small[@]}"
finds OLD_VIEW_ONLY 1000 "${small[@]}"
finds COMMIT_BY_OLD 1000 "${small[@]}"
finds COMMIT_BY_NEW 1000 "${small[@]}"
finds SAME_SEAT 1000 -DEPOCHS=3 -DBROADCASTS=1 -DCHANGES=0 -DCRASHES=1
finds DEATH_ANY_EPOCH 1000 "${join[@]}" -DSUCCEEDS=1 -DEPOCHS=3 -DBROADCASTS=1 -DCHANGES=2 -DCRASHES=1
finds NO_GATE 1000 "${lease[@]}"
finds NO_CONDEMNING 1000 "${lease[@]}"
finds LATER_ECHO 1000 "${lease[@]}"

[ $count -gt 0 ] || { echo "model: nothing is called '$pattern'"; exit 1; }
echo "model: $count checks in $((SECONDS - began)) s"
exit $failed
