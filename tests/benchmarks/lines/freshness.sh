# shellcheck shell=bash disable=SC2154
# From an order's acknowledgement by the log to an answer that shows it, while 20,000 events/s arrive.
start_broker
"$daybook" topics create --brokers "$broker_address" --replicas 1 > /dev/null
start_server --brokers "$broker_address" --data "$work/on-kafka"
wait_ready
measure "$bench" freshness --url "$url" --figure freshness-kafka --seconds 6
stop_server
start_server --data "$work/embedded"
wait_ready
measure "$bench" freshness --url "$url" --figure freshness-embedded --seconds 6
stop_server
