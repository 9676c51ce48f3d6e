# shellcheck shell=bash disable=SC2154
# The same with at least 10 GiB of read models: 20 M events folded, and their partitions five times over. Some
# ten minutes, and 35 GB of disk for a while.
orders=$(orders_or 2500000)
start_with_history "$orders" "$work/folded"
wait_totals "$work/folded"
stop_server
measure "$bench" enlarge --from "$work/folded" --to "$work/data" --times 5
rm -r "$work/folded"
start_server --data "$work/data"
wait_ready
record_restarts restart-large
stop_server
