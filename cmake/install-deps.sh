#!/usr/bin/env bash
# Brings the Debian packages that Hauberk is built and tested with; does nothing when they are there.
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config ccache
  libboost-dev libssl-dev libprotobuf-dev protobuf-compiler liblz4-dev libzstd-dev
  libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev openssl
  sslscan tcpdump iproute2 python3 gnuplot-nox)

missing=()
for package in "${packages[@]}" "$@"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps: need root or sudo to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
