#!/usr/bin/env bash
# What strangers with good tools see of running nodes: sslscan, openssl s_client, testssl, and what a capture of
# a group's traffic has in clear. Ends with 0 when all of it is as it should be; says what is not.
#   HAUBERK=build/release/bin/hauberk tests/scan.sh [quick]      quick leaves testssl out (a minute or more)
# As root it runs in a network of its own; only root may capture. Needs sslscan, tcpdump, openssl and, without quick, testssl.
set -euo pipefail

hauberk=$(realpath "${HAUBERK:?the path of the tool}")
if [ -z "${HAUBERK_SCAN_INSIDE:-}" ] && unshare -n true 2>/dev/null; then
  HAUBERK_SCAN_INSIDE=1 exec unshare -n bash -c 'ip link set lo up && exec "$0" "$@"' "$0" "$@"
fi

folder=$(mktemp -d)
started=()
capture=
failed=0
clean_up() {
  for one in "${started[@]}" $capture; do kill "$one" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT

bad() { echo "BAD   $1"; failed=1; }
check() {  # WORDS COMMAND…
  local words=$1
  shift
  if "$@" >/dev/null; then echo "good  $words"; else bad "$words"; fi
}
eventually() {  # COMMAND…: within 20 s
  for _ in $(seq 200); do
    if "$@" 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  return 1
}
free_port() {  # one that nobody listens on
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; return; }
  done
}

"$hauberk" certs --ca --node db1 db2 tester --dir "$folder" >/dev/null

# node NAME PORT PEERS ENCRYPTED INPUT: runs one; its output is NAME.out and NAME.log.
node() {
  local security="socket.ssl=no" first=()
  [ "$4" = no ] || security="socket.ssl_cert=$folder/$1.pem; socket.ssl_key=$folder/$1-key.pem; socket.ssl_ca=$folder/ca.pem"
  [ -n "$3" ] || first=(--bootstrap)
  "$hauberk" node --stay "${first[@]}" --send "$5" --options "group.name=scan; node.name=$1; $security;
    gmcast.listen_addr=127.0.0.1:$2; gmcast.peers=$3; handshake.pending_max=65535" \
    >"$folder/$1.out" 2>"$folder/$1.log" &
  started+=($!)
  eventually grep -q "view " "$folder/$1.out" || { cat "$folder/$1.log"; bad "$1 is up"; exit 1; }
}
stop_nodes() {
  for one in "${started[@]}"; do kill "$one" 2>/dev/null || true; done
  wait "${started[@]}" 2>/dev/null || true
  started=()
}

# What travels between two members while one broadcasts a marker: how often it shows, in `hits`.
count_marker() {  # ENCRYPTED
  local port other marker=hauberk-scan-marker-4711
  port=$(free_port)
  other=$(free_port)
  for _ in $(seq 100); do echo "a line with $marker in it"; done >"$folder/lines"
  tcpdump -Z root -i lo --immediate-mode -U -s 0 -w "$folder/capture-$1" "port $port or port $other" 2>"$folder/tcpdump.log" &
  capture=$!
  eventually grep -q "listening on" "$folder/tcpdump.log" || { cat "$folder/tcpdump.log"; bad "tcpdump listens"; exit 1; }
  node db1 "$port" "" "$1" /dev/null
  node db2 "$other" "127.0.0.1:$port" "$1" "$folder/lines"
  delivered() { [ "$(grep -c "$marker" "$folder/db1.out")" -ge 100 ]; }
  eventually delivered || bad "the marker was delivered"
  stop_nodes
  written() { [ "$(stat -c %s "$folder/capture-$1")" -gt 4000 ]; }
  eventually written "$1" || bad "the capture has the group's traffic"
  kill "$capture"
  wait "$capture" 2>/dev/null || true
  capture=
  hits=$({ grep -a -o "$marker" "$folder/capture-$1" || true; } | wc -l)
}

