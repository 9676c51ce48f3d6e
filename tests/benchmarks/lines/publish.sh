# shellcheck shell=bash disable=SC2154
# Publishing in batches of 100 through a server, which folds them meanwhile, beside librdkafka alone.
start_broker
"$daybook" topics create --brokers "$broker_address" --replicas 1 > /dev/null
start_server --brokers "$broker_address" --data "$work/data"
wait_ready
measure "$bench" publish --url "$url" --brokers "$broker_address"
stop_server
