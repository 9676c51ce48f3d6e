# shellcheck shell=bash disable=SC2154
# Bytes of the read models, compacted, beside the log they came from as Kafka keeps it (zstd).
start_broker
measure "$bench" size --brokers "$broker_address" --log-directory "$work/broker/logs" --orders "$(orders_or 100000)"
