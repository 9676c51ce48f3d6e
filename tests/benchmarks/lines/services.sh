# shellcheck shell=bash disable=SC2154
# Questions to a query service over two projectors, beside the same to one process that holds all shards: the same
# answers, byte for byte, asked in turns by one client.
orders=$(orders_or 50000)
runs=3
start_broker
log=(--brokers "$broker_address")
"$daybook" topics create "${log[@]}" --partitions 8 --replicas 1 > /dev/null
"$daybook" generate --orders "$orders" --customers "$(customers_for "$orders")" "${log[@]}" > /dev/null

# start_part NAME PROGRAM OPTION…: one of the programs, until it listens; what it said first is in $work/NAME.out.
start_part() {
  local name=$1 pid
  DAYBOOK_TODAY=2024-12-31 "build/release/bin/$2" "${@:3}" > "$work/$name.out" 2> "$work/$name.log" &
  pid=$!
  server+=" $pid"
  until grep --quiet 'listening on' "$work/$name.out"; do
    kill -0 "$pid" 2> /dev/null || { cat "$work/$name.log" >&2; fail "$name ended"; }
    sleep 0.05
  done
}
http_of() { sed -n 's|^listening on \(http://[^ ]*\).*|\1|p' "$work/$1.out"; }
grpc_of() { sed -n 's|^.* grpc://||p' "$work/$1.out"; }

start_part alone daybook up "${log[@]}" --data "$work/alone" --listen 127.0.0.1:0
for half in 0-3 4-7; do
  start_part "projector-$half" daybook-projector "${log[@]}" --data "$work/projector-$half" --shards "$half" \
    --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0
done
start_part query daybook-query --projectors "$(grpc_of projector-0-3),$(grpc_of projector-4-7)" --listen 127.0.0.1:0
for part in alone projector-0-3 projector-4-7 query; do
  until curl -fsS "$(http_of "$part")/readyz" > /dev/null 2>&1; do sleep 0.2; done
done
for part in alone projector-0-3 projector-4-7; do
  until curl -fsS "$(http_of "$part")/metrics" | grep -Eq '^daybook_indexes_ready (8|4)$'; do sleep 0.2; done
done
measure python3 "$here/../services_figures.py" --alone "$(http_of alone)" --services "$(http_of query)" --runs "$runs" \
  --results "${DAYBOOK_BENCH_RESULTS:-/dev/null}"
