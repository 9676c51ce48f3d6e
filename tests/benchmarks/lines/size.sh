# shellcheck shell=bash
# Bytes of the read models, compacted, beside the log they came from as Kafka keeps it (zstd).
start_broker
"$bench" size --brokers "$broker_address" --log-directory "$work/broker/logs" --orders "$(orders_or 100000)"
