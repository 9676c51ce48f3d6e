# shellcheck shell=bash
# Publishing in batches of 100 through a server, which folds them meanwhile, beside librdkafka alone.
start_broker
"$daybook" topics create --brokers "$broker_address" > /dev/null
start_server --brokers "$broker_address" --data "$work/data"
wait_ready
"$bench" publish --url "$url" --brokers "$broker_address"
stop_server
