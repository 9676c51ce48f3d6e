#!/usr/bin/env bash
# with_servers.sh LINE: measures one line of the table. What it starts ends with it, by its process
# number; its files are in a folder that goes with it.
# shellcheck disable=SC2034  # Variables are for the lines.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/dev/common.sh
source "$here/../../../deploy/dev/common.sh"

bench=build/release/bin/daybook_bench
work=$(mktemp -d "${TMPDIR:-/tmp}/daybook-bench-XXXXXX")
broker_address=
server=
url=
measured=
feeder=
# Programs make their own temporary folders in ours.
export TMPDIR=$work

finish() {
  local pid
  for pid in $measured $feeder $server; do kill "$pid" 2> /dev/null || true; done
  for pid in $measured $feeder $server; do wait "$pid" 2> /dev/null || true; done
  [ ! -d "$work/broker" ] || deploy/kafka/kafka.sh stop "$work/broker" > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# They are for the lines; the programs know no such settings.
export -n DAYBOOK_BENCH_ORDERS DAYBOOK_BENCH_RESULTS
# The length of histories: what was asked for, or this line's own.
orders_or() { echo "${DAYBOOK_BENCH_ORDERS:-$1}"; }

# measure PROGRAM OPTION…: runs it in such a way that it ends with us.
measure() {
  local status=0
  "$@" &
  measured=$!
  wait "$measured" || status=$?
  measured=
  return "$status"
}

# start_feed OPTION…: begins to send events to the server; what it says is in $work/feed.
start_feed() {
  : > "$work/feed"
  "$bench" feed --url "$url" "$@" > "$work/feed" 2>&1 &
  feeder=$!
  until grep -q feeding "$work/feed"; do
    kill -0 "$feeder" 2> /dev/null || { cat "$work/feed" >&2; fail "the feed ended"; }
    sleep 0.05
  done
}
# Waits until it ends, one way or the other.
end_feed() {
  local status=0
  wait "$feeder" || status=$?
  feeder=
  return "$status"
}

# record FIGURE REACHED [REFERENCE RATIO]: a figure for the table; each is a list "1, 2, 3".
record() {
  printf '{"figure": "%s", "reached": [%s], "reference": [%s], "ratio": [%s]}\n' "$1" "$2" "${3:-}" "${4:-}" \
    >> "${DAYBOOK_BENCH_RESULTS:-/dev/null}"
}

start_broker() {
  deploy/kafka/kafka.sh fetch
  broker_address=$(deploy/kafka/kafka.sh start "$work/broker")
}

# start_server OPTION…: `daybook up`, until it listens; sets `server` and `url`.
start_server() {
  : > "$work/up.out"
  # Today is the histories' last day.
  DAYBOOK_TODAY=2024-12-31 "$daybook" up "$@" --listen 127.0.0.1:0 > "$work/up.out" 2> "$work/up.log" &
  server=$!
  url=
  while [ -z "$url" ]; do
    kill -0 "$server" 2> /dev/null || { cat "$work/up.log" >&2; fail "the server ended"; }
    url=$(sed -n 's/^listening on //p' "$work/up.out")
    [ -n "$url" ] || sleep 0.005
  done
}
wait_ready() {
  until curl -fsS "$url/readyz" > /dev/null 2>&1; do
    kill -0 "$server" 2> /dev/null || { cat "$work/up.log" >&2; fail "the server ended"; }
    sleep "${1:-0.05}"
  done
}
# Waits until every shard's questions are answered from memory.
wait_indexes() {
  until curl -fsS "$url/metrics" | grep -q '^daybook_indexes_ready 8$'; do
    kill -0 "$server" 2> /dev/null || { cat "$work/up.log" >&2; fail "the server ended"; }
    sleep 0.2
  done
}
# start_with_history ORDERS DIR: generates it, and a server that has folded it.
start_with_history() {
  "$daybook" generate --from 2020-01-01 --orders "$1" --customers "$(customers_for "$1")" --data "$2" > /dev/null
  start_server --data "$2"
  wait_ready
}
# Waits until each of a data directory's shards has its totals beside it: its index was built.
wait_totals() {
  local shards
  shards=$(find "$1/shards" -mindepth 1 -maxdepth 1 | wc -l)
  until [ "$(find "$1/shards" -name totals | wc -l)" -eq "$shards" ]; do
    kill -0 "$server" 2> /dev/null || { cat "$work/up.log" >&2; fail "the server ended"; }
    sleep 0.2
  done
}
stop_server() {
  kill "$server"
  wait "$server" || true
  server=
}

# record_memory FIGURE: the most memory that the server ever had, once it has folded what there was, has its indexes,
# and has answered long lists while events arrived.
record_memory() {
  local list mib year='from=2024-01-01&to=2024-12-31'
  wait_ready
  wait_indexes
  start_feed --rate 10000 --seconds 30
  for list in 'receivables/ageing?group_by=customer' receivables/items customers "sales?group_by=customer&$year" \
    "order-cycle?$year"; do
    curl -fsS "$url/v1/$list" > "$work/answer" || fail "no answer to $list"
  done
  end_feed || fail "events did not arrive"
  mib=$(awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$server/status")
  echo "$1, MiB $mib"
  record "$1" "$mib"
}

# record_restarts FIGURE: kills the server, of $work/data, while events arrive, and starts it again, three times.
record_restarts() {
  local began listening ready milliseconds=()
  for _ in 1 2 3; do
    start_feed --seconds 5
    sleep 3
    kill -9 "$server"
    wait "$server" 2> /dev/null || true
    end_feed || true  # Its server is gone.
    began=${EPOCHREALTIME/./}
    start_server --data "$work/data"
    listening=$(((${EPOCHREALTIME/./} - began) / 1000))
    wait_ready 0.005
    ready=$(((${EPOCHREALTIME/./} - began) / 1000))
    curl -fsS "$url/v1/receivables/ageing?group_by=none" > "$work/answer"
    milliseconds+=($(((${EPOCHREALTIME/./} - began) / 1000)))
    grep -q '"gross_open"' "$work/answer" || fail "no answer"
    echo "listening, ready, answered, ms  $listening $ready ${milliseconds[-1]}"
  done
  echo "state, MiB                      $(du -sm "$work/data/shards" | cut -f1)"
  record "$1" "$(IFS=,; echo "${milliseconds[*]}")"
}

# The length of histories that these lines share, by number of customers.
customers_for() { echo $(($1 / 50 > 200 ? $1 / 50 : 200)); }

# shellcheck source=/dev/null
source "$here/$1.sh"
