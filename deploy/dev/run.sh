#!/usr/bin/env bash
# One command from a bare Debian 12 or 13 to answers: installs what is missing, builds, starts Daybook with
# its embedded log in ./daybook-data, loads the Northwind example, makes a generated company beside it, and
# shows what the two say.
#
#   deploy/dev/run.sh         build, serve, load once, show
#   deploy/dev/stop.sh        end the servers
#
# DAYBOOK_LISTEN is the address to serve Northwind on (127.0.0.1:8080), DAYBOOK_DATA the folder
# (./daybook-data). The generated company has the folder `generated` in it, and any free port.
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
listen=${DAYBOOK_LISTEN:-127.0.0.1:8080}
example=docs/examples/northwind

# serve FOLDER ADDRESS OPTION…: starts the server of a folder, unless it runs, and sets `url`.
serve() {
  local folder=$1 address=$2 pid
  mkdir -p "$folder"
  if pid=$(server_pid "$folder"); then
    if [ "$(readlink "/proc/$pid/exe")" = "$daybook" ]; then
      url=$(sed -n 's/^listening on //p' "$folder/server.out")
      step "running already: $url"
      return
    fi
    step "built anew: starting again"
    stop_server "$folder" || fail "$pid does not end"
  fi
  # Whoever opens it below may come to that after it is read.
  : > "$folder/server.out"
  # In a session of its own: closing this terminal does not end it.
  setsid "$daybook" up --data "$folder" --listen "$address" "${@:3}" \
    > "$folder/server.out" 2> "$folder/server.log" < /dev/null &
  pid=$!
  echo "$pid" > "$folder/server.pid"
  for _ in $(seq 300); do
    url=$(sed -n 's/^listening on //p' "$folder/server.out")
    [ -n "$url" ] && curl --silent --fail --output /dev/null "$url/readyz" && return
    # Not by server_pid: on a busy machine it may still be about to become the server.
    kill -0 "$pid" 2> /dev/null || {
      ! grep --quiet 'Address already in use' "$folder/server.log" ||
        fail "$address is taken: choose another address, as in DAYBOOK_LISTEN=127.0.0.1:8090 deploy/dev/run.sh"
      cat "$folder/server.log" >&2
      fail "the server ended"
    }
    sleep 0.1
  done
  fail "the server is not ready after 30 s; see $folder/server.log"
}

# Events read so far; loading again would do no harm but take time.
accepted() {
  curl --silent --fail "$url/v1/status" | sed -n 's/.*"accepted":\([0-9]*\).*/\1/p'
}

load_northwind() {
  local events
  events=$("$daybook" import --mapping "$example/mapping.toml" "$example"/*.csv | wc -l)
  if [ "$(accepted)" -ge "$events" ]; then
    step "Northwind is loaded already"
    return
  fi
  step "loading Northwind: $events events"
  "$daybook" import --mapping "$example/mapping.toml" "$example"/*.csv --to "$url" > /dev/null
  for _ in $(seq 300); do
    [ "$(accepted)" -ge "$events" ] && return
    sleep 0.1
  done
  fail "not folded after 30 s; see $data/server.log"
}

# A company's year, told as it happened: for each event the log has the time when it would have come.
generate_company() {
  [ ! -d "$data/generated/log" ] || return 0
  # Whole or not at all.
  rm -rf "$data/generated.new"
  step "generating a company: 4,000 orders of 2024"
  "$daybook" generate --orders 4000 --from 2024-01-01 --to "$year_end" --data "$data/generated.new" \
    --recorded-as-told > /dev/null
  rm -rf "$data/generated"
  mv "$data/generated.new" "$data/generated"
}
year_end=2024-12-31

ensure_packages "${build_packages[@]}"
build daybook
serve "$data" "$listen" --config "$example/daybook.toml"
load_northwind
northwind=$url
generate_company
serve "$data/generated" 127.0.0.1:0 --today "$year_end"
company=$url
step "ready"

deploy/dev/answers.sh "$daybook" "$northwind" "$company"
cat << END

Northwind is on $northwind, the generated company on $company
(for example /v1/status or /openapi.json); deploy/dev/stop.sh stops both.
Ask more: build/release/bin/daybook query --help
END
