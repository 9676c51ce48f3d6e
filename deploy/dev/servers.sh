# Servers that scripts start, find again and end, and what these load; sourced by them after common.sh.
# shellcheck shell=bash

example=docs/examples/northwind

# A server has a folder with its number (server.pid), its command (server.command) and what it says (server.out and
# server.log).

# server_pid FOLDER: the number of the server that was started on it, and of nobody who has it by now.
server_pid() {
  local pid
  [ -f "$1/server.command" ] && [ -f "$1/server.pid" ] && pid=$(cat "$1/server.pid") && [ -r "/proc/$pid/cmdline" ] &&
    tr '\0' '\n' < "/proc/$pid/cmdline" | cmp --silent - "$1/server.command" && echo "$pid"
}

# server_urls FOLDER: where it listens, one address a line, that of HTTP first.
server_urls() {
  sed -n 's/^listening on //p' "$1/server.out" | tr ' ' '\n'
}

# serve FOLDER PROGRAM FLAG…: starts a server, unless it runs as it would be started now, waits until it is ready, and
# sets `url`.
serve() {
  local folder=$1 pid
  shift
  mkdir -p "$folder"
  if pid=$(server_pid "$folder"); then
    if [ "$(readlink "/proc/$pid/exe")" = "$1" ] && printf '%s\n' "$@" | cmp --silent - "$folder/server.command"; then
      url=$(server_urls "$folder" | head -n 1)
      step "running already: $url"
      return
    fi
    step "built anew, or with other flags: starting again"
    stop_server "$folder" || fail "$pid does not end"
  fi
  # Whoever opens it below may come to that after it is read.
  : > "$folder/server.out"
  printf '%s\n' "$@" > "$folder/server.command"
  # In a session of its own: closing this terminal does not end it.
  setsid "$@" > "$folder/server.out" 2> "$folder/server.log" < /dev/null &
  pid=$!
  echo "$pid" > "$folder/server.pid"
  for _ in $(seq 600); do
    url=$(server_urls "$folder" | head -n 1)
    [ -n "$url" ] && curl --silent --fail --output /dev/null "$url/readyz" && return
    # Not by server_pid: on a busy machine it may still be about to become the server.
    kill -0 "$pid" 2> /dev/null || {
      ! grep --quiet --ignore-case 'address already in use\|address is taken' "$folder/server.log" ||
        fail "an address of $(basename "$1") is taken; choose another one: ${listen_hint:-}"
      cat "$folder/server.log" >&2
      fail "$(basename "$1") ended"
    }
    sleep 0.1
  done
  fail "$(basename "$1") is not ready after 60 s; see $folder/server.log"
}

# stop_server FOLDER: ends it in good order.
stop_server() {
  local pid
  pid=$(server_pid "$1") || return 0
  kill "$pid"
  for _ in $(seq 300); do
    [ -e "/proc/$pid" ] || { rm -f "$1/server.pid"; return 0; }
    sleep 0.1
  done
  return 1
}

# Events that the server at an address has read and accepted so far; 0 where it cannot tell.
accepted() {
  curl --silent --fail "$1/v1/status" | sed -n 's/.*"accepted":\([0-9][0-9]*\).*/\1/p' | grep . || echo 0
}

# load_northwind TO ASKED: publishes the example to one address, unless the server at the other, or the same, has it, and
# waits until that has.
load_northwind() {
  local events
  events=$("$daybook" import --mapping "$example/mapping.toml" "$example"/*.csv | wc -l)
  if [ "$(accepted "$2")" -ge "$events" ]; then
    step "Northwind is loaded already"
    return
  fi
  step "loading Northwind: $events events"
  # Loading again would do no harm but take time.
  "$daybook" import --mapping "$example/mapping.toml" "$example"/*.csv --to "$1" > /dev/null
  for _ in $(seq 300); do
    [ "$(accepted "$2")" -ge "$events" ] && return
    sleep 0.1
  done
  fail "not folded after 30 s; see the server's log, server.log in its folder"
}
