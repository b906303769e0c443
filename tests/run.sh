#!/usr/bin/env bash
# Everything a change has to pass: installs what is missing, builds build/release, runs all tests.
#   tests/run.sh [ctest arguments…]        for example  tests/run.sh -L unit   or   tests/run.sh -R replica
set -euo pipefail
cd "$(dirname "$0")/.."

started=$SECONDS
last_line() {
  local code=$?
  if [ $code -eq 0 ]; then
    echo "tests/run.sh: all passed in $((SECONDS - started)) s"
  else
    echo "tests/run.sh: FAILED (exit $code) after $((SECONDS - started)) s; one test again: tests/run.sh -R NAME"
  fi
}
trap last_line EXIT

cmake/build.sh release
ctest --test-dir build/release --output-on-failure --no-tests=error --parallel "$(nproc)" "$@" </dev/null
