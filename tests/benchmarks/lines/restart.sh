# shellcheck shell=bash disable=SC2154
# From the start of a server that was killed while events arrived to its being ready with a first answer.
orders=$(orders_or 100000)
"$daybook" generate --from 2020-01-01 --orders "$orders" --customers "$(customers_for "$orders")" \
  --data "$work/data" > /dev/null
start_server --data "$work/data"
wait_ready
record_restarts restart
stop_server
