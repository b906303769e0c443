#!/usr/bin/env bash
# Proves that the build refuses an upward or sideward include: for every pair of rooms the real compiler, with
# the real include path of one, tries to include a header of the other.
#   tests/tidy/layers.sh COMPILER SOURCE TABLE
# TABLE comes from CMake: lines of "room|rooms it may see|include folders", lists by commas.
set -euo pipefail

compiler=$1
source=$2
table=$3
pairs=0
failed=0
declare -A folders sees
while IFS='|' read -r room below path; do
  sees[$room]=",$room,$below,"
  folders[$room]=$path
done <"$table"

includes() {  # ROOM HEADER: does a file of the room that includes the header compile?
  local flags=()
  IFS=, read -ra parts <<<"${folders[$1]}"
  for part in "${parts[@]}"; do flags+=(-I "$part"); done
  echo "#include \"$2\"" | "$compiler" -std=c++20 -E -x c++ "${flags[@]}" -o /dev/null - 2>/dev/null
}

for room in "${!folders[@]}"; do
  for other in "${!folders[@]}"; do
    header=$(find "$source/src/$other" -maxdepth 1 -name '*.hpp' | LC_ALL=C sort | head -n 1)
    [ -n "$header" ] || continue
    header=$other/$(basename "$header")
    pairs=$((pairs + 1))
    if [[ ${sees[$room]} == *",$other,"* ]]; then
      includes "$room" "$header" || { echo "layers: src/$room cannot include \"$header\", but should"; failed=1; }
    else
      ! includes "$room" "$header" || { echo "layers: src/$room can include \"$header\", but must not"; failed=1; }
    fi
  done
done
[ "$pairs" -gt 1 ] || { echo "layers: nothing was tried"; exit 1; }
echo "layers: $pairs pairs of rooms tried with $(basename "$compiler")"
exit $failed
