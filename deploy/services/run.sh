#!/usr/bin/env bash
# One command from a bare Debian 12 or 13 to Daybook as three programs on Kafka, all on this machine: installs
# what is missing, builds, starts a Kafka broker, a gateway, two projectors with half of the shards each and a
# query service, loads the Northwind example through the gateway, and asks the query service. Run again, it takes
# up what runs, and starts what does not.
#
#   deploy/services/run.sh    build, start, load once, ask
#   deploy/services/stop.sh   end all of it
#
# DAYBOOK_SERVICES_DATA is the folder of all they keep (./daybook-services). DAYBOOK_SERVICES_QUERY,
# DAYBOOK_SERVICES_GATEWAY are the addresses of query service and gateway, loopback ones; without them each takes
# that which it had before, or the first free port from 8080, 8081 on (the projectors: from 8090 on).
# DAYBOOK_PROGRAMS is a folder with the programs, which are then not built.
set -euo pipefail

# shellcheck source=deploy/services/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# All together stay below 2 GiB resident (tests/e2e/deploy_services_test.py measures it): the broker takes some
# 250 MiB with a heap of 128, and each program up to its bound on caches and buffers, with some 60 MiB besides.
gateway_mib=64
projector_mib=256
query_mib=256
partitions=8

# address NAME PORT WISH: where a server listens: at WISH, or where it did before, or at the first port from PORT on
# that nobody listens at. Kept in its folder, so that others find it there again.
address() {
  local kept=$services/$1.listen port=$2
  if [ -n "${3:-}" ]; then
    echo "$3" > "$kept"
  elif [ ! -f "$kept" ]; then
    while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((port + 1)); done
    echo "127.0.0.1:$port" > "$kept"
  fi
  cat "$kept"
}

# start NAME PROGRAM FLAG…
start() {
  step "$1"
  # shellcheck disable=SC2034  # For servers.sh.
  listen_hint="in $services/$1*.listen, or as in DAYBOOK_SERVICES_QUERY=127.0.0.1:9080 deploy/services/run.sh"
  serve "$services/$1" "$programs/$2" "${@:3}"
}

start_broker() {
  if "$kafka" pid "$services/kafka" > /dev/null; then
    brokers=$("$kafka" wait "$services/kafka")
    step "Kafka is running already: $brokers"
  else
    step "starting a Kafka broker, whose jars are fetched unless they are there"
    brokers=$("$kafka" start "$services/kafka")
  fi
  # Makes those that are missing.
  "$daybook" topics create --brokers "$brokers" --partitions "$partitions" --replicas 1 > /dev/null
}

# ask WORD…: a question to the query service, and its answer.
ask() {
  printf '\n$ daybook query %s --url %s\n' "$*" "$asked"
  "$daybook" query "$@" --url "$asked"
}

ensure_packages "${kafka_packages[@]}"
if [ -z "${DAYBOOK_PROGRAMS:-}" ]; then
  ensure_packages "${build_packages[@]}"
  build daybook daybook-gateway daybook-projector daybook-query
fi
mkdir -p "$services"
start_broker
start gateway daybook-gateway --brokers "$brokers" --memory-mib "$gateway_mib" \
  --listen "$(address gateway 8081 "${DAYBOOK_SERVICES_GATEWAY:-}")"
gateway=$url
projectors=()
for number in 1 2; do
  grpc=$(address "projector-$number" 8090)
  # What is parked is copied by each for its own shards.
  start "projector-$number" daybook-projector --brokers "$brokers" --config "$example/daybook.toml" \
    --data "$services/projector-$number/data" --shards "$(((number - 1) * partitions / 2))-$((number * partitions / 2 - 1))" \
    --dead-letters --memory-mib "$projector_mib" \
    --listen "$grpc" --metrics-listen "$(address "projector-$number-metrics" "$((${grpc##*:} + 1))")"
  projectors+=("$grpc")
done
start query daybook-query --projectors "$(IFS=, && echo "${projectors[*]}")" --memory-mib "$query_mib" \
  --listen "$(address query 8080 "${DAYBOOK_SERVICES_QUERY:-}")"
asked=$url
load_northwind "$gateway" "$asked"
step "ready"

ask sales --from 1997-01-01 --to 1997-12-31 --group-by region --as-of 1998-06-30
ask order-cycle --from 1997-01-01 --to 1997-12-31 --grain year --cycle placed..dispatched --as-of 1998-06-30
ask orders/10248
cat << END

Questions:   $asked (a browser gets the dashboard; /openapi.json says what programs ask)
Events:      $gateway/v1/events
Projectors:  $(server_urls "$services/projector-1" | head -n 1)/v1/status, $(server_urls "$services/projector-2" | head -n 1)/v1/status
Kafka:       $brokers
What each says is in $services/NAME/server.log; deploy/services/stop.sh ends all of them.
How they run together: docs/services.md
END
