#!/usr/bin/env bash
# Which cipher on this machine? Installs what is missing, builds, measures for about five minutes and writes one
# HTML page with plots and tables, which needs nothing but a browser:
#
#   bench/report.sh                    the page is build/report.html
#   bench/report.sh --out FILE         the page is FILE
#   bench/report.sh --json FILE        the raw data go to FILE as well
#   bench/report.sh --from FILE        no measuring: the page of data that --json kept
#   bench/report.sh --quick            half a minute, for a look at the page: its figures are no basis for a choice
#
# Let the machine rest meanwhile: whatever else runs is in the figures, and the page says how much it was.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

for word in "$@"; do
  case $word in
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | grep -v '^set '; exit 0 ;;
  esac
done

echo "report: building (the first time takes some minutes)"
"$top"/cmake/build.sh release -- link_bench group_bench
exec python3 -B "$top/bench/report/report.py" --programs "$top/build/release/bench" "$@"
