#!/usr/bin/env bash
# Checks every C++ file with clang-format; other versions than Debian 12's format differently and are not asked.
#   tests/tidy/format.sh [--fix]
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=14
tool=$(command -v "clang-format-$wanted" || command -v clang-format || true)
if [ -z "$tool" ] || ! "$tool" --version | grep -q "version $wanted\."; then
  echo "format: no clang-format $wanted here, not checked"
  exit 77
fi
mode=(--dry-run -Werror)
[ "${1:-}" = --fix ] && mode=(-i)
find include src tests bench examples \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.c' \) -print0 |
  xargs -0 "$tool" --style=file "${mode[@]}"
echo "format: all as .clang-format says"
