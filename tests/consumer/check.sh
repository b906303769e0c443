#!/usr/bin/env bash
# Installs a build, moves the installation elsewhere, and uses it like a stranger would: through CMake and
# pkg-config, with every C++ compiler there is, with no Boost, OpenSSL or Protobuf header in reach.
#   tests/consumer/check.sh BUILD_FOLDER
set -euo pipefail

build=$(cd "${1:?usage: check.sh BUILD_FOLDER}" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
project=$source/tests/consumer/project
work=$build/consumer
fail() { echo "consumer: $*" >&2; exit 1; }

rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --prefix "$work/stage" >"$work/install.log" || fail "cmake --install failed: $(cat "$work/install.log")"
mv "$work/stage" "$work/installed"  # whoever remembers the old place is found out

found=$(grep -rlF -e "$source" -e "$build" "$work/installed" || true)
[ -z "$found" ] || fail "installed files name a folder of this machine: $found"

# Headers that the public face must not need: reading one is an error, and none may be read elsewhere.
poison=$work/poison
for header in boost/asio.hpp boost/config.hpp boost/version.hpp boost/system/error_code.hpp \
    openssl/ssl.h openssl/crypto.h openssl/err.h openssl/evp.h openssl/x509.h \
    google/protobuf/message.h google/protobuf/message_lite.h google/protobuf/stubs/common.h \
    lz4.h zstd.h; do
  mkdir -p "$poison/$(dirname "$header")"
  echo "#error \"<$header> is in reach of <hauberk/hauberk.hpp>\"" >"$poison/$header"
done

expect_refusal() {  # PROGRAM
  local said
  said=$("$1" 2>&1) || fail "$1 exited with $?: $said"
  grep -q '^refused: .*no-such-' <<<"$said" || fail "$1 should name the missing file, but said: $said"
  echo "consumer: $(basename "$(dirname "$1")"): $said"
}

# The README's program is compiled as it stands there.
awk '/^```cpp$/ {on = 1; next} /^```$/ {if (on) exit} on' "$source/README.md" >"$work/readme.cpp"
[ -s "$work/readme.cpp" ] || fail "README.md shows no program"

pc=$(dirname "$(find "$work/installed" -name hauberk.pc)")
[ "$pc" != . ] || fail "hauberk.pc is not installed"
export PKG_CONFIG_PATH=$pc
static=()
[ -n "$(find "$work/installed" -name 'libhauberk.a')" ] && static=(--static)
libraries=$(dirname "$(find "$work/installed" -name 'libhauberk.*' | head -n 1)")

for compiler in g++ clang++; do
  command -v "$compiler" >/dev/null || { echo "consumer: no $compiler here, not tried"; continue; }

  for header in "$work"/installed/include/hauberk/*; do  # each public header stands alone
    language=c++; standard=-std=c++20
    case $header in
      */asio.hpp) continue ;;  # the one header that is there to need Boost
      *.h) language=c; standard=-std=c99 ;;
    esac
    echo "#include <hauberk/$(basename "$header")>" | "$compiler" -x "$language" "$standard" -Wall -Wextra \
      -Wpedantic -Werror -fsyntax-only -I "$poison" -I "$work/installed/include" - 2>"$work/header.log" ||
      fail "$compiler: $(basename "$header") does not stand alone: $(head -n 5 "$work/header.log")"
  done
  "$compiler" -std=c++20 -Wall -Wextra -fsyntax-only -I "$poison" -I "$work/installed/include" "$work/readme.cpp" ||
    fail "$compiler: the program in README.md does not compile"
  read_files=$("$compiler" -std=c++20 -M -I "$poison" -I "$work/installed/include" "$project/consumer.cpp")
  ! grep -E '(boost|openssl|google/protobuf)/|lz4|zstd' <<<"$read_files" ||
    fail "$compiler: <hauberk/hauberk.hpp> reads a foreign header (above)"

  cmake -G Ninja -S "$project" -B "$work/$compiler-cmake" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS="-I$poison ${CONSUMER_FLAGS:-}" -DCMAKE_PREFIX_PATH="$work/installed" >"$work/cmake.log" 2>&1 ||
    fail "$compiler: the consumer does not configure: $(cat "$work/cmake.log")"
  cmake --build "$work/$compiler-cmake" >"$work/build.log" 2>&1 ||
    fail "$compiler: the consumer does not build: $(cat "$work/build.log")"
  expect_refusal "$work/$compiler-cmake/consumer"

  mkdir -p "$work/$compiler-pkgconfig"
  # shellcheck disable=SC2046,SC2086  # pkg-config's answer is a list of words
  "$compiler" -std=c++20 ${CONSUMER_FLAGS:-} -I "$poison" "$project/consumer.cpp" -o "$work/$compiler-pkgconfig/consumer" \
    $(pkg-config --cflags --libs "${static[@]}" hauberk) ||
    fail "$compiler: the consumer does not build with pkg-config"
  LD_LIBRARY_PATH=$libraries expect_refusal "$work/$compiler-pkgconfig/consumer"
done
