# shellcheck shell=bash disable=SC2154
# The same for a history of 20 M events: some five minutes and 8 GB of disk.
orders=$(orders_or 2500000)
start_with_history "$orders" "$work/data"
record_memory memory-long
stop_server
