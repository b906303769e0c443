#!/usr/bin/env bash
# Installs what is missing, then configures and builds build/NAME, incrementally and without a question.
#   cmake/build.sh [NAME [CMake arguments…] [-- TARGET…]]      NAME is `release` unless told otherwise
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

folder=build/${1:-release}
[ $# -eq 0 ] || shift
arguments=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do arguments+=("$1"); shift; done
[ $# -eq 0 ] || shift  # what is left are targets

cmake/install-deps.sh
if command -v ccache >/dev/null; then
  # Builds in different folders share what they can.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  arguments+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake -S . -B "$folder" -G Ninja "${arguments[@]}" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build "$folder" --parallel "$(nproc)" ${1:+--target "$@"}
