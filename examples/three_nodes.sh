#!/usr/bin/env bash
# Three processes replicate a real input over mutual TLS: certificates by plain openssl, one node killed and
# brought back, two strangers refused, and at the end three equal digests.
#
#   examples/three_nodes.sh [--input FILE]     default input: this machine's package database
#   examples/three_nodes.sh --interactive      leaves three prompts running: type lines, watch them arrive
#
# Installs what is missing and builds build/release first (HAUBERK=/path/to/hauberk uses that one instead).
# Everything lies in one temporary folder, and everything that was started is ended, however this ends.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | grep -v '^set '
  exit "$1"
}

input=/var/lib/dpkg/status
interactive=no
while [ $# -gt 0 ]; do
  case $1 in
    --input) [ $# -ge 2 ] || { echo "three_nodes.sh: --input needs a file" >&2; exit 2; }; input=$2; shift 2 ;;
    --input=*) input=${1#*=}; shift ;;
    --interactive) interactive=yes; shift ;;
    -h | --help) usage 0 ;;
    *) echo "three_nodes.sh: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
done

if [ $interactive = no ] && { [ ! -r "$input" ] || [ -d "$input" ]; }; then
  echo "three_nodes.sh: cannot read the input '$input'" >&2
  exit 2
fi

# ---- saying what happens ----

live=no
[ -t 1 ] && live=yes
status_shown=no

# A line that replaces the one before it, on a terminal; otherwise one line a second.
last_status=
last_status_at=-1
status() {
  if [ $live = yes ]; then
    printf '\r\033[K  %s' "$1"
    status_shown=yes
  elif [ "$1" != "$last_status" ] && [ $SECONDS -ne $last_status_at ]; then
    printf '  %s\n' "$1"
    last_status_at=$SECONDS
  fi
  last_status=$1
}
say() {
  [ $status_shown = no ] || printf '\n'
  status_shown=no
  printf '%s\n' "$*"
}
step() { say; say "== $*"; }
# Somebody's words, indented and folded.
quote() { fold -s -w 100 | sed 's/^/      /'; }

# ---- ending, however it comes about ----