echo "=== capture"
if [ "$(id -u)" -eq 0 ]; then
  count_marker no
  check "in a plaintext group the capture shows the marker ($hits times)" test "$hits" -gt 0
  count_marker yes
  check "under TLS it shows it never ($hits times)" test "$hits" -eq 0
else
  echo "      not looked at: needs root"
fi

port=$(free_port)
node db1 "$port" "" yes /dev/null
at=127.0.0.1:$port

echo "=== sslscan"
sslscan --no-colour "$at" >"$folder/sslscan"
same() { diff <(printf '%s\n' "$@" | sort) <(sort "$folder/some"); }
grep -E '^(SSL|TLS)v[0-9.]+ +enabled' "$folder/sslscan" | awk '{print $1}' >"$folder/some"
check "TLS 1.3 alone is spoken" same TLSv1.3
sed -n '/Supported Server Cipher/,/^$/p' "$folder/sslscan" | awk '/TLSv|SSLv/ {print $5}' >"$folder/some"
check "the suites are those of the profile" same TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256
sed -n '/Key Exchange Group/,/^$/p' "$folder/sslscan" | awk '/TLSv/ {print $4}' | grep -v -i mlkem >"$folder/some" || true
check "the groups are those of the profile" same secp256r1 secp384r1 x25519
check "renegotiation is not supported" grep -q "Session renegotiation not supported" "$folder/sslscan"
check "heartbleed is not" grep -q "TLSv1.3 not vulnerable to heartbleed" "$folder/sslscan"

echo "=== openssl s_client"
client() { timeout 10 openssl s_client -connect "$at" -CAfile "$folder/ca.pem" "$@" </dev/null 2>&1 | tee "$folder/client"; }
own=(-cert "$folder/tester.pem" -key "$folder/tester-key.pem")
client "${own[@]}" >/dev/null || true
check "a good certificate gets TLS 1.3" grep -q "New, TLSv1.3" "$folder/client"
check "no compression" grep -q "Compression: NONE" "$folder/client"
check "no session ticket, so no resumption and no early data" bash -c "! grep -q 'New Session Ticket' '$folder/client'"
for old in -tls1 -tls1_1 -tls1_2; do
  client "${own[@]}" "$old" >/dev/null || true
  check "no handshake with $old" grep -q "Cipher is (NONE)" "$folder/client"
done
printf 'x%.0s' $(seq 4096) | timeout 10 openssl s_client -connect "$at" -quiet >"$folder/client" 2>/dev/null || true
check "without a certificate not one byte of the group" test ! -s "$folder/client"

# What certificates of a private CA imply by themselves; the exit code of testssl is not the verdict.
implied="cert_subjectAltName cert_trust cert_chain_of_trust cert_validityPeriod cert_revocation DNS_CAArecord"
if [ "${1:-}" != quick ]; then
  echo "=== testssl"
  testssl --quiet --color 0 --warnings off --jsonfile "$folder/testssl.json" "$at" </dev/null >"$folder/testssl.txt" 2>&1 || true
  check "testssl came to its end" grep -q "Done " "$folder/testssl.txt"
  check "and looked at much" test "$(grep -c '"id"' "$folder/testssl.json")" -gt 80
  # One finding is several lines, id before severity.
  awk -F'"' '$2 == "id" {id = $4} $2 == "severity" {severity = $4} $2 == "finding" {print severity, id, $4}' \
    "$folder/testssl.json" | grep -E '^(LOW|MEDIUM|HIGH|CRITICAL) ' >"$folder/findings" || true
  while read -r severity id finding; do
    case " $implied " in
      *" ${id%% *} "*) echo "      $severity $id, as any certificate of a private CA: $finding" ;;
      *) bad "testssl: $severity $id: $finding" ;;
    esac
  done <"$folder/findings"
fi

check "and the node goes on" kill -0 "${started[0]}"
[ $failed -eq 0 ] && echo "scan: all as it should be"
exit $failed
