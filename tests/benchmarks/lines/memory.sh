# shellcheck shell=bash disable=SC2154
# The most memory that a server with its default settings ever had, from empty on: a history from Kafka, and
# one of many customers, with 12 events of each, from the embedded log.
start_broker
"$daybook" topics create --brokers "$broker_address" --replicas 1 > /dev/null
orders=$(orders_or 100000)
measure "$bench" fill --brokers "$broker_address" --orders "$orders"
start_server --brokers "$broker_address" --data "$work/data"
record_memory memory
stop_server
orders=$(orders_or 300000)
"$daybook" generate --from 2020-01-01 --orders "$orders" --customers $((orders * 2 / 3)) --data "$work/many" > /dev/null
start_server --data "$work/many"
record_memory memory-customers
stop_server
