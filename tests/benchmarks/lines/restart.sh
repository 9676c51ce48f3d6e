# shellcheck shell=bash disable=SC2154
# From the start of a server that was killed while events arrived to its being ready with a first answer.
orders=$(orders_or 100000)
start_with_history "$orders" "$work/data"
record_restarts restart
stop_server
