# shellcheck shell=bash disable=SC2154
# The most memory that a server with its default settings ever had, having folded a history from empty.
start_broker
"$daybook" topics create --brokers "$broker_address" > /dev/null
orders=$(orders_or 100000)
measure "$bench" fill --brokers "$broker_address" --orders "$orders"
start_server --brokers "$broker_address" --data "$work/data"
wait_ready
mib=$(awk '/^VmHWM/ { printf "%.0f", $2 / 1024 }' "/proc/$server/status")
echo "memory high water, MiB        $mib"
record memory "$mib"
stop_server
