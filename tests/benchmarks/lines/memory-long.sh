# shellcheck shell=bash disable=SC2154
# The same for a history of 20 M events: some five minutes and 8 GB of disk.
orders=$(orders_or 2500000)
"$daybook" generate --from 2020-01-01 --orders "$orders" --customers "$(customers_for "$orders")" --data "$work/data" > /dev/null
start_server --data "$work/data"
record_memory memory-long
stop_server