work=
keep_work=no
cleanup() {
  local code=$? pid
  trap - EXIT INT TERM HUP
  exec 2>/dev/null  # not the shell's own words about what it ends here
  for pid in $(jobs -pr); do kill -9 "$pid" || true; done
  wait || true
  if [ -n "$work" ] && [ $keep_work = no ]; then rm -rf "$work"; fi
  exit $code
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What every node has said last, and the end.
fail() {
  local name
  say
  say "FAILED: $*"
  for name in "${names[@]}"; do
    [ -e "$work/$name.err" ] || continue
    say "--- $name: $(messages "$name") of $total messages; it said last:"
    tail -n 6 "$work/$name.err" | cut -c1-300
  done
  exit 1
}

# ---- the tool ----

if [ -z "${HAUBERK:-}" ]; then
  echo "== building build/release (the first time takes a few minutes)"
  "$here/../cmake/build.sh" release -- hauberk_tool
  HAUBERK=$here/../build/release/bin/hauberk
fi
HAUBERK=$(realpath -e -- "$HAUBERK")

names=(pxc1 pxc2 pxc3)
total=0
work=$(mktemp -d "${TMPDIR:-/tmp}/hauberk-demo.XXXXXX")
mkdir "$work/certs"

# ---- certificates, as they stand in people's runbooks ----

# recipe ANSWERS COMMAND...: shows the command and runs it, with what an operator types at its prompts.
recipe() {
  local answers=$1
  shift
  say "  \$ $*"
  if ! (cd "$work/certs" && printf '%b' "$answers" | "$@") >"$work/openssl.log" 2>&1; then
    cat "$work/openssl.log"
    say "FAILED: $1 did not succeed"
    exit 1
  fi
}

make_certificates() {
  local name
  step "certificates: a CA and three nodes, with plain openssl (all prompts answered by Enter, but the name)"
  recipe '\n\n\n\n\nPXC-CA\n\n' \
    openssl req -newkey rsa:2048 -x509 -nodes -days 36500 -keyout pxc-ca-key.pem -out pxc-ca-cert.pem
  for name in "${names[@]}"; do
    recipe "\n\n\n\n\n$name\n\n\n\n" \
      openssl req -newkey rsa:2048 -nodes -days 36500 -keyout "$name-key.pem" -out "$name-req.pem"
    recipe '' openssl rsa -in "$name-key.pem" -out "$name-key.pem"
    recipe '' openssl x509 -req -in "$name-req.pem" -days 36500 -CA pxc-ca-cert.pem -CAkey pxc-ca-key.pem \
      -set_serial 01 -out "$name-cert.pem"
    recipe '' openssl verify -CAfile pxc-ca-cert.pem "$name-cert.pem"
  done
}

# ---- nodes ----

# A port of 127.0.0.1 that nobody listens on, below those that the kernel gives to clients.
free_port() {
  local port
  while :; do
    port=$((20000 + (RANDOM << 15 | RANDOM) % 12000))
    [[ " ${ports[*]} " == *" $port "* ]] && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
ports=()
for _ in 1 2 3; do ports+=("$(free_port)"); done
peers=127.0.0.1:${ports[0]},127.0.0.1:${ports[1]},127.0.0.1:${ports[2]}

# options NUMBER: what node NUMBER (0 to 2) is started with, in the temporary folder.
options() {
  local name=${names[$1]}
  printf '%s' "group.name=demo; node.name=$name; gmcast.listen_addr=127.0.0.1:${ports[$1]}; gmcast.peers=$peers; " \
    "socket.ssl_cert=certs/$name-cert.pem; socket.ssl_key=certs/$name-key.pem; " \
    "socket.ssl_ca=certs/pxc-ca-cert.pem; node.state_dir=$name; gcache.size=$gcache"
}

declare -A pid_of feed_of
# In a child: only this shell keeps the nodes' inputs open, so that it decides when they end.
close_feeds() {
  local feed
  for feed in "${feed_of[@]}"; do exec {feed}>&-; done
}
# start NUMBER [ARGUMENT...]: node NUMBER in the background; $work/NAME.in feeds its standard input.
start() {
  local name=${names[$1]} feed options
  options=$(options "$1")
  mkdir -p "$work/$name"
  rm -f "$work/$name.in"
  mkfifo "$work/$name.in"
  # Opened for reading too, so that neither side waits for the other here.
  exec {feed}<>"$work/$name.in"
  feed_of[$name]=$feed
  say "  \$ hauberk node --json --stay ${*:2}${2:+ }--options '$options'"
  : >"$work/$name.out"
  (
    close_feeds
    cd "$work"
    exec "$HAUBERK" node --json --stay "${@:2}" --options "$options"
  ) <"$work/$name.in" >"$work/$name.out" 2>>"$work/$name.err" &
  pid_of[$name]=$!
}

# messages NAME: how many it has delivered.
messages() { grep -ac '^{"event":"message"' "$work/$1.out" || true; }
# members NAME: the members of its newest view, or nothing when it is not primary.
members() {
  grep -a '^{"event":"view"' "$work/$1.out" | tail -n 1 | grep -a '"primary":true' |
    grep -ao '"weight":[1-9]' | wc -l || true
}
is_alive() { kill -0 "${pid_of[$1]}" 2>/dev/null; }

progress() {
  local name text=
  for name in "${names[@]}"; do
    if is_alive "$name"; then text+="$name $(messages "$name")   "; else text+="$name down   "; fi
  done
  status "${text}of $total"
}

# until_all WHAT CONDITION: waits until the condition holds for each node, and shows progress meanwhile.
until_all() {
  local what=$1 condition=$2 name deadline=$((SECONDS + patience))
  for name in "${names[@]}"; do
    until "$condition" "$name"; do
      is_alive "$name" || fail "$name ended while waiting for $what"
      [ $SECONDS -lt $deadline ] || fail "$name: no $what within $patience s"
      progress
      sleep 0.1
    done
  done
  progress
}
is_full_member() { [ "$(members "$1")" -eq 3 ]; }
has_all() { [ "$(messages "$1")" -ge "$wanted" ]; }

# ---- the interactive form ----

if [ $interactive = yes ]; then
  gcache=128M
  make_certificates
  commands=()
  for i in 0 1 2; do
    mkdir "$work/${names[$i]}"
    bootstrap=
    [ $i -ne 0 ] || bootstrap='--bootstrap '
    commands+=("cd $work && $(printf '%q node %s--log-level warning --options %q' "$HAUBERK" "$bootstrap" "$(options $i)")")
  done
  step "three prompts: a line typed at one arrives at all three, in one order; Ctrl-D or Ctrl-C leaves the group"
  if ! command -v tmux >/dev/null; then
    say "tmux is not there; run these in three terminals, and press Enter here when you are done:"
    for one in "${commands[@]}"; do say; say "$one"; done
    read -r _ || true
    exit 0
  fi
  session=hauberk-$$
  wrapped() { printf '%s; echo "the node ended with code $?; Enter closes this pane"; read -r _' "$1"; }
  tmux -L "$session" -f /dev/null new-session -d -s "$session" -x 160 -y 45 "$(wrapped "${commands[0]}")"
  tmux -L "$session" split-window -v "$(wrapped "${commands[1]}")"
  tmux -L "$session" split-window -v "$(wrapped "${commands[2]}")"
  tmux -L "$session" select-layout even-vertical
  [ ! -t 0 ] || [ $live = no ] || env -u TMUX tmux -L "$session" attach || true
  if tmux -L "$session" has-session 2>/dev/null; then
    keep_work=yes
    say "three nodes are running; to see them:  tmux -L $session attach"
    say "to end them:  tmux -L $session kill-server; rm -r $work"
  fi
  exit 0
fi

# ---- the input, in three shares, each in an early and a late part ----

cat -- "$input" >"$work/input"
bytes=$(stat -c %s "$work/input")
total=$(tr -cd '\n' <"$work/input" | wc -c)
if [ "$bytes" -gt 0 ] && [ "$(tail -c 1 "$work/input" | tr -d '\n' | wc -c)" -eq 1 ]; then total=$((total + 1)); fi
split -n l/3 -d -a 1 "$work/input" "$work/share"
for i in 0 1 2; do
  mkdir "$work/early$i" "$work/late$i"
  split -n l/2 -d -a 1 "$work/share$i" "$work/part$i."
  mv "$work/part$i.0" "$work/early$i/0"
  split -n l/20 -d -a 2 "$work/part$i.1" "$work/late$i/"  # slices: the late part is sent over two seconds
  rm "$work/part$i.1" "$work/share$i"
done
# What a returning node has missed must fit the history window of a member (the default is 128M).
gcache=$((128 + bytes / 300000 + total / 2000))M
patience=$((60 + bytes / 1000000 + total / 5000))

# feed NAME PAUSE FILE...: writes the files to the node's standard input, in the background.
feeders=()
feed() {
  local name=$1 pause=$2
  shift 2
  (
    close_feeds
    exec >"$work/$name.in"
    for file in "$@"; do
      cat "$file"
      sleep "$pause"
    done
  ) 2>/dev/null &
  feeders+=($!)
}
feeding_done() {
  local one
  for one in "${feeders[@]}"; do wait "$one" || true; done
  feeders=()
}
# The last line of an input may lack its newline: the end of the input completes it.
end_of_input() {
  local feed=${feed_of[$1]}
  exec {feed}>&-
  unset "feed_of[$1]"
}

say "== input: $input, $bytes bytes in $total lines; a third is broadcast by each node, one message a line"
make_certificates

step "three processes on 127.0.0.1"
start 0 --bootstrap
start 1
start 2
until_all "view of three members" is_full_member
say
for name in "${names[@]}"; do say "  $name: pid ${pid_of[$name]}"; done

step "all three broadcast the first half of their shares at the same time"
count() { tr -cd '\n' <"$1" | wc -c; }
wanted=$(($(count "$work/early0/0") + $(count "$work/early1/0") + $(count "$work/early2/0")))
for i in 0 1 2; do feed "${names[$i]}" 0 "$work/early$i/0"; done
feeding_done
until_all "message from everybody" has_all

step "pxc1 and pxc2 go on; pxc3 is killed meanwhile"
for i in 0 1; do feed "${names[$i]}" 0.1 "$work/late$i"/*; done
for _ in 1 2 3 4 5; do progress; sleep 0.1; done
victim=${pid_of[pxc3]}
say
say "  \$ kill -9 $victim    (pxc3)"
kill -9 "$victim"
wait "$victim" 2>/dev/null || true
end_of_input pxc3
for _ in 1 2 3 4 5 6 7 8; do progress; sleep 0.1; done

step "pxc3 comes back: a new process that remembers nothing catches up from position 1"
start 2
feed pxc3 0.1 "$work/late2"/*
feeding_done
for name in "${names[@]}"; do end_of_input "$name"; done
wanted=$total
until_all "message from everybody" has_all
until_all "view of three members" is_full_member

# ---- strangers ----

# stranger OPTIONS: a fourth node that must not get in; shows its words and the members'.
stranger() {
  local name mark code=0
  declare -A mark
  for name in "${names[@]}"; do mark[$name]=$(stat -c %s "$work/$name.err"); done
  say "  \$ hauberk node --options '$1'"
  (cd "$work" && exec timeout --foreground 30 "$HAUBERK" node --options "$1") \
    </dev/null >"$work/stranger.out" 2>"$work/stranger.err" || code=$?
  say "  it says, and ends with code $code:"
  say "$(grep -a '^hauberk: ' "$work/stranger.err" | tail -n 1 | quote)"
  [ $code -eq 5 ] || fail "the stranger ended with code $code, expected 5"
  for name in "${names[@]}"; do
    tail -c "+$((mark[$name] + 1))" "$work/$name.err" | grep -aE 'refused a link.*(we refused|expected)' | head -n 1 |
      sed "s/^[^ ]* [a-z]* */$name: /" | quote >"$work/words"
    [ -s "$work/words" ] && break
  done
  [ -s "$work/words" ] || fail "no member said why it refused the stranger"
  say "  a member says:"
  say "$(cat "$work/words")"
}
stranger_base="group.name=demo; node.name=pxc4; gmcast.listen_addr=127.0.0.1:0; gmcast.peers=$peers; "
stranger_base+="pc.wait_prim_timeout=PT1S"

step "a node with a certificate of another CA is refused"
say "  \$ hauberk certs --ca --ca-name Other-CA --node pxc4 --dir foreign"
"$HAUBERK" certs --ca --ca-name Other-CA --node pxc4 --dir "$work/foreign" >"$work/certs.log" ||
  fail "making the foreign certificate"
# It trusts our CA as well, as an intruder would: so it is the members that refuse.
cat "$work/certs/pxc-ca-cert.pem" "$work/foreign/ca.pem" >"$work/foreign/both.pem"
stranger "$stranger_base; socket.ssl_cert=foreign/pxc4.pem; socket.ssl_key=foreign/pxc4-key.pem; \
socket.ssl_ca=foreign/both.pem"

step "a plaintext node is refused"
stranger "$stranger_base; socket.ssl=no"

# ---- the comparison ----

step "position and SHA-256 over all messages, at each node"
for name in "${names[@]}"; do
  has_all "$name" || fail "$name lost messages"
  kill -USR1 "${pid_of[$name]}"
done
has_digest() { grep -aq '^{"event":"digest"' "$work/$1.out"; }
until_all digest has_digest
digests=()
for name in "${names[@]}"; do
  line=$(grep -a '^{"event":"digest"' "$work/$name.out" | tail -n 1)
  digests+=("$(sed 's/.*"position":\([0-9]*\),"sha256":"\([0-9a-f]*\)".*/position=\1 sha256=\2/' <<<"$line")")
  say "  $name: $(messages "$name") messages, ${digests[-1]}"
done

for name in "${names[@]}"; do
  kill -TERM "${pid_of[$name]}"
  code=0
  wait "${pid_of[$name]}" || code=$?
  [ $code -eq 0 ] || fail "$name did not leave gracefully: code $code"
done
say "  all three have left gracefully, one after the other"

for name in "${names[@]}"; do
  [ "$(messages "$name")" -eq "$total" ] || fail "$name delivered $(messages "$name") messages of $total"
done
if [ "${digests[0]}" != "${digests[1]}" ] || [ "${digests[0]}" != "${digests[2]}" ]; then
  for i in 0 1; do
    cmp <(grep -a '^{"event":"message"' "$work/${names[$i]}.out" | sed 's/"mine":[a-z]*,//') \
      <(grep -a '^{"event":"message"' "$work/pxc3.out" | sed 's/"mine":[a-z]*,//') || true
  done
  fail "the digests differ"
fi
say
say "three nodes agree: ${digests[0]}"
