#!/usr/bin/env bash
# One command from a bare Debian 12 to answers: installs what is missing, builds, starts Daybook with its
# embedded log in ./daybook-data, loads the Northwind example and shows what it says.
#
#   deploy/dev/run.sh         build, serve, load once, show
#   deploy/dev/stop.sh        end the server
#
# DAYBOOK_LISTEN is the address to serve on (127.0.0.1:8080), DAYBOOK_DATA the folder (./daybook-data).
set -euo pipefail

# shellcheck source=deploy/dev/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
listen=${DAYBOOK_LISTEN:-127.0.0.1:8080}
example=docs/examples/northwind

serve() {
  mkdir -p "$data"
  local pid
  if pid=$(server_pid); then
    if [ "$(readlink "/proc/$pid/exe")" = "$daybook" ]; then
      url=$(sed -n 's/^listening on //p' "$data/server.out")
      step "running already: $url"
      return
    fi
    step "built anew: starting again"
    deploy/dev/stop.sh > /dev/null
  fi
  # In a session of its own: closing this terminal does not end it.
  setsid "$daybook" up --config "$example/daybook.toml" --data "$data" --listen "$listen" \
    > "$data/server.out" 2> "$data/server.log" < /dev/null &
  echo $! > "$pid_file"
  for _ in $(seq 300); do
    url=$(sed -n 's/^listening on //p' "$data/server.out")
    [ -n "$url" ] && curl --silent --fail --output /dev/null "$url/readyz" && return
    server_pid > /dev/null || { cat "$data/server.log" >&2; fail "the server ended"; }
    sleep 0.1
  done
  fail "the server is not ready after 30 s; see $data/server.log"
}

# Events read so far; loading again would do no harm but take time.
accepted() {
  curl --silent --fail "$url/v1/status" | sed -n 's/.*"accepted":\([0-9]*\).*/\1/p'
}

load() {
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

show() {
  printf '\n%s\n\n' "$1"
  "$daybook" query "${@:2}" --url "$url"
}

ensure_packages "${build_packages[@]}"
build daybook
serve
load
step "ready"
show "Regional sales in 1997, US dollars (Northwind, order value and what was shipped)" \
  sales --from 1997-01-01 --to 1997-12-31 --group-by region --as-of 1998-06-30
show "From order to dispatch, by year" \
  order-cycle --from 1996-07-01 --to 1998-06-30 --grain year --cycle placed..dispatched --as-of 1998-06-30
show "Receivables by age (empty: Northwind has no invoices)" \
  ageing --as-of 1998-06-30 --group-by region
cat << END

Open $url (for example /v1/status or /openapi.json); stop with deploy/dev/stop.sh.
Ask more: build/release/bin/daybook query --help
END
